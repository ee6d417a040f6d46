//! What a receiver reports of one line (RFC 3550 section 6.4.1 and appendix A).

use std::time::Duration;

use arengo_wire::rtcp::{NtpTime, ReportBlock, delay_units};

use super::pacer::samples;
use crate::limits;

/// The packets of one line, counted.
#[derive(Debug, Default)]
pub struct Arrivals {
    /// First and highest extended sequence number; None before the first packet.
    span: Option<(u64, u64)>,
    received: u64,
    reported_expected: u64,
    reported_received: u64,
    /// Sixteen times the smoothed jitter, in samples.
    jitter_16: u32,
    last_transit: Option<u32>,
    /// Middle of the time in the last sender report, and when it came.
    sender_report: Option<(u32, Duration)>,
}

impl Arrivals {
    /// Count an authenticated packet with this extended sequence number; *at* is on any steady clock.
    pub fn note(&mut self, index: u64, timestamp: u32, at: Duration) {
        self.received += 1;
        let (first, highest) = self.span.unwrap_or((index, index));
        self.span = Some((first.min(index), highest.max(index)));
        let transit = samples(at).wrapping_sub(timestamp);
        if let Some(last) = self.last_transit.replace(transit) {
            let change = (transit.wrapping_sub(last) as i32).unsigned_abs();
            // J += (|D| - J) / 16, in the integers of appendix A.8.
            self.jitter_16 = self
                .jitter_16
                .saturating_add(change)
                .saturating_sub((self.jitter_16 + 8) >> 4);
        }
    }

    /// Count packets that nobody has opened, between the last one that was noted and the next.
    pub fn note_unopened(&mut self, packets: u64) {
        self.received += packets;
    }

    /// The sequence numbers between the highest that has come and *index*, the last of them where they are many.
    pub fn missing_before(&self, index: u64) -> std::ops::Range<u64> {
        let next = self.span.map_or(index, |(_, highest)| highest + 1);
        next.max(index.saturating_sub(limits::MOST_REMEMBERED as u64))..index
    }

    /// How many packets up to the highest have not come.
    pub fn lost(&self) -> u64 {
        let expected = self.span.map_or(0, |(first, highest)| highest - first + 1);
        expected.saturating_sub(self.received)
    }

    pub fn note_sender_report(&mut self, ntp: NtpTime, at: Duration) {
        self.sender_report = Some((ntp.middle(), at));
    }

    /// The block since the last one; None while nothing has come.
    pub fn report(&mut self, ssrc: u32, at: Duration) -> Option<ReportBlock> {
        let (first, highest) = self.span?;
        let expected = highest - first + 1;
        let newly_expected = expected - self.reported_expected.min(expected);
        let newly_received = self.received - self.reported_received;
        self.reported_expected = expected;
        self.reported_received = self.received;
        let newly_lost = newly_expected.saturating_sub(newly_received);
        let fraction = (newly_lost << 8)
            .checked_div(newly_expected)
            .unwrap_or(0)
            .min(255);
        let (last_sender_report, delay) = self.sender_report.map_or((0, 0), |(middle, came)| {
            (middle, delay_units(at.saturating_sub(came)))
        });
        Some(ReportBlock {
            ssrc,
            fraction_lost: fraction as u8,
            cumulative_lost: i32::try_from(expected as i64 - self.received as i64)
                .unwrap_or(i32::MAX),
            highest_sequence: (highest & 0xffff_ffff) as u32,
            jitter: self.jitter_16 >> 4,
            last_sender_report,
            delay_since_last_sender_report: delay,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_lost_is_reported_as_a_quarter_and_then_forgotten() {
        let mut arrivals = Arrivals::default();
        for index in (65_500..65_600).filter(|index| index % 4 != 3) {
            let at = Duration::from_millis(20) * (index as u32 - 65_500);
            arrivals.note(index, samples(at), at);
        }
        let block = arrivals.report(7, Duration::from_secs(2)).unwrap();
        // The last of a hundred is a lost one, which nobody can know yet.
        assert_eq!(
            (block.cumulative_lost, block.highest_sequence),
            (24, 65_598)
        );
        assert_eq!((block.fraction_lost, block.jitter), (62, 0));
        arrivals.note(
            65_600,
            samples(Duration::from_secs(2)),
            Duration::from_secs(2),
        );
        assert_eq!(
            arrivals
                .report(7, Duration::from_secs(2))
                .unwrap()
                .fraction_lost,
            128
        );
    }

    #[test]
    fn packets_that_came_unopened_are_no_loss() {
        let mut arrivals = Arrivals::default();
        for index in (0..500).step_by(50) {
            let at = Duration::from_millis(20) * index;
            // One in each fifty is lost, but for the first.
            arrivals.note_unopened(if index == 0 { 0 } else { 48 });
            arrivals.note(index.into(), samples(at), at);
        }
        let block = arrivals.report(7, Duration::from_secs(10)).unwrap();
        assert_eq!((block.cumulative_lost, block.highest_sequence), (9, 450));
    }

    #[test]
    fn a_gap_is_missing_once_and_its_last_packets_where_it_is_long() {
        let mut arrivals = Arrivals::default();
        assert!(arrivals.missing_before(65_535).is_empty());
        arrivals.note(65_535, 0, Duration::ZERO);
        assert!(arrivals.missing_before(65_536).is_empty());
        assert_eq!(arrivals.missing_before(65_539), 65_536..65_539);
        arrivals.note(65_539, 0, Duration::ZERO);
        assert!(arrivals.missing_before(65_537).is_empty());
        assert_eq!(arrivals.lost(), 3);
        arrivals.note(65_537, 0, Duration::ZERO);
        assert_eq!(arrivals.lost(), 2);
        assert_eq!(arrivals.missing_before(70_000), 69_936..70_000);
    }

    #[test]
    fn nothing_received_is_nothing_to_report() {
        assert!(Arrivals::default().report(7, Duration::ZERO).is_none());
    }
}
