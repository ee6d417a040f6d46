//! When a speaker's next packet is overdue, if some are lost: then it is asked for again at once.
//!
//! Rule 1: a lost packet shows only when the next one comes, 20 ms later, or 40 ms later where two are lost. Add the round trip,
//! and it is too late for a listener's jitter buffer. So a packet is asked for as soon as it is overdue.
//! Rule 2: this is done only where packets are lost, and stops where half of them come sooner than they can have been sent
//! again: those were merely late.

use std::time::Duration;

use crate::limits::{LOSS_FOR_TWO, MENDED_LATE};
use crate::time::Time;
use crate::timeline::{FRAME, FRAME_TICKS};

/// A packet that is so much later than the one before it is long is overdue.
const MARGIN: Duration = Duration::from_millis(10);
/// What comes sooner than this after it was asked for was on its way.
const HASTY: Duration = Duration::from_millis(10);
/// Packets in a row that are asked for; then their sender has stopped.
const IN_A_ROW: u64 = 4;

/// What is known of a speaker's next packet.
#[derive(Clone, Copy, Debug, Default)]
pub struct Overdue {
    /// Whether packets are lost on the way.
    is_lossy: bool,
    /// Since the last report: packets asked for, and those of them that came too soon.
    asked: u32,
    hasty: u32,
    /// When the next one is overdue.
    at: Option<Time>,
    /// Packets beyond the newest that have been asked for, and when the last of them was.
    in_row: u64,
    asked_at: Time,
}

impl Overdue {
    /// The newest packet has come, with sound of *ticks*, 0 where it announces a pause; how many before it have been asked for.
    pub fn came(&mut self, now: Time, ticks: u32) -> u64 {
        let asked = std::mem::take(&mut self.in_row);
        self.hasty += u32::from(asked > 0 && now.since(self.asked_at) < HASTY);
        let is_awaited = self.is_lossy && ticks == FRAME_TICKS;
        self.at = is_awaited.then(|| now + FRAME + MARGIN);
        asked
    }

    /// The loss, of 256, that listeners may report because packets are mended late.
    #[must_use]
    pub const fn mended_late(&self) -> u8 {
        if self.is_lossy { MENDED_LATE } else { 0 }
    }

    /// When the next one is overdue; None where that does not matter.
    #[must_use]
    pub const fn at(&self) -> Option<Time> {
        self.at
    }

    /// How far beyond the newest the packet is that is overdue *now*, if one is; it is asked for.
    pub fn ask(&mut self, now: Time) -> Option<u64> {
        let at = self.at.filter(|at| *at <= now)?;
        self.in_row += 1;
        self.asked += 1;
        self.asked_at = now;
        self.at = (self.in_row < IN_A_ROW).then(|| at + FRAME);
        Some(self.in_row)
    }

    /// Of *expected* packets since the last time *lost* have not come at all.
    pub fn judge(&mut self, lost: u64, expected: u64) {
        let missed = lost + u64::from(self.asked);
        let is_late = self.hasty * 2 > self.asked;
        self.is_lossy = !is_late && missed * 256 >= expected.max(1) * u64::from(LOSS_FOR_TWO);
        (self.asked, self.hasty) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::from_micros(ms * 1_000)
    }

    fn lossy() -> Overdue {
        let mut overdue = Overdue::default();
        overdue.judge(10, 75);
        overdue
    }

    #[test]
    fn a_packet_is_overdue_ten_milliseconds_after_its_time_and_so_is_the_next() {
        let mut overdue = lossy();
        overdue.came(at(100), FRAME_TICKS);
        assert_eq!(overdue.ask(at(129)), None);
        assert_eq!(overdue.ask(at(130)), Some(1));
        assert_eq!(overdue.ask(at(131)), None);
        assert_eq!(overdue.ask(at(152)), Some(2));
        assert_eq!(overdue.came(at(165), FRAME_TICKS), 2);
        assert_eq!(overdue.at(), Some(at(195)));
    }

    #[test]
    fn a_sender_who_has_stopped_is_asked_four_times() {
        let mut overdue = lossy();
        overdue.came(at(100), FRAME_TICKS);
        let asked = (100..1_000).filter_map(|ms| overdue.ask(at(ms)));
        assert_eq!(asked.collect::<Vec<_>>(), [1, 2, 3, 4]);
    }

    #[test]
    fn nothing_is_overdue_where_nothing_is_lost_nor_in_a_pause() {
        let mut overdue = Overdue::default();
        overdue.judge(1, 75);
        overdue.came(at(100), FRAME_TICKS);
        assert_eq!(overdue.at(), None);
        let mut overdue = lossy();
        overdue.came(at(100), 0);
        assert_eq!(overdue.at(), None);
    }

    #[test]
    fn loss_that_is_mended_in_time_is_still_loss_and_what_comes_late_is_none() {
        for (lateness, is_loss) in [(41, true), (15, false)] {
            let mut overdue = lossy();
            for turn in 0..15 {
                overdue.came(at(1_000 * turn), FRAME_TICKS);
                assert_eq!(overdue.ask(at(1_000 * turn + 30)), Some(1));
                overdue.came(at(1_000 * turn + 20 + lateness), FRAME_TICKS);
            }
            overdue.judge(0, 75);
            overdue.came(at(99_000), FRAME_TICKS);
            assert_eq!(overdue.at().is_some(), is_loss, "{lateness} ms");
        }
    }
}
