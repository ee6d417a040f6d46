//! What becomes of a publisher's packet: a slot, a stamp, and everybody's copy.

use std::time::Duration;

use super::Shard;
use crate::audience::{Audience, SILENT};
use crate::events::Event;
use crate::fanout::{SlotPacket, to_stage};
use crate::lending::Place;
use crate::limits::{MERGE_TICK, OPUS_PACKET, SERVED, SLOTS};
use crate::listeners::{Listeners, Section};
use crate::merging::{Frame, Merged};
use crate::neighbours::Spoken;
use crate::outbox::Outbox;
use crate::peer::Link;
use crate::redundancy::{History, Recent, Redundancy};
use crate::space::{Publications, Space, Voices};
use crate::stats::Stats;
use crate::time::Time;
use crate::timeline::{Arrival, FRAME_TICKS, MISSING, Timeline};

/// Where packets of a space go out.
struct Exit<'a> {
    now: Time,
    listeners: &'a Listeners,
    audience: &'a mut Audience,
    links: &'a mut [Option<Link>],
    out: &'a mut Outbox,
    stats: &'a mut Stats,
}

impl Exit<'_> {
    /// To the stage at once, to the audience when it is its turn; with earlier frames for those who lose packets.
    fn send(&mut self, packet: &SlotPacket<'_>, recent: Option<&Recent<'_>>) {
        self.send_with(Redundancy::None, packet);
        let [_, with_copies @ ..] = Redundancy::ALL;
        for redundancy in with_copies {
            if !self.listeners.any_with_redundancy(packet.lines, redundancy) {
                continue;
            }
            let mut room = [0; OPUS_PACKET];
            let copied = recent.and_then(|recent| recent.write(packet.opus, redundancy, &mut room));
            let copied = copied.and_then(|len| room.get(..len));
            let copied = copied.map(|opus| SlotPacket {
                opus,
                red: true,
                ..*packet
            });
            self.send_with(redundancy, copied.as_ref().unwrap_or(packet));
        }
    }

    /// To those who get so much redundancy.
    fn send_with(&mut self, redundancy: Redundancy, packet: &SlotPacket<'_>) {
        to_stage(
            packet,
            redundancy,
            self.listeners,
            self.links,
            self.out,
            self.stats,
        );
        self.queue(Section::Plain(redundancy), packet);
    }

    fn queue(&mut self, section: Section, packet: &SlotPacket<'_>) {
        let is_wanted = self.listeners.count(packet.lines, section) > 0;
        if is_wanted && !self.audience.push(self.now, section, packet) {
            self.stats.drops_late += 1;
        }
    }

    /// To the phase that it is for.
    fn queue_merged(&mut self, lines: usize, merged: &Merged<'_>) {
        let section = Section::Merged(merged.phase as u8);
        let count = self.listeners.count(lines, section);
        if count == 0 {
            return;
        }
        let packet = SlotPacket {
            lines,
            slot: merged.slot,
            stamp: merged.stamp,
            voice: merged.voice,
            level: merged.level,
            opus: merged.opus,
            red: false,
        };
        self.stats.packets_merged += if merged.of > 1 { count as u64 } else { 0 };
        self.queue(section, &packet);
    }
}

