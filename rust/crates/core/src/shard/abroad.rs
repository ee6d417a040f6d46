//! A space that several shards have: what this one tells the others, and what it makes of their words.

use std::sync::Arc;

use super::Shard;
use crate::events::{Event, EventQueue, Levels};
use crate::level::LevelTracker;
use crate::neighbours::{Allowed, Errand, ShardNumber, Shards, Spoken, Word, WordKind};
use crate::outbox::Outbox;
use crate::redundancy::History;
use crate::route::Route;
use crate::space::{Origin, Publication, Space};
use crate::time::Time;

impl Shard {
    /// What is to be done outside, oldest first; none where there is one shard.
    pub fn take_errand(&mut self) -> Option<Errand> {
        self.errands.pop_front()
    }

    /// Hear what the shard *from* says.
    pub fn hear(&mut self, now: Time, from: ShardNumber, word: Word, out: &mut Outbox) {
        let Word { space: id, kind } = word;
        let Some(place) = self.space_ids.get(&id).copied() else {
            return;
        };
        match kind {
            WordKind::Came => {
                self.know_of(place, from);
                self.present(place, from);
            }
            WordKind::Here(publishers) => {
                self.know_of(place, from);
                self.take_over_telling(place);
                self.forget_voices(now, place, from, &publishers, out);
                for allowed in publishers {
                    self.allow_from(place, from, allowed, out);
                }
            }
            WordKind::Gone => {
                self.forget_voices(now, place, from, &[], out);
                self.change_others(place, |others| others.remove(from));
            }
            WordKind::Allowed(allowed) => self.allow_from(place, from, allowed, out),
            WordKind::Silenced(peer) => self.silence_from(now, place, from, peer, out),
            WordKind::Paused(peer) if self.is_from(place, from, peer) => {
                self.silence(now, place, peer, out);
            }
            WordKind::Paused(_) => {}
            WordKind::Spoken { peer, spoken, opus } => {
                self.spoken_from(now, place, (from, peer), &spoken, &opus, out);
            }
        }
    }

    /// A space is new here.
    pub(super) fn tell_came(&mut self, space: u64) {
        self.tell_all(space, WordKind::Came);
    }

    /// A space is here no more.
    pub(super) fn tell_gone(&mut self, space: u64) {
        self.tell_all(space, WordKind::Gone);
    }

    /// Say something about the space at *place* to the shards that have it, too.
    pub(super) fn tell_others(&mut self, place: u32, kind: WordKind) {
        if let Some(space) = self.spaces.get(place) {
            let (to, space) = (space.others, space.id);
            self.tell(to, space, kind);
        }
    }

    /// Pass a packet on to the shards that have its space, too.
    pub(super) fn tell_spoken(&mut self, place: u32, peer: u64, spoken: &Spoken, opus: &[u8]) {
        if self
            .spaces
            .get(place)
            .is_some_and(|space| !space.others.is_empty())
        {
            let kind = WordKind::Spoken {
                peer,
                spoken: *spoken,
                opus: Arc::from(opus),
            };
            self.tell_others(place, kind);
        }
    }

    pub(super) fn claimed(&mut self, route: Route) {
        if self.options.shards > 1 {
            self.errands.push_back(Errand::Claimed(route));
        }
    }

    pub(super) fn released(&mut self, route: Route) {
        if self.options.shards > 1 {
            self.errands.push_back(Errand::Released(route));
        }
    }

    fn tell_all(&mut self, space: u64, kind: WordKind) {
        let to = Shards::others(self.options.shards, self.options.number);
        self.tell(to, space, kind);
    }

    fn tell(&mut self, to: Shards, space: u64, kind: WordKind) {
        if !to.is_empty() {
            self.errands
                .push_back(Errand::Tell(to, Word { space, kind }));
        }
    }

    fn know_of(&mut self, place: u32, from: ShardNumber) {
        self.change_others(place, |others| others.add(from));
    }

