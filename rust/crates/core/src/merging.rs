//! Packets of 20 ms made packets of 60 ms, for listeners who only listen.
//!
//! Listeners are in three phases whose boundaries are 20 ms apart, so that bursts do not triple. Every phase numbers
//! each slot by itself; a phase gives out a number once, as [`crate::timeline`] does.
//!
//! Rule 1: a phase sends the packets of all slots together, so that a listener gets them in one go.
//! Rule 2: only what follows without a gap, of one kind and one voice, shares a packet; nothing is decoded.
//! Rule 3: what a phase has sent is behind it: a packet that comes later than that is dropped, and counted.

use std::time::Duration;

use arengo_wire::opus::{self, Toc};

use crate::limits::{OPUS_PACKET, SLOTS};
use crate::time::Time;
use crate::timeline::{FIRST_INDEX, FRAME_TICKS, Stamp};

/// Phases of listeners.
pub const PHASES: usize = 3;
/// A packet that has waited this long for the next boundary goes: its publisher has stopped.
pub const LONGEST_WAIT: Duration = Duration::from_millis(70);
/// A slot sets the boundaries of all while its packets come; the lowest such slot does.
const LEADS_FOR: Duration = Duration::from_millis(50);
/// Sound that one slot may hold back while another sets the boundaries, ticks.
const MOST_TICKS: u32 = 100 * 48;

/// A publisher's packet with its place in a slot.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Its number and time in the slot.
    pub stamp: Stamp,
    /// How long it plays.
    pub ticks: u32,
    /// Whose voice it is.
    pub voice: u32,
    /// The level byte of RFC 6464.
    pub level: u8,
    /// The sound.
    pub opus: &'a [u8],
}

/// One or more of them as one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merged<'a> {
    /// For whom.
    pub phase: usize,
    /// In which slot.
    pub slot: usize,
    /// Its number in the slot as this phase counts, and the time of its first sound.
    pub stamp: Stamp,
    /// Whose voice it is.
    pub voice: u32,
    /// The loudest of the levels.
    pub level: u8,
    /// How many packets it is made of.
    pub of: usize,
    /// The sound.
    pub opus: &'a [u8],
}

/// A packet that some phase has not sent yet.
#[derive(Debug)]
struct Held {
    stamp: Stamp,
    ticks: u32,
    voice: u32,
    level: u8,
    at: Time,
    opus: Vec<u8>,
}

impl Held {
    fn end(&self) -> u32 {
        self.stamp.timestamp.wrapping_add(self.ticks)
    }

    fn toc(&self) -> Toc {
        opus::toc(&self.opus).unwrap_or(Toc(0))
    }
}

/// Packets that a slot may hold at once: what is older is sent. Forty of 2.5 ms are 100 ms.
const HELD: usize = 41;

/// What the phases share of a slot.
#[derive(Debug, Default)]
struct Waiting {
    /// In the order of their numbers.
    held: Vec<Held>,
    /// Packets whose memory is used again.
    spare: Vec<Held>,
    last: Option<Time>,
    highest: u64,
}

/// A slot as one phase numbers it.
#[derive(Clone, Copy, Debug)]
struct Stream {
    /// Packets of the slot below this number are behind this phase.
    from: u64,
    highest: u64,
    octets: u64,
}

#[derive(Clone, Copy, Debug)]
struct Phase {
    streams: [Stream; SLOTS],
    group: u32,
}

/// The phases of listeners with a certain number of lines.
#[derive(Debug)]
pub struct Merger {
    clock_base: u32,
    waiting: [Waiting; SLOTS],
    phases: [Phase; PHASES],
    late: u64,
}

impl Merger {
    /// Nothing waits; the packets numbered up to *highest* in each slot are not this merger's concern.
    #[must_use]
    pub fn new(clock_base: u32, highest: [u64; SLOTS]) -> Self {
        let streams = highest.map(|highest| Stream {
            from: highest + 1,
            highest: FIRST_INDEX,
            octets: 0,
        });
        Self {
            clock_base,
            waiting: Default::default(),
            phases: [Phase { streams, group: 0 }; PHASES],
            late: 0,
        }
    }

    /// The highest number of *slot* that *phase* has given out, and the bytes of Opus so far.
    #[must_use]
    pub fn so_far(&self, phase: usize, slot: usize) -> (u64, u64) {
        self.stream(phase, slot)
            .map_or((FIRST_INDEX, 0), |stream| (stream.highest, stream.octets))
    }

    /// Whether everything so far is behind *phase*: whoever comes into it now misses nothing and gets nothing twice.
    #[must_use]
    pub fn is_at_boundary(&self, phase: usize) -> bool {
        (0..SLOTS).all(|slot| self.unsent(phase, slot).is_empty())
    }

