//! The sequence numbers that a generic NACK names, by pairs of one number and a mask of the sixteen after it.

use crate::bytes::{BufferTooSmall, Sink, u16_at};
use crate::limits::NACK_SEQUENCES;

/// Numbers that the mask of a pair can name.
const MASKED: u16 = 16;

/// Iterates over the sequence numbers of a NACK, [`NACK_SEQUENCES`] at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost<'a> {
    pairs: &'a [u8],
    first: u16,
    /// Which numbers from *first* on are still to be named.
    mask: u32,
    left: usize,
}

impl<'a> Lost<'a> {
    pub(super) fn new(pairs: &'a [u8]) -> Self {
        Self {
            pairs,
            first: 0,
            mask: 0,
            left: NACK_SEQUENCES,
        }
    }
}

impl Iterator for Lost<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        self.left = self.left.checked_sub(1)?;
        if self.mask == 0 {
            let (pair, rest) = self.pairs.split_at_checked(4)?;
            self.pairs = rest;
            self.first = u16_at(pair, 0)?;
            self.mask = u32::from(u16_at(pair, 2)?) << 1 | 1;
        }
        let distance = self.mask.trailing_zeros();
        self.mask &= self.mask - 1;
        Some(self.first.wrapping_add(distance as u16))
    }
}

/// Writes *sequences* in few pairs; fewest when they ascend.
pub(super) fn write(sequences: &[u16], sink: &mut Sink<'_>) -> Result<(), BufferTooSmall> {
    let mut rest = sequences;
    while let Some((first, others)) = rest.split_first() {
        let fits = |other: &&u16| other.wrapping_sub(*first) <= MASKED;
        let count = others.iter().take_while(fits).count();
        let (masked, behind) = others.split_at_checked(count).ok_or(BufferTooSmall)?;
        let mask = masked
            .iter()
            .fold(0, |mask, other| mask | 1u32 << other.wrapping_sub(*first));
        sink.u16(*first)?;
        sink.u16((mask >> 1) as u16)?;
        rest = behind;
    }
    Ok(())
}
