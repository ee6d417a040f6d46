//! What people say: frames that carry whose they are and which, so that a listener can tell.

use arengo_core::Time;

use crate::participant::Frame;

/// TOC of a CELT full-band mono packet of one 20 ms frame (RFC 6716 section 3.1).
pub const TOC: u8 = 0xf8;
/// Bytes of a frame: what Opus spends on 20 ms of speech at 32 kbit/s.
const FRAME_BYTES: usize = 80;

/// How loud somebody is from some moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// Says nothing, and sends nothing, as with DTX.
    Quiet,
    /// Sends packets all the time; their level says that it is silence.
    Silent,
    /// Speaks at so many dBov.
    Speaking(i8),
}

/// Somebody's speech, 20 ms at a time.
#[derive(Debug)]
pub struct Speech {
    who: u8,
    count: u32,
    pub voice: Voice,
}

impl Speech {
    pub fn of(who: u8) -> Speech {
        Speech {
            who,
            count: 0,
            voice: Voice::Quiet,
        }
    }

    /// The next 20 ms; None when nothing is sent.
    pub fn next(&mut self) -> Option<Frame> {
        let level = match self.voice {
            Voice::Quiet => return None,
            Voice::Silent => -127,
            Voice::Speaking(level) => level,
        };
        self.count += 1;
        Some(Frame {
            opus: frame(self.who, self.count),
            level,
            voice: level > -60,
        })
    }

    /// How many frames have been sent.
    pub fn count(&self) -> u32 {
        self.count
    }
}

/// A frame that reached somebody's ears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    pub at: Time,
    pub line: usize,
    pub csrc: u32,
    /// Whose it is, and which of theirs.
    pub who: u8,
    pub count: u32,
}

/// The Opus packet that is *count* of *who*.
pub fn frame(who: u8, count: u32) -> Vec<u8> {
    let mut opus = vec![TOC, who];
    opus.extend(count.to_be_bytes());
    opus.resize(FRAME_BYTES, who);
    opus
}

/// Read a frame back; None for the silence that ends a voice, and for anything that nobody said.
pub fn read(opus: &[u8]) -> Option<(u8, u32)> {
    match *opus {
        [TOC, who, a, b, c, d, ..] if opus.len() == FRAME_BYTES => {
            Some((who, u32::from_be_bytes([a, b, c, d])))
        }
        _ => None,
    }
}
