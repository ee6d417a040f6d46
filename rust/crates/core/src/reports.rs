//! RTCP: what publishers are told of their loss, and listeners of our clock (RFC 3550 §6.4).

use arengo_wire::BufferTooSmall;
use arengo_wire::rtcp::{Compound, NtpTime, ReportBlock, SenderInfo, delay_units};

use crate::SLOT_SSRCS;
use crate::limits::FEC_LOSS;
use crate::listeners::Section;
use crate::peer::Link;
use crate::space::Voices;
use crate::time::Time;

/// Our name in source descriptions.
pub const CNAME: &str = "arengo";
/// The SSRC that reports come from where we send no stream.
pub const REPORTER: u32 = SLOT_SSRCS[0];
/// Room for the largest compound: three sender reports, three names.
pub const COMPOUND: usize = 256;

/// How a publisher's stream arrives (RFC 3550 appendix A).
#[derive(Clone, Copy, Debug, Default)]
pub struct Reception {
    first: Option<u64>,
    highest: u64,
    received: u64,
    expected_before: u64,
    received_before: u64,
    recovered_before: u64,
    /// Packets lost and expected in the last report.
    last: (u64, u64),
    /// Packets that came as a copy.
    recovered: u64,
    transit: Option<u32>,
    /// Sixteenths of a timestamp unit.
    jitter: u32,
    sender_report: Option<(NtpTime, Time)>,
    reported: Option<Time>,
    /// Of 256; what was reported goes down by a quarter with each report.
    recent_loss: u8,
}

impl Reception {
    /// Note an authenticated packet.
    pub fn note(&mut self, now: Time, index: u64, timestamp: u32) {
        self.first.get_or_insert(index);
        self.highest = self.highest.max(index);
        self.received += 1;
        let transit = (now.ticks_48k() as u32).wrapping_sub(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let distance = (transit.wrapping_sub(before) as i32)
                .unsigned_abs()
                .min(48_000);
            self.jitter = self.jitter + distance - ((self.jitter + 8) >> 4);
        }
    }

    /// Note that a lost packet came back as a copy.
    pub const fn note_recovered(&mut self) {
        self.recovered += 1;
    }

    /// Note a sender report of the publisher.
    pub const fn note_sender_report(&mut self, now: Time, ntp: NtpTime) {
        self.sender_report = Some((ntp, now));
    }

    /// When the publisher was last told.
    #[must_use]
    pub const fn reported(&self) -> Option<Time> {
        self.reported
    }

    /// The loss of the last few reports, of 256, that copies did not mend: the largest, less the longer ago it was. Not 0
    /// where anything was lost: what is mended late is missed by listeners at first, too.
    #[must_use]
    pub const fn recent_loss(&self) -> u8 {
        self.recent_loss
    }

    /// How many packets the last report told as lost, and of how many.
    #[must_use]
    pub const fn last(&self) -> (u64, u64) {
        self.last
    }

    /// The report since the last one; None before the first packet. *elsewhere* is a loss of 256 on the way to others, for
    /// whose sake the publisher's encoder should correct errors. The fraction, by which encoders do that, is at most
    /// [`FEC_LOSS`]; the number of all packets lost is true.
    pub fn report(&mut self, now: Time, ssrc: u32, elsewhere: u8) -> Option<ReportBlock> {
        let first = self.first?;
        let expected = self.highest - first.min(self.highest) + 1;
        let expected_since = expected - self.expected_before;
        let received_since = self.received - self.received_before;
        let lost_since = expected_since.saturating_sub(received_since);
        let of_256 = |lost: u64| {
            let fraction = (lost << 8).checked_div(expected_since).unwrap_or(0);
            u8::try_from(fraction).unwrap_or(u8::MAX)
        };
        let recovered_since = self.recovered - self.recovered_before;
        let not_mended = of_256(lost_since.saturating_sub(recovered_since));
        self.expected_before = expected;
        self.received_before = self.received;
        self.recovered_before = self.recovered;
        self.last = (lost_since, expected_since);
        self.reported = Some(now);
        let faded = self.recent_loss - self.recent_loss.div_ceil(4);
        self.recent_loss = not_mended.max(faded).max(u8::from(lost_since > 0));
        let (last, delay) = self.sender_report.map_or((0, 0), |(ntp, at)| {
            (ntp.middle(), delay_units(now.since(at)))
        });
        Some(ReportBlock {
            ssrc,
            fraction_lost: of_256(lost_since).max(elsewhere).min(FEC_LOSS),
            cumulative_lost: i32::try_from(expected as i64 - self.received as i64).unwrap_or(0),
            highest_sequence: self.highest as u32,
            jitter: self.jitter >> 4,
            last_sender_report: last,
            delay_since_last_sender_report: delay,
        })
    }
}

