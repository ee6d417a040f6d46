//! Who is heard: the loudest few of a space are lent its slots.
//!
//! Rule 1: a free slot is lent at the first packet that sounds, however softly, so that no onset is cut.
//! Rule 2: a slot in use changes hands when somebody is louder than its holder by a margin and for a time;
//! after a change the margin is higher for a while, so that equally loud people do not take turns by the syllable.
//! Rule 3: a holder who has stopped speaking makes room for anybody who speaks, one who makes no sound for anybody who
//! does; after a while without a sound the slot is given back.

use std::time::Duration;

use crate::level::{LevelTracker, Loudness};
use crate::limits::SLOTS;
use crate::time::Time;

/// A publisher, by the service's number for its peer: the same wherever the space is heard.
pub type PublisherId = u64;

/// How readily slots change hands.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Slots to lend, at most [`SLOTS`].
    pub slots: usize,
    /// How much louder a challenger must be, thousandths of a dB.
    pub margin: i32,
    /// How long a challenger must be louder.
    pub contest: Duration,
    /// How much the margin is raised right after a slot changed hands, falling to nothing over [`Rules::settling`].
    pub settling_margin: i32,
    /// How long a change raises the margin.
    pub settling: Duration,
    /// A holder who has not spoken for this long makes room for anybody who speaks.
    pub yielding: Duration,
    /// A holder who has made no sound for this long gives the slot back.
    pub hangover: Duration,
}

impl Rules {
    /// The loudest *slots* of a space, for listeners with as many lines; one line follows the dominant speaker, more slowly.
    #[must_use]
    pub const fn loudest(slots: usize) -> Self {
        let one = slots == 1;
        Self {
            slots,
            margin: 3_000,
            // A frame more passes before they are heard: their first overlaps with the holder's last.
            contest: Duration::from_millis(if one { 280 } else { 15 }),
            settling_margin: 6_000,
            settling: Duration::from_millis(1000),
            yielding: Duration::from_millis(200),
            hangover: Duration::from_millis(600),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Holder {
    publisher: PublisherId,
    since: Time,
    /// Whether the slot was taken from somebody.
    took: bool,
}

#[derive(Clone, Copy, Debug)]
struct Contest {
    challenger: PublisherId,
    since: Time,
    last: Time,
}

/// Where a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nobody hears it.
    Nowhere,
    /// On in the slot that its publisher holds.
    Held(usize),
    /// In a slot that its publisher is lent now; the former holder, if any, is out.
    Lent(usize),
}

/// The slots of a space, and who holds them.
#[derive(Clone, Debug)]
pub struct Lending {
    rules: Rules,
    holders: [Option<Holder>; SLOTS],
    contests: [Option<Contest>; SLOTS],
}

impl Lending {
    /// All slots free.
    #[must_use]
    pub const fn new(rules: Rules) -> Self {
        Self {
            rules,
            holders: [None; SLOTS],
            contests: [None; SLOTS],
        }
    }

    /// How many slots there are.
    #[must_use]
    pub const fn slots(&self) -> usize {
        self.rules.slots
    }

    /// Who holds *slot*.
    #[must_use]
    pub fn holder(&self, slot: usize) -> Option<PublisherId> {
        self.holders
            .get(slot)
            .copied()
            .flatten()
            .map(|holder| holder.publisher)
    }

    /// The slot that *publisher* holds.
    #[must_use]
    pub fn slot_of(&self, publisher: PublisherId) -> Option<usize> {
        self.holders
            .iter()
            .position(|h| h.is_some_and(|h| h.publisher == publisher))
    }

    /// Decide about a packet of *publisher*; *tracker_of* gives the tracker of anybody who holds a slot, this packet noted.
    pub fn place<'a>(
        &mut self,
        now: Time,
        publisher: PublisherId,
        loudness: Loudness,
        own: &LevelTracker,
        tracker_of: impl Fn(PublisherId) -> Option<&'a LevelTracker>,
    ) -> Place {
        if let Some(slot) = self.slot_of(publisher) {
            return Place::Held(slot);
        }
        if !loudness.voiced {
            self.withdraw(publisher);
        }
        if !loudness.sounds() {
            return Place::Nowhere;
        }
        if let Some(slot) = self
            .holders
            .iter()
            .take(self.rules.slots)
            .position(Option::is_none)
        {
            self.lend(
                slot,
                Holder {
                    publisher,
                    since: now,
                    took: false,
                },
            );
            return Place::Lent(slot);
        }
        let Some((slot, weakest)) = self.weakest(now, &tracker_of) else {
            return Place::Nowhere;
        };
        let yields = self.holder(slot).and_then(tracker_of).is_none_or(|holder| {
            let quiet = if loudness.voiced {
                holder.silent_for(now)
            } else {
                holder.soundless_for(now)
            };
            quiet >= self.rules.yielding
        });
        // Speech may begin softly: who has only just begun is no silent holder.
        let yields = yields && self.held_for(now, slot) >= self.rules.yielding;
        let by = own.at(now) - weakest;
        if yields || (loudness.voiced && self.has_won(now, slot, publisher, by)) {
            self.lend(
                slot,
                Holder {
                    publisher,
                    since: now,
                    took: true,
                },
            );
            return Place::Lent(slot);
        }
        Place::Nowhere
    }

    /// The slot that is due to be given back, if one is: its holder has been silent for the hangover.
    pub fn due<'a>(
        &self,
        now: Time,
        tracker_of: impl Fn(PublisherId) -> Option<&'a LevelTracker>,
    ) -> Option<usize> {
        self.holders.iter().position(|holder| {
            holder.is_some_and(|holder| {
                tracker_of(holder.publisher)
                    .is_none_or(|tracker| tracker.soundless_for(now) >= self.rules.hangover)
            })
        })
    }

