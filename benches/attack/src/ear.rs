//! What one listener hears: the longest gap of each voice, not counting the times when its speaker sent nothing.

use std::collections::{HashMap, VecDeque};

/// Packets leave 20 ms apart.
pub const FRAME_NS: u64 = 20_000_000;
/// Longer times between two packets count as a pause.
const LATE_NS: u64 = 30_000_000;
/// A voice is lost when its gap is longer than this.
pub const LOST_NS: u64 = 100_000_000;
/// Pauses remembered for each speaker.
const PAUSES: usize = 512;

/// When a speaker sent, and when they paused: by choice, or because this process was late.
#[derive(Default)]
pub struct Sending {
    last: Option<u64>,
    pauses: VecDeque<(u64, u64)>,
    pub longest_ns: u64,
}

impl Sending {
    /// A packet left at *at*; *is_meant* says that the speaker chose the pause before it.
    pub fn sent(&mut self, at: u64, is_meant: bool) {
        if let Some(last) = self.last.replace(at)
            && at.saturating_sub(last) > LATE_NS
        {
            if self.pauses.len() == PAUSES {
                self.pauses.pop_front();
            }
            self.pauses.push_back((last, at));
            if !is_meant {
                self.longest_ns = self.longest_ns.max(at - last);
            }
        }
    }

    /// How long the speaker paused between *from* and *to*, beyond the usual 20 ms.
    fn silent(&self, from: u64, to: u64) -> u64 {
        let still = self.last.map(|last| (last, to));
        let pauses = self.pauses.iter().copied().chain(still);
        let overlaps = pauses.map(|(begin, end)| {
            let both = end.min(to).saturating_sub(begin.max(from));
            both.saturating_sub(FRAME_NS)
        });
        overlaps.sum()
    }
}

/// The arrivals of one voice or one line.
#[derive(Default, Clone, Copy)]
pub struct Heard {
    pub last: u64,
    /// The voice of the last packet.
    voice: u16,
    /// The longest gap.
    pub gap_ns: u64,
    /// When that ended.
    pub at: u64,
    /// How many gaps were longer than [`LOST_NS`].
    pub lost: u32,
    pub packets: u64,
}

impl Heard {
    /// A packet of *voice* arrived at *at*.
    pub fn hear(&mut self, voice: u16, at: u64, sending: &HashMap<u16, Sending>) {
        self.look(at, sending);
        (self.last, self.voice) = (at, voice);
        self.packets += 1;
    }

    /// Count the time since the last packet as a gap that ends at *at*.
    pub fn look(&mut self, at: u64, sending: &HashMap<u16, Sending>) {
        if self.last == 0 || at.saturating_sub(self.last) <= LATE_NS {
            return;
        }
        let silent = |sending: &Sending| sending.silent(self.last, at);
        let excused = sending.get(&self.voice).map_or(0, silent);
        let gap = (at - self.last).saturating_sub(excused);
        if gap > self.gap_ns {
            (self.gap_ns, self.at) = (gap, at);
        }
        self.lost += u32::from(gap > LOST_NS);
    }

    /// Forget the gaps so far.
    pub fn begin(&mut self) {
        *self = Heard {
            last: self.last,
            voice: self.voice,
            ..Heard::default()
        };
    }
}

/// What one listener heard: each voice, and all voices together for those with a single line.
#[derive(Default)]
pub struct Ear {
    pub voices: HashMap<u16, Heard>,
    pub line: Heard,
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn gap_of(arrivals: &[u64], sent: &[u64]) -> u64 {
        let mut sending = HashMap::from([(1, Sending::default())]);
        for at in sent {
            if let Some(sending) = sending.get_mut(&1) {
                sending.sent(at * MS, false);
            }
        }
        let mut heard = Heard::default();
        for at in arrivals {
            heard.hear(1, at * MS, &sending);
        }
        heard.gap_ns / MS
    }

    #[test]
    fn a_voice_that_was_sent_and_did_not_come_is_a_gap() {
        let sent: Vec<u64> = (0..50).map(|n| 1_000 + n * 20).collect();
        assert_eq!(gap_of(&[1_000, 1_020, 1_320, 1_340], &sent), 300);
    }

    #[test]
    fn a_pause_of_the_speaker_is_no_gap() {
        let mut sent = vec![1_000, 1_020];
        sent.extend((0..16).map(|n| 4_020 + n * 20));
        assert_eq!(gap_of(&[1_000, 1_020, 4_020], &sent), 20);
        assert_eq!(gap_of(&[1_000, 1_020, 4_320], &sent), 320);
    }
}
