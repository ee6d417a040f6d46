//! Packets that wait for the audience of a space, and how they are handed out.
//!
//! The stage gets a packet within the call that brings it. The audience is served in slices, between which the driver
//! reads its sockets: nobody on stage waits for a big audience. Whatever waits when a round begins is served in that
//! round, one listener after the other, so that several packets to one of them leave together.
//!
//! Rule 1: a listener is served by a number of the queue: what was queued before they sat down there is not theirs.
//! Rule 2: whoever changes seats is given first what still waits for them ([`Audience::catch_up`]).

use std::ops::Range;

use arengo_wire::opus::{self, SILENCE_FRAME};
use arengo_wire::red;

use crate::fanout::{SlotPacket, Templates};
use crate::limits::{AUDIENCE_BYTES, AUDIENCE_PACKETS, AUDIENCE_WAIT};
use crate::listeners::{Class, Listeners, Seat, Section};
use crate::outbox::Outbox;
use crate::peer::Link;
use crate::stats::Stats;
use crate::time::Time;
use crate::timeline::{FRAME_TICKS, Stamp};

/// The level byte of silence.
pub const SILENT: u8 = 127;
/// A packet of silence: table of contents and count of frames, then two bytes each; as many as 120 ms hold.
const SILENCES: [u8; 14] = [
    0xFB, 0, 0xFF, 0xFE, 0xFF, 0xFE, 0xFF, 0xFE, 0xFF, 0xFE, 0xFF, 0xFE, 0xFF, 0xFE,
];

/// What is seldom exceeded by what waits for one audience.
const ROUND_PACKETS: usize = 32;
const ROUND_BYTES: usize = 8 << 10;

/// A packet in the queue.
#[derive(Clone, Debug)]
pub struct Queued {
    /// Its number in the queue.
    pub serial: u64,
    /// When its sound came.
    pub at: Time,
    /// For whom.
    pub section: Section,
    /// For listeners with so many lines.
    pub lines: usize,
    /// In which slot.
    pub slot: usize,
    /// As [`SlotPacket::stamp`].
    pub stamp: Stamp,
    /// Whose voice it is.
    pub voice: u32,
    /// The level byte.
    pub level: u8,
    /// As [`SlotPacket::red`].
    pub red: bool,
    sound: Range<usize>,
}

/// Packets that are handed out together.
#[derive(Debug, Default)]
pub struct Round {
    packets: Vec<Queued>,
    sounds: Vec<u8>,
}

impl Round {
    /// The packets, in the order in which they came.
    #[must_use]
    pub fn packets(&self) -> &[Queued] {
        &self.packets
    }

    /// The sound of one of them.
    #[must_use]
    pub fn opus(&self, packet: &Queued) -> &[u8] {
        self.sounds.get(packet.sound.clone()).unwrap_or_default()
    }

    fn clear(&mut self) {
        self.packets.clear();
        self.sounds.clear();
    }

    /// Whatever waits of *voice* becomes silence of the same length: numbers and times stay whole.
    fn silence(&mut self, voice: u32) {
        for packet in self
            .packets
            .iter_mut()
            .filter(|packet| packet.voice == voice)
        {
            let sound = self.sounds.get(packet.sound.clone()).unwrap_or_default();
            let primary = red::parse(sound).ok().filter(|_| packet.red);
            let sound = primary.map_or(sound, |red| red.primary.data);
            let ticks = opus::duration_samples(sound).unwrap_or(FRAME_TICKS);
            let frames = ticks.div_ceil(FRAME_TICKS).clamp(1, 6) as usize;
            let mut several = SILENCES;
            let [_, count, ..] = &mut several;
            *count = frames as u8;
            let silence = match frames {
                1 => &SILENCE_FRAME,
                _ => several.get(..2 + 2 * frames).unwrap_or_default(),
            };
            let start = self.sounds.len();
            // A RED payload without copies begins with a payload type, to be written.
            self.sounds.extend(packet.red.then_some(0));
            self.sounds.extend_from_slice(silence);
            packet.sound = start..self.sounds.len();
            packet.level = SILENT;
        }
    }
}

/// The queue of a space.
#[derive(Debug, Default)]
pub struct Audience {
    serving: Round,
    waiting: Round,
    /// The first seat not yet served, while a round is under way.
    at: Option<Seat>,
    /// The number of the next packet.
    next: u64,
    templates: Templates,
    /// Whether the shard knows that something waits here.
    pub(crate) is_listed: bool,
}

