//! Copies of earlier frames in a packet, for listeners who lose packets (RFC 2198).
//!
//! Rule 1: only who loses packets gets copies, and as many as their loss asks for: [`LossWatch`].
//! Rule 2: a copy is of the same voice in the same lending. What is remembered of a voice goes when it is silenced.

use std::time::Duration;

use arengo_wire::red;

use crate::limits::{
    FEC_AUDIENCE, FEC_LOSS, FEC_WINDOW, LOSS_FOR_ONE, LOSS_FOR_TWO, OPUS_PACKET, PROTECTED_FOR,
    SLOTS,
};
use crate::time::Time;

/// How many earlier frames a packet carries again, and which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Redundancy {
    /// None.
    #[default]
    None,
    /// The one before.
    One,
    /// The two before.
    Two,
    /// Two, far enough apart to survive a burst.
    Apart,
}

impl Redundancy {
    /// All kinds, the least first.
    pub const ALL: [Self; 4] = [Self::None, Self::One, Self::Two, Self::Apart];

    /// How many frames back each copy is, the oldest first.
    const fn distances(self) -> &'static [u64] {
        match self {
            Self::None => &[],
            Self::One => &[1],
            Self::Two => &[2, 1],
            Self::Apart => &[5, 2],
        }
    }
}

/// Packets that are remembered of a publisher: more than the largest distance, a power of two.
const REMEMBERED: usize = 8;
/// Bytes of a packet of speech, seldom more.
const USUAL_BYTES: usize = 200;

/// The last packets of a publisher.
#[derive(Clone, Debug, Default)]
pub struct History([Past; REMEMBERED]);

#[derive(Clone, Debug, Default)]
struct Past {
    index: Option<u64>,
    timestamp: u32,
    opus: Vec<u8>,
}

/// A packet of a publisher, and what came before it.
#[derive(Clone, Copy, Debug)]
pub struct Recent<'a> {
    /// What came before.
    pub history: &'a History,
    /// The publisher's own number.
    pub index: u64,
    /// The publisher's own time.
    pub timestamp: u32,
    /// How many packets back this lending goes.
    pub depth: u64,
}

impl History {
    /// Remember a packet.
    pub fn note(&mut self, index: u64, timestamp: u32, opus: &[u8]) {
        if let Some(past) = self.0.get_mut(index as usize % REMEMBERED) {
            (past.index, past.timestamp) = (Some(index), timestamp);
            past.opus.clear();
            past.opus.extend_from_slice(opus);
        }
    }

    /// Take the memory that ordinary speech needs.
    pub fn prepare(&mut self) {
        for past in &mut self.0 {
            past.opus.reserve(USUAL_BYTES);
        }
    }
}

impl Recent<'_> {
    /// Write *opus*, the packet's sound, behind the copies that *redundancy* asks for; None where there is nothing to
    /// copy.
    ///
    /// A copy that has no room in a packet is left out, the oldest first.
    pub fn write(
        &self,
        opus: &[u8],
        redundancy: Redundancy,
        out: &mut [u8; OPUS_PACKET],
    ) -> Option<usize> {
        let mut copies: [(u16, &[u8]); 2] = [(0, &[]); 2];
        let mut count = 0;
        let distances = redundancy.distances().iter();
        for distance in distances.filter(|distance| **distance <= self.depth) {
            let index = self.index.wrapping_sub(*distance);
            let past = self.history.0.get(index as usize % REMEMBERED)?;
            let offset = self.timestamp.wrapping_sub(past.timestamp);
            if past.index == Some(index)
                && (1..=u32::from(red::LONGEST_OFFSET)).contains(&offset)
                && past.opus.len() <= red::COPY_BYTES
                && let Some(copy) = copies.get_mut(count)
            {
                *copy = (offset as u16, &past.opus);
                count += 1;
            }
        }
        let copies = copies.get(..count)?;
        (0..count).find_map(|from| red::write(copies.get(from..)?, opus, 0, out).ok())
    }
}

