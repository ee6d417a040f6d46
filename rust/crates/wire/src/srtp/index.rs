//! The 48-bit packet index: guessing the rollover counter, and refusing what was seen before (RFC 3711 §3.3.1, §3.3.2).

/// Packets behind the highest that are still told apart.
const WINDOW: u64 = 128;
/// Half of the sequence number space.
const HALF: u64 = 1 << 15;

/// Why a packet is not looked at twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replayed {
    /// Seen before.
    Twice,
    /// Too far behind to know.
    TooOld,
}

/// What one receiver has seen of one SSRC, for RTP (48-bit indices) or for RTCP (31-bit indices).
///
/// Guess, check, authenticate, then accept: a forged packet moves nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReplayWindow {
    /// Highest accepted index plus one; 0 before the first packet.
    next: u64,
    /// Bit n: index `next - 1 - n` was accepted.
    seen: u128,
}

impl ReplayWindow {
    /// Before the first packet.
    pub const fn new() -> Self {
        Self { next: 0, seen: 0 }
    }

    /// The index that an RTP packet numbered *sequence* most likely has; ROC 0 for the first.
    #[inline]
    pub fn estimate(&self, sequence: u16) -> u64 {
        let sequence = u64::from(sequence);
        let Some(highest) = self.next.checked_sub(1) else {
            return sequence;
        };
        let (roc, last) = (highest >> 16, highest & 0xFFFF);
        let roc = if last < HALF && sequence > last + HALF {
            roc.saturating_sub(1)
        } else if last >= HALF && sequence < last - HALF {
            roc + 1
        } else {
            roc
        };
        (roc << 16) | sequence
    }

    /// Whether *index* may be new.
    #[inline]
    pub fn check(&self, index: u64) -> Result<(), Replayed> {
        if index >= self.next {
            return Ok(());
        }
        let behind = self.next - 1 - index;
        if behind >= WINDOW {
            Err(Replayed::TooOld)
        } else if self.seen >> behind & 1 == 1 {
            Err(Replayed::Twice)
        } else {
            Ok(())
        }
    }

    /// Marks *index* as seen, once its packet is authenticated.
    #[inline]
    pub fn accept(&mut self, index: u64) {
        if index >= self.next {
            let steps = index - self.next + 1;
            self.seen = if steps >= WINDOW {
                1
            } else {
                (self.seen << steps) | 1
            };
            self.next = index.saturating_add(1);
        } else if self.next - 1 - index < WINDOW {
            self.seen |= 1 << (self.next - 1 - index);
        }
    }

    /// The highest accepted index.
    #[inline]
    pub fn highest(&self) -> Option<u64> {
        self.next.checked_sub(1)
    }
}
