//! When each queued Opus packet leaves, and with which sequence number and timestamp.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use arengo_wire::opus;

use crate::limits;

/// A packet whose time has come.
#[derive(Debug, PartialEq, Eq)]
pub struct Paced {
    /// Sequence number, counted on across wraps: with its rollover counter (RFC 3711 section 3.3.1).
    pub index: u64,
    pub timestamp: u32,
    /// First after silence (RFC 3551 section 4.1).
    pub marker: bool,
    /// RFC 6464: dBov below the loudest, 0 to 127.
    pub level: u8,
    pub opus: Vec<u8>,
}

/// Packets in line, each leaving when the one before it has been played.
#[derive(Debug)]
pub struct Pacer {
    waiting: VecDeque<(Vec<u8>, u8)>,
    /// When the next packet leaves, once it is known what came before it.
    next: Option<Instant>,
    index: u64,
    timestamp: u32,
    was_silent: bool,
}

impl Pacer {
    /// Begin with this sequence number and timestamp.
    pub fn new(sequence: u16, timestamp: u32) -> Pacer {
        Pacer {
            waiting: VecDeque::new(),
            next: None,
            index: sequence.into(),
            timestamp,
            was_silent: true,
        }
    }

    /// Put a packet in line; one too many or too large is 20 ms of silence or nothing.
    pub fn push(&mut self, opus: &[u8], level: u8) {
        if self.waiting.len() < limits::MOST_QUEUED {
            let opus = if opus.len() <= limits::MOST_OPUS_BYTES {
                opus
            } else {
                &[]
            };
            self.waiting.push_back((opus.to_vec(), level));
        }
    }

    pub fn queued(&self) -> usize {
        self.waiting.len()
    }

    pub fn clear(&mut self) {
        self.waiting.clear();
    }

    /// When a packet leaves next; None with nothing in line.
    pub fn next_timeout(&self, now: Instant) -> Option<Instant> {
        if self.waiting.is_empty() {
            None
        } else {
            Some(self.next.unwrap_or(now))
        }
    }

    /// The next packet that is due at *now*.
    pub fn take_due(&mut self, now: Instant) -> Option<Paced> {
        loop {
            if self.waiting.is_empty() {
                return None;
            }
            let mut due = self.next.unwrap_or(now);
            if due > now {
                return None;
            }
            if now.saturating_duration_since(due) > limits::MOST_CATCH_UP {
                self.skip(now - due);
                due = now;
            }
            let (opus, level) = self.waiting.pop_front()?;
            let length = duration_of(&opus);
            let timestamp = self.timestamp;
            self.timestamp = timestamp.wrapping_add(samples(length));
            self.next = Some(due + length);
            if opus.is_empty() {
                self.was_silent = true;
                continue;
            }
            let index = self.index;
            self.index += 1;
            let marker = std::mem::replace(&mut self.was_silent, false);
            return Some(Paced {
                index,
                timestamp,
                marker,
                level,
                opus,
            });
        }
    }

    fn skip(&mut self, pause: Duration) {
        self.timestamp = self.timestamp.wrapping_add(samples(pause));
        self.was_silent = true;
    }
}

fn duration_of(opus: &[u8]) -> Duration {
    match opus::duration_samples(opus) {
        Ok(samples) => Duration::from_micros(u64::from(samples) * 1_000 / 48),
        Err(_) => limits::FRAME,
    }
}

/// RTP time in *length*; it wraps around by design.
pub fn samples(length: Duration) -> u32 {
    (length.as_micros() * u128::from(opus::CLOCK_HZ) / 1_000_000) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWENTY_MS: &[u8] = &[0xf8, 0xff, 0xfe];

    fn a_pacer(packets: usize) -> Pacer {
        let mut pacer = Pacer::new(65_535, u32::MAX);
        for _ in 0..packets {
            pacer.push(TWENTY_MS, 20);
        }
        pacer
    }

    #[test]
    fn packets_leave_twenty_milliseconds_apart_and_numbers_wrap() {
        let start = Instant::now();
        let mut pacer = a_pacer(2);
        let first = pacer.take_due(start).unwrap();
        assert_eq!(
            (first.index, first.timestamp, first.marker),
            (65_535, u32::MAX, true)
        );
        assert_eq!(pacer.take_due(start), None);
        assert_eq!(pacer.next_timeout(start), Some(start + limits::FRAME));
        let second = pacer.take_due(start + limits::FRAME).unwrap();
        assert_eq!(
            (second.index, second.timestamp, second.marker),
            (65_536, 959, false)
        );
        assert_eq!(pacer.next_timeout(start), None);
    }

    #[test]
    fn an_empty_packet_is_silence_of_its_length() {
        let start = Instant::now();
        let mut pacer = Pacer::new(1, 0);
        pacer.push(&[], 127);
        pacer.push(TWENTY_MS, 20);
        assert_eq!(pacer.take_due(start), None);
        let after = pacer.take_due(start + limits::FRAME).unwrap();
        assert_eq!((after.index, after.timestamp, after.marker), (1, 960, true));
    }

    #[test]
    fn a_late_thread_catches_up_a_little_and_a_pause_moves_the_timestamp() {
        let start = Instant::now();
        let mut pacer = a_pacer(3);
        pacer.take_due(start).unwrap();
        let late = start + Duration::from_millis(45);
        assert!(pacer.take_due(late).is_some_and(|packet| !packet.marker));
        assert!(pacer.take_due(late).is_some_and(|packet| !packet.marker));
        pacer.push(TWENTY_MS, 20);
        let much_later = start + Duration::from_secs(10);
        let again = pacer.take_due(much_later).unwrap();
        assert_eq!((again.timestamp, again.marker), (480_000 - 1, true));
    }
}
