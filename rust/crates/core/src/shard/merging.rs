//! Who in the audience gets merged packets, and how a listener goes over without losing or doubling a frame.
//!
//! Rule 1: a listener goes over where both numberings are known: what waits for them is sent first, then their own
//! numbers go on under the other numbering, and none of those up to then is used again.
//! Rule 2: nobody is moved in bulk: a big audience goes over a part at a time.

use super::Shard;
use crate::fanout::{SlotPacket, to_one};
use crate::limits::{
    BUSY, CALM, CALM_FOR, LOSS, LOSSY_FOR, MERGE_BUSY_FROM, MERGE_STEP, MERGE_TICK, SLOTS,
};
use crate::listeners::{Listeners, Section};
use crate::merging::{Merger, PHASES};
use crate::outbox::Outbox;
use crate::peer::{Link, PeerKey};
use crate::redundancy::Redundancy;
use crate::space::{Space, Voices};
use crate::stats::Stats;
use crate::time::Time;

/// Packets as they come, without copies.
const PLAIN: Section = Section::Plain(Redundancy::None);

/// Whether a space merges for its audience.
#[derive(Clone, Copy, Debug, Default)]
pub struct MergingMode {
    /// Whether it does.
    pub(crate) is_on: bool,
    /// Since when neither the audience nor the load asks for it.
    calm_since: Option<Time>,
    /// Who of those served as packets come is looked at next.
    look_at: usize,
}

impl MergingMode {
    /// Judge anew for *audience* listeners on a thread that is busy for *busy* thousandths of its time.
    fn judge(&mut self, now: Time, audience: usize, busy: u16, from: u32) {
        let from = from as usize;
        let is_wanted = audience >= from || (busy > BUSY && audience >= MERGE_BUSY_FROM);
        let is_needless = audience * 5 < from * 4 && busy < CALM;
        if !self.is_on {
            self.is_on = is_wanted;
        } else if !is_needless {
            self.calm_since = None;
        } else if now.since(*self.calm_since.get_or_insert(now)) >= CALM_FOR {
            (self.is_on, self.calm_since) = (false, None);
        }
    }
}

impl Shard {
    /// How much of its time this shard's thread is busy, in thousandths: under load small audiences are merged as well.
    pub const fn note_busy(&mut self, permille: u16) {
        self.busy = permille;
    }

    /// Have a listener get packets as they come, or let that go: who is about to speak wants no delay.
    pub fn keep_prompt(&mut self, id: u64, is_prompt: bool, out: &mut Outbox) {
        let Some(key) = self.peer_ids.get(&id).copied() else {
            return;
        };
        if let Some(peer) = self.peer_mut(key) {
            peer.prompt = is_prompt;
        }
        if is_prompt {
            self.serve_promptly(key.index, out);
        }
    }

    /// A listener has told of losses: they get packets as they come, because a lost packet of 60 ms is three times as
    /// bad, and earlier frames in each where they can read those.
    pub(super) fn follow_losses(&mut self, now: Time, key: PeerKey, out: &mut Outbox) {
        // What this thread itself does not get out in time is no reason to send more.
        if self.busy > BUSY {
            return;
        }
        let place = self
            .peers
            .get(key.index)
            .map_or(u32::MAX, |peer| peer.space);
        let on_the_way_in = self.loss_on_the_way_in(place);
        let Some(peer) = self.peer_mut(key) else {
            return;
        };
        let loss = peer.losses.loss();
        let takes_red = peer.lines.take_red();
        let is_lossy = loss > LOSS.saturating_add(on_the_way_in);
        if takes_red {
            let redundancy = peer.losses.judge(now, on_the_way_in);
            if std::mem::replace(&mut peer.redundancy, redundancy) != redundancy
                && self
                    .seats
                    .get(key.index as usize)
                    .is_some_and(Option::is_some)
            {
                self.leave_phase(key.index, out);
                self.unseat(key.index);
                self.seat(key.index);
            }
        } else if is_lossy {
            peer.lossy_until = now + LOSSY_FOR;
            self.serve_promptly(key.index, out);
        }
        if let Some(space) = self.spaces.get_mut(place) {
            space
                .fec
                .note(now, if is_lossy && !takes_red { loss } else { 0 });
        }
    }

    /// The largest loss of a publisher's packets on their way to us: every listener misses those.
    fn loss_on_the_way_in(&self, place: u32) -> u8 {
        let space = self.spaces.get(place).into_iter();
        space
            .flat_map(|space| space.publications.iter())
            .map(|publication| publication.loss)
            .max()
            .unwrap_or(0)
    }

