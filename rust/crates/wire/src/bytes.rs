//! Big-endian reads and writes that answer instead of panicking.

use std::fmt;

/// The caller's buffer cannot hold what was to be written; nothing in it should be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BufferTooSmall;

impl fmt::Display for BufferTooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("buffer too small")
    }
}

impl std::error::Error for BufferTooSmall {}

#[inline]
pub(crate) fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

#[inline]
pub(crate) fn u8_at(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

#[inline]
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array_at(bytes, at).map(u16::from_be_bytes)
}

#[inline]
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array_at(bytes, at).map(u32::from_be_bytes)
}

#[inline]
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array_at(bytes, at).map(u64::from_be_bytes)
}

/// Appends to a borrowed buffer.
pub(crate) struct Sink<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl<'a> Sink<'a> {
    #[inline]
    pub(crate) fn new(out: &'a mut [u8]) -> Self {
        Self { out, at: 0 }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.at
    }

    #[inline]
    pub(crate) fn written(&self) -> &[u8] {
        self.out.get(..self.at).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), BufferTooSmall> {
        let room = self
            .out
            .get_mut(self.at..)
            .and_then(|rest| rest.get_mut(..bytes.len()));
        room.ok_or(BufferTooSmall)?.copy_from_slice(bytes);
        self.at += bytes.len();
        Ok(())
    }

    #[inline]
    pub(crate) fn u8(&mut self, value: u8) -> Result<(), BufferTooSmall> {
        self.put(&[value])
    }

    #[inline]
    pub(crate) fn u16(&mut self, value: u16) -> Result<(), BufferTooSmall> {
        self.put(&value.to_be_bytes())
    }

    #[inline]
    pub(crate) fn u32(&mut self, value: u32) -> Result<(), BufferTooSmall> {
        self.put(&value.to_be_bytes())
    }

    #[inline]
    pub(crate) fn u64(&mut self, value: u64) -> Result<(), BufferTooSmall> {
        self.put(&value.to_be_bytes())
    }

    /// Writes zeros until the length is a multiple of four, counted from *from*.
    #[inline]
    pub(crate) fn pad_to_word(&mut self, from: usize) -> Result<(), BufferTooSmall> {
        while !self.at.saturating_sub(from).is_multiple_of(4) {
            self.u8(0)?;
        }
        Ok(())
    }

    /// Overwrites two bytes that are already written.
    #[inline]
    pub(crate) fn patch_u16(&mut self, at: usize, value: u16) {
        if let Some(slot) = self
            .out
            .get_mut(at..)
            .and_then(|rest| rest.first_chunk_mut())
        {
            *slot = value.to_be_bytes();
        }
    }
}