/// What a listener has told of its losses, and what it is given for them.
#[derive(Clone, Copy, Debug, Default)]
pub struct LossWatch {
    /// The highest sequence number reported of each slot.
    reported: [Option<u32>; SLOTS],
    /// The sequence number that was named as lost last, of each slot.
    named: [Option<u16>; SLOTS],
    /// Losses named in this second, and when it began.
    named_since: Time,
    named_now: u8,
    /// Losses named, and in how many bursts; both fade.
    lost: u16,
    bursts: u16,
    /// The loss that reports tell, of 256, and the one by what was named; they fade with each report.
    loss: u8,
    named_loss: u8,
    given: Redundancy,
    /// When as much was last needed.
    needed: Time,
}

/// Packets in a second of one voice.
const PACKETS_A_SECOND: u16 = 50;
/// Losses named in a second that are believed at once.
const NAMED: u8 = 3;
/// Packets that a report has to be about.
const REPORTED: u32 = 20;
/// Losses for each burst, times 16, from which they are no longer chance: at 30 % chance makes 23.
const BURSTY: u32 = 30;
/// Bursts from which their length is believed.
const BURSTS: u16 = 4;

impl LossWatch {
    /// A receiver report says that *fraction* of 256 of the packets up to *highest* of *slot* were lost.
    pub fn report(&mut self, slot: usize, highest: u32, fraction: u8) -> u8 {
        let Some(reported) = self.reported.get_mut(slot) else {
            return 0;
        };
        let before = reported.replace(highest);
        let is_few = before.is_some_and(|before| highest.wrapping_sub(before) < REPORTED);
        if is_few { 0 } else { fraction }
    }

    /// A report has been read; *worst* is the largest loss in it.
    pub fn reported(&mut self, worst: u8) {
        self.loss = worst.max(self.loss - self.loss.div_ceil(4));
        self.named_loss -= self.named_loss.div_ceil(4);
        if self.bursts > 4 * BURSTS {
            (self.bursts, self.lost) = (self.bursts / 2, self.lost / 2);
        }
    }

    /// The listener misses the packet *sequence* of *slot* (RFC 4585 §6.2.1); it says so again until it comes.
    pub fn named(&mut self, now: Time, slot: usize, sequence: u16) {
        let Some(named) = self.named.get_mut(slot) else {
            return;
        };
        let step = named.map_or(2, |before| sequence.wrapping_sub(before));
        if !(1..1 << 15).contains(&step) {
            return;
        }
        *named = Some(sequence);
        self.lost = self.lost.saturating_add(1);
        self.bursts = self.bursts.saturating_add(u16::from(step > 1));
        if now.since(self.named_since) >= Duration::from_secs(1) {
            (self.named_since, self.named_now) = (now, 0);
        }
        self.named_now = self.named_now.saturating_add(1);
        if self.named_now >= NAMED {
            let share = u16::from(self.named_now) * 256 / PACKETS_A_SECOND;
            let share = u8::try_from(share).unwrap_or(u8::MAX);
            self.named_loss = self.named_loss.max(share);
        }
    }

    /// The loss that is believed, of 256.
    #[must_use]
    pub fn loss(&self) -> u8 {
        self.loss.max(self.named_loss)
    }

    /// What this listener is given; *elsewhere* is the share of its losses that copies cannot mend.
    ///
    /// More is given at once, and less after a while without need of it.
    pub fn judge(&mut self, now: Time, elsewhere: u8) -> Redundancy {
        // What never came to us is named, too: while anything is lost elsewhere, only reports are believed.
        let believed = if elsewhere == 0 {
            self.loss()
        } else {
            self.loss
        };
        let loss = believed.saturating_sub(elsewhere);
        let wanted = match loss {
            ..LOSS_FOR_ONE => Redundancy::None,
            LOSS_FOR_ONE..LOSS_FOR_TWO => Redundancy::One,
            _ if self.is_bursty() => Redundancy::Apart,
            _ => Redundancy::Two,
        };
        if wanted >= self.given || now.since(self.needed) >= PROTECTED_FOR {
            (self.given, self.needed) = (wanted, now);
        }
        self.given
    }

