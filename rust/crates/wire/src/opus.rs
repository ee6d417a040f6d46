//! What can be told of an Opus packet without decoding it (RFC 6716 §3).

use std::fmt;

use crate::bytes::u8_at;
use crate::limits::OPUS_PACKET_SAMPLES;

mod frames;

pub use frames::{Frames, MergeError, PadError, merge, pad};

/// 20 ms of full-band silence: two of them, and a pause, end a voice without a tail.
pub const SILENCE_FRAME: [u8; 3] = [0xF8, 0xFF, 0xFE];
/// The same without a frame, as encoders announce a pause: what a decoder makes of it after silence is silence, and a
/// browser does not count it as concealed.
pub const PAUSE_FRAME: [u8; 1] = [0xF8];
/// RTP timestamp units in a second, whatever the audio bandwidth (RFC 7587 §4.1).
pub const CLOCK_HZ: u32 = 48_000;

/// Why bytes are not an Opus packet (RFC 6716 §3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    Empty,
    Truncated,
    /// More than 120 ms, or no frame at all.
    BadFrameCount,
    /// Two equal frames in an odd number of bytes, or a remainder in a constant-rate packet.
    Uneven,
    FrameTooLong,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "empty Opus packet",
            Self::Truncated => "truncated Opus packet",
            Self::BadFrameCount => "bad number of Opus frames",
            Self::Uneven => "Opus frames of uneven length",
            Self::FrameTooLong => "Opus frame too long",
        })
    }
}

impl std::error::Error for Malformed {}

/// How frames are packed into a packet (RFC 6716 §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    One,
    TwoEqual,
    TwoDifferent,
    Counted,
}

/// The table-of-contents byte (RFC 6716 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Toc(pub u8);

impl Toc {
    /// Mode, bandwidth and frame size as one number, 0 to 31.
    #[inline]
    pub fn config(self) -> u8 {
        self.0 >> 3
    }

    #[inline]
    pub fn is_stereo(self) -> bool {
        self.0 & 0x04 != 0
    }

    #[inline]
    pub fn packing(self) -> Packing {
        match self.0 & 0x03 {
            0 => Packing::One,
            1 => Packing::TwoEqual,
            2 => Packing::TwoDifferent,
            _ => Packing::Counted,
        }
    }

    /// Samples at 48 kHz in one frame (RFC 6716 table 2).
    #[inline]
    pub fn frame_samples(self) -> u32 {
        match (self.config(), self.config() & 0x03) {
            (0..=11, 0) => 480,
            (0..=11, 1) => 960,
            (0..=11, 2) => 1_920,
            (0..=11, _) => 2_880,
            (12..=15, size) => 480 << (size & 1),
            (_, size) => 120 << size,
        }
    }

    /// Whether frames of both can share one packet: everything but the packing agrees.
    #[inline]
    pub fn merges_with(self, other: Self) -> bool {
        self.0 & !0x03 == other.0 & !0x03
    }
}

/// The table of contents of *packet*.
#[inline]
pub fn toc(packet: &[u8]) -> Option<Toc> {
    u8_at(packet, 0).map(Toc)
}

/// How many frames *packet* says it holds, 1 to 48.
pub fn frame_count(packet: &[u8]) -> Result<u8, Malformed> {
    let toc = toc(packet).ok_or(Malformed::Empty)?;
    let count = match toc.packing() {
        Packing::One => 1,
        Packing::TwoEqual | Packing::TwoDifferent => 2,
        Packing::Counted => u8_at(packet, 1).ok_or(Malformed::Truncated)? & 0x3F,
    };
    if count == 0 || u32::from(count) * toc.frame_samples() > OPUS_PACKET_SAMPLES {
        return Err(Malformed::BadFrameCount);
    }
    Ok(count)
}

/// How long *packet* plays, in samples at 48 kHz: 120 to 5,760.
pub fn duration_samples(packet: &[u8]) -> Result<u32, Malformed> {
    let count = frame_count(packet)?;
    let toc = toc(packet).ok_or(Malformed::Empty)?;
    Ok(u32::from(count) * toc.frame_samples())
}

/// Whether *packet* tells of silence only: one or two bytes, as encoders send while DTX holds (RFC 6716 §3.2.1, RFC 7587 §3.1.3).
///
/// A judgement by length: a whole voiced frame never fits beside its table of contents in one byte.
#[inline]
pub fn is_dtx(packet: &[u8]) -> bool {
    (1..=2).contains(&packet.len())
}
