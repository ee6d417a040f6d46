//! Header extension elements (RFC 8285) and the audio level in them (RFC 6464).

use super::ONE_BYTE_PROFILE;
use crate::bytes::{BufferTooSmall, Sink};

/// One extension element, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    pub id: u8,
    pub data: &'a [u8],
}

/// Iterates over the elements of an extension block; stops at the first that is not whole.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    rest: &'a [u8],
    two_byte: bool,
}

impl<'a> Elements<'a> {
    #[inline]
    pub(super) fn new(profile: u16, bytes: &'a [u8]) -> Self {
        let two_byte = profile >> 4 == 0x100;
        let rest = if two_byte || profile == ONE_BYTE_PROFILE {
            bytes
        } else {
            &[]
        };
        Self { rest, two_byte }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (&first, rest) = self.rest.split_first()?;
            let (id, len, rest) = if self.two_byte {
                if first == 0 {
                    self.rest = rest;
                    continue;
                }
                let (&len, rest) = rest.split_first()?;
                (first, usize::from(len), rest)
            } else {
                match first >> 4 {
                    0 => {
                        self.rest = rest;
                        continue;
                    }
                    15 => {
                        self.rest = &[];
                        return None;
                    }
                    id => (id, usize::from(first & 0x0F) + 1, rest),
                }
            };
            let Some((data, rest)) = rest.split_at_checked(len) else {
                self.rest = &[];
                return None;
            };
            self.rest = rest;
            return Some(Element { id, data });
        }
    }
}

pub(super) fn write(elements: &[Element<'_>], sink: &mut Sink<'_>) -> Result<(), BufferTooSmall> {
    if elements.is_empty() {
        return Ok(());
    }
    sink.u16(ONE_BYTE_PROFILE)?;
    let length_at = sink.len();
    sink.u16(0)?;
    let start = sink.len();
    for element in elements {
        let len = u8::try_from(element.data.len()).map_err(|_| BufferTooSmall)?;
        if !(1..=14).contains(&element.id) || !(1..=16).contains(&len) {
            return Err(BufferTooSmall);
        }
        sink.u8((element.id << 4) | (len - 1))?;
        sink.put(element.data)?;
    }
    sink.pad_to_word(start)?;
    let words = u16::try_from((sink.len() - start) / 4).map_err(|_| BufferTooSmall)?;
    sink.patch_u16(length_at, words);
    Ok(())
}

/// How loud a packet is, as its sender says (RFC 6464 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioLevel {
    /// 0 (overload) to 127 (silence), in -dBov.
    pub minus_dbov: u8,
    /// The sender's own judgement whether this is speech.
    pub voice: bool,
}

impl AudioLevel {
    /// Reads the data of an element, one byte or, in a two-byte block, one with more behind it.
    #[inline]
    pub fn parse(data: &[u8]) -> Option<Self> {
        data.first().map(|byte| Self {
            minus_dbov: byte & 0x7F,
            voice: byte & 0x80 != 0,
        })
    }

    /// The byte on the wire.
    #[inline]
    pub fn to_byte(self) -> u8 {
        (u8::from(self.voice) << 7) | (self.minus_dbov & 0x7F)
    }
}
