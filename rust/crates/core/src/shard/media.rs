//! SRTP and SRTCP from peers.

use std::ops::Range;
use std::time::Duration;

use arengo_wire::limits::RED_COPIES;
use arengo_wire::opus;
use arengo_wire::red::{self, Red};
use arengo_wire::rtcp::{self, Packet};
use arengo_wire::rtp::{AudioLevel, Header};

use super::Shard;
use crate::SLOT_SSRCS;
use crate::events::Event;
use crate::level::Loudness;
use crate::limits;
use crate::neighbours::{Spoken, WordKind};
use crate::outbox::Outbox;
use crate::peer::{PeerKey, Publisher};
use crate::redundancy::LossWatch;
use crate::route::Route;
use crate::srtp::OpenError;
use crate::tap::Tapped;
use crate::time::Time;
use crate::timeline::{FRAME_TICKS, PAUSE_BYTES};

/// Why a packet of a peer went no further.
#[derive(Debug)]
enum Dropped {
    Unknown,
    /// Copies that lie.
    Redundant,
    Forged,
    Replayed,
}

/// What a packet says, and where in it: what it says again of lost packets, the oldest first, then its own.
type Said = [Option<(Spoken, Range<usize>)>; RED_COPIES + 1];

/// An authenticated packet of a publisher, without its sound.
struct Heard {
    index: u64,
    timestamp: u32,
    marker: bool,
    told: Option<AudioLevel>,
}

impl Publisher {
    /// Take a packet apart whose *payload* stands in *plain*.
    fn hear(
        &mut self,
        now: Time,
        heard: &Heard,
        plain: &[u8],
        payload: Range<usize>,
        is_red: bool,
    ) -> Result<Said, Dropped> {
        let mut said = Said::default();
        let sound = plain.get(payload.clone()).unwrap_or_default();
        if sound.is_empty() || sound.len() > limits::OPUS_PACKET {
            return Ok(said);
        }
        let red = is_red.then(|| red::parse(sound));
        let red = red.transpose().map_err(|_| Dropped::Redundant)?;
        if red.is_some_and(|red| red.primary.payload_type != self.payload_type) {
            return Err(Dropped::Redundant);
        }
        let sound = red.map_or(sound, |red| red.primary.data);
        let ticks = opus::duration_samples(sound).map_err(|_| Dropped::Unknown)?;
        let frames = ticks.div_ceil(FRAME_TICKS);
        let loudness = match heard.told {
            Some(level) => Loudness::told(level.minus_dbov, level.voice),
            None => Loudness::guessed(sound.len(), frames),
        };
        if !self.recovery.arrive(heard.index, heard.timestamp) {
            return Ok(said);
        }
        self.level.note(now, loudness, frames);
        if heard.told.is_some() {
            self.loudness.note(now, loudness, frames);
        }
        let level_byte = heard.told.map_or_else(
            || {
                AudioLevel {
                    minus_dbov: loudness.dbov(),
                    voice: loudness.voiced,
                }
                .to_byte()
            },
            AudioLevel::to_byte,
        );
        let (level, measured) = (self.level, self.loudness.told());
        let loss = self.reception.recent_loss();
        let loss = loss.max(self.overdue.mended_late());
        let spoken = |captured, index, timestamp, ticks, marker| Spoken {
            loudness,
            level,
            measured,
            level_byte,
            index,
            timestamp,
            captured,
            marker,
            ticks,
            loss,
        };
        let copies = red.as_ref().map_or(&[][..], Red::copies);
        let own = payload.end - sound.len()..payload.end;
        let mut start = own.start - copies.iter().map(|copy| copy.data.len()).sum::<usize>();
        for (place, copy) in said.iter_mut().zip(copies) {
            let range = start..start + copy.data.len();
            start = range.end;
            let ticks = opus::duration_samples(copy.data).unwrap_or(0);
            if copy.payload_type != self.payload_type || ticks == 0 {
                continue;
            }
            let offset = u32::from(copy.offset);
            let carrier = (heard.index, heard.timestamp);
            if let Some((index, timestamp)) = self.recovery.recover(carrier, offset, ticks) {
                self.reception.note_recovered();
                let captured = self.capture.note(now, index, timestamp, ticks);
                *place = Some((spoken(captured, index, timestamp, ticks, false), range));
            }
        }
        let captured = self.capture.note(now, heard.index, heard.timestamp, ticks);
        let spoken = spoken(captured, heard.index, heard.timestamp, ticks, heard.marker);
        let [.., place] = &mut said;
        *place = Some((spoken, own));
        Ok(said)
    }
}

