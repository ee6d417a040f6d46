//! Everybody who is there, and what they received.

use std::sync::Arc;
use std::time::Instant;

use super::guest::Guest;
use super::socket::Arrived;
use super::streams::{FRAME, Origin, Seen, Step};
use super::talker::Talker;
use super::{Census, Counts};
use crate::systems::{Glance, Protocol, Standing};
use crate::voice::{Place, Recognised, Voices};

/// Frames that a window's edges may cut off from a stream.
const EDGE: u64 = 8;

/// Guests by their number, talkers, and the counts of the window.
pub struct Hall {
    protocol: Protocol,
    pub voices: Arc<Voices>,
    pub guests: Vec<Option<Guest>>,
    pub talkers: Vec<Talker>,
    pub profile: Option<&'static str>,
    counts: Counts,
    dropped_before: u64,
}

impl Hall {
    pub fn new(protocol: Protocol, voices: Arc<Voices>) -> Hall {
        Hall {
            protocol,
            voices,
            guests: Vec::new(),
            talkers: Vec::new(),
            profile: None,
            counts: Counts::default(),
            dropped_before: 0,
        }
    }

    /// Take a datagram; whether its guest is to be attended to.
    #[inline]
    pub fn take(&mut self, arrived: Arrived<'_>, now: Instant) -> bool {
        let Some(Some(guest)) = self.guests.get_mut(arrived.guest) else {
            return false;
        };
        let (id, seen) = match (self.protocol.glance)(arrived.datagram) {
            Glance::Other => {
                guest.wire.take(arrived.from, arrived.datagram, 0, now);
                return true;
            }
            Glance::Sound {
                stream,
                sequence,
                timestamp,
            } => {
                let at = arrived.at;
                (
                    stream,
                    Seen {
                        sequence,
                        timestamp,
                        at,
                    },
                )
            }
        };
        if guest.first_packet_us.is_none() {
            guest.first_packet_us = Some(arrived.at.saturating_sub(guest.began) / 1_000);
            if let Some(hears) = guest.hears.take() {
                // Who has given up waiting need not be told.
                let _late = hears.try_send(());
            }
        }
        let counts = &mut self.counts;
        counts.delivered += 1;
        counts.bytes += arrived.datagram.len() as u64;
        let Some((stream, is_new)) = guest.streams.of(id, seen) else {
            counts.wrong += 1;
            return false;
        };
        if !is_new {
            match stream.take(seen, self.protocol.sequence_bits) {
                Step::Next(Some(before)) if self.protocol.has_timestamps && guest.was_there => {
                    if let Some(origin) = stream.origin {
                        let number = before.newest.wrapping_sub(origin.zero) / FRAME;
                        note_delay(
                            counts,
                            &self.talkers,
                            origin.talker,
                            number.into(),
                            before.at,
                        );
                    }
                }
                Step::Next(_) | Step::Skipped => {}
                Step::Late => counts.late += 1,
                Step::Again => counts.again += 1,
            }
        }
        if stream.countdown > 0 {
            stream.countdown -= 1;
            stream.unopened += 1;
            return false;
        }
        let sample = self.protocol.sample.max(1);
        // Spread at first, so that a packet is not opened for everybody at once.
        stream.countdown = if is_new {
            arrived.guest as u64 % sample
        } else {
            sample - 1
        };
        let unopened = std::mem::take(&mut stream.unopened);
        let heard = guest
            .wire
            .take(arrived.from, arrived.datagram, unopened, now);
        counts.opened += 1;
        let recognised = heard.map_or(Recognised::Never, |heard| {
            self.voices.recognise(&heard.opus)
        });
        match recognised {
            Recognised::Never => counts.wrong += 1,
            Recognised::Somewhere => {}
            Recognised::At(place) => {
                let length = self.voices.packets(place.voice) as u64;
                let found = find(&self.talkers, guest.space, place, length);
                match found {
                    None => counts.wrong += 1,
                    Some((talker, number)) => {
                        if !self.protocol.has_timestamps && guest.was_there {
                            note_delay(counts, &self.talkers, talker, number, seen.at);
                        }
                        let newest = seen
                            .timestamp
                            .wrapping_add(FRAME.wrapping_mul(place.frames as u32 - 1));
                        let zero = newest.wrapping_sub(FRAME.wrapping_mul(number as u32));
                        let origin = Some(Origin { talker, zero });
                        let strays = self.protocol.has_timestamps
                            && stream
                                .origin
                                .is_some_and(|known| known.talker == talker && known.zero != zero);
                        counts.strayed += u64::from(strays);
                        stream.origin = origin;
                    }
                }
            }
        }
        true
    }

