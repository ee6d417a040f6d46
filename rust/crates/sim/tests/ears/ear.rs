//! What reached somebody, packet by packet, and what their browser makes of it.

use std::time::Duration;

use arengo_sim::neteq::{Kind, NetEq, Piece, Tally};
use arengo_sim::talk::Talk;
use arengo_sim::{Heard, Space, Time, Who, read};

/// A packet, without its sound.
#[derive(Debug, Clone, Copy)]
pub struct Packet {
    pub at: Time,
    /// Whose it is; None for the silence of a slot that nobody has any more.
    pub voice: Option<Who>,
    pub timestamp: u32,
    pub samples: u32,
    pub kind: Kind,
    /// Which frame of its talker it begins with.
    pub word: Option<u32>,
    /// One of the frames that end a voice.
    pub is_silence: bool,
}

impl Packet {
    pub fn piece(&self) -> Piece {
        Piece {
            timestamp: self.timestamp,
            samples: self.samples,
            kind: self.kind,
        }
    }

    /// How long after its own time it came, whatever the slot's clock began with.
    pub fn transit_micros(&self) -> i64 {
        let at = self.at.micros() * 48 / 1_000;
        i64::from((at as u32).wrapping_sub(self.timestamp) as i32) * 1_000 / 48
    }
}

/// A listener.
#[derive(Debug, Default)]
pub struct Ear {
    pub who: Who,
    pub lines: usize,
    /// What came in each slot.
    pub slots: [Vec<Packet>; 3],
    /// When each frame of each talker came, and in which slot.
    pub words: Vec<Vec<Option<(Time, usize)>>>,
}

impl Ear {
    pub fn new(who: Who, lines: usize, talks: &[Talk]) -> Ear {
        let frames = |talk: &Talk| talk.says.last().map_or(0, |said| said.count as usize + 1);
        Ear {
            who,
            lines,
            slots: Default::default(),
            words: talks.iter().map(|talk| vec![None; frames(talk)]).collect(),
        }
    }

    /// Take what has come since the last time.
    pub fn listen(&mut self, space: &mut Space, talks: &[Talk]) {
        for heard in space.take_heard(self.who) {
            let word = read(&heard.opus).map(|(who, count)| (Who::from(who), count));
            let kind = kind_of(&heard, talks, word);
            if let Some((who, count)) = word {
                self.words[who][count as usize].get_or_insert((heard.at, heard.line));
            }
            let slot = &mut self.slots[heard.line];
            if heard.part > 0
                && let Some(packet) = slot.last_mut()
            {
                packet.samples += 960;
                if kind == Kind::Sound {
                    packet.kind = kind;
                }
                continue;
            }
            let voice = (0..talks.len()).find(|who| space.voice_of(*who) == heard.csrc);
            slot.push(Packet {
                at: heard.at,
                voice,
                timestamp: heard.timestamp,
                samples: 960,
                kind,
                word: word.map(|(_, count)| count),
                is_silence: heard.is_silence(),
            });
        }
    }

    /// What came in *slot* in a stretch of time, both ends included.
    pub fn between(&self, slot: usize, from: Time, to: Time) -> &[Packet] {
        let packets = &self.slots[slot];
        let first = packets.partition_point(|packet| packet.at < from);
        let behind = packets.partition_point(|packet| packet.at <= to);
        &packets[first..behind.max(first)]
    }

    /// What the browser plays of *slot*, and what it aims at after each packet.
    pub fn play(&self, slot: usize) -> (Tally, Vec<Duration>) {
        let mut neteq = NetEq::default();
        let mut targets = Vec::new();
        for packet in &self.slots[slot] {
            neteq.take(packet.at, &[packet.piece()]);
            targets.push(neteq.target());
        }
        (neteq.tally(), targets)
    }
}

fn kind_of(heard: &Heard, talks: &[Talk], word: Option<(Who, u32)>) -> Kind {
    let Some((who, count)) = word else {
        return if heard.opus.len() <= 2 {
            Kind::Dtx
        } else {
            Kind::Quiet
        };
    };
    match talks[who].said(count) {
        Some(said) if said.is_sound() => Kind::Sound,
        _ => Kind::Quiet,
    }
}
