//! When a publisher's sound was captured, on our clock.
//!
//! A receiver's jitter buffer grows with how late packets are against their RTP time. So listeners are told when a sound
//! was captured, whoever speaks and however late its packet reached us: the sender's RTP time, and the smallest delay
//! that the sender's packets had lately. [`crate::timeline`] says when a slot takes a new estimate over.

use std::time::Duration;

use crate::time::Time;

/// A packet that is later than this, in ticks of our clock, is from a clock that stood still: no uplink that stalls so
/// long is worth waiting for.
const LATEST: i32 = 1000 * 48;
/// So is one whose followers are all as late as this,
const LATE: i32 = 140 * 48;
/// for so long. A stalled uplink catches up with a burst.
const LATE_FOR: Duration = Duration::from_millis(200);
/// Packets in which the smallest delay is looked for; it counts for as many again.
const WINDOW: u16 = 100;

/// A sender's RTP clock against ours.
#[derive(Clone, Copy, Debug, Default)]
pub struct CaptureClock {
    /// Our ticks less the sender's, roughly; None before the first packet.
    shift: Option<u32>,
    /// The least lateness against that, in the window under way and in the one before.
    least: i32,
    least_before: Option<i32>,
    noted: u16,
    /// Since when all packets have been late, and by how much at least.
    late: Option<(Time, i32)>,
    /// The newest packet, and the sender's time at which its sound ends.
    newest: u64,
    end: u32,
}

/// What is known of the time of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Captured {
    /// When its sound began, in ticks of our clock.
    pub at: u32,
    /// Whether its sender was silent before it.
    pub after_pause: bool,
}

impl CaptureClock {
    /// Note the packet *index*, whose *ticks* of sound begin at the sender's *timestamp*.
    pub fn note(&mut self, now: Time, index: u64, timestamp: u32, ticks: u32) -> Captured {
        let transit = (now.ticks_48k() as u32).wrapping_sub(timestamp);
        let shift = *self.shift.get_or_insert(transit);
        let late = transit.wrapping_sub(shift) as i32;
        if let Some(anew) = self.jump(now, late) {
            self.shift = Some(shift.wrapping_add_signed(anew));
            (self.least, self.least_before, self.noted) = (late - anew, None, 1);
        } else {
            self.remember(late);
        }
        let after_pause = index == self.newest + 1 && timestamp.wrapping_sub(self.end) as i32 > 0;
        if index > self.newest {
            (self.newest, self.end) = (index, timestamp.wrapping_add(ticks));
        }
        let shift = self.shift.unwrap_or(shift).wrapping_add_signed(self.best());
        Captured {
            at: timestamp.wrapping_add(shift),
            after_pause,
        }
    }

    /// The lateness of a packet that came without delay.
    fn best(&self) -> i32 {
        self.least.min(self.least_before.unwrap_or(0))
    }

    /// By how much the sender's clock has jumped, if it has.
    fn jump(&mut self, now: Time, late: i32) -> Option<i32> {
        let behind = late - self.best();
        if !(-LATEST..=LATEST).contains(&behind) {
            self.late = None;
            return Some(late);
        }
        if behind < LATE {
            self.late = None;
            return None;
        }
        let (since, least) = self.late.unwrap_or((now, late));
        let least = least.min(late);
        self.late = (now.since(since) < LATE_FOR).then_some((since, least));
        self.late.is_none().then_some(least)
    }

