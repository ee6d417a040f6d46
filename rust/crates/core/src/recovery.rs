//! What a publisher's packets lost on their way to us, and what comes back of it: by RED, or sent again.
//!
//! Rule 1: a number is heard once. A packet that comes after its copy, or far too late, is dropped.
//! Rule 2: a copy fills a hole and nothing else: it has to fit between what came before and after it.
//! Rule 3: nothing from before a voice was allowed is heard afterwards.

/// Packets behind the newest that are remembered; later ones are of no use to anybody.
const WINDOW: u64 = 64;
/// Packets behind the newest that are asked for again, 180 ms,
pub const ASKED: u64 = 9;
/// once when they are missed, and then at each so many packets.
const ASKED_EACH: u64 = 3;

/// The numbers that have come.
#[derive(Clone, Debug)]
pub struct Recovery {
    newest: Option<u64>,
    /// How far the newest was ahead of the one before it.
    step: u64,
    /// The lowest bit stands for the newest, the next for the number below it.
    seen: u64,
    timestamps: [u32; WINDOW as usize],
    /// Numbers below this one are from before the voice was allowed.
    floor: u64,
    begins: bool,
}

impl Default for Recovery {
    fn default() -> Self {
        Self {
            newest: None,
            step: 0,
            seen: 0,
            timestamps: [0; WINDOW as usize],
            floor: 0,
            begins: true,
        }
    }
}

impl Recovery {
    /// The voice is allowed from now on.
    pub const fn begin(&mut self) {
        self.begins = true;
    }

    /// A packet has come: whether it is to be heard.
    pub fn arrive(&mut self, index: u64, timestamp: u32) -> bool {
        if std::mem::take(&mut self.begins) {
            self.floor = index;
        }
        let newest = *self.newest.get_or_insert(index);
        self.step = index.saturating_sub(newest);
        if self.step > 0 {
            self.seen = u32::try_from(self.step)
                .ok()
                .and_then(|step| self.seen.checked_shl(step))
                .unwrap_or(0);
            self.newest = Some(index);
        }
        self.fill(index, timestamp)
    }

    /// The packet *index* at *timestamp* carries a copy of one that is *offset* older and *ticks* long: its number and
    /// time, if it was missing.
    pub fn recover(
        &mut self,
        (index, timestamp): (u64, u32),
        offset: u32,
        ticks: u32,
    ) -> Option<(u64, u32)> {
        let back = u64::from(offset / ticks);
        if back == 0 || !offset.is_multiple_of(ticks) {
            return None;
        }
        let at = index.checked_sub(back)?;
        let captured = timestamp.wrapping_sub(offset);
        (self.fits(at, captured, ticks) && self.fill(at, captured)).then_some((at, captured))
    }

    /// Whether the packet that came last is the newest.
    pub const fn advanced(&self) -> bool {
        self.step > 0
    }

    /// The number of the packet that comes *ahead* after the newest.
    pub fn next(&self, ahead: u64) -> Option<u16> {
        self.newest.map(|newest| (newest + ahead) as u16)
    }