    /// When a slot is due to be given back next, if its holder stays silent.
    pub fn next_due<'a>(
        &self,
        tracker_of: impl Fn(PublisherId) -> Option<&'a LevelTracker>,
    ) -> Option<Time> {
        let holders = self.holders.iter().flatten();
        let due = holders.map(|holder| {
            tracker_of(holder.publisher)
                .and_then(LevelTracker::last_sound)
                .map_or(Time::ZERO, |at| at + self.rules.hangover)
        });
        due.min()
    }

    /// Free *slot*.
    pub fn give_back(&mut self, slot: usize) {
        if let (Some(holder), Some(contest)) =
            (self.holders.get_mut(slot), self.contests.get_mut(slot))
        {
            *holder = None;
            *contest = None;
        }
    }

    fn lend(&mut self, slot: usize, to: Holder) {
        self.give_back(slot);
        self.withdraw(to.publisher);
        if let Some(holder) = self.holders.get_mut(slot) {
            *holder = Some(to);
        }
    }

    /// Forget what *publisher* challenges.
    pub fn withdraw(&mut self, publisher: PublisherId) {
        for contest in &mut self.contests {
            if contest.is_some_and(|contest| contest.challenger == publisher) {
                *contest = None;
            }
        }
    }

    fn weakest<'a>(
        &self,
        now: Time,
        tracker_of: impl Fn(PublisherId) -> Option<&'a LevelTracker>,
    ) -> Option<(usize, i32)> {
        self.holders
            .iter()
            .enumerate()
            .filter_map(|(slot, holder)| {
                let tracker = tracker_of((*holder)?.publisher);
                Some((
                    slot,
                    tracker.map_or(crate::level::SILENCE, |tracker| tracker.at(now)),
                ))
            })
            .min_by_key(|(_, level)| *level)
    }

    fn has_won(&mut self, now: Time, slot: usize, challenger: PublisherId, by: i32) -> bool {
        let margin = self.margin(now, slot);
        let contest_time = self.rules.contest;
        let Some(contest) = self.contests.get_mut(slot) else {
            return false;
        };
        if by < margin {
            if contest.is_some_and(|contest| contest.challenger == challenger) {
                *contest = None;
            }
            return false;
        }
        match contest {
            Some(contest) if contest.challenger == challenger => {
                contest.last = now;
                now.since(contest.since) >= contest_time
            }
            // Another challenger keeps its place in the queue unless it has gone quiet.
            Some(contest) if now.since(contest.last) < Duration::from_millis(60) => false,
            _ => {
                *contest = Some(Contest {
                    challenger,
                    since: now,
                    last: now,
                });
                false
            }
        }
    }

    fn held_for(&self, now: Time, slot: usize) -> Duration {
        let holder = self.holders.get(slot).copied().flatten();
        holder.map_or(Duration::MAX, |holder| now.since(holder.since))
    }

    fn margin(&self, now: Time, slot: usize) -> i32 {
        let holder = self.holders.get(slot).copied().flatten();
        let taken = holder.filter(|holder| holder.took);
        let left = taken.map_or(Duration::ZERO, |holder| {
            self.rules.settling.saturating_sub(now.since(holder.since))
        });
        let share = left.as_millis() * 1000 / self.rules.settling.as_millis().max(1);
        self.rules.margin + self.rules.settling_margin * i32::try_from(share).unwrap_or(0) / 1000
    }
}
