//! How long packets take, in powers of two.

use std::time::Duration;

use crate::limits::DELAY_BUCKETS;

/// Bucket *n* counts delays of at least 2^(n-1) and less than 2^n µs; bucket 0 those below one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Histogram([u64; DELAY_BUCKETS]);

impl Histogram {
    /// Count *times* packets that took *delay*.
    pub fn note(&mut self, delay: Duration, times: u64) {
        let micros = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
        let bucket = (u64::BITS - micros.leading_zeros()) as usize;
        if let Some(count) = self.0.get_mut(bucket.min(DELAY_BUCKETS - 1)) {
            *count += times;
        }
    }

    /// Count what *other* has counted, too.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }

    /// The counts.
    #[must_use]
    pub const fn counts(&self) -> &[u64; DELAY_BUCKETS] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_counted_under_the_power_of_two_above_it() {
        let mut histogram = Histogram::default();
        for micros in [0, 1, 2, 3, 4, 1 << 40] {
            histogram.note(Duration::from_micros(micros), 1);
        }
        let [none, one, two, four, .., last] = *histogram.counts();
        assert_eq!((none, one, two, four, last), (1, 1, 2, 1, 1));
    }
}
