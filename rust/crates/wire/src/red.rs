//! Redundant audio data: a payload that carries earlier ones again (RFC 2198).

use std::fmt;

use crate::bytes::{BufferTooSmall, Sink, u8_at, u32_at};
use crate::limits::RED_COPIES;

/// The longest a copy can be: ten bits tell its length.
pub const COPY_BYTES: usize = 0x3FF;
/// The furthest back a copy can be, in timestamp units: fourteen bits, 341 ms at 48 kHz.
pub const LONGEST_OFFSET: u16 = 0x3FFF;

/// In the first byte of a header: it is one of four bytes, and another follows.
const FOLLOWED: u8 = 0x80;
const COPY_HEADER_LEN: usize = 4;

/// Why bytes are not a RED payload that we take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// A header, or a copy, is longer than what is left.
    Truncated,
    /// More copies than [`RED_COPIES`].
    TooManyCopies,
    /// Nothing is left for the primary.
    NoPrimary,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "truncated RED payload",
            Self::TooManyCopies => "too many copies in a RED payload",
            Self::NoPrimary => "RED payload without a primary",
        })
    }
}

impl std::error::Error for Malformed {}

/// One of the payloads inside a RED payload.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Block<'a> {
    pub payload_type: u8,
    /// How far before the packet's own timestamp, in timestamp units; 0 for the primary.
    pub offset: u16,
    pub data: &'a [u8],
}

/// A RED payload, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Red<'a> {
    copies: [Block<'a>; RED_COPIES],
    count: usize,
    /// The payload of the packet's own timestamp; never empty.
    pub primary: Block<'a>,
}

impl<'a> Red<'a> {
    /// All copies as they stand; senders put the oldest first.
    #[inline]
    pub fn copies(&self) -> &[Block<'a>] {
        self.copies.get(..self.count).unwrap_or_default()
    }

    /// The copies of *payload_type* with something in them.
    ///
    /// With the number of Opus this leaves out RED inside RED and other codecs; it does not look at the primary.
    pub fn copies_of(&self, payload_type: u8) -> impl Iterator<Item = Block<'a>> + '_ {
        self.copies()
            .iter()
            .filter(move |copy| copy.payload_type == payload_type && !copy.data.is_empty())
            .copied()
    }
}

/// Takes *payload* apart; nothing is copied.
pub fn parse(payload: &[u8]) -> Result<Red<'_>, Malformed> {
    let mut copies = [Block::default(); RED_COPIES];
    let mut lengths = [0; RED_COPIES];
    let (mut at, mut count) = (0, 0);
    let last = loop {
        let first = u8_at(payload, at).ok_or(Malformed::Truncated)?;
        if first & FOLLOWED == 0 {
            break first;
        }
        let header = u32_at(payload, at).ok_or(Malformed::Truncated)?;
        let (copy, length) = copies
            .get_mut(count)
            .zip(lengths.get_mut(count))
            .ok_or(Malformed::TooManyCopies)?;
        copy.payload_type = first & !FOLLOWED;
        copy.offset = (header >> 10) as u16 & LONGEST_OFFSET;
        *length = header as usize & COPY_BYTES;
        at += COPY_HEADER_LEN;
        count += 1;
    };
    let mut rest = payload.get(at + 1..).unwrap_or_default();
    for (copy, length) in copies.iter_mut().zip(lengths).take(count) {
        (copy.data, rest) = rest.split_at_checked(length).ok_or(Malformed::Truncated)?;
    }
    if rest.is_empty() {
        return Err(Malformed::NoPrimary);
    }
    Ok(Red {
        copies,
        count,
        primary: Block {
            payload_type: last,
            offset: 0,
            data: rest,
        },
    })
}

/// Why payloads do not become one RED payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteError {
    /// More copies than [`RED_COPIES`].
    TooManyCopies,
    /// A copy of more than [`COPY_BYTES`].
    CopyTooLong,
    /// A copy from longer ago than [`LONGEST_OFFSET`].
    TooFarBack,
    /// The primary is empty.
    NoPrimary,
    BufferTooSmall,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooManyCopies => "too many copies for a RED payload",
            Self::CopyTooLong => "too long a copy for a RED payload",
            Self::TooFarBack => "too old a copy for a RED payload",
            Self::NoPrimary => "no primary for a RED payload",
            Self::BufferTooSmall => "buffer too small",
        })
    }
}

impl std::error::Error for WriteError {}

impl From<BufferTooSmall> for WriteError {
    fn from(_: BufferTooSmall) -> Self {
        Self::BufferTooSmall
    }
}

/// Writes *primary* behind *copies* of earlier payloads, oldest first, each with its offset; returns the length.
///
/// All are of the one *payload_type*.
pub fn write(
    copies: &[(u16, &[u8])],
    primary: &[u8],
    payload_type: u8,
    out: &mut [u8],
) -> Result<usize, WriteError> {
    if copies.len() > RED_COPIES {
        return Err(WriteError::TooManyCopies);
    }
    if primary.is_empty() {
        return Err(WriteError::NoPrimary);
    }
    let payload_type = payload_type & !FOLLOWED;
    let mut sink = Sink::new(out);
    for (offset, copy) in copies {
        if copy.len() > COPY_BYTES {
            return Err(WriteError::CopyTooLong);
        }
        if *offset > LONGEST_OFFSET {
            return Err(WriteError::TooFarBack);
        }
        let kind = u32::from(FOLLOWED | payload_type) << 24;
        sink.u32(kind | u32::from(*offset) << 10 | copy.len() as u32)?;
    }
    sink.u8(payload_type)?;
    for (_, copy) in copies {
        sink.put(copy)?;
    }
    sink.put(primary)?;
    Ok(sink.len())
}

/// Overwrites the payload type in every header of *payload*.
///
/// Returns whether *payload* is well formed; it stays as it is if not.
pub fn set_payload_type(payload: &mut [u8], payload_type: u8) -> bool {
    let Ok(red) = parse(payload) else {
        return false;
    };
    let headers = red.count + 1;
    for first in payload.iter_mut().step_by(COPY_HEADER_LEN).take(headers) {
        *first = *first & FOLLOWED | payload_type & !FOLLOWED;
    }
    true
}