    fn is_bursty(&self) -> bool {
        self.bursts >= BURSTS && u32::from(self.lost) * 16 >= u32::from(self.bursts) * BURSTY
    }
}

/// What those who lose packets and cannot take copies need: the speakers' own forward error correction, in the next
/// packet of each. A browser's encoder turns it on when it is told of loss, so it is told of theirs.
#[derive(Clone, Copy, Debug, Default)]
pub struct FecNeed {
    since: Time,
    reports: u32,
    lossy: u32,
    loss: u32,
    asked: u8,
}

impl FecNeed {
    /// A listener has reported; *unmended* is the loss of 256 that no copies can mend, 0 for none.
    pub fn note(&mut self, now: Time, unmended: u8) {
        if now.since(self.since) >= FEC_WINDOW {
            let is_enough = self.lossy * FEC_AUDIENCE >= self.reports;
            let mean = self.loss.checked_div(self.lossy).filter(|_| is_enough);
            let mean = u8::try_from(mean.unwrap_or(0)).unwrap_or(u8::MAX);
            *self = Self {
                since: now,
                asked: mean.min(FEC_LOSS),
                ..Self::default()
            };
        }
        self.reports += 1;
        self.lossy += u32::from(unmended > 0);
        self.loss += u32::from(unmended);
    }

    /// The loss that speakers should hear of, of 256.
    #[must_use]
    pub fn asked(&self, now: Time) -> u8 {
        let is_fresh = now.since(self.since) < FEC_WINDOW * 3;
        if is_fresh { self.asked } else { 0 }
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets a surprise stops"
)]
mod tests {
    use super::*;

