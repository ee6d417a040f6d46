//! SRTP and SRTCP from peers.

use std::ops::Range;
use std::time::Duration;

use arengo_wire::opus;
use arengo_wire::rtcp::{self, Packet};
use arengo_wire::rtp::{AudioLevel, Header};

use super::Shard;
use crate::SLOT_SSRCS;
use crate::events::Event;
use crate::level::Loudness;
use crate::limits;
use crate::neighbours::{Spoken, WordKind};
use crate::outbox::Outbox;
use crate::peer::PeerKey;
use crate::route::Route;
use crate::srtp::OpenError;
use crate::tap::Tapped;
use crate::time::Time;
use crate::timeline::FRAME_TICKS;

/// Why a packet of a peer went no further.
enum Dropped {
    Unknown,
    Forged,
    Replayed,
}

/// What a peer's compound of reports says.
struct Told {
    by: PeerKey,
    /// Whether its stream is over.
    ends: bool,
    /// The worst loss of what it gets, of 256.
    fraction_lost: u8,
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
        let opened = self.open_rtp(now, from, packet);
        match opened {
            Ok(Some((key, spoken, payload))) => {
                let opus = packet.get(payload).unwrap_or_default();
                self.publish(now, key, &spoken, opus, out);
            }
            Ok(None) => {}
            Err(dropped) => self.count(&dropped),
        }
    }

    /// Authenticate a packet of a publisher and learn from it; None when it holds no sound.
    fn open_rtp(
        &mut self,
        now: Time,
        from: Route,
        packet: &mut [u8],
    ) -> Result<Option<(PeerKey, Spoken, Range<usize>)>, Dropped> {
        let header = Header::parse(packet).map_err(|_| Dropped::Unknown)?;
        let key = *self.routes.get(&from).ok_or(Dropped::Unknown)?;
        self.handling = Some(key);
        let peer = self.peer_mut(key).ok_or(Dropped::Unknown)?;
        let publisher = peer.publisher.as_mut().ok_or(Dropped::Unknown)?;
        let inbound = peer.inbound.as_mut().ok_or(Dropped::Unknown)?;
        if header.payload_type != publisher.payload_type
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
        let sound = plain.get(payload.clone()).unwrap_or_default();
        let spoken = if sound.is_empty() || sound.len() > limits::OPUS_PACKET {
            None
        } else {
            let ticks = opus::duration_samples(sound).map_err(|_| Dropped::Unknown)?;
            let frames = ticks.div_ceil(FRAME_TICKS);
            let told = publisher
                .level_extension
                .and_then(|id| header.element(plain, id))
                .and_then(AudioLevel::parse);
            let loudness = match told {
                Some(level) => Loudness::told(level.minus_dbov, level.voice),
                None => Loudness::guessed(sound.len(), frames),
            };
            publisher.level.note(now, loudness, frames);
            if told.is_some() {
                publisher.loudness.note(now, loudness, frames);
            }
            let level_byte = told.map_or_else(
                || {
                    AudioLevel {
                        minus_dbov: loudness.dbov(),
                        voice: loudness.voiced,
                    }
                    .to_byte()
                },
                AudioLevel::to_byte,
            );
            Some(Spoken {
                loudness,
                level: publisher.level,
                measured: publisher.loudness.told(),
                level_byte,
                index: opened.index,
                timestamp: header.timestamp,
                marker: header.marker,
                ticks,
                loss: publisher.reception.recent_loss(),
            })
        };
        self.heard(now, key, from);
        Ok(spoken.map(|spoken| (key, spoken, payload)))
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
                self.note_loss(now, told.by, told.fraction_lost, out);
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
            fraction_lost: 0,
        };
        for part in rtcp::packets(packet.get(..len).unwrap_or_default()).flatten() {
            if let Packet::SenderReport { reports, .. } | Packet::ReceiverReport { reports, .. } =
                &part
            {
                let ours = (*reports).filter(|report| SLOT_SSRCS.contains(&report.ssrc));
                let worst = ours.map(|report| report.fraction_lost).max();
                told.fraction_lost = told.fraction_lost.max(worst.unwrap_or(0));
            }
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
