//! The outgoing stream of a slot: one numbering and one clock, whoever speaks.
//!
//! Rule: an index is given out once, so that no SRTP index is ever sealed twice. Every listener's own index is this
//! index less an offset that is fixed while they hear it, so sending costs no counter per listener. Who goes over to
//! merged packets, or back, goes on under another numbering of which the same is true ([`crate::merging`]); a floor
//! keeps what is late under either from the numbers that were used before.

use crate::time::Time;

/// Where numbering starts: far enough from zero that offsets stay positive.
pub const FIRST_INDEX: u64 = 1 << 40;
/// Ticks of 20 ms at 48 kHz.
pub const FRAME_TICKS: u32 = 960;
/// A publisher's gap of more packets than this is closed up rather than passed on.
const LARGEST_GAP: u64 = 100;
/// A publisher's clock may run this far from ours (ticks) before it is set anew.
const LARGEST_DRIFT: i32 = 48_000 * 2;
/// Frames of silence that end a voice.
pub const ENDING_FRAMES: usize = 3;

/// Number and time of one outgoing packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Number in the slot; listeners see it less their offset.
    pub index: u64,
    /// RTP timestamp.
    pub timestamp: u32,
    /// The first of a lending or a talkspurt.
    pub marker: bool,
}

#[derive(Clone, Copy, Debug)]
struct Mapping {
    /// Slot index less publisher index.
    index_shift: u64,
    /// Slot timestamp less publisher timestamp.
    timestamp_shift: u32,
}

/// The state of one slot's stream.
#[derive(Clone, Debug)]
pub struct Timeline {
    clock_base: u32,
    highest: u64,
    /// Indices up to this one are spent, even where nothing was sent under them.
    floor: u64,
    /// Timestamp at which the last packet's sound ends.
    end: u32,
    last_sent: Option<Time>,
    mapping: Option<Mapping>,
    /// The highest index before the present lending.
    lending_floor: u64,
    lending_octets: u64,
    ended: bool,
    octets: u64,
}

impl Timeline {
    /// A stream that has sent nothing; *clock_base* is its timestamp at [`Time::ZERO`].
    #[must_use]
    pub const fn new(clock_base: u32) -> Self {
        Self {
            clock_base,
            highest: FIRST_INDEX,
            floor: FIRST_INDEX,
            end: 0,
            last_sent: None,
            mapping: None,
            lending_floor: FIRST_INDEX,
            lending_octets: 0,
            ended: true,
            octets: 0,
        }
    }

    /// The highest index given out.
    #[must_use]
    pub const fn highest(&self) -> u64 {
        self.highest
    }

    /// The highest index given out before the present lending began.
    #[must_use]
    pub const fn lending_floor(&self) -> u64 {
        self.lending_floor
    }

    /// Bytes of Opus sent before the present lending began.
    #[must_use]
    pub const fn lending_octets(&self) -> u64 {
        self.lending_octets
    }

    /// Bytes of Opus sent so far.
    #[must_use]
    pub const fn octets(&self) -> u64 {
        self.octets
    }

    /// When something was last sent.
    #[must_use]
    pub const fn last_sent(&self) -> Option<Time> {
        self.last_sent
    }

