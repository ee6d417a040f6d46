//! Packets over a stream: each behind its length in two bytes (RFC 4571, for ICE-TCP by RFC 6544).

use std::fmt;

use crate::bytes::{BufferTooSmall, u16_at};
use crate::limits::FRAME_BYTES;

/// Bytes of the length.
pub const PREFIX_LEN: usize = 2;

/// The peer announced a frame longer than [`FRAME_BYTES`]; the stream cannot be read further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameTooLong;

impl fmt::Display for FrameTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("frame too long")
    }
}

impl std::error::Error for FrameTooLong {}

/// The length that goes before a frame; None when it needs more than 16 bits.
pub fn prefix(frame_len: usize) -> Option<[u8; PREFIX_LEN]> {
    u16::try_from(frame_len).ok().map(u16::to_be_bytes)
}

/// Writes *frame* behind its length; returns how many bytes that makes.
pub fn write_frame(frame: &[u8], out: &mut [u8]) -> Result<usize, BufferTooSmall> {
    let prefix = prefix(frame.len()).ok_or(BufferTooSmall)?;
    let (head, rest) = out.split_first_chunk_mut().ok_or(BufferTooSmall)?;
    *head = prefix;
    rest.get_mut(..frame.len())
        .ok_or(BufferTooSmall)?
        .copy_from_slice(frame);
    Ok(PREFIX_LEN + frame.len())
}

/// Cuts a stream into frames; holds one buffer of twice the longest frame and never grows.
///
/// Fill [`Self::space`] from the stream, say how much by [`Self::filled`], take frames by [`Self::next_frame`] until None.
#[derive(Clone)]
pub struct Deframer {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Default for Deframer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Deframer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deframer({} bytes wait)", self.waiting())
    }
}

impl Deframer {
    pub fn new() -> Self {
        let buffer = vec![0; 2 * (PREFIX_LEN + FRAME_BYTES)].into_boxed_slice();
        Self {
            buffer,
            start: 0,
            end: 0,
        }
    }

    /// Room for more of the stream; empty only while a whole frame waits to be taken.
    pub fn space(&mut self) -> &mut [u8] {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        self.buffer.get_mut(self.end..).unwrap_or_default()
    }

    /// Takes over *count* bytes that were put at the front of [`Self::space`].
    pub fn filled(&mut self, count: usize) {
        self.end = self.end.saturating_add(count).min(self.buffer.len());
    }

    /// Copies as much of *bytes* as there is room for; returns how much that was.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        let space = self.space();
        let count = bytes.len().min(space.len());
        space
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        self.filled(count);
        count
    }

    /// The next whole frame, or None until more has come; empty frames are left out.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, FrameTooLong> {
        loop {
            let waiting = self.buffer.get(self.start..self.end).unwrap_or_default();
            let Some(len) = u16_at(waiting, 0).map(usize::from) else {
                return Ok(None);
            };
            if len > FRAME_BYTES {
                return Err(FrameTooLong);
            }
            if waiting.len() < PREFIX_LEN + len {
                return Ok(None);
            }
            let from = self.start + PREFIX_LEN;
            self.start = from + len;
            if len > 0 {
                return Ok(self.buffer.get(from..from + len));
            }
        }
    }

    /// Bytes that wait for the rest of their frame.
    pub fn waiting(&self) -> usize {
        self.end - self.start
    }
}