    /// A packet of *size* bytes, its number in each, after ten like it but the one at *missing*.
    fn after_ten(
        size: usize,
        missing: u64,
        (index, depth): (u64, u64),
        redundancy: Redundancy,
    ) -> Vec<u64> {
        let mut history = History::default();
        for past in (90..100).filter(|past| *past != missing) {
            history.note(past, 960 * past as u32, &vec![past as u8; size]);
        }
        let recent = Recent {
            history: &history,
            index,
            timestamp: 960 * index as u32,
            depth,
        };
        let mut out = [0; OPUS_PACKET];
        let opus = vec![index as u8; size];
        let Some(len) = recent.write(&opus, redundancy, &mut out) else {
            return Vec::new();
        };
        let red = red::parse(&out[..len]).unwrap();
        assert_eq!(red.primary.data, opus);
        let distance = |copy: &red::Block<'_>| {
            let distance = u64::from(copy.offset / 960);
            assert_eq!(u64::from(copy.data[0]), index - distance);
            distance
        };
        red.copies().iter().map(distance).collect()
    }

    #[test]
    fn a_packet_carries_the_frames_that_its_kind_names() {
        let of = |redundancy| after_ten(80, 0, (100, 50), redundancy);
        assert!(of(Redundancy::None).is_empty());
        assert_eq!(of(Redundancy::One), [1]);
        assert_eq!(of(Redundancy::Two), [2, 1]);
        assert_eq!(of(Redundancy::Apart), [5, 2]);
    }

    #[test]
    fn what_never_came_or_is_of_another_lending_or_of_long_ago_is_not_copied() {
        assert_eq!(after_ten(80, 99, (100, 50), Redundancy::Two), [2]);
        assert_eq!(after_ten(80, 0, (100, 1), Redundancy::Two), [1]);
        assert!(after_ten(80, 0, (100, 0), Redundancy::Two).is_empty());
        assert!(after_ten(80, 0, (120, 50), Redundancy::Two).is_empty());
    }

    #[test]
    fn what_has_no_room_is_left_out_from_the_oldest_on() {
        assert_eq!(after_ten(400, 0, (100, 50), Redundancy::Two), [1]);
        assert!(after_ten(600, 0, (100, 50), Redundancy::Two).is_empty());
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn more_loss_gets_more_copies_at_once_and_less_after_half_a_minute() {
        let mut watch = LossWatch::default();
        let mut now = Time::ZERO + SECOND * 100;
        for (loss, given) in [
            (0, Redundancy::None),
            (LOSS_FOR_ONE, Redundancy::One),
            (40, Redundancy::Two),
            (0, Redundancy::Two),
        ] {
            watch.reported(loss);
            assert_eq!(watch.judge(now, 0), given);
        }
        for _ in 0..5 {
            now = now + SECOND * 5;
            watch.reported(0);
            assert_eq!(watch.judge(now, 0), Redundancy::Two);
        }
        for _ in 0..20 {
            now = now + SECOND * 5;
            watch.reported(0);
            watch.judge(now, 0);
        }
        assert_eq!(watch.judge(now, 0), Redundancy::None);
    }

    #[test]
    fn what_the_speaker_lost_is_no_reason_for_copies() {
        let mut watch = LossWatch::default();
        watch.reported(40);
        assert_eq!(watch.judge(Time::ZERO, 40), Redundancy::None);
        let mut watch = LossWatch::default();
        (0..50).for_each(|sequence| watch.named(Time::ZERO, 0, 7 * sequence));
        assert_eq!(watch.judge(Time::ZERO, 2), Redundancy::None);
        assert_eq!(watch.judge(Time::ZERO, 0), Redundancy::Two);
    }

    /// What is given after ten seconds in which *lost* says of each packet whether it is missing.
    fn given_for(lost: impl Fn(u16) -> bool) -> Redundancy {
        let mut watch = LossWatch::default();
        let mut now = Time::ZERO + SECOND;
        for sequence in 0..500_u16 {
            now = now + Duration::from_millis(20);
            if lost(sequence) {
                // Said again and again.
                watch.named(now, 0, sequence);
                watch.named(now, 0, sequence.saturating_sub(1));
                watch.named(now, 0, sequence);
            }
        }
        watch.judge(now, 0)
    }

    #[test]
    fn losses_that_are_named_are_believed_within_a_second_and_bursts_are_told_from_chance() {
        assert_eq!(given_for(|_| false), Redundancy::None);
        assert_eq!(given_for(|sequence| sequence % 100 == 0), Redundancy::None);
        assert_eq!(given_for(|sequence| sequence % 7 == 0), Redundancy::Two);
        assert_eq!(given_for(|sequence| sequence % 20 < 3), Redundancy::Apart);
    }

    /// What speakers are told after half a minute in which each of *listeners* reports its loss every five seconds.
    fn told_to_speakers(listeners: &[u8]) -> u8 {
        let mut need = FecNeed::default();
        let mut now = Time::ZERO + SECOND * 100;
        for _ in 0..6 {
            now = now + SECOND * 5;
            listeners.iter().for_each(|loss| need.note(now, *loss));
        }
        assert_eq!(need.asked(now + FEC_WINDOW * 4), 0, "reports have ended");
        need.asked(now)
    }

    #[test]
    fn speakers_are_asked_for_error_correction_when_enough_listeners_need_it() {
        assert_eq!(told_to_speakers(&[0, 0]), 0);
        assert_eq!(told_to_speakers(&[0, 18]), 18);
        assert_eq!(told_to_speakers(&[200]), FEC_LOSS);
        let mut crowd = [0; 30];
        crowd[..2].fill(18);
        assert_eq!(told_to_speakers(&crowd), 0, "too few");
        crowd[..3].fill(18);
        assert_eq!(told_to_speakers(&crowd), 18);
    }

    #[test]
    fn a_report_about_a_few_packets_tells_nothing() {
        let mut watch = LossWatch::default();
        assert_eq!(watch.report(0, 100, 50), 50);
        assert_eq!(watch.report(0, 104, 64), 0);
        assert_eq!(watch.report(0, 300, 64), 64);
        assert_eq!(watch.report(7, 300, 64), 0);
    }
}
