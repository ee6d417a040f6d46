//! RTP headers (RFC 3550 §5.1), their extensions (RFC 8285) and the audio level (RFC 6464).
//!
//! A [`Header`] holds numbers and offsets, no borrow, so that a packet can be opened in place between reading
//! its header and reading its payload. Nothing allocates.

use std::fmt;
use std::ops::Range;

use crate::bytes::{BufferTooSmall, Sink, u8_at, u16_at, u32_at};

mod extension;

pub use extension::{AudioLevel, Element, Elements};

/// Bytes of the fixed part.
pub const FIXED_LEN: usize = 12;
/// Where the marker bit and the payload type stand.
pub const PAYLOAD_TYPE_AT: usize = 1;
/// Where the sequence number stands (2 bytes).
pub const SEQUENCE_AT: usize = 2;
/// Where the timestamp stands (4 bytes).
pub const TIMESTAMP_AT: usize = 4;
/// Where the SSRC stands (4 bytes).
pub const SSRC_AT: usize = 8;
/// Where the first CSRC stands, if there is one (4 bytes each).
pub const CSRC_AT: usize = 12;
/// The profile number of one-byte extension headers (RFC 8285 §4.2).
pub const ONE_BYTE_PROFILE: u16 = 0xBEDE;

/// Why bytes are not an RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseError {
    WrongVersion,
    Truncated,
    /// The padding count is zero or reaches into the header.
    BadPadding,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WrongVersion => "not RTP version 2",
            Self::Truncated => "truncated RTP packet",
            Self::BadPadding => "bad RTP padding",
        })
    }
}

impl std::error::Error for ParseError {}

/// The header of a received packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub padding: bool,
    pub marker: bool,
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    /// Whole length with CSRCs and extension: where the payload begins.
    pub len: usize,
    csrc_count: u8,
    extension: Option<Block>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    profile: u16,
    at: usize,
    len: usize,
}

impl Header {
    /// Reads the header of *packet*, sealed or open: padding is looked at by [`Self::payload`] only.
    #[inline]
    pub fn parse(packet: &[u8]) -> Result<Self, ParseError> {
        let first = u8_at(packet, 0).ok_or(ParseError::Truncated)?;
        if first >> 6 != 2 {
            return Err(ParseError::WrongVersion);
        }
        let fixed = packet
            .first_chunk::<FIXED_LEN>()
            .ok_or(ParseError::Truncated)?;
        let [_, second, s0, s1, t0, t1, t2, t3, r0, r1, r2, r3] = *fixed;
        let csrc_count = first & 0x0F;
        let mut len = FIXED_LEN + 4 * usize::from(csrc_count);
        let mut extension = None;
        if first & 0x10 != 0 {
            let profile = u16_at(packet, len).ok_or(ParseError::Truncated)?;
            let words = u16_at(packet, len + 2).ok_or(ParseError::Truncated)?;
            let block = Block {
                profile,
                at: len + 4,
                len: 4 * usize::from(words),
            };
            len = block.at + block.len;
            extension = Some(block);
        }
        if len > packet.len() {
            return Err(ParseError::Truncated);
        }
        Ok(Self {
            padding: first & 0x20 != 0,
            marker: second & 0x80 != 0,
            payload_type: second & 0x7F,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([r0, r1, r2, r3]),
            len,
            csrc_count,
            extension,
        })
    }

    /// Where the payload of the opened *packet* stands, without its padding; it may be empty.
    #[inline]
    pub fn payload(&self, packet: &[u8]) -> Result<Range<usize>, ParseError> {
        let padding = match (self.padding, packet.last()) {
            (false, _) => 0,
            (true, Some(0) | None) => return Err(ParseError::BadPadding),
            (true, Some(count)) => usize::from(*count),
        };
        match packet.len().checked_sub(padding) {
            Some(end) if end >= self.len => Ok(self.len..end),
            _ => Err(ParseError::BadPadding),
        }
    }

    /// The contributing sources, at most 15.
    #[inline]
    pub fn csrcs<'a>(&self, packet: &'a [u8]) -> impl Iterator<Item = u32> + use<'a> {
        let count = usize::from(self.csrc_count);
        (0..count).map_while(move |index| u32_at(packet, CSRC_AT + 4 * index))
    }

    /// The extension elements, one-byte or two-byte as the block says; none for a foreign profile.
    #[inline]
    pub fn elements<'a>(&self, packet: &'a [u8]) -> Elements<'a> {
        let block = self
            .extension
            .and_then(|b| Some((b.profile, packet.get(b.at..b.at + b.len)?)));
        let (profile, bytes) = block.unwrap_or_default();
        Elements::new(profile, bytes)
    }

    /// The data of the first element numbered *id*.
    #[inline]
    pub fn element<'a>(&self, packet: &'a [u8], id: u8) -> Option<&'a [u8]> {
        self.elements(packet)
            .find(|element| element.id == id)
            .map(|element| element.data)
    }
}

/// A header to be written, without padding.
#[derive(Debug, Clone, Copy)]
pub struct HeaderFields<'a> {
    pub marker: bool,
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    /// At most 15.
    pub csrcs: &'a [u32],
    /// Ids 1 to 14 with 1 to 16 bytes each; written as one-byte headers (RFC 8285 §4.2).
    pub elements: &'a [Element<'a>],
}

/// Where the parts of a written header stand, so that a template can be patched for each receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderLayout {
    /// Whole length: where the payload begins.
    pub len: usize,
    pub sequence_at: usize,
    pub timestamp_at: usize,
    pub ssrc_at: usize,
    /// Where the first element's data stands; 0 without elements.
    pub first_element_at: usize,
}

impl HeaderFields<'_> {
    /// Writes the header; fields out of their range count as no room.
    pub fn write(&self, out: &mut [u8]) -> Result<HeaderLayout, BufferTooSmall> {
        let csrc_count = u8::try_from(self.csrcs.len())
            .ok()
            .filter(|n| *n <= 15)
            .ok_or(BufferTooSmall)?;
        let mut sink = Sink::new(out);
        sink.u8(0x80 | if self.elements.is_empty() { 0 } else { 0x10 } | csrc_count)?;
        sink.u8((u8::from(self.marker) << 7) | (self.payload_type & 0x7F))?;
        sink.u16(self.sequence)?;
        sink.u32(self.timestamp)?;
        sink.u32(self.ssrc)?;
        for csrc in self.csrcs {
            sink.u32(*csrc)?;
        }
        let first_element_at = if self.elements.is_empty() {
            0
        } else {
            sink.len() + 5
        };
        extension::write(self.elements, &mut sink)?;
        Ok(HeaderLayout {
            len: sink.len(),
            sequence_at: SEQUENCE_AT,
            timestamp_at: TIMESTAMP_AT,
            ssrc_at: SSRC_AT,
            first_element_at,
        })
    }
}

/// Whether sequence number *a* comes after *b*, across the wrap (RFC 1982).
#[inline]
pub fn is_after(a: u16, b: u16) -> bool {
    a != b && a.wrapping_sub(b) < 0x8000
}