    /// Whether the last thing sent was the silence that ends a voice, or nothing ever was.
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        self.ended
    }

    /// The RTP timestamp that stands for *now* in a sender report.
    #[must_use]
    pub const fn timestamp_at(&self, now: Time) -> u32 {
        self.clock_base.wrapping_add(now.ticks_48k() as u32)
    }

    /// The slot is lent anew: the next packet starts at the space's clock.
    pub const fn begin(&mut self) {
        self.mapping = None;
        self.floor = self.highest;
        self.lending_floor = self.highest;
        self.lending_octets = self.octets;
    }

    /// Number and time for a publisher's packet of *ticks* length; None when its place is spent.
    pub fn stamp(
        &mut self,
        now: Time,
        publisher_index: u64,
        publisher_timestamp: u32,
        marker: bool,
        ticks: u32,
        octets: usize,
    ) -> Option<Stamp> {
        let stamp = self
            .mapped(now, publisher_index, publisher_timestamp, marker)
            .unwrap_or_else(|| self.mapped_anew(now, publisher_index, publisher_timestamp));
        if stamp.index <= self.floor {
            return None;
        }
        if stamp.index > self.highest {
            self.highest = stamp.index;
            self.end = stamp.timestamp.wrapping_add(ticks);
        }
        self.sent(now, octets);
        self.ended = false;
        Some(stamp)
    }

    /// The stamp by the present mapping, where that still makes sense.
    fn mapped(&self, now: Time, index: u64, timestamp: u32, marker: bool) -> Option<Stamp> {
        let mapping = self.mapping?;
        let index = index.wrapping_add(mapping.index_shift);
        let timestamp = timestamp.wrapping_add(mapping.timestamp_shift);
        let drift = timestamp.wrapping_sub(self.timestamp_at(now)) as i32;
        let backwards = index > self.highest && (timestamp.wrapping_sub(self.end) as i32) < 0;
        (index <= self.highest + LARGEST_GAP && drift.abs() <= LARGEST_DRIFT && !backwards)
            .then_some(Stamp {
                index,
                timestamp,
                marker,
            })
    }

    /// The next number, at the clock's time or right after what was sent.
    fn mapped_anew(&mut self, now: Time, index: u64, timestamp: u32) -> Stamp {
        self.floor = self.highest;
        let next = self.highest + 1;
        let clock = self.timestamp_at(now);
        let start = if self.last_sent.is_none() || clock.wrapping_sub(self.end) as i32 >= 0 {
            clock
        } else {
            self.end
        };
        self.mapping = Some(Mapping {
            index_shift: next.wrapping_sub(index),
            timestamp_shift: start.wrapping_sub(timestamp),
        });
        Stamp {
            index: next,
            timestamp: start,
            marker: true,
        }
    }

    /// Numbers and times of the silence that ends the voice heard until now.
    pub fn finish(&mut self, now: Time, octets_each: usize) -> [Stamp; ENDING_FRAMES] {
        let stamps = std::array::from_fn(|n| {
            let n = n as u32;
            Stamp {
                index: self.highest + 1 + u64::from(n),
                timestamp: self.end.wrapping_add(n * FRAME_TICKS),
                marker: false,
            }
        });
        self.highest += ENDING_FRAMES as u64;
        self.floor = self.highest;
        self.end = self.end.wrapping_add(ENDING_FRAMES as u32 * FRAME_TICKS);
        for _ in stamps {
            self.sent(now, octets_each);
        }
        // Whoever goes on speaking after this is mapped anew: the numbers used here are spent.
        self.mapping = None;
        self.ended = true;
        stamps
    }

    const fn sent(&mut self, now: Time, octets: usize) {
        self.octets += octets as u64;
        self.last_sent = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::Duration;

    use super::*;

    /// Whatever publishers send, in whatever order, across lendings and silences.
    #[test]
    fn no_index_is_given_out_twice() {
        let mut state = 42_u64;
        let mut chance = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % below
        };
        for _ in 0..50 {
            let mut timeline = Timeline::new(7);
            let mut used = HashSet::new();
            let mut received = HashSet::new();
            let mut now = Time::from_micros(5_000_000);
            let (mut index, mut timestamp) = (chance(1 << 20), chance(1 << 32) as u32);
            for _ in 0..5_000 {
                now = now + Duration::from_millis(chance(40));
                match chance(100) {
                    0..=2 => {
                        timeline.begin();
                        received.clear();
                        index = chance(1 << 20);
                        timestamp = chance(1 << 32) as u32;
                    }
                    3..=5 => {
                        for stamp in timeline.finish(now, 3) {
                            assert!(used.insert(stamp.index));
                        }
                    }
                    6 => timestamp = chance(1 << 32) as u32,
                    7 => index += chance(2000),
                    _ => index += 1,
                }
                // The replay window refuses what was received before; reordering it lets through.
                let at = index.saturating_sub(chance(4));
                if received.insert(at)
                    && let Some(stamp) = timeline.stamp(now, at, timestamp, false, FRAME_TICKS, 80)
                {
                    assert!(used.insert(stamp.index));
                }
                timestamp = timestamp.wrapping_add(FRAME_TICKS);
            }
        }
    }
}