impl Shard {
    /// Pass on a packet of *peer*, whose voice is allowed in the space at *place* and its loudness noted.
    pub(super) fn speak(
        &mut self,
        now: Time,
        place: u32,
        peer: u64,
        spoken: &Spoken,
        opus: &[u8],
        out: &mut Outbox,
    ) {
        let Some(space) = self.spaces.get_mut(place) else {
            return;
        };
        let Some(publication) = space.publications.find_mut(peer) else {
            return;
        };
        let voice = publication.voice;
        publication
            .history
            .note(spoken.index, spoken.timestamp, opus);
        let (queued, is_teller) = (space.audience.next(), space.tells);
        let (voices, publications, mut exit) =
            apart(now, space, &mut self.links, &mut self.stats, out);
        let Some(history) = publications.find(peer).map(|one| &one.history) else {
            return;
        };
        let mut passed = false;
        for voices in voices {
            let lines = voices.slots();
            // Whom listeners with one line and with all of them hear is told as who is active.
            let is_told = is_teller && (lines == 1 || lines == SLOTS);
            if !is_told && !exit.listeners.any_with(lines) {
                continue;
            }
            let place = voices
                .lending
                .place(now, peer, spoken.loudness, &spoken.level, |peer| {
                    publications.level_of(peer)
                });
            let slot = match place {
                Place::Nowhere => continue,
                Place::Held(slot) => slot,
                Place::Lent(slot) => {
                    voices.hand_over(slot, voice, &mut exit);
                    slot
                }
            };
            passed |= voices.pass_on(slot, voice, (spoken, opus), history, &mut exit);
        }
        if passed {
            exit.stats.forwarded += 1;
            if queued == exit.audience.next() && self.served.len() < SERVED {
                self.served.push(now);
            }
        }
        tell_active(space, &mut self.events);
        self.look_after_voices(now + MISSING);
        self.fill_phases(now, place, out);
        self.list_to_serve(place);
    }

    /// End the voice of *peer* now, wherever it is heard in the space at *place*; what waits of it is not heard any more.
    pub(super) fn silence(&mut self, now: Time, place: u32, peer: u64, out: &mut Outbox) {
        let Some(space) = self.spaces.get_mut(place) else {
            return;
        };
        let (voices, publications, mut exit) =
            apart(now, space, &mut self.links, &mut self.stats, out);
        for voices in voices {
            voices.lending.withdraw(peer);
            if let Some(slot) = voices.lending.slot_of(peer) {
                voices.end(slot, &mut exit);
            }
        }
        if let Some(publication) = publications.find(peer) {
            exit.audience.silence(publication.voice);
        }
        tell_active(space, &mut self.events);
        self.look_after_voices(now + SOON);
        self.list_to_serve(place);
    }

    /// Give back the slots of those who have fallen silent, and end the sound of those whose packets are missing.
    pub(super) fn tidy_voices(&mut self, now: Time, out: &mut Outbox) {
        for place in 0..self.spaces.places() {
            let Some(space) = self.spaces.get_mut(place) else {
                continue;
            };
            let (voices, publications, mut exit) =
                apart(now, space, &mut self.links, &mut self.stats, out);
            for voices in voices {
                while let Some(slot) = voices.lending.due(now, |peer| publications.level_of(peer)) {
                    voices.fade(slot, &mut exit);
                }
                voices.pause(&mut exit);
            }
            tell_active(space, &mut self.events);
            self.list_to_serve(place);
        }
    }

    /// Have voices looked after at *at*, if not before.
    pub(super) fn look_after_voices(&mut self, at: Time) {
        self.voices_due = Some(self.voices_due.map_or(at, |due| due.min(at)));
    }

    /// Find out anew when voices have to be looked after: packets that have come since may have put it off.
    pub(super) fn plan_voices(&mut self, now: Time) {
        let spaces = (0..self.spaces.places()).filter_map(|place| self.spaces.get(place));
        let due = spaces.filter_map(|space| space.voices_due(now)).min();
        self.voices_due = due.map(|due| due.max(now + SOON));
    }
}

impl Space {
    /// When a voice has to be ended here, or merging looked at, if no more packets come.
    fn voices_due(&self, now: Time) -> Option<Time> {
        let due = |voices: &Voices| {
            let level_of = |peer| self.publications.level_of(peer);
            let merging = voices.merger.is_some().then(|| now + MERGE_TICK);
            let given_back = voices.lending.next_due(level_of);
            merging
                .into_iter()
                .chain(given_back)
                .chain(voices.next_pause())
                .min()
        };
        self.voices.iter().filter_map(due).min()
    }
}