    fn remember(&mut self, late: i32) {
        if self.noted == WINDOW {
            (self.least_before, self.least) = (Some(self.least), late);
            self.noted = 0;
        }
        self.noted += 1;
        self.least = self.least.min(late);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: u32 = 960;

    /// A sender whose clock begins anywhere, and the packets it has sent.
    struct Sender {
        clock: CaptureClock,
        index: u64,
        /// When the next packet is captured, in ticks of our clock.
        at: u32,
        /// The sender's ticks less ours.
        offset: u32,
    }

    impl Sender {
        fn new() -> Self {
            Self {
                clock: CaptureClock::default(),
                index: 7,
                at: 480_000,
                offset: 3_000_000_000,
            }
        }

        fn note(&mut self, delay: u32) -> (Captured, i32) {
            self.index += 1;
            let arrival = self.at + delay * 48;
            let now = Time::from_micros(u64::from(arrival).div_ceil(48) * 1000);
            let sent = self.at.wrapping_add(self.offset);
            let captured = self.clock.note(now, self.index, sent, FRAME);
            self.at += FRAME;
            let late = (now.ticks_48k() as u32).wrapping_sub(captured.at) as i32;
            (captured, late / 48)
        }

        /// Send the next packet, which takes *delay* ms: how late it is told to be, in ms.
        fn send(&mut self, delay: u32) -> i32 {
            self.note(delay).1
        }
    }

    #[test]
    fn a_packet_is_as_late_as_it_is_behind_the_fastest() {
        let mut sender = Sender::new();
        let late = [45, 30, 20, 33, 20, 60].map(|delay| sender.send(delay));
        assert_eq!(late, [0, 0, 0, 13, 0, 40]);
    }

    #[test]
    fn a_pause_is_told_from_a_loss_and_from_what_was_overtaken() {
        let mut sender = Sender::new();
        sender.send(20);
        assert!(!sender.note(20).0.after_pause);
        sender.at += FRAME;
        assert!(sender.note(20).0.after_pause);
        (sender.at, sender.index) = (sender.at + FRAME, sender.index + 1);
        assert!(!sender.note(20).0.after_pause);
        (sender.at, sender.index) = (sender.at - 2 * FRAME, sender.index - 2);
        assert!(!sender.note(40).0.after_pause);
    }

    #[test]
    fn one_late_packet_after_a_minute_does_not_move_the_clock() {
        let mut sender = Sender::new();
        for _ in 0..50 {
            sender.send(20);
        }
        sender.at += 60_000 * 48;
        assert_eq!(sender.send(50), 30);
        assert_eq!(sender.send(20), 0);
    }

    #[test]
    fn a_longer_way_is_learnt_within_seconds() {
        let mut sender = Sender::new();
        sender.send(20);
        let late: Vec<i32> = (0..2 * WINDOW).map(|_| sender.send(80)).collect();
        assert_eq!((late.first(), late.last()), (Some(&60), Some(&0)));
    }

    #[test]
    fn a_stalled_uplink_does_not_move_the_clock() {
        let mut sender = Sender::new();
        for _ in 0..10 {
            sender.send(20);
        }
        let late: Vec<i32> = (0..25).map(|n| sender.send(520 - 20 * n)).collect();
        assert_eq!((late.first(), late.last()), (Some(&500), Some(&20)));
        assert_eq!(sender.send(20), 0);
    }

    #[test]
    fn a_clock_that_stood_still_is_followed() {
        let mut sender = Sender::new();
        sender.send(20);
        sender.offset = sender.offset.wrapping_sub(5000 * 48);
        assert_eq!(sender.send(20), 0, "five seconds: at once");
        sender.offset = sender.offset.wrapping_sub(300 * 48);
        let late: Vec<i32> = (0..12).map(|_| sender.send(20)).collect();
        assert_eq!(late.first(), Some(&300));
        assert_eq!(late.last(), Some(&0), "less than a second: after 200 ms");
    }

    #[test]
    fn a_clock_that_runs_too_fast_is_never_ahead_of_ours() {
        let mut sender = Sender::new();
        for _ in 0..1000 {
            sender.offset = sender.offset.wrapping_add(FRAME);
            assert_eq!(sender.send(20), 0);
        }
    }

    #[test]
    fn a_clock_that_runs_too_slow_is_followed_within_seconds() {
        let mut sender = Sender::new();
        for _ in 0..5000 {
            // 300 in a million.
            sender.offset = sender
                .offset
                .wrapping_sub(u32::from(sender.index.is_multiple_of(3)));
            assert!(sender.send(20) <= 2);
        }
    }
}
