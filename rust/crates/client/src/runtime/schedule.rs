//! Who wants to be woken when.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::{Duration, Instant};

/// Deadlines by number; a number has one deadline at most.
#[derive(Debug, Default)]
pub struct Schedule {
    /// May hold entries that [`Schedule::deadlines`] has since replaced; they are skipped.
    heap: BinaryHeap<Reverse<(Instant, u64)>>,
    deadlines: HashMap<u64, Instant>,
}

impl Schedule {
    /// Replace the deadline of *number*; None: it has none.
    pub fn set(&mut self, number: u64, deadline: Option<Instant>) {
        match deadline {
            None => {
                self.deadlines.remove(&number);
            }
            Some(deadline) => {
                if self.deadlines.insert(number, deadline) != Some(deadline) {
                    self.heap.push(Reverse((deadline, number)));
                }
            }
        }
    }

    /// How long nothing is due, None for ever.
    pub fn wait(&mut self, now: Instant) -> Option<Duration> {
        while let Some(&Reverse((deadline, number))) = self.heap.peek() {
            if self.deadlines.get(&number) == Some(&deadline) {
                return Some(deadline.saturating_duration_since(now));
            }
            self.heap.pop();
        }
        None
    }

    /// Move the numbers that are due at *now* to *due*, earliest first; they have no deadline any more.
    pub fn take_due(&mut self, now: Instant, due: &mut Vec<u64>) {
        while let Some(&Reverse((deadline, number))) = self.heap.peek() {
            if deadline > now {
                return;
            }
            self.heap.pop();
            if self.deadlines.get(&number) == Some(&deadline) {
                self.deadlines.remove(&number);
                due.push(number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_deadline_is_forgotten() {
        let start = Instant::now();
        let later = start + Duration::from_secs(1);
        let mut schedule = Schedule::default();
        schedule.set(1, Some(start));
        schedule.set(1, Some(later));
        schedule.set(2, Some(start));
        schedule.set(2, None);
        let mut due = Vec::new();
        schedule.take_due(start, &mut due);
        assert!(due.is_empty());
        assert_eq!(schedule.wait(start), Some(Duration::from_secs(1)));
        schedule.take_due(later, &mut due);
        assert_eq!(due, [1]);
        assert_eq!(schedule.wait(later), None);
    }
}
