//! What each participant receives, counted packet by packet from outside.

/// Samples of one frame, as every talker sends them.
pub const FRAME: u32 = 960;
/// Streams of one participant that are counted.
pub const STREAMS: usize = 3;
/// A packet has at most so many frames; a longer step is a gap.
const MOST_FRAMES: u32 = 6;

/// One stream of one participant.
#[derive(Debug, Clone, Copy)]
pub struct Stream {
    pub id: u32,
    /// Highest sequence number, counted on over its end.
    highest: u64,
    timestamp: u32,
    /// When the packet with the highest number came.
    at: u64,
    /// Packets since the one that was opened last, and until the next.
    pub unopened: u64,
    pub countdown: u64,
    /// Whose voice it is, and the timestamp of their packet 0; None before a sample told.
    pub origin: Option<Origin>,
    /// Of the window:
    pub first: u64,
    pub received: u64,
    pub frames: u64,
}

/// Whose voice a stream carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    pub talker: u16,
    pub zero: u32,
}

/// What a packet told of the one before it: how long that one was on its way is known once the next has come, because a
/// packet may hold several frames and the newest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    /// When it came, in nanoseconds of the wall clock.
    pub at: u64,
    /// Its newest frame, in samples.
    pub newest: u32,
}

/// A packet, as seen from outside.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    pub sequence: u16,
    pub timestamp: u32,
    pub at: u64,
}

/// What a packet was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Next(Option<Before>),
    /// Behind a gap.
    Skipped,
    /// It should have come earlier.
    Late,
    /// It had come already, as far as a single number can tell.
    Again,
}

impl Stream {
    pub fn new(id: u32, seen: Seen) -> Stream {
        // Far from 0, so that nothing late is before the beginning.
        let highest = 1 << 32 | u64::from(seen.sequence);
        Stream {
            id,
            highest,
            timestamp: seen.timestamp,
            at: seen.at,
            unopened: 0,
            countdown: 0,
            origin: None,
            first: highest,
            received: 1,
            frames: 0,
        }
    }

    /// Count a packet with a sequence number of *bits* bits.
    #[inline]
    pub fn take(&mut self, seen: Seen, bits: u32) -> Step {
        let shift = 16 - bits;
        let difference = (seen.sequence << shift).wrapping_sub((self.highest as u16) << shift);
        let step = i64::from((difference as i16) >> shift);
        match step {
            0 => Step::Again,
            ..0 => {
                self.received += 1;
                Step::Late
            }
            _ => {
                self.received += 1;
                self.highest = self.highest.wrapping_add_signed(step);
                let length = seen.timestamp.wrapping_sub(self.timestamp);
                let before = Before {
                    at: self.at,
                    newest: seen.timestamp.wrapping_sub(FRAME),
                };
                self.timestamp = seen.timestamp;
                self.at = seen.at;
                if step > 1 {
                    return Step::Skipped;
                }
                let frames = length / FRAME;
                if (1..=MOST_FRAMES).contains(&frames) {
                    self.frames += u64::from(frames);
                    Step::Next(Some(before))
                } else {
                    Step::Next(None)
                }
            }
        }
    }

    /// Begin a window.
    pub fn begin(&mut self) {
        self.first = self.highest;
        self.received = 0;
        self.frames = 0;
    }

    /// Packets that should have come in the window.
    pub fn expected(&self) -> u64 {
        self.highest - self.first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(sequence: u16, frames: u32) -> Seen {
        Seen {
            sequence,
            timestamp: frames.wrapping_mul(FRAME),
            at: u64::from(frames),
        }
    }

    #[test]
    fn what_is_lost_repeated_or_late_is_counted_over_the_end_of_the_numbers() {
        let mut stream = Stream::new(7, seen(65_533, 0));
        stream.begin();
        let next = |newest: u32, at| {
            Step::Next(Some(Before {
                at,
                newest: newest.wrapping_mul(FRAME),
            }))
        };
        assert_eq!(stream.take(seen(65_534, 1), 16), next(0, 0));
        assert_eq!(stream.take(seen(0, 3), 16), Step::Skipped);
        assert_eq!(stream.take(seen(65_535, 2), 16), Step::Late);
        assert_eq!(stream.take(seen(0, 3), 16), Step::Again);
        assert_eq!(stream.take(seen(3, 6), 16), Step::Skipped);
        assert_eq!((stream.expected(), stream.received), (6, 4));
    }

    #[test]
    fn numbers_of_eight_bits_go_on_too() {
        let mut stream = Stream::new(7, seen(254, 0));
        stream.begin();
        for number in 0..300_u32 {
            stream.take(seen((255 + number) as u16 & 0xff, number + 1), 8);
        }
        assert_eq!((stream.expected(), stream.received), (300, 300));
    }

    #[test]
    fn a_packet_of_three_frames_is_as_old_as_its_newest() {
        let mut stream = Stream::new(7, seen(1, 0));
        stream.begin();
        let before = Before {
            at: 0,
            newest: 2 * FRAME,
        };
        assert_eq!(stream.take(seen(2, 3), 16), Step::Next(Some(before)));
        assert_eq!(stream.frames, 3);
    }
}
