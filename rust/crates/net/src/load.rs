//! How busy a media thread is: the share of the last second that it did not spend waiting.

use std::time::Duration;

use arengo_core::Time;

const WINDOW: Duration = Duration::from_secs(1);

/// Time spent working, by windows of a second; the last second is made of what lies in the present one and of as much
/// of the one before as is still within reach.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    start: Time,
    busy: Duration,
    before: Duration,
}

impl Load {
    /// The thread worked from *from* to *to*.
    pub fn note(&mut self, from: Time, to: Time) {
        self.roll(from);
        self.busy += to.since(from);
        self.roll(to);
    }

    /// Thousandths of the second up to *now* that were work; a thread counts at the end of what it does.
    pub fn permille(&mut self, now: Time) -> u16 {
        self.roll(now);
        let left = WINDOW.saturating_sub(now.since(self.start));
        let busy = self.busy + self.before.mul_f64(left.as_secs_f64());
        u16::try_from(busy.min(WINDOW).as_millis()).unwrap_or(1000)
    }

    fn roll(&mut self, now: Time) {
        while now.since(self.start) >= WINDOW {
            if self.busy.is_zero() && self.before.is_zero() {
                self.start = now;
                return;
            }
            // A turn that took longer than a second is carried over.
            self.before = self.busy.min(WINDOW);
            self.busy -= self.before;
            self.start = self.start + WINDOW;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Time {
        Time::from_micros(millis * 1000)
    }

    /// Work for *busy* of every hundred milliseconds of the second that begins at *start*.
    fn a_second(load: &mut Load, start: u64, busy: u64) {
        for turn in 0..10 {
            let from = start + turn * 100;
            load.note(at(from), at(from + busy));
        }
    }

    #[test]
    fn a_thread_that_waits_is_not_busy() {
        let mut load = Load::default();
        assert_eq!(load.permille(at(0)), 0);
        assert_eq!(load.permille(at(86_400_000)), 0);
    }

    #[test]
    fn the_share_of_the_last_second_is_told_at_any_moment() {
        let mut load = Load::default();
        for second in 0..5 {
            a_second(&mut load, second * 1000, 70);
        }
        for moment in [5000, 5000 + 1] {
            assert!((690..=710).contains(&load.permille(at(moment))));
        }
    }

    #[test]
    fn what_is_over_for_a_second_is_forgotten() {
        let mut load = Load::default();
        a_second(&mut load, 0, 100);
        assert_eq!(load.permille(at(1000)), 1000);
        assert!((490..=510).contains(&load.permille(at(1500))));
        assert_eq!(load.permille(at(2000)), 0);
    }

    #[test]
    fn one_long_turn_is_never_more_than_all_of_a_second() {
        let mut load = Load::default();
        load.note(at(0), at(2500));
        assert_eq!(load.permille(at(2500)), 1000);
        assert_eq!(load.permille(at(4500)), 0);
    }
}