    /// Packets that came after their phase had gone on, each counted for each phase.
    #[must_use]
    pub const fn late(&self) -> u64 {
        self.late
    }

    /// Take a packet of *slot*; what is full goes to *emit*.
    pub fn push(
        &mut self,
        now: Time,
        slot: usize,
        frame: &Frame<'_>,
        emit: &mut impl FnMut(Merged<'_>),
    ) {
        let leads = self.leads(now, slot);
        let Some(waiting) = self.waiting.get_mut(slot) else {
            return;
        };
        waiting.last = Some(now);
        let is_newest = frame.stamp.index > waiting.highest;
        waiting.highest = waiting.highest.max(frame.stamp.index);
        let (first, last) = (
            frame.stamp.timestamp,
            frame.stamp.timestamp.wrapping_add(frame.ticks),
        );
        if leads && is_newest {
            for phase in 0..PHASES {
                if self.enters(phase, first) {
                    self.flush(phase, emit);
                }
            }
        }
        self.hold(now, slot, frame);
        for phase in 0..PHASES {
            let is_full = if leads {
                is_newest && self.enters(phase, last)
            } else {
                self.unsent_ticks(phase, slot) > MOST_TICKS
            };
            if is_full || self.unsent(phase, slot).len() >= HELD - 1 {
                self.flush(phase, emit);
            }
        }
        self.forget(slot);
    }

    /// Send what waits of *slot*, in every phase: its talker changes.
    pub fn flush_slot(&mut self, slot: usize, emit: &mut impl FnMut(Merged<'_>)) {
        for phase in 0..PHASES {
            self.flush_stream(phase, slot, emit);
        }
        self.forget(slot);
    }

    /// Send what has waited too long, and all that waits beside it.
    pub fn flush_overdue(&mut self, now: Time, emit: &mut impl FnMut(Merged<'_>)) {
        for phase in 0..PHASES {
            let is_overdue = (0..SLOTS).any(|slot| {
                let oldest = self.unsent(phase, slot).first();
                oldest.is_some_and(|held| now.since(held.at) >= LONGEST_WAIT)
            });
            if is_overdue {
                self.flush(phase, emit);
            }
        }
        (0..SLOTS).for_each(|slot| self.forget(slot));
    }

    /// What waits of *slot* for *phase*, as the packets that somebody needs who leaves the phase now.
    ///
    /// They bear the numbers that follow the last one given out, and those are given out again to who stays: the packets
    /// are for listeners whose own numbers go on from there.
    pub fn rest(&self, phase: usize, slot: usize, emit: &mut impl FnMut(Merged<'_>)) {
        let Some(mut stream) = self.stream(phase, slot).copied() else {
            return;
        };
        send(self.unsent(phase, slot), phase, slot, &mut stream, emit);
    }

    fn flush(&mut self, phase: usize, emit: &mut impl FnMut(Merged<'_>)) {
        for slot in 0..SLOTS {
            self.flush_stream(phase, slot, emit);
        }
    }

    fn flush_stream(&mut self, phase: usize, slot: usize, emit: &mut impl FnMut(Merged<'_>)) {
        let Some(mut stream) = self.stream(phase, slot).copied() else {
            return;
        };
        send(self.unsent(phase, slot), phase, slot, &mut stream, emit);
        if let Some(place) = self.stream_mut(phase, slot) {
            *place = stream;
        }
    }

    /// Whether *slot*, a packet of which has come now, sets the boundaries.
    fn leads(&self, now: Time, slot: usize) -> bool {
        !self
            .waiting
            .iter()
            .take(slot)
            .any(|other| other.last.is_some_and(|at| now.since(at) < LEADS_FOR))
    }

    /// Which packet of 60 ms the sound at *timestamp* belongs to.
    fn group(&self, phase: usize, timestamp: u32) -> u32 {
        let frame = timestamp.wrapping_sub(self.clock_base) / FRAME_TICKS;
        (frame + phase as u32) / PHASES as u32
    }

    /// Go on to the group of *timestamp*; whether that is another one.
    fn enters(&mut self, phase: usize, timestamp: u32) -> bool {
        let group = self.group(phase, timestamp);
        self.phases
            .get_mut(phase)
            .is_some_and(|phase| std::mem::replace(&mut phase.group, group) != group)
    }

    fn hold(&mut self, now: Time, slot: usize, frame: &Frame<'_>) {
        let index = frame.stamp.index;
        let behind = self.phases.iter().filter(|phase| {
            phase
                .streams
                .get(slot)
                .is_some_and(|stream| index < stream.from)
        });
        let behind = behind.count();
        self.late += behind as u64;
        let Some(waiting) = self.waiting.get_mut(slot).filter(|_| behind < PHASES) else {
            return;
        };
        let mut held = waiting.spare.pop().unwrap_or_else(|| Held {
            stamp: frame.stamp,
            ticks: 0,
            voice: 0,
            level: 0,
            at: now,
            opus: Vec::with_capacity(OPUS_PACKET),
        });
        (held.stamp, held.ticks, held.voice) = (frame.stamp, frame.ticks, frame.voice);
        (held.level, held.at) = (frame.level, now);
        held.opus.clear();
        held.opus.extend_from_slice(frame.opus);
        let place = waiting
            .held
            .partition_point(|other| other.stamp.index < index);
        waiting.held.insert(place, held);
    }

    /// Let go of what is behind every phase.
    fn forget(&mut self, slot: usize) {
        let streams = self
            .phases
            .iter()
            .filter_map(|phase| phase.streams.get(slot));
        let from = streams.map(|stream| stream.from).min().unwrap_or(0);
        if let Some(waiting) = self.waiting.get_mut(slot) {
            let behind = waiting.held.partition_point(|held| held.stamp.index < from);
            waiting.spare.extend(waiting.held.drain(..behind));
        }
    }

    /// What *phase* has not sent of *slot*, in order.
    fn unsent(&self, phase: usize, slot: usize) -> &[Held] {
        let (Some(waiting), Some(stream)) = (self.waiting.get(slot), self.stream(phase, slot))
        else {
            return &[];
        };
        let first = waiting
            .held
            .partition_point(|held| held.stamp.index < stream.from);
        waiting.held.get(first..).unwrap_or_default()
    }

    fn unsent_ticks(&self, phase: usize, slot: usize) -> u32 {
        self.unsent(phase, slot).iter().map(|held| held.ticks).sum()
    }

    fn stream(&self, phase: usize, slot: usize) -> Option<&Stream> {
        self.phases.get(phase)?.streams.get(slot)
    }

    fn stream_mut(&mut self, phase: usize, slot: usize) -> Option<&mut Stream> {
        self.phases.get_mut(phase)?.streams.get_mut(slot)
    }
}

/// Send *unsent* in as few packets as may be, numbered on from *stream*, which goes on behind them.
fn send(
    mut unsent: &[Held],
    phase: usize,
    slot: usize,
    stream: &mut Stream,
    emit: &mut impl FnMut(Merged<'_>),
) {
    while let Some(first) = unsent.first() {
        let mut out = [0; OPUS_PACKET];
        let (of, len) = merge_first(unsent, &mut out);
        let (these, rest) = unsent.split_at(of);
        let opus = if of == 1 {
            first.opus.as_slice()
        } else {
            out.get(..len).unwrap_or_default()
        };
        stream.highest += 1;
        stream.octets += opus.len() as u64;
        stream.from = these
            .last()
            .map_or(stream.from, |last| last.stamp.index + 1);
        emit(Merged {
            phase,
            slot,
            stamp: Stamp {
                index: stream.highest,
                ..first.stamp
            },
            voice: first.voice,
            level: these
                .iter()
                .fold(first.level, |level, held| loudest(level, held.level)),
            of,
            opus,
        });
        unsent = rest;
    }
}

/// Merge as many of *unsent* as share a packet into *out*: how many, and the length where it is more than one.
fn merge_first(unsent: &[Held], out: &mut [u8; OPUS_PACKET]) -> (usize, usize) {
    let follows = |pair: &[Held]| match pair {
        [before, after] => {
            after.stamp.index == before.stamp.index + 1
                && after.stamp.timestamp == before.end()
                && after.voice == before.voice
                && after.toc().merges_with(before.toc())
        }
        _ => false,
    };
    let most = 1 + unsent.windows(2).take_while(|pair| follows(pair)).count();
    let mut packets: [&[u8]; HELD] = [&[]; HELD];
    for (packet, held) in packets.iter_mut().zip(unsent) {
        *packet = &held.opus;
    }
    // What is too long together, or cannot be taken apart, goes in more packets.
    for of in (2..=most.min(HELD)).rev() {
        if let Ok(len) = opus::merge(packets.get(..of).unwrap_or_default(), out) {
            return (of, len);
        }
    }
    (1, 0)
}

/// The louder of two level bytes; voiced if one is.
const fn loudest(one: u8, other: u8) -> u8 {
    let (a, b) = (one & 0x7F, other & 0x7F);
    (one | other) & 0x80 | if a < b { a } else { b }
}

#[cfg(test)]
mod tests;