/// What a peer's compound of reports says.
struct Told {
    by: PeerKey,
    /// Whether its stream is over.
    ends: bool,
    /// Whether it says what it loses.
    loses: bool,
}

impl From<OpenError> for Dropped {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Forged => Self::Forged,
            OpenError::Replayed => Self::Replayed,
        }
    }
}

impl Shard {
    pub(super) fn rtp(&mut self, now: Time, from: Route, packet: &mut [u8], out: &mut Outbox) {
        match self.open_rtp(now, from, packet) {
            Ok((key, said)) => {
                let own = said.last().and_then(Option::as_ref);
                let goes_on = own.filter(|(_, payload)| payload.len() > PAUSE_BYTES);
                let ticks = goes_on.map_or(0, |(spoken, _)| spoken.ticks);
                self.stats.recovered += said.iter().flatten().count().saturating_sub(1) as u64;
                for (spoken, payload) in said.into_iter().flatten() {
                    let opus = packet.get(payload).unwrap_or_default();
                    self.publish(now, key, &spoken, opus, out);
                }
                self.ask_again(now, key, ticks, out);
            }
            Err(dropped) => self.count(&dropped),
        }
    }

    /// Authenticate a packet of a publisher and learn from it: what it says, after what it says again of lost packets.
    fn open_rtp(
        &mut self,
        now: Time,
        from: Route,
        packet: &mut [u8],
    ) -> Result<(PeerKey, Said), Dropped> {
        let header = Header::parse(packet).map_err(|_| Dropped::Unknown)?;
        let key = *self.routes.get(&from).ok_or(Dropped::Unknown)?;
        self.handling = Some(key);
        let peer = self.peer_mut(key).ok_or(Dropped::Unknown)?;
        let publisher = peer.publisher.as_mut().ok_or(Dropped::Unknown)?;
        let inbound = peer.inbound.as_mut().ok_or(Dropped::Unknown)?;
        let is_red = publisher.red == Some(header.payload_type);
        if !(is_red || header.payload_type == publisher.payload_type)
            || publisher.ssrc.is_some_and(|ssrc| ssrc != header.ssrc)
        {
            return Err(Dropped::Unknown);
        }
        let opened = inbound.open_rtp(packet, header.len, header.ssrc, header.sequence)?;
        publisher.ssrc = Some(header.ssrc);
        publisher
            .reception
            .note(now, opened.index, header.timestamp);
        let plain = packet.get(..opened.len).unwrap_or_default();
        let payload = header.payload(plain).map_err(|_| Dropped::Unknown)?;
        let told = publisher
            .level_extension
            .and_then(|id| header.element(plain, id))
            .and_then(AudioLevel::parse);
        let heard = Heard {
            index: opened.index,
            timestamp: header.timestamp,
            marker: header.marker,
            told,
        };
        let said = publisher.hear(now, &heard, plain, payload, is_red)?;
        self.heard(now, key, from);
        Ok((key, said))
    }

    /// Pass a packet on, if its voice is allowed.
    fn publish(&mut self, now: Time, key: PeerKey, spoken: &Spoken, opus: &[u8], out: &mut Outbox) {
        let Some(peer) = self.peers.get_mut(key.index) else {
            return;
        };
        let (id, place) = (peer.id, peer.space);
        let Some(space) = self.spaces.get_mut(place) else {
            return;
        };
        let (Some(publication), Some(publisher)) =
            (space.publications.find_mut(id), &mut peer.publisher)
        else {
            return;
        };
        if !publisher
            .pace
            .allows(now, limits::PACKET_PACE, limits::PACKET_BURST)
        {
            self.stats.drops_pace += 1;
            return;
        }
        (publication.level, publication.loss) = (spoken.level, spoken.loss);
        publication.measured = spoken.measured;
        if !std::mem::replace(&mut publication.announced, true) {
            self.events.push(Event::Publishing { peer: id });
        }
        if publication.tapped {
            let record = Tapped {
                space: space.id,
                peer: id,
                voice: publication.voice,
                unix_micros: self.options.wall.unix_micros(now),
                timestamp: spoken.timestamp,
                index: spoken.index,
                level: spoken.level_byte,
                opus,
            };
            if !self.tap.push(&record) {
                self.stats.drops_tap += 1;
            }
        }
        self.tell_spoken(place, id, spoken, opus);
        self.speak(now, place, id, spoken, opus, out);
    }

