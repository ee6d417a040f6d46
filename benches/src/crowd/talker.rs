//! Somebody who plays a recording, a packet every 20 ms, and remembers when each left.

use std::time::{Duration, Instant};

/// Packets whose time is remembered: 80 seconds of them.
const REMEMBERED: usize = 4_096;
const FRAME: Duration = Duration::from_millis(20);
/// Who is later than this goes on with now.
const MOST_CATCH_UP: Duration = Duration::from_millis(150);
/// Talkers do not speak in step: each begins this much later in the 20 ms.
const PHASE: Duration = Duration::from_micros(7_300);

/// A talker of a space.
pub struct Talker {
    pub guest: usize,
    pub space: usize,
    pub voice: usize,
    next: Option<Instant>,
    count: u64,
    sent_at: Vec<u64>,
    first: u64,
}

impl Talker {
    pub fn new(guest: usize, space: usize, voice: usize) -> Talker {
        Talker {
            guest,
            space,
            voice,
            next: None,
            count: 0,
            sent_at: vec![0; REMEMBERED],
            first: 0,
        }
    }

    /// When the next packet leaves; None before they can speak.
    pub fn next(&self) -> Option<Instant> {
        self.next
    }

    /// The way is open; the *order*-th of all talkers.
    pub fn may_speak(&mut self, order: usize, now: Instant) {
        let phase = PHASE.as_micros() as usize * order % FRAME.as_micros() as usize;
        self.next = Some(now + Duration::from_micros(phase as u64));
    }

    /// The number of the packet that is due, and since when.
    pub fn due(&mut self, now: Instant) -> Option<(u64, Instant)> {
        let next = self.next.filter(|next| *next <= now)?;
        let is_late = now.saturating_duration_since(next) > MOST_CATCH_UP;
        let at = if is_late { now } else { next };
        self.next = Some(at + FRAME);
        Some((self.count, at))
    }

    /// The packet that was due leaves at *at*, nanoseconds of the wall clock.
    pub fn leaves(&mut self, at: u64) {
        if let Some(place) = self.sent_at.get_mut(self.count as usize % REMEMBERED) {
            *place = at;
        }
        self.count += 1;
    }

    /// When packet *number* left, if that is remembered.
    pub fn left_at(&self, number: u64) -> Option<u64> {
        let age = self.count.checked_sub(number + 1)?;
        if age >= REMEMBERED as u64 {
            return None;
        }
        self.sent_at.get(number as usize % REMEMBERED).copied()
    }

    /// The last packet that was at *place* of a recording of *length* packets.
    pub fn last_at(&self, place: u64, length: u64) -> Option<u64> {
        let last = self.count.checked_sub(1)?;
        let back = (last % length + length - place) % length;
        last.checked_sub(back)
    }

    /// Begin a window.
    pub fn begin(&mut self) {
        self.first = self.count;
    }

    /// Packets of the window.
    pub fn in_window(&self) -> u64 {
        self.count - self.first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_packet_is_known_until_it_is_too_long_ago() {
        let mut talker = Talker::new(0, 0, 0);
        for at in 0..5_000 {
            talker.leaves(at);
        }
        assert_eq!(talker.left_at(4_999), Some(4_999));
        assert_eq!(talker.left_at(904), Some(904));
        assert_eq!(talker.left_at(903), None);
        assert_eq!(talker.left_at(5_000), None);
    }

    #[test]
    fn a_place_in_the_recording_is_the_last_packet_said_there() {
        let mut talker = Talker::new(0, 0, 0);
        assert_eq!(talker.last_at(0, 10), None);
        for at in 0..25 {
            talker.leaves(at);
        }
        assert_eq!(talker.last_at(4, 10), Some(24));
        assert_eq!(talker.last_at(5, 10), Some(15));
    }

    #[test]
    fn a_talker_speaks_every_twenty_milliseconds_and_makes_up_for_a_little() {
        let now = Instant::now();
        let mut talker = Talker::new(0, 0, 0);
        assert_eq!(talker.due(now), None);
        talker.may_speak(0, now);
        let late = now + 3 * FRAME;
        for number in 0..4 {
            let at = now + FRAME * number;
            assert_eq!(talker.due(late), Some((number.into(), at)));
            talker.leaves(0);
        }
        assert_eq!(talker.due(late), None);
        let much_later = now + Duration::from_secs(2);
        assert_eq!(talker.due(much_later), Some((4, much_later)));
        assert_eq!(talker.next(), Some(much_later + FRAME));
    }
}