/// Write a receiver report with our name; its length.
pub fn write_receiver_report(block: ReportBlock, out: &mut [u8]) -> Result<usize, BufferTooSmall> {
    let mut compound = Compound::new(out);
    compound.receiver_report(REPORTER, &[block])?;
    compound.cname(REPORTER, CNAME)?;
    Ok(compound.len())
}

/// Ask for *missing* packets of the stream *ssrc* again; the length.
pub fn write_nack(ssrc: u32, missing: &[u16], out: &mut [u8]) -> Result<usize, BufferTooSmall> {
    let mut compound = Compound::new(out);
    compound.receiver_report(REPORTER, &[])?;
    compound.cname(REPORTER, CNAME)?;
    compound.nack(REPORTER, ssrc, missing)?;
    Ok(compound.len())
}

/// Write a sender report for every slot that this listener has heard; its length, 0 where there is none.
pub fn write_sender_reports(
    now: Time,
    ntp: NtpTime,
    (voices, section): (&Voices, Section),
    link: &Link,
    out: &mut [u8],
) -> Result<usize, BufferTooSmall> {
    let mut compound = Compound::new(out);
    let mut sent = [None; SLOT_SSRCS.len()];
    for (slot, ssrc) in SLOT_SSRCS.iter().enumerate().take(voices.slots()) {
        let (Some(stream), Some(offset), Some(start), Some(octets)) = (
            voices.stream(slot),
            link.offsets.get(slot),
            link.starts.get(slot),
            link.octets.get(slot),
        ) else {
            continue;
        };
        let (highest, all_octets) = voices.so_far(section, slot);
        let packets = highest.saturating_sub(*offset).saturating_sub(*start);
        if packets == 0 {
            continue;
        }
        let info = SenderInfo {
            ntp,
            rtp_timestamp: stream.timestamp_at(now),
            packets: packets as u32,
            octets: all_octets.wrapping_sub(*octets) as u32,
        };
        compound.sender_report(*ssrc, info, &[])?;
        if let Some(place) = sent.get_mut(slot) {
            *place = Some(*ssrc);
        }
    }
    for ssrc in sent.into_iter().flatten() {
        compound.cname(ssrc, CNAME)?;
    }
    Ok(compound.len())
}

/// Write the BYE of *ssrcs*; its length.
pub fn write_bye(ssrcs: &[u32], out: &mut [u8]) -> Result<usize, BufferTooSmall> {
    let mut compound = Compound::new(out);
    compound.receiver_report(REPORTER, &[])?;
    compound.cname(REPORTER, CNAME)?;
    compound.bye(ssrcs)?;
    Ok(compound.len())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A report every second and a half, after packets of which every *nth* is missing; none with 0.
    fn recent_loss_after(reception: &mut Reception, next: &mut u64, nth: u64) -> u8 {
        for _ in 0..75 {
            *next += 1;
            if nth == 0 || !next.is_multiple_of(nth) {
                reception.note(Time::ZERO, *next, 0);
            }
        }
        let now = Time::ZERO + Duration::from_millis(20) * *next as u32;
        reception.report(now, 1, 0);
        reception.recent_loss()
    }

    #[test]
    fn loss_is_remembered_for_as_long_as_listeners_report_it_and_then_forgotten() {
        let (mut reception, mut next) = (Reception::default(), 0);
        let worst = recent_loss_after(&mut reception, &mut next, 5);
        assert!((45..=56).contains(&worst), "a fifth of 256: {worst}");
        let soon = recent_loss_after(&mut reception, &mut next, 0);
        assert!(soon >= worst / 2);
        for _ in 0..20 {
            recent_loss_after(&mut reception, &mut next, 0);
        }
        assert_eq!(reception.recent_loss(), 0);
    }
}