    pub(super) fn rtcp(&mut self, now: Time, from: Route, packet: &mut [u8], out: &mut Outbox) {
        match self.open_rtcp(now, from, packet) {
            Ok(told) => {
                if told.ends {
                    self.pause(now, told.by, out);
                }
                if told.loses {
                    self.follow_losses(now, told.by, out);
                }
            }
            Err(dropped) => self.count(&dropped),
        }
    }

    /// A publisher has ended its stream.
    fn pause(&mut self, now: Time, key: PeerKey, out: &mut Outbox) {
        let Some(peer) = self.peer_mut(key) else {
            return;
        };
        let (id, place) = (peer.id, peer.space);
        self.silence(now, place, id, out);
        self.tell_others(place, WordKind::Paused(id));
    }

    /// Authenticate and read a compound.
    fn open_rtcp(&mut self, now: Time, from: Route, packet: &mut [u8]) -> Result<Told, Dropped> {
        let key = *self.routes.get(&from).ok_or(Dropped::Unknown)?;
        self.handling = Some(key);
        let peer = self.peer_mut(key).ok_or(Dropped::Unknown)?;
        let inbound = peer.inbound.as_mut().ok_or(Dropped::Unknown)?;
        let len = inbound.open_rtcp(packet)?;
        let mut told = Told {
            by: key,
            ends: false,
            loses: false,
        };
        for part in rtcp::packets(packet.get(..len).unwrap_or_default()).flatten() {
            told.loses |= note_losses(&mut peer.losses, now, &part);
            let Some(publisher) = &mut peer.publisher else {
                continue;
            };
            match part {
                Packet::SenderReport { ssrc, info, .. } if publisher.ssrc == Some(ssrc) => {
                    publisher.reception.note_sender_report(now, info.ntp);
                }
                Packet::Bye(mut sources) => {
                    told.ends |= sources.any(|ssrc| publisher.ssrc == Some(ssrc));
                }
                _ => {}
            }
        }
        self.heard(now, key, from);
        Ok(told)
    }

    /// Note an authenticated packet, and follow a peer that has moved to another proved address.
    fn heard(&mut self, now: Time, key: PeerKey, from: Route) {
        if let Some(peer) = self.peer_mut(key) {
            peer.heard = now;
            peer.doubted = None;
            let before = peer.ice.in_use();
            peer.ice.hear(now, from);
            if peer.ice.in_use() != before {
                self.follow_nomination(key);
            }
        }
    }

    const fn count(&mut self, dropped: &Dropped) {
        match dropped {
            Dropped::Unknown => self.stats.drops_unknown += 1,
            Dropped::Redundant => self.stats.drops_red += 1,
            Dropped::Forged => self.stats.drops_srtp_auth += 1,
            Dropped::Replayed => self.stats.drops_replay += 1,
        }
    }

    /// How long *key*'s peer has said nothing that was authenticated.
    pub(super) fn quiet_for(&self, now: Time, index: u32) -> Duration {
        self.peers
            .get(index)
            .map_or(Duration::ZERO, |peer| now.since(peer.heard))
    }
}

/// Note what *part* of a compound says of the loss of what we send; whether it says anything.
fn note_losses(losses: &mut LossWatch, now: Time, part: &Packet<'_>) -> bool {
    let slot_of = |ssrc| SLOT_SSRCS.iter().position(|own| *own == ssrc);
    match part {
        Packet::SenderReport { reports, .. } | Packet::ReceiverReport { reports, .. } => {
            let ours = (*reports).filter_map(|report| Some((slot_of(report.ssrc)?, report)));
            let worst = ours
                .map(|(slot, one)| losses.report(slot, one.highest_sequence, one.fraction_lost))
                .max();
            if let Some(worst) = worst {
                losses.reported(worst);
            }
            worst.is_some()
        }
        Packet::Nack { media, lost, .. } => {
            let slot = slot_of(*media);
            if let Some(slot) = slot {
                lost.for_each(|sequence| losses.named(now, slot, sequence));
            }
            slot.is_some()
        }
        _ => false,
    }
}