impl Audience {
    /// Take the memory that an ordinary round needs: somebody is about to speak.
    pub fn prepare(&mut self) {
        for round in [&mut self.serving, &mut self.waiting] {
            round.packets.reserve(ROUND_PACKETS);
            round.sounds.reserve(ROUND_BYTES);
        }
        self.templates.prepare(ROUND_PACKETS, ROUND_BYTES);
    }

    /// The number of the next packet: whoever sits down now gets what has this number or a higher one.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.at.is_none() && self.waiting.packets.is_empty()
    }

    /// The first seat not yet served, while a round is under way: what [`Listeners::remove`] must keep true.
    pub const fn served_up_to(&mut self) -> Option<&mut Seat> {
        self.at.as_mut()
    }

    /// Queue *packet* for those who are served as *section* says; false when too much waits already.
    pub fn push(&mut self, now: Time, section: Section, packet: &SlotPacket<'_>) -> bool {
        let Round { packets, sounds } = &mut self.waiting;
        let start = sounds.len();
        if packets.len() >= AUDIENCE_PACKETS || start + packet.opus.len() > AUDIENCE_BYTES {
            return false;
        }
        sounds.extend_from_slice(packet.opus);
        packets.push(Queued {
            serial: self.next,
            at: now,
            section,
            lines: packet.lines,
            slot: packet.slot,
            stamp: packet.stamp,
            voice: packet.voice,
            level: packet.level,
            red: packet.red,
            sound: start..sounds.len(),
        });
        self.next += 1;
        true
    }

    /// Let nothing more be heard of *voice*.
    pub fn silence(&mut self, voice: u32) {
        self.serving.silence(voice);
        self.waiting.silence(voice);
    }

    /// Hand out what waits until about *budget* datagrams are made; how many were. *served* is told of what is done.
    pub fn serve(
        &mut self,
        now: Time,
        listeners: &Listeners,
        links: &[Option<Link>],
        budget: usize,
        (out, stats): (&mut Outbox, &mut Stats),
        mut served: impl FnMut(Time),
    ) -> usize {
        let mut made = 0;
        let mut at = match self.at {
            Some(at) => at,
            None if self.waiting.packets.is_empty() => return 0,
            None => self.begin(now, stats),
        };
        while let Some(class) = listeners.classes().get(at.class()) {
            let members = class
                .members(at.section())
                .get(at.position()..)
                .unwrap_or_default();
            if !members.is_empty() {
                self.templates.build(&self.serving, class, at.section());
            }
            if members.is_empty() || self.templates.is_empty() {
                at = at.next_section();
                continue;
            }
            for member in members {
                if made >= budget {
                    self.at = Some(at);
                    return made;
                }
                if let Some(Some(link)) = links.get(member.index as usize) {
                    self.templates.seal_for(link, out, stats);
                }
                made += self.templates.len();
                at = at.plus(1);
            }
        }
        for packet in &self.serving.packets {
            served(packet.at);
        }
        self.serving.clear();
        self.at = None;
        made
    }

    /// Give whoever sits at *seat* of *class* what still waits for them; they may sit elsewhere then.
    pub fn catch_up(
        &mut self,
        seat: Seat,
        class: &Class,
        link: &mut Link,
        out: &mut Outbox,
        stats: &mut Stats,
    ) {
        let is_served = self.at.is_none_or(|at| seat < at);
        if !is_served {
            self.templates.build(&self.serving, class, seat.section());
            self.templates.seal_for(link, out, stats);
        }
        self.templates.build(&self.waiting, class, seat.section());
        self.templates.seal_for(link, out, stats);
        link.since = self.next;
    }

    /// Begin a round with what waits, but for what has waited so long that a player has given it up.
    fn begin(&mut self, now: Time, stats: &mut Stats) -> Seat {
        std::mem::swap(&mut self.serving, &mut self.waiting);
        let before = self.serving.packets.len();
        self.serving
            .packets
            .retain(|packet| now.since(packet.at) < AUDIENCE_WAIT);
        stats.drops_late += (before - self.serving.packets.len()) as u64;
        self.at = Some(Seat::FIRST);
        Seat::FIRST
    }
}
