//! How often something may happen: evenly, with a burst that may come at once.

use std::time::Duration;

use crate::time::Time;

/// What happened so far, as one moment: when the next would be due if all had come evenly.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    due: Time,
}

impl Pace {
    /// Whether it may happen *now*, once each *interval* on the average and *burst* times ahead of that; if so it counts.
    pub fn allows(&mut self, now: Time, interval: Duration, burst: u32) -> bool {
        let due = self.due.max(now);
        let is_allowed = due.since(now) <= interval * burst;
        if is_allowed {
            self.due = due + interval;
        }
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EACH: Duration = Duration::from_millis(10);

    fn allowed(pace: &mut Pace, at: Time, times: usize) -> usize {
        (0..times).filter(|_| pace.allows(at, EACH, 4)).count()
    }

    #[test]
    fn a_burst_passes_and_the_rest_comes_evenly() {
        let mut pace = Pace::default();
        assert_eq!(allowed(&mut pace, Time::ZERO, 100), 5);
        assert_eq!(allowed(&mut pace, Time::ZERO + EACH * 3, 100), 3);
        assert_eq!(allowed(&mut pace, Time::ZERO + EACH * 1000, 100), 5);
    }

    #[test]
    fn what_comes_evenly_always_passes() {
        let mut pace = Pace::default();
        for turn in 0..1000 {
            assert!(pace.allows(Time::ZERO + EACH * turn, EACH, 0));
        }
    }
}