    pub fn census(&self) -> Census {
        let mut census = Census {
            profile: self.profile,
            ..Census::default()
        };
        for guest in self.guests.iter().flatten() {
            match guest.standing {
                Standing::Connecting => {}
                Standing::Connected => census.connected += 1,
                Standing::Over => census.over += 1,
            }
            if !guest.talks {
                let talkers = self.talkers_of(guest.space).count();
                // Where voices cannot be told apart from outside, all of them are one stream.
                let streams = match self.protocol.has_timestamps {
                    true => talkers,
                    false => talkers.min(1),
                };
                census.hearing += usize::from(talkers > 0 && guest.streams.count() >= streams);
                census.first_packet_us.extend(guest.first_packet_us);
            }
        }
        census
    }

    /// Begin a window.
    pub fn begin(&mut self, dropped: u64) {
        self.counts = Counts::default();
        self.dropped_before = dropped;
        self.talkers.iter_mut().for_each(Talker::begin);
        for guest in self.guests.iter_mut().flatten() {
            guest.was_there = true;
            guest.streams.all().for_each(|stream| stream.begin());
        }
    }

    /// End the window; what came in it. Loss and delay are those of whoever was there from its beginning.
    pub fn end(&mut self, dropped: u64) -> Counts {
        let mut counts = std::mem::take(&mut self.counts);
        counts.dropped_here = dropped - self.dropped_before;
        let spaces = self.talkers.iter().map(|talker| talker.space + 1).max();
        let mut said = vec![Vec::new(); spaces.unwrap_or(0)];
        for talker in &self.talkers {
            if let Some(said) = said.get_mut(talker.space) {
                said.push(talker.in_window());
            }
        }
        for guest in self.guests.iter_mut().flatten() {
            counts.over += usize::from(guest.standing == Standing::Over);
            if guest.talks || !guest.was_there {
                continue;
            }
            counts.listeners += 1;
            let said = said.get(guest.space).map(Vec::as_slice).unwrap_or_default();
            counts.sent += said.iter().sum::<u64>();
            let mut heard = 0;
            for stream in guest.streams.all() {
                let expected = stream.expected();
                counts.expected += expected;
                counts.lost += expected.saturating_sub(stream.received);
                // What its own numbers tell to be lost is not counted as missing once more.
                let packets = stream.received.max(1);
                heard += stream.frames * expected.max(packets) / packets;
            }
            if self.protocol.has_timestamps {
                let edge = EDGE * said.len() as u64;
                let frames = said.iter().sum::<u64>().saturating_sub(edge);
                counts.missing += frames.saturating_sub(heard);
            }
        }
        counts
    }

    fn talkers_of(&self, space: usize) -> impl Iterator<Item = &Talker> {
        self.talkers
            .iter()
            .filter(move |talker| talker.space == space)
    }
}

/// The talker of *space* who said it, and the number of its last packet.
fn find(talkers: &[Talker], space: usize, place: Place, length: u64) -> Option<(u16, u64)> {
    let talker = talkers
        .iter()
        .position(|talker| talker.space == space && talker.voice == place.voice)?;
    let number = talkers.get(talker)?.last_at(place.last as u64, length)?;
    Some((u16::try_from(talker).ok()?, number))
}

fn note_delay(counts: &mut Counts, talkers: &[Talker], talker: u16, number: u64, at: u64) {
    let left = talkers
        .get(usize::from(talker))
        .and_then(|talker| talker.left_at(number));
    if let Some(left) = left
        && let Some(delay) = at.checked_sub(left)
    {
        counts.delays.note(delay / 1_000);
    }
}
