//! Times in buckets that grow with them: percentiles to within three in a hundred.

/// Buckets between a time and its double.
const STEPS: u64 = 32;
const BUCKETS: usize = 1_024;

/// How many times of each length there were, in microseconds.
#[derive(Clone)]
pub struct Delays {
    buckets: Vec<u64>,
    count: u64,
}

impl Default for Delays {
    fn default() -> Self {
        Delays {
            buckets: vec![0; BUCKETS],
            count: 0,
        }
    }
}

impl Delays {
    pub fn note(&mut self, us: u64) {
        if let Some(bucket) = self.buckets.get_mut(bucket(us)) {
            *bucket += 1;
            self.count += 1;
        }
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// The time that *part* of all do not exceed, in microseconds; None without any.
    pub fn at(&self, part: f64) -> Option<u64> {
        let wanted = (self.count as f64 * part).ceil().max(1.0) as u64;
        let mut sum = 0;
        for (number, bucket) in self.buckets.iter().enumerate() {
            sum += bucket;
            if sum >= wanted {
                return Some(upper(number));
            }
        }
        None
    }
}

/// The first 32 are a microsecond wide; then 32 for each doubling.
fn bucket(us: u64) -> usize {
    let doublings = (us / STEPS).checked_ilog2().map_or(0, |log| log + 1);
    let bucket = if doublings == 0 {
        us
    } else {
        let width = doublings - 1;
        u64::from(doublings) * STEPS + ((us >> width) - STEPS)
    };
    (bucket as usize).min(BUCKETS - 1)
}

/// The longest time of a bucket.
fn upper(bucket: usize) -> u64 {
    let (doublings, step) = (bucket as u64 / STEPS, bucket as u64 % STEPS);
    if doublings == 0 {
        step
    } else {
        ((STEPS + step + 1) << (doublings - 1)) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_exact_when_small_and_within_three_in_a_hundred_when_large() {
        let mut delays = Delays::default();
        (1..=10_000).for_each(|us| delays.note(us));
        assert_eq!(delays.at(0.002), Some(20));
        for (part, exact) in [(0.5, 5_000.0), (0.99, 9_900.0), (0.999, 9_990.0)] {
            let told = delays.at(part).unwrap_or(0) as f64;
            assert!((1.0..1.035).contains(&(told / exact)), "{part}: {told}");
        }
        assert_eq!(Delays::default().at(0.5), None);
    }

    #[test]
    fn every_bucket_ends_where_the_next_begins() {
        for us in (0..100_000).chain([1 << 30, 1 << 31]) {
            let at = bucket(us);
            assert!(upper(at) >= us && (at == 0 || upper(at - 1) < us), "{us}");
        }
    }
}
