//! What happens because time passes.

use std::borrow::Cow;

use super::{Shard, send_rtcp};
use crate::events::{Event, Levels};
use crate::limits;
use crate::listeners::Section;
use crate::outbox::Outbox;
use crate::peer::PeerKey;
use crate::redundancy::Redundancy;
use crate::reports::{self, COMPOUND};
use crate::space::Origin;
use crate::time::Time;

impl Shard {
    /// When [`Shard::tick`] wants to be called next.
    #[must_use]
    pub fn next_tick(&self) -> Time {
        let due = self.voices_due.into_iter().chain(self.awaited_due);
        due.fold(self.next_sweep, Time::min)
    }

    /// Do what is due, or will be within [`limits::TICK_SLACK`]; calling early or late does no harm.
    pub fn tick(&mut self, now: Time, out: &mut Outbox) {
        let is_due = |at: Time| now + limits::TICK_SLACK >= at;
        if self.awaited_due.is_some_and(|at| at <= now) {
            self.ask_for_overdue(now, out);
        }
        if self.voices_due.is_some_and(is_due) {
            self.tidy_voices(now, out);
            self.follow_merging(now, out);
            self.plan_voices(now);
        }
        if is_due(self.next_sweep) {
            let pause = if self.peers.len() > 0 {
                limits::SWEEP_TICK
            } else {
                limits::EMPTY_TICK
            };
            self.next_sweep = now + pause;
            self.tell_levels(now);
            self.tell_loudness();
            self.judge_merging(now);
            self.report_to_publishers(now, out);
            self.wake_handshakes(now, out);
            self.sweep(now, out);
        }
    }

    fn tell_levels(&mut self, now: Time) {
        if !self.options.tells_levels {
            return;
        }
        for place in 0..self.spaces.places() {
            let Some(space) = self.spaces.get_mut(place).filter(|space| space.tells) else {
                continue;
            };
            let mut levels = Levels::default();
            for publication in space.publications.iter().filter(|one| one.announced) {
                levels.push(publication.voice, publication.level.told_at(now));
            }
            if space.told_levels != Some(levels) {
                space.told_levels = Some(levels);
                self.events.push(Event::Levels {
                    space: space.id,
                    levels,
                });
            }
        }
    }

    /// How loud the speech of each is, where that is known and has changed: seldom.
    fn tell_loudness(&mut self) {
        for place in 0..self.spaces.places() {
            let Some(space) = self.spaces.get_mut(place).filter(|space| space.tells) else {
                continue;
            };
            let mut voices = Levels::default();
            for publication in space.publications.iter() {
                if let Some(measured) = publication.measured {
                    voices.push(publication.voice, measured);
                }
            }
            if space.told_loudness != voices {
                space.told_loudness = voices;
                self.events.push(Event::Loudness {
                    space: space.id,
                    voices,
                });
            }
        }
    }

    fn report_to_publishers(&mut self, now: Time, out: &mut Outbox) {
        for place in 0..self.spaces.places() {
            let Some(space) = self.spaces.get(place) else {
                continue;
            };
            let elsewhere = space.fec.asked(now);
            for publication in space.publications.iter() {
                let Origin::Here(index) = publication.origin else {
                    continue;
                };
                let Some(publisher) = self
                    .peers
                    .get_mut(index)
                    .and_then(|peer| peer.publisher.as_mut())
                else {
                    continue;
                };
                let is_due = publisher
                    .reception
                    .reported()
                    .is_none_or(|at| now.since(at) >= limits::RECEIVER_REPORT);
                let Some(ssrc) = publisher.ssrc.filter(|_| is_due) else {
                    continue;
                };
                let Some(block) = publisher.reception.report(now, ssrc, elsewhere) else {
                    continue;
                };
                let (lost, expected) = publisher.reception.last();
                publisher.overdue.judge(lost, expected);
                let mut plain = [0; COMPOUND];
                if let (Ok(len), Some(Some(link))) = (
                    reports::write_receiver_report(block, &mut plain),
                    self.links.get_mut(index as usize),
                ) {
                    let plain = plain.get(..len).unwrap_or_default();
                    send_rtcp(link, plain, out, &mut self.stats);
                }
            }
        }
    }

    fn wake_handshakes(&mut self, now: Time, out: &mut Outbox) {
        let mut at = 0;
        while let Some(key) = self.joining.get(at).copied() {
            at += 1;
            let Some(peer) = self.peer_mut(key) else {
                continue;
            };
            let is_late = now.since(peer.joined) >= limits::JOIN;
            if peer.dtls.wake.is_some_and(|wake| wake <= now) {
                peer.dtls.wake = None;
                self.dispatch(now, key);
            } else if is_late {
                // Checks may go on for ever where DTLS never comes through.
                let has_checked = peer.ice.routes().next().is_some();
                let why = if has_checked { "dtls" } else { "silent" };
                self.stats.handshake_failures += u64::from(has_checked);
                self.close(now, key, Cow::Borrowed(why), out);
                at -= 1;
            }
        }
    }

    /// Look at a fiftieth of the slab: close the silent, report to listeners.
    fn sweep(&mut self, now: Time, out: &mut Outbox) {
        let places = self.peers.places() as usize;
        let part = self.sweep_part;
        self.sweep_part = (part + 1) % limits::SWEEP_PARTS;
        let from = places * part / limits::SWEEP_PARTS;
        let to = places * (part + 1) / limits::SWEEP_PARTS;
        for index in from as u32..to as u32 {
            let Some(peer) = self.peers.get(index) else {
                continue;
            };
            let key = PeerKey {
                index,
                generation: peer.generation,
            };
            let is_over = peer
                .doubted
                .is_some_and(|since| now.since(since) >= limits::DOUBT);
            self.handling = Some(key);
            if self.quiet_for(now, index) >= self.options.idle_timeout {
                self.close(now, key, Cow::Borrowed("silent"), out);
            } else if is_over {
                self.close(now, key, Cow::Borrowed("bye"), out);
            } else {
                self.retire_engine(now, key);
                self.report_to_listener(now, index, out);
            }
        }
        self.handling = None;
    }

    /// Let a handshake's engine go once nobody can want its last flight again.
    fn retire_engine(&mut self, now: Time, key: PeerKey) {
        if let Some(peer) = self.peer_mut(key)
            && peer
                .dtls
                .up
                .is_some_and(|since| now.since(since) >= limits::DTLS_STAYS)
        {
            peer.dtls.wake = None;
            peer.dtls.engine.retire();
        }
    }

    fn report_to_listener(&mut self, now: Time, index: u32, out: &mut Outbox) {
        let Some(peer) = self.peers.get(index) else {
            return;
        };
        let Some(Some(link)) = self.links.get_mut(index as usize) else {
            return;
        };
        let voices = self
            .spaces
            .get(peer.space)
            .and_then(|space| space.voices.get(peer.lines.count().checked_sub(1)?));
        let Some(voices) = voices else { return };
        let mut plain = [0; COMPOUND];
        let ntp = self.options.wall.ntp(now);
        let section = self
            .seats
            .get(index as usize)
            .copied()
            .flatten()
            .map_or(Section::Plain(Redundancy::None), |seat| seat.section());
        match reports::write_sender_reports(now, ntp, (voices, section), link, &mut plain) {
            Ok(len) if len > 0 => {
                send_rtcp(
                    link,
                    plain.get(..len).unwrap_or_default(),
                    out,
                    &mut self.stats,
                );
            }
            _ => {}
        }
    }
}
