//! RED on one line (RFC 2198): copies that go with what is sent, and what of the copies that come was lost.

use std::collections::VecDeque;

use arengo_wire::{opus, red};

use super::pacer::samples;
use crate::limits;

/// The last packets that were sent, to go again with the next ones.
#[derive(Debug)]
pub struct Repeater {
    copies: usize,
    /// Timestamp and Opus, oldest first.
    past: VecDeque<(u32, Vec<u8>)>,
}

impl Repeater {
    /// Send each packet again with this many after it.
    pub fn new(copies: usize) -> Repeater {
        Repeater {
            copies,
            past: VecDeque::new(),
        }
    }

    /// The RED payload of *opus* and its copies; None when they do not fit.
    pub fn payload(&mut self, payload_type: u8, timestamp: u32, opus: &[u8]) -> Option<Vec<u8>> {
        let copies: Vec<(u16, &[u8])> = self
            .past
            .iter()
            .filter_map(|(then, opus)| {
                let offset = u16::try_from(timestamp.wrapping_sub(*then)).ok()?;
                (offset <= red::LONGEST_OFFSET).then_some((offset, &opus[..]))
            })
            .collect();
        let mut payload = vec![0; limits::MOST_OPUS_BYTES];
        let length = red::write(&copies, opus, payload_type, &mut payload);
        if self.past.len() == self.copies {
            self.past.pop_front();
        }
        self.past.push_back((timestamp, opus.to_vec()));
        payload.truncate(length.ok()?);
        Some(payload)
    }
}

/// What was heard of one line lately, by its time.
#[derive(Debug, Default)]
pub struct Timeline {
    /// First timestamp and length in samples, in the order of arrival.
    heard: VecDeque<(u32, u32)>,
}

impl Timeline {
    /// Note a packet; whether its time was not heard before.
    pub fn note(&mut self, timestamp: u32, packet: &[u8]) -> bool {
        if self.has(timestamp) {
            return false;
        }
        if self.heard.len() == limits::MOST_REMEMBERED {
            self.heard.pop_front();
        }
        let length = opus::duration_samples(packet).unwrap_or(samples(limits::FRAME));
        self.heard.push_back((timestamp, length));
        true
    }

    /// Note a copy; whether it fills a hole. What was sent before the first packet that came is none.
    pub fn note_copy(&mut self, timestamp: u32, packet: &[u8]) -> bool {
        let is_after = |(first, _): &(u32, u32)| timestamp.wrapping_sub(*first) as i32 > 0;
        self.heard.front().is_some_and(is_after) && self.note(timestamp, packet)
    }

    fn has(&self, timestamp: u32) -> bool {
        let mut heard = self.heard.iter();
        heard.any(|(first, length)| timestamp.wrapping_sub(*first) < *length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPUS: u8 = 111;
    const TWENTY_MS: &[u8] = &[0xf8, 0xff, 0xfe];
    const SIXTY_MS: &[u8] = &[0xfb, 3, 1, 2, 3];

    fn offsets(payload: &[u8]) -> Vec<u16> {
        let red = red::parse(payload).unwrap();
        red.copies().iter().map(|copy| copy.offset).collect()
    }

    #[test]
    fn each_packet_is_sent_again_with_so_many_after_it_and_timestamps_wrap() {
        let mut repeater = Repeater::new(2);
        let sent: Vec<_> = [u32::MAX - 959, 0, 960, 1_920]
            .iter()
            .map(|timestamp| repeater.payload(OPUS, *timestamp, TWENTY_MS).unwrap())
            .collect();
        let offsets: Vec<_> = sent.iter().map(|payload| offsets(payload)).collect();
        assert_eq!(
            offsets,
            [vec![], vec![960], vec![1_920, 960], vec![1_920, 960]]
        );
    }

    #[test]
    fn what_is_too_long_ago_or_does_not_fit_is_not_sent_again() {
        let mut repeater = Repeater::new(1);
        repeater.payload(OPUS, 0, TWENTY_MS).unwrap();
        let after_a_pause = repeater.payload(OPUS, 16_384, &[7; 1_100]).unwrap();
        assert_eq!(offsets(&after_a_pause), []);
        assert_eq!(repeater.payload(OPUS, 17_344, TWENTY_MS), None);
        let next = repeater.payload(OPUS, 18_304, TWENTY_MS).unwrap();
        assert_eq!(offsets(&next), [960]);
    }

    #[test]
    fn a_copy_is_taken_where_nothing_was_heard_and_once() {
        let mut timeline = Timeline::default();
        assert!(!timeline.note_copy(0, TWENTY_MS));
        assert!(timeline.note(u32::MAX - 959, TWENTY_MS));
        assert!(!timeline.note_copy(u32::MAX - 1_919, TWENTY_MS));
        assert!(!timeline.note_copy(u32::MAX - 959, TWENTY_MS));
        assert!(timeline.note_copy(0, TWENTY_MS));
        assert!(!timeline.note_copy(0, TWENTY_MS));
        assert!(!timeline.note(0, TWENTY_MS));
        assert!(timeline.note(960, TWENTY_MS));
    }

    #[test]
    fn a_copy_of_a_part_of_what_was_heard_is_none_of_a_hole() {
        let mut timeline = Timeline::default();
        assert!(timeline.note(0, SIXTY_MS));
        assert!(!timeline.note_copy(960, TWENTY_MS));
        assert!(!timeline.note_copy(1_920, TWENTY_MS));
        assert!(timeline.note_copy(2_880, TWENTY_MS));
    }
}