/// A space as its voices, who may be heard, and the way out.
fn apart<'a>(
    now: Time,
    space: &'a mut Space,
    links: &'a mut [Option<Link>],
    stats: &'a mut Stats,
    out: &'a mut Outbox,
) -> (&'a mut [Voices], &'a Publications, Exit<'a>) {
    let exit = Exit {
        now,
        listeners: &space.listeners,
        audience: &mut space.audience,
        links,
        out,
        stats,
    };
    (&mut space.voices, &space.publications, exit)
}

fn tell_active(space: &mut Space, events: &mut crate::events::EventQueue) {
    let active = space.active();
    if space.tells && active != space.told_active {
        space.told_active = active;
        events.push(Event::Active {
            space: space.id,
            voices: active,
        });
    }
}

/// What is due is looked at a little later at the earliest, so that time goes on.
const SOON: Duration = Duration::from_millis(1);

impl Voices {
    /// *slot* goes to *voice*; whoever had it is out without a farewell, because the new voice follows at once.
    fn hand_over(&mut self, slot: usize, voice: u32, exit: &mut Exit<'_>) {
        self.settle(slot, exit);
        if let (Some(stream), Some(in_slot)) =
            (self.streams.get_mut(slot), self.in_slot.get_mut(slot))
        {
            stream.begin();
            *in_slot = voice;
        }
    }

    /// Pass a packet of whoever holds *slot* on; false where it is too late, or overlaps with what was said.
    fn pass_on(
        &mut self,
        slot: usize,
        voice: u32,
        (spoken, opus): (&Spoken, &[u8]),
        history: &History,
        exit: &mut Exit<'_>,
    ) -> bool {
        let Some(stream) = self.streams.get_mut(slot) else {
            return false;
        };
        stream.break_silence();
        let arrival = Arrival {
            index: spoken.index,
            timestamp: spoken.timestamp,
            captured: spoken.captured,
            is_voice: spoken.loudness.voiced,
            marker: spoken.marker,
            ticks: spoken.ticks,
            octets: opus.len(),
        };
        let Some(stamp) = stream.stamp(exit.now, &arrival) else {
            return false;
        };
        let depth = stamp.index - stream.floor() - 1;
        let frame = Frame {
            stamp,
            ticks: spoken.ticks,
            voice,
            level: spoken.level_byte,
            opus,
        };
        let recent = Recent {
            history,
            index: spoken.index,
            timestamp: spoken.timestamp,
            depth,
        };
        self.send(slot, &frame, Some(&recent), exit);
        true
    }

    /// To everybody, merged or not.
    fn send(
        &mut self,
        slot: usize,
        frame: &Frame<'_>,
        recent: Option<&Recent<'_>>,
        exit: &mut Exit<'_>,
    ) {
        let lines = self.slots();
        let packet = SlotPacket {
            lines,
            slot,
            stamp: frame.stamp,
            voice: frame.voice,
            level: frame.level,
            opus: frame.opus,
            red: false,
        };
        exit.send(&packet, recent);
        if let Some(merger) = &mut self.merger {
            let late = merger.late();
            merger.push(exit.now, slot, frame, &mut |merged| {
                exit.queue_merged(lines, &merged);
            });
            exit.stats.drops_merging += merger.late() - late;
        }
    }

    /// End the voice in *slot* with silence and free the slot.
    fn end(&mut self, slot: usize, exit: &mut Exit<'_>) {
        if let Some(stream) = self.streams.get_mut(slot) {
            stream.fall_silent();
        }
        self.give_back(slot, exit);
        self.say_silence(slot, exit);
    }

    /// Free *slot*, whose holder has made no sound for a while; an encoder that has announced a pause has ended by itself.
    fn fade(&mut self, slot: usize, exit: &mut Exit<'_>) {
        let stream = self.streams.get(slot);
        if stream.is_some_and(Timeline::pauses) {
            self.give_back(slot, exit);
        } else {
            self.end(slot, exit);
        }
    }

