//! What the simulation asks of whoever takes part, and what it learns.

use std::net::SocketAddr;

use arengo_core::Time;
use arengo_wire::opus::{self, Frames, Packing};

/// 20 ms of a voice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// An Opus packet; the payload says whose it is, and which, so that a listener can tell.
    pub opus: Vec<u8>,
    /// dBov, 0 loudest, -127 silence.
    pub level: i8,
    /// Whether the sender takes it for a voice (RFC 6464's V bit).
    pub voice: bool,
}

/// An Opus packet as it reached a participant's application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub at: Time,
    pub line: usize,
    pub csrc: u32,
    /// Counted on across wraps where the participant can, else as it stood in the packet.
    pub sequence: u64,
    pub timestamp: u32,
    pub opus: Vec<u8>,
    /// Which frame of its packet.
    pub part: usize,
}

impl Heard {
    /// Each frame of a packet as a packet of its own, at its own time.
    pub fn frames(self) -> Vec<Heard> {
        let Some(toc) = opus::toc(&self.opus).filter(|toc| toc.packing() != Packing::One) else {
            return vec![self];
        };
        let frames = Frames::parse(&self.opus).expect("the shard sends whole packets");
        let alone = |(part, frame): (usize, &&[u8])| Heard {
            timestamp: self
                .timestamp
                .wrapping_add(part as u32 * toc.frame_samples()),
            opus: [&[toc.0 & !3], *frame].concat(),
            part,
            ..self.clone()
        };
        frames.as_slice().iter().enumerate().map(alone).collect()
    }

    /// Whether this is one of the silence frames that end a voice.
    pub fn is_silence(&self) -> bool {
        self.opus == [0xf8, 0xff, 0xfe] || self.opus == [0xf8]
    }
}

/// Someone with an address of their own who offers, connects, speaks and hears.
pub trait Participant {
    /// The SDP offer; called once.
    fn offer(&mut self, now: Time) -> String;
    fn answer(&mut self, now: Time, sdp: &str);
    fn take(&mut self, now: Time, from: SocketAddr, datagram: &mut [u8]);
    fn wake(&mut self, now: Time);
    fn next_wake(&self) -> Option<Time>;
    fn is_connected(&self) -> bool;
    /// Send one frame now; without one, nothing is sent for 20 ms, as with DTX.
    fn say(&mut self, now: Time, frame: Option<&Frame>);
    /// Send one frame now under a timestamp of one's own choice; only for who says nothing otherwise.
    fn utter(&mut self, now: Time, frame: &Frame, timestamp: u32, marker: bool);
    /// Say goodbye, if it knows how.
    fn leave(&mut self, now: Time);
    /// What is to be sent since the last call, in order.
    fn take_sent(&mut self) -> Vec<(SocketAddr, Vec<u8>)>;
    /// What was heard since the last call, in order of arrival.
    fn take_heard(&mut self) -> Vec<Heard>;
}