    /// The numbers to ask for again, now that a packet has come; the first *asked* of those just missed have been.
    pub fn missing(&self, asked: u64) -> impl Iterator<Item = u16> + '_ {
        let newest = self.newest.unwrap_or(0);
        (1..=ASKED)
            .filter(move |back| {
                *back < self.step.saturating_sub(asked)
                    || (self.step > 0 && back.is_multiple_of(ASKED_EACH))
            })
            .filter_map(move |back| newest.checked_sub(back))
            .filter(|index| *index >= self.floor && !self.has(*index))
            .map(|index| index as u16)
    }

    /// Note *index* as come; false when it was there before, or is too old.
    fn fill(&mut self, index: u64, timestamp: u32) -> bool {
        let Some(bit) = self.bit(index).filter(|_| index >= self.floor) else {
            return false;
        };
        if self.seen & bit != 0 {
            return false;
        }
        self.seen |= bit;
        if let Some(place) = self.timestamps.get_mut((index % WINDOW) as usize) {
            *place = timestamp;
        }
        true
    }

    /// Whether sound of *ticks* at *timestamp* may be that of *index*: it overlaps with none of the others.
    fn fits(&self, index: u64, timestamp: u32, ticks: u32) -> bool {
        let newest = self.newest.unwrap_or(0);
        let others = (newest.saturating_sub(WINDOW - 1)..=newest).filter(|other| self.has(*other));
        others.into_iter().all(|other| {
            let its = self.timestamps.get((other % WINDOW) as usize);
            let apart = its.map_or(0, |its| its.wrapping_sub(timestamp) as i32);
            let (ticks, frames) = (ticks as i32, other.abs_diff(index) as i32);
            if other > index {
                apart >= ticks.saturating_mul(frames)
            } else {
                apart < 0
            }
        })
    }

    fn has(&self, index: u64) -> bool {
        self.bit(index).is_some_and(|bit| self.seen & bit != 0)
    }

    fn bit(&self, index: u64) -> Option<u64> {
        let back = self.newest?.checked_sub(index)?;
        1_u64.checked_shl(u32::try_from(back).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKS: u32 = 960;

    /// After the packets *came*, numbered and timed alike.
    fn after(came: &[u64]) -> Recovery {
        let mut recovery = Recovery::default();
        for index in came {
            recovery.arrive(*index, time(*index));
        }
        recovery
    }

    fn time(index: u64) -> u32 {
        4_294_000_000_u32.wrapping_add(index as u32 * TICKS)
    }

    fn recover(recovery: &mut Recovery, index: u64, back: u32) -> Option<u64> {
        let recovered = recovery.recover((index, time(index)), back * TICKS, TICKS);
        recovered.map(|(index, timestamp)| {
            assert_eq!(timestamp, time(index));
            index
        })
    }

    #[test]
    fn a_copy_takes_the_place_of_what_was_lost_and_of_nothing_else() {
        let mut recovery = after(&[10, 11, 14]);
        assert_eq!(recover(&mut recovery, 14, 1), Some(13));
        assert_eq!(recover(&mut recovery, 14, 2), Some(12));
        assert_eq!(recover(&mut recovery, 14, 3), None, "11 came");
        assert_eq!(recover(&mut recovery, 14, 1), None, "13 was recovered");
        assert_eq!(recover(&mut recovery, 14, 0), None);
    }

    #[test]
    fn what_comes_after_its_copy_is_not_heard_twice() {
        let mut recovery = after(&[10, 12]);
        assert_eq!(recover(&mut recovery, 12, 1), Some(11));
        assert!(!recovery.arrive(11, time(11)));
        assert!(!recovery.arrive(12, time(12)));
        assert!(recovery.arrive(13, time(13)));
    }

    #[test]
    fn what_was_overtaken_is_heard_unless_it_is_far_too_late() {
        let mut recovery = after(&[100, 102, 163]);
        assert!(recovery.arrive(101, time(101)));
        assert!(!after(&[100, 102, 165]).arrive(101, time(101)));
    }

    #[test]
    fn a_copy_that_contradicts_what_came_is_dropped() {
        // A pause of a frame lies between 10 and 11: the copy is of 10, which came, and not of 9.
        let mut recovery = after(&[8, 10]);
        let late = time(11) + TICKS;
        recovery.arrive(11, late);
        assert_eq!(recovery.recover((11, late), 2 * TICKS, TICKS), None);
        assert_eq!(recovery.recover((11, late), 2 * TICKS + 1, TICKS), None);
        assert_eq!(recovery.recover((11, late), u32::MAX, TICKS), None);
    }

    #[test]
    fn what_was_said_before_a_voice_was_allowed_is_not_heard() {
        let mut recovery = after(&[10, 11]);
        recovery.begin();
        assert!(recovery.arrive(14, time(14)));
        assert_eq!(recover(&mut recovery, 14, 1), None);
        assert!(!recovery.arrive(13, time(13)));
        assert_eq!(recovery.missing(0).count(), 0);
    }

    #[test]
    fn what_is_missing_is_asked_for_when_it_is_missed_and_a_few_times_more() {
        let mut recovery = after(&[10, 13]);
        assert_eq!(recovery.missing(0).collect::<Vec<_>>(), [12, 11]);
        assert_eq!(recover(&mut recovery, 13, 1), Some(12));
        let mut asked = 0;
        for index in 14..40 {
            recovery.arrive(index, time(index));
            asked += recovery.missing(0).filter(|missing| *missing == 11).count();
        }
        assert_eq!(asked, 3);
    }
}