    /// Free *slot*.
    fn give_back(&mut self, slot: usize, exit: &mut Exit<'_>) {
        self.settle(slot, exit);
        self.lending.give_back(slot);
        if let Some(in_slot) = self.in_slot.get_mut(slot) {
            *in_slot = 0;
        }
    }

    /// Say the silence that is due, in slots whose holder's packets are missing as well: a browser would draw the last
    /// sound out.
    fn pause(&mut self, exit: &mut Exit<'_>) {
        let lines = self.slots();
        if let Some(merger) = &mut self.merger {
            merger.flush_overdue(exit.now, &mut |merged| exit.queue_merged(lines, &merged));
        }
        for slot in 0..lines {
            if let Some(stream) = self.streams.get_mut(slot)
                && stream.missing_at().is_some_and(|at| at <= exit.now)
            {
                stream.fall_silent();
            }
            self.say_silence(slot, exit);
        }
    }

    /// When something has to be said, if no more packets come.
    fn next_pause(&self) -> Option<Time> {
        let due = |stream: &Timeline| stream.silence_at().or_else(|| stream.missing_at());
        self.streams.iter().filter_map(due).min()
    }

    /// Say the frame of silence that is due in *slot*, if one is.
    fn say_silence(&mut self, slot: usize, exit: &mut Exit<'_>) {
        let stream = self.streams.get_mut(slot);
        if let Some((stamp, opus)) = stream.and_then(|stream| stream.silence(exit.now)) {
            let frame = Frame {
                stamp,
                ticks: FRAME_TICKS,
                voice: self.voice_in(slot),
                level: SILENT,
                opus,
            };
            self.send(slot, &frame, None, exit);
        }
    }

    /// The voice in *slot* is over: nothing of it waits to be merged.
    ///
    /// Listeners whose own voice it was got none of it: their numbering goes on as if it had not been.
    fn settle(&mut self, slot: usize, exit: &mut Exit<'_>) {
        let lines = self.slots();
        if let Some(merger) = &mut self.merger {
            merger.flush_slot(slot, &mut |merged| exit.queue_merged(lines, &merged));
        }
        let voice = self.voice_in(slot);
        let Some(stream) = self.streams.get(slot).filter(|_| voice != 0) else {
            return;
        };
        let lent = stream.highest() - stream.lending_floor();
        let octets = stream.octets() - stream.lending_octets();
        for class in exit
            .listeners
            .classes()
            .iter()
            .filter(|class| class.lines() == self.slots())
        {
            // Whose own voice is allowed sits on stage; this goes before they are moved.
            for member in class.on_stage() {
                if member.voice == voice
                    && let Some(Some(link)) = exit.links.get_mut(member.index as usize)
                    && let (Some(offset), Some(before)) =
                        (link.offsets.get_mut(slot), link.octets.get_mut(slot))
                {
                    *offset += lent;
                    *before = before.wrapping_add(octets);
                }
            }
        }
    }

    /// Number a new listener's packets of *slot* from *start* on.
    pub(crate) fn introduce(&self, link: &mut Link, slot: usize, start: u64, own_voice: u32) {
        let Some(stream) = self.streams.get(slot) else {
            return;
        };
        let is_own = own_voice != 0 && self.voice_in(slot) == own_voice;
        let (index, octets) = if is_own {
            (stream.lending_floor(), stream.lending_octets())
        } else {
            (stream.highest(), stream.octets())
        };
        if let (Some(offset), Some(floor), Some(first), Some(before)) = (
            link.offsets.get_mut(slot),
            link.floors.get_mut(slot),
            link.starts.get_mut(slot),
            link.octets.get_mut(slot),
        ) {
            *offset = index - start;
            *floor = start;
            *first = start;
            *before = octets;
        }
    }
}
