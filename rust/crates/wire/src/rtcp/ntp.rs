//! NTP time as RTCP uses it (RFC 3550 §4).

use std::time::Duration;

/// Seconds from 1900 to 1970.
const UNIX_EPOCH: u64 = 2_208_988_800;

/// 32 bits of seconds since 1900 and 32 bits of fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// From the time since the Unix epoch; wraps in 2036 as NTP does.
    pub fn from_unix(since_epoch: Duration) -> Self {
        let seconds = since_epoch.as_secs().wrapping_add(UNIX_EPOCH);
        let fraction = (u64::from(since_epoch.subsec_nanos()) << 32) / 1_000_000_000;
        Self((seconds << 32) | fraction)
    }

    /// The middle 32 bits: what a report block quotes.
    pub fn middle(self) -> u32 {
        ((self.0 >> 16) & 0xFFFF_FFFF) as u32
    }
}

/// *delay* in 1/65536 s, as in `delay_since_last_sender_report`; saturates after 18 hours.
pub fn delay_units(delay: Duration) -> u32 {
    u32::try_from((delay.as_nanos() << 16) / 1_000_000_000).unwrap_or(u32::MAX)
}

/// The round trip that a report block tells: arrival - last sender report - delay (RFC 3550 §6.4.1).
///
/// None when the block quotes no sender report, or when clocks make it negative.
pub fn round_trip(arrival: NtpTime, last_sender_report: u32, delay: u32) -> Option<Duration> {
    if last_sender_report == 0 {
        return None;
    }
    let units = arrival
        .middle()
        .wrapping_sub(last_sender_report)
        .wrapping_sub(delay);
    (units < 0x8000_0000).then(|| Duration::from_nanos((u64::from(units) * 1_000_000_000) >> 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unix_epoch_is_seventy_years_after_that_of_ntp() {
        let ntp = NtpTime::from_unix(Duration::from_millis(1_500));
        assert_eq!(ntp.0 >> 32, UNIX_EPOCH + 1);
        assert_eq!(ntp.0 & 0xFFFF_FFFF, 0x8000_0000);
    }

    #[test]
    fn the_middle_takes_sixteen_bits_of_each_half() {
        assert_eq!(NtpTime(0x1122_3344_5566_7788).middle(), 0x3344_5566);
    }

    #[test]
    fn a_round_trip_is_what_is_left_after_the_peers_own_delay() {
        let sent = NtpTime::from_unix(Duration::from_secs(1_000));
        let heard = NtpTime::from_unix(Duration::from_millis(1_000_000 + 580));
        let trip = round_trip(
            heard,
            sent.middle(),
            delay_units(Duration::from_millis(500)),
        )
        .unwrap();
        assert!(trip.abs_diff(Duration::from_millis(80)) < Duration::from_micros(50));
    }

    #[test]
    fn a_block_without_sender_report_or_from_the_future_tells_no_round_trip() {
        assert_eq!(round_trip(NtpTime(5 << 32), 0, 0), None);
        assert_eq!(round_trip(NtpTime(5 << 32), 6 << 16, 0), None);
    }
}
