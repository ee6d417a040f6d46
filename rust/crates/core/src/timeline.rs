//! The outgoing stream of a slot: one numbering and one clock, whoever speaks.
//!
//! Rule 1: an index is given out once, so that no SRTP index is ever sealed twice. Every listener's own index is this
//! index less an offset that is fixed while they hear it, so sending costs no counter per listener. Who goes over to
//! merged packets, or back, goes on under another numbering of which the same is true ([`crate::merging`]); a floor
//! keeps what is late under either from the numbers that were used before.
//! Rule 2: a timestamp is the time at which the sound was captured, on one clock ([`crate::capture`]). Lending a slot,
//! or giving it back, does not move that clock: a player's jitter buffer grows with every packet that seems late.
//! Rule 3: within a talkspurt timestamps go on as the speaker's do. What was learnt of the speaker's clock since is
//! applied where it is not heard: at the lending, and in the speaker's own pauses.
//! Rule 4: sound that would begin before the end of what was said is dropped; a player would drop it, too.
//! Rule 5: a voice that takes over from another in mid-sound follows it without a gap, which a player would fill with made-up
//! sound: until its next pause it is stamped half a frame earlier or later at most, less than any network's jitter.

use std::time::Duration;

use arengo_wire::opus::{PAUSE_FRAME, SILENCE_FRAME};

use crate::capture::Captured;
use crate::time::Time;

/// Where numbering starts: far enough from zero that offsets stay positive.
pub const FIRST_INDEX: u64 = 1 << 40;
/// Ticks of 20 ms at 48 kHz.
pub const FRAME_TICKS: u32 = 960;
/// The same as a time: a packet of speech.
pub const FRAME: Duration = Duration::from_millis(20);
/// By a packet of so many bytes at most, a table of contents without a frame, an encoder announces that it sends nothing
/// more for now (RFC 7587 §3.1.3).
pub const PAUSE_BYTES: usize = 2;
/// A publisher's gap of more packets than this is closed up rather than passed on.
const LARGEST_GAP: u64 = 100;
/// Frames of silence that end a voice.
pub const ENDING_FRAMES: u8 = 3;
/// Longer than any jitter that a call survives: then what is missing is an end.
pub const MISSING: Duration = Duration::from_millis(140);
/// What ended longer ago than this is before anything that comes now; timestamps tell only half a day apart.
const RECENT: Duration = Duration::from_secs(10);
/// A speaker's clock is put right at once where it is off by more than this many ticks: 100 ms. So nobody's stamps run
/// further ahead of our clock, and a slot is free for the next speaker.
const FAR_OFF: i32 = 100 * 48;
/// And where nobody speaks, though packets come without a pause, by more than this.
const OFF: i32 = 10 * 48;
/// A frame of silence that is said later than this is stamped anew.
const PUNCTUAL: i32 = 10 * 48;
/// By so many ticks at most a voice that takes over is moved to where the one before it ended.
const JOINT: i32 = FRAME_TICKS as i32 / 2;

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

/// A publisher's packet, as its slot needs to know it.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// The publisher's own number.
    pub index: u64,
    /// The publisher's own time.
    pub timestamp: u32,
    /// And ours.
    pub captured: Captured,
    /// Whether somebody speaks in it.
    pub is_voice: bool,
    /// The publisher's own mark.
    pub marker: bool,
    /// How long it plays.
    pub ticks: u32,
    /// Bytes of Opus.
    pub octets: usize,
}

impl Arrival {
    /// Our ticks less the publisher's, as we know it now.
    const fn clock_shift(&self) -> u32 {
        self.captured.at.wrapping_sub(self.timestamp)
    }

    /// Whether that takes the place of *before* with this packet.
    const fn adjusts(&self, before: u32) -> bool {
        let off = (self.clock_shift().wrapping_sub(before) as i32).unsigned_abs() as i32;
        let is_heard_by_nobody = self.captured.after_pause || (!self.is_voice && off > OFF);
        off > FAR_OFF || (off > 0 && is_heard_by_nobody)
    }

    /// Whether its encoder sends nothing more for now.
    const fn is_pause(&self) -> bool {
        self.octets <= PAUSE_BYTES
    }
}

