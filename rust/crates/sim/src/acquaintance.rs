//! A participant of our own: `arengo_client::Peer`, for what str0m cannot be made to do.

use std::net::SocketAddr;
use std::time::Instant;

use arengo_client::{ClientOptions, Identity, Peer, State, Way};
use arengo_core::Time;

use crate::chance::SeededChance;
use crate::participant::{Frame, Heard, Participant};

/// Our own client without its sockets.
pub struct Acquaintance {
    peer: Peer,
    epoch: Instant,
    heard: Vec<Heard>,
}

impl Acquaintance {
    /// Make one; *epoch* is the instant of time zero.
    pub fn new(epoch: Instant, now: Time, options: ClientOptions, seed: u64) -> Acquaintance {
        let identity = Identity::shared().expect("a certificate");
        let chance = Box::new(SeededChance::new(seed));
        let peer = Peer::new(options, identity, chance, epoch + now.since_zero())
            .expect("lines within limits")
            .with_handshake_seed(seed);
        Acquaintance {
            peer,
            epoch,
            heard: Vec::new(),
        }
    }

    fn at(&self, now: Time) -> Instant {
        self.epoch + now.since_zero()
    }
}

impl Participant for Acquaintance {
    fn offer(&mut self, _: Time) -> String {
        self.peer.offer()
    }

    fn answer(&mut self, now: Time, sdp: &str) {
        self.peer
            .answer(sdp, self.at(now))
            .expect("an answer that makes sense");
    }

    fn take(&mut self, now: Time, from: SocketAddr, datagram: &mut [u8]) {
        self.peer
            .handle_datagram(Way::udp(from), datagram, self.at(now));
        let heard = self
            .peer
            .received(usize::MAX)
            .into_iter()
            .map(|packet| Heard {
                at: now,
                line: packet.line,
                csrc: packet.csrc,
                sequence: packet.sequence.into(),
                timestamp: packet.timestamp,
                opus: packet.opus,
                part: 0,
            });
        self.heard.extend(heard);
    }

    fn wake(&mut self, now: Time) {
        self.peer.handle_timeout(self.at(now));
    }

    fn next_wake(&self) -> Option<Time> {
        let after = self
            .peer
            .next_timeout()?
            .saturating_duration_since(self.epoch);
        // Rounded up to whole microseconds: woken before its time it would ask for the same moment again.
        Some(Time::from_micros(
            u64::try_from(after.as_nanos().div_ceil(1_000)).unwrap_or(u64::MAX),
        ))
    }

    fn is_connected(&self) -> bool {
        self.peer.state() == State::Connected
    }

    fn say(&mut self, now: Time, frame: Option<&Frame>) {
        let (opus, level) = frame.map_or((&[][..], -127), |frame| (&frame.opus[..], frame.level));
        self.peer
            .send_opus(&[opus], &[level.into()], self.at(now))
            .expect("a level each");
        self.peer.handle_timeout(self.at(now));
    }

    fn utter(&mut self, _: Time, _: &Frame, _: u32, _: bool) {
        unimplemented!("our own client paces and stamps what it sends")
    }

    fn leave(&mut self, now: Time) {
        self.peer.close(self.at(now));
    }

    fn take_sent(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        std::iter::from_fn(|| self.peer.poll_transmit())
            .map(|transmit| (transmit.to.address, transmit.datagram))
            .collect()
    }

    fn take_heard(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.heard)
    }
}