    /// Of the shards that have a space the first tells who is heard; whoever comes to be the first tells how things stand.
    fn change_others(&mut self, place: u32, change: impl FnOnce(&mut Shards)) {
        let own = self.options.number;
        let Some(space) = self.spaces.get_mut(place) else {
            return;
        };
        change(&mut space.others);
        let told = std::mem::replace(&mut space.tells, space.others.are_after(own));
        if space.tells && !told {
            begin_telling(space, &mut self.events);
        }
    }

    /// A shard that has just come and is the first of them all tells from now on; another one did until now.
    fn take_over_telling(&mut self, place: u32) {
        if let Some(space) = self.spaces.get_mut(place).filter(|space| space.tells) {
            begin_telling(space, &mut self.events);
        }
    }

    /// Answer a shard that has come with all publishers of this one.
    fn present(&mut self, place: u32, to: ShardNumber) {
        let Some(space) = self.spaces.get(place) else {
            return;
        };
        let publishers = space
            .publications
            .iter()
            .filter(|one| matches!(one.origin, Origin::Here(_)))
            .map(|one| Allowed {
                peer: one.peer,
                voice: one.voice,
            })
            .collect();
        let id = space.id;
        self.tell(Shards::one(to), id, WordKind::Here(publishers));
    }

    fn allow_from(&mut self, place: u32, from: ShardNumber, allowed: Allowed, out: &mut Outbox) {
        let publication = Publication {
            peer: allowed.peer,
            voice: allowed.voice,
            origin: Origin::There(from),
            level: LevelTracker::default(),
            measured: None,
            loss: 0,
            announced: false,
            tapped: false,
            history: History::default(),
        };
        if let Some(space) = self.spaces.get_mut(place)
            && space.publications.add(publication)
        {
            space.audience.prepare();
            self.reseat_voice(place, allowed.voice, out);
        }
    }

    /// End the voices of *from* but those in *keep*.
    fn forget_voices(
        &mut self,
        now: Time,
        place: u32,
        from: ShardNumber,
        keep: &[Allowed],
        out: &mut Outbox,
    ) {
        let Some(space) = self.spaces.get(place) else {
            return;
        };
        let over: Vec<u64> = space
            .publications
            .iter()
            .filter(|one| one.origin == Origin::There(from))
            .map(|one| one.peer)
            .filter(|peer| keep.iter().all(|kept| kept.peer != *peer))
            .collect();
        for peer in over {
            self.silence_from(now, place, from, peer, out);
        }
    }

    fn silence_from(
        &mut self,
        now: Time,
        place: u32,
        from: ShardNumber,
        peer: u64,
        out: &mut Outbox,
    ) {
        if self.is_from(place, from, peer) {
            self.silence(now, place, peer, out);
            self.leave_stage(place, peer, out);
        }
    }

    fn spoken_from(
        &mut self,
        now: Time,
        place: u32,
        (from, peer): (ShardNumber, u64),
        spoken: &Spoken,
        opus: &[u8],
        out: &mut Outbox,
    ) {
        if !self.is_from(place, from, peer) {
            return;
        }
        if let Some(publication) = self
            .spaces
            .get_mut(place)
            .and_then(|space| space.publications.find_mut(peer))
        {
            (publication.level, publication.loss) = (spoken.level, spoken.loss);
            publication.measured = spoken.measured;
            publication.announced = true;
        }
        self.speak(now, place, peer, spoken, opus, out);
    }

    fn is_from(&self, place: u32, from: ShardNumber, peer: u64) -> bool {
        self.spaces
            .get(place)
            .and_then(|space| space.publications.find(peer))
            .is_some_and(|one| one.origin == Origin::There(from))
    }
}

/// What another shard told last is not known here: say it all again.
fn begin_telling(space: &mut Space, events: &mut EventQueue) {
    space.told_levels = None;
    space.told_loudness = Levels::default();
    space.told_active = space.active();
    events.push(Event::Active {
        space: space.id,
        voices: space.told_active,
    });
}