/// What a slot said last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Sound,
    /// The encoder's own announcement of a pause: nothing is missing.
    Pause,
    /// Silence, or nothing yet; so many more frames of it are to follow.
    Silence(u8),
}

#[derive(Clone, Copy, Debug)]
struct Mapping {
    /// Slot index less publisher index.
    index_shift: u64,
    /// Our ticks less the publisher's.
    clock_shift: u32,
}

/// The state of one slot's stream.
#[derive(Clone, Debug)]
pub struct Timeline {
    clock_base: u32,
    highest: u64,
    /// Indices up to this one are spent, even where nothing was sent under them.
    floor: u64,
    /// Timestamp at which the last packet's sound ends, and when our clock gets there.
    end: u32,
    ends: Time,
    said: Said,
    last_sent: Option<Time>,
    mapping: Option<Mapping>,
    /// The highest index before the present lending.
    lending_floor: u64,
    lending_octets: u64,
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
            ends: Time::ZERO,
            said: Said::Silence(0),
            last_sent: None,
            mapping: None,
            lending_floor: FIRST_INDEX,
            lending_octets: 0,
            octets: 0,
        }
    }

    /// The highest index given out.
    #[must_use]
    pub const fn highest(&self) -> u64 {
        self.highest
    }

    /// What was sent under indices up to this one is of another lending, or of another clock.
    #[must_use]
    pub const fn floor(&self) -> u64 {
        self.floor
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

    /// The RTP timestamp that stands for *now* in a sender report.
    #[must_use]
    pub const fn timestamp_at(&self, now: Time) -> u32 {
        self.clock_base.wrapping_add(now.ticks_48k() as u32)
    }

    /// The slot is lent anew.
    pub const fn begin(&mut self) {
        self.mapping = None;
        self.floor = self.highest;
        self.lending_floor = self.highest;
        self.lending_octets = self.octets;
    }

    /// Number and time for a publisher's packet; None when its place is spent, or sounds already.
    pub fn stamp(&mut self, now: Time, arrival: &Arrival) -> Option<Stamp> {
        let known = self.mapping.filter(|mapping| {
            arrival.index.wrapping_add(mapping.index_shift) <= self.highest + LARGEST_GAP
        });
        let mut mapping = known.unwrap_or(Mapping {
            index_shift: (self.highest + 1).wrapping_sub(arrival.index),
            clock_shift: arrival.clock_shift(),
        });
        let index = arrival.index.wrapping_add(mapping.index_shift);
        if index <= self.floor {
            return None;
        }
        let is_newest = index > self.highest;
        let adjusts = is_newest && arrival.adjusts(mapping.clock_shift);
        if adjusts {
            mapping.clock_shift = arrival.clock_shift();
        }
        let mut timestamp = self.stamp_at(arrival, mapping.clock_shift);
        let is_recent = self.last_sent.is_some() && now.since(self.ends) < RECENT;
        if known.is_none() && is_recent && self.said == Said::Sound {
            let apart = self.since_end(timestamp);
            if apart.abs() <= JOINT {
                mapping.clock_shift = mapping.clock_shift.wrapping_add_signed(-apart);
                timestamp = self.end;
            }
        }
        if is_newest && is_recent && self.since_end(timestamp) < 0 {
            self.mapping = None; // the next one takes the next number
            return None;
        }
        if adjusts || known.is_none() {
            // What this one has overtaken is from another clock.
            self.floor = index - 1;
        }
        self.mapping = Some(mapping);
        if is_newest {
            self.said = if arrival.is_pause() {
                Said::Pause
            } else {
                Said::Sound
            };
            self.go_on(now, index, timestamp.wrapping_add(arrival.ticks));
        }
        self.octets += arrival.octets as u64;
        Some(Stamp {
            index,
            timestamp,
            marker: arrival.marker || known.is_none(),
        })
    }

    const fn stamp_at(&self, arrival: &Arrival, clock_shift: u32) -> u32 {
        let captured = arrival.timestamp.wrapping_add(clock_shift);
        self.clock_base.wrapping_add(captured)
    }

    /// Nothing more comes of the voice heard until now: silence follows, unless that was the last thing said.
    pub fn fall_silent(&mut self) {
        if !matches!(self.said, Said::Silence(_)) {
            self.said = Said::Silence(ENDING_FRAMES);
        }
    }

    /// Whether the last thing said was an encoder's announcement of a pause.
    #[must_use]
    pub fn pauses(&self) -> bool {
        self.said == Said::Pause
    }

    /// Say no more silence: somebody else speaks.
    pub fn break_silence(&mut self) {
        if matches!(self.said, Said::Silence(_)) {
            self.said = Said::Silence(0);
        }
    }

    /// When a packet is missing, if no more come before.
    #[must_use]
    pub fn missing_at(&self) -> Option<Time> {
        let last_sent = self.last_sent.filter(|_| self.said == Said::Sound)?;
        Some(last_sent + MISSING)
    }

    /// When the next frame of silence is due.
    #[must_use]
    pub const fn silence_at(&self) -> Option<Time> {
        match self.said {
            Said::Silence(1..) => Some(self.ends),
            _ => None,
        }
    }

    /// The frame of silence that is due by *now*, if one is, with its number and time. The last one announces a pause.
    pub fn silence(&mut self, now: Time) -> Option<(Stamp, &'static [u8])> {
        let Said::Silence(left @ 1..) = self.said else {
            return None;
        };
        if now < self.ends {
            return None;
        }
        let clock = self.timestamp_at(now);
        let timestamp = if self.since_end(clock) < PUNCTUAL {
            self.end
        } else {
            clock
        };
        let index = self.highest + 1;
        self.said = Said::Silence(left - 1);
        self.go_on(now, index, timestamp.wrapping_add(FRAME_TICKS));
        // Whoever goes on speaking after this is mapped anew: the number used here is spent.
        (self.floor, self.mapping) = (index, None);
        let frame: &[u8] = if left > 1 {
            &SILENCE_FRAME
        } else {
            &PAUSE_FRAME
        };
        self.octets += frame.len() as u64;
        let stamp = Stamp {
            index,
            timestamp,
            marker: false,
        };
        Some((stamp, frame))
    }

    /// How far *timestamp* is behind the end of what was said.
    const fn since_end(&self, timestamp: u32) -> i32 {
        timestamp.wrapping_sub(self.end) as i32
    }

    fn go_on(&mut self, now: Time, index: u64, end: u32) {
        let left = end.wrapping_sub(self.timestamp_at(now)) as i32;
        let left = u64::try_from(left).unwrap_or(0);
        self.ends = now + Duration::from_micros((left * 1000).div_ceil(48));
        (self.highest, self.end, self.last_sent) = (index, end, Some(now));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Whatever publishers send, in whatever order, across lendings and silences.
    #[test]
    fn no_index_is_given_out_twice_and_no_sound_begins_before_the_end_of_the_last() {
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
            let mut end: Option<u32> = None;
            let (mut index, mut timestamp) = (chance(1 << 20), 99);
            for _ in 0..5_000 {
                now = now + Duration::from_millis(chance(40));
                match chance(100) {
                    0..=2 => {
                        timeline.begin();
                        received.clear();
                        index = chance(1 << 20);
                    }
                    3..=5 => timeline.fall_silent(),
                    6 => timestamp = chance(1 << 32) as u32,
                    7 => index += chance(2000),
                    _ => index += 1,
                }
                // The replay window refuses what was received before; reordering it lets through.
                let highest = timeline.highest();
                let at = index.saturating_sub(chance(4));
                let arrival = Arrival {
                    index: at,
                    timestamp,
                    captured: Captured {
                        at: now.ticks_48k() as u32 - chance(960) as u32,
                        after_pause: chance(20) == 0,
                    },
                    is_voice: chance(3) > 0,
                    marker: false,
                    ticks: FRAME_TICKS,
                    octets: 80,
                };
                let stamps = [
                    timeline.silence(now).map(|(stamp, _)| stamp),
                    received
                        .insert(at)
                        .then(|| timeline.stamp(now, &arrival))
                        .flatten(),
                ];
                for stamp in stamps.into_iter().flatten() {
                    assert!(used.insert(stamp.index));
                    if stamp.index > highest {
                        let gap = end.map_or(0, |end| stamp.timestamp.wrapping_sub(end) as i32);
                        assert!(gap >= 0);
                        end = Some(stamp.timestamp.wrapping_add(FRAME_TICKS));
                    }
                }
                timestamp = timestamp.wrapping_add(FRAME_TICKS);
            }
        }
    }
}