    /// Judge which spaces merge.
    pub(super) fn judge_merging(&mut self, now: Time) {
        let Some(from) = self.options.merge_from else {
            return;
        };
        for place in 0..self.spaces.places() {
            let Some(space) = self.spaces.get_mut(place) else {
                continue;
            };
            let Space {
                merging,
                listeners,
                voices,
                ..
            } = space;
            merging.judge(now, listeners.audience(), self.busy, from);
            let mut merges = false;
            for voices in voices {
                voices.equip(merging.is_on, listeners);
                merges |= voices.merger.is_some();
            }
            if merges {
                self.look_after_voices(now + MERGE_TICK);
            }
        }
    }

    /// Move listeners to merged packets or back, some at a time.
    pub(super) fn follow_merging(&mut self, now: Time, out: &mut Outbox) {
        for place in 0..self.spaces.places() {
            // Most spaces are small: they have no merger.
            let space = self.spaces.get(place);
            let space = space.filter(|space| space.voices.iter().any(|one| one.merger.is_some()));
            match space.map(|space| space.merging.is_on) {
                Some(true) => self.fill_phases(now, place, out),
                Some(false) => self.empty_phases(place, out),
                None => {}
            }
        }
    }

    /// Move some of those who want merged packets to phases at whose boundary we are.
    pub(super) fn fill_phases(&mut self, now: Time, place: u32, out: &mut Outbox) {
        for lines in 1..=SLOTS {
            for phase in 0..PHASES {
                let room = match self.spaces.get(place) {
                    Some(space) if space.merging.is_on => space.room_in(lines, phase),
                    _ => return,
                };
                if room > 0 {
                    self.fill(now, place, (lines, phase), room, out);
                }
            }
        }
    }

    fn fill(
        &mut self,
        now: Time,
        place: u32,
        (lines, phase): (usize, usize),
        mut room: usize,
        out: &mut Outbox,
    ) {
        for _ in 0..2 * room {
            let Some(space) = self.spaces.get_mut(place).filter(|_| room > 0) else {
                return;
            };
            let count = space.listeners.count(lines, PLAIN);
            let at = space.merging.look_at.checked_rem(count).unwrap_or(0);
            space.merging.look_at = at;
            let Some(index) = space.listeners.nth(lines, PLAIN, at) else {
                return;
            };
            let wants = self
                .peers
                .get(index)
                .is_some_and(|peer| !peer.prompt && now >= peer.lossy_until);
            if wants {
                self.enter_phase(index, phase, out);
                room -= 1;
            } else if let Some(space) = self.spaces.get_mut(place) {
                space.merging.look_at += 1;
            }
        }
    }

    fn empty_phases(&mut self, place: u32, out: &mut Outbox) {
        let mut left = MERGE_STEP;
        for lines in 1..=SLOTS {
            for phase in 0..PHASES {
                let section = Section::Merged(phase as u8);
                while left > 0
                    && let Some(index) = self
                        .spaces
                        .get(place)
                        .and_then(|space| space.listeners.nth(lines, section, 0))
                {
                    left -= 1;
                    self.serve_promptly(index, out);
                }
            }
        }
    }

    /// A listener who gets packets as they come gets those of *phase* from now on; we are at its boundary.
    fn enter_phase(&mut self, index: u32, phase: usize, out: &mut Outbox) {
        self.catch_up(index, out);
        let section = Section::Merged(phase as u8);
        if let Some((voices, link)) = self.voices_of(index) {
            for slot in 0..SLOTS {
                let before = voices.so_far(PLAIN, slot);
                link.renumber(slot, before, voices.so_far(section, slot));
            }
            self.unseat(index);
            self.seat_in(index, section);
        }
    }

    /// A listener in a phase gets what waits there, and from now on packets as they come.
    fn serve_promptly(&mut self, index: u32, out: &mut Outbox) {
        if self.leave_phase(index, out) {
            self.unseat(index);
            self.seat_in(index, PLAIN);
        }
    }

    /// Give a listener all that waits for them, wherever they sit; whether they were in a phase, which they have to
    /// leave then.
    pub(super) fn leave_phase(&mut self, index: u32, out: &mut Outbox) -> bool {
        self.catch_up(index, out);
        let Some(Some(seat)) = self.seats.get(index as usize).copied() else {
            return false;
        };
        let Some(phase) = seat.section().phase() else {
            return false;
        };
        let Self {
            peers,
            spaces,
            links,
            stats,
            ..
        } = self;
        let place = peers.get(index).map_or(u32::MAX, |peer| peer.space);
        if let (Some(space), Some(Some(link))) = (spaces.get(place), links.get_mut(index as usize))
        {
            space.give_rest(seat.class(), phase, link, out, stats);
        }
        true
    }

