//! Time as the core knows it: a number that whoever drives the shard passes in.

use std::time::Duration;

/// Microseconds since the start of the shard; monotonic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    /// The start of the shard.
    pub const ZERO: Self = Self(0);

    /// The moment *micros* microseconds after the start.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The moment *after* the start.
    #[must_use]
    pub fn from_duration(after: Duration) -> Self {
        Self(u64::try_from(after.as_micros()).unwrap_or(u64::MAX))
    }

    /// Microseconds since the start.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// How long after the start this is.
    #[must_use]
    pub const fn since_zero(self) -> Duration {
        Duration::from_micros(self.0)
    }

    /// How long after *earlier* this is; zero when it is not after it.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// Ticks of a 48 kHz clock since the start.
    #[must_use]
    pub const fn ticks_48k(self) -> u64 {
        self.0 * 48 / 1000
    }
}

impl std::ops::Add<Duration> for Time {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)),
        )
    }
}