    fn voices_of(&mut self, index: u32) -> Option<(&Voices, &mut Link)> {
        let peer = self.peers.get(index)?;
        let space = self.spaces.get(peer.space)?;
        let voices = space.voices.get(peer.lines.count().checked_sub(1)?)?;
        Some((voices, self.links.get_mut(index as usize)?.as_mut()?))
    }
}

impl Space {
    /// How many more listeners may come into *phase* now: phases fill evenly, and a step at a time.
    fn room_in(&self, lines: usize, phase: usize) -> usize {
        let is_at_boundary = self
            .voices
            .get(lines - 1)
            .and_then(|voices| voices.merger.as_ref())
            .is_some_and(|merger| merger.is_at_boundary(phase));
        if !is_at_boundary {
            return 0;
        }
        let plain = self.listeners.count(lines, PLAIN);
        if plain == 0 {
            return 0;
        }
        let counts: [usize; PHASES] =
            std::array::from_fn(|phase| self.listeners.count(lines, Section::Merged(phase as u8)));
        let all = plain + counts.iter().sum::<usize>();
        let step = (plain / 16).clamp(8, MERGE_STEP);
        let most = counts.iter().min().map_or(0, |least| least + step);
        let here = counts.get(phase).copied().unwrap_or(0);
        most.min(all.div_ceil(PHASES)).saturating_sub(here)
    }

    /// Send what waits in *phase* to one who leaves it, and let their numbers go on with packets as they come.
    fn give_rest(
        &self,
        class: usize,
        phase: usize,
        link: &mut Link,
        out: &mut Outbox,
        stats: &mut Stats,
    ) {
        let Some(class) = self.listeners.classes().get(class) else {
            return;
        };
        let Some(voices) = self.voices.get(class.lines() - 1) else {
            return;
        };
        for slot in 0..SLOTS {
            let (mut highest, mut octets) = voices.so_far(Section::Merged(phase as u8), slot);
            if let Some(merger) = &voices.merger {
                merger.rest(phase, slot, &mut |merged| {
                    highest = merged.stamp.index;
                    octets += merged.opus.len() as u64;
                    let packet = SlotPacket {
                        lines: class.lines(),
                        slot,
                        stamp: merged.stamp,
                        voice: merged.voice,
                        level: merged.level,
                        opus: merged.opus,
                        red: false,
                    };
                    to_one(&packet, class, link, out, stats);
                });
            }
            link.renumber(slot, (highest, octets), voices.so_far(PLAIN, slot));
        }
    }
}

impl Voices {
    /// The highest number of *slot* that listeners in *section* may have had, and the bytes of Opus so far.
    pub(crate) fn so_far(&self, section: Section, slot: usize) -> (u64, u64) {
        match (section.phase(), &self.merger) {
            (Some(phase), Some(merger)) => merger.so_far(phase, slot),
            _ => self
                .stream(slot)
                .map_or((0, 0), |stream| (stream.highest(), stream.octets())),
        }
    }

    /// Have a merger while there is merging, or somebody is still in a phase.
    fn equip(&mut self, is_on: bool, listeners: &Listeners) {
        let lines = self.slots();
        let is_in_use = || {
            Section::AUDIENCE.iter().any(|section| {
                (is_on || section.phase().is_some()) && listeners.count(lines, *section) > 0
            })
        };
        match (&self.merger, is_in_use()) {
            (None, true) if is_on => {
                let clock_base = self
                    .stream(0)
                    .map_or(0, |stream| stream.timestamp_at(Time::ZERO));
                let highest = std::array::from_fn(|slot| self.so_far(PLAIN, slot).0);
                self.merger = Some(Box::new(Merger::new(clock_base, highest)));
            }
            (Some(_), false) => self.merger = None,
            _ => {}
        }
    }
}

impl Link {
    /// Let this listener's numbers and octets of *slot* go on from the highest and the octets of another numbering.
    ///
    /// Their own numbers up to now are spent: no packet that is late under either numbering gets one of them again.
    fn renumber(&mut self, slot: usize, before: (u64, u64), after: (u64, u64)) {
        if let (Some(offset), Some(floor), Some(octets)) = (
            self.offsets.get_mut(slot),
            self.floors.get_mut(slot),
            self.octets.get_mut(slot),
        ) {
            let own = before.0 - *offset;
            *offset = after.0 - own;
            *floor = own.max(*floor);
            *octets = after.1.wrapping_sub(before.1.wrapping_sub(*octets));
        }
    }
}
