//! How loud a voice is over its last half minute of speech: players bring voices to one loudness by it.
//!
//! After EBU R 128 and ITU-R BS.1770: the mean power of blocks of 400 ms above an absolute gate, and not 10 dB below the
//! mean of these. It works on the levels that senders tell (RFC 6464), so nothing is decoded, and nothing weighted by frequency.
//!
//! Rule 1: only speech counts. Pauses move nothing, and neither does noise, which is equally loud from frame to frame.
//! Rule 2: a shout counts as little more than loud speech.
//! Rule 3: a new voice is not measured before some seconds of its speech; whatever was known of it until then stays true.

use std::time::Duration;

use crate::level::Loudness;
use crate::time::Time;

/// What is measured as one, and 20 ms frames in it (BS.1770 has blocks of 400 ms).
const BLOCK: Duration = Duration::from_millis(400);
/// See [`BLOCK`].
const BLOCK_FRAMES: u32 = 20;
/// Blocks that are looked back upon: half a minute of speech.
const WINDOW: usize = 75;
/// A quieter block is a pause, or of nobody whom a player could mend.
const ABSOLUTE_GATE: i32 = -50_000;
/// So far below the mean a block is no speech.
const RELATIVE_GATE: i32 = -10_000;
/// Speech has frames this many dB apart within a block; a fan has not.
const LIVELY: u8 = 6;
/// Blocks above the gates that make a measure: five seconds of speech.
const TRUSTED: usize = 12;
/// From then on no block counts as louder than the voice by more than this.
const SURPRISE: i32 = 6_000;
/// A change worth telling.
const NEWS: i32 = 1_000;

/// Measures one voice; whole numbers, so that a run is the same everywhere.
#[derive(Clone, Debug)]
pub struct LoudnessMeter {
    block: Block,
    /// The last blocks of sound, dB below full scale, in no order.
    window: [u8; WINDOW],
    /// Blocks of sound so far.
    count: usize,
    measured: Option<i32>,
    told: Option<i8>,
}

impl Default for LoudnessMeter {
    fn default() -> Self {
        Self {
            block: Block::at(Time::ZERO),
            window: [0; WINDOW],
            count: 0,
            measured: None,
            told: None,
        }
    }
}

impl LoudnessMeter {
    /// Note a packet that carries *frames* times 20 ms, at the loudness that its sender told.
    pub fn note(&mut self, now: Time, loudness: Loudness, frames: u32) {
        if now.since(self.block.since) >= BLOCK {
            let whole = std::mem::replace(&mut self.block, Block::at(now));
            if whole.is_speech() {
                self.take(whole.level());
            }
        }
        self.block.add(loudness.dbov(), frames.clamp(1, 6));
    }

    /// The loudness in whole dBov, which stays until it has changed by one; None before there was speech enough.
    #[must_use]
    pub const fn told(&self) -> Option<i8> {
        self.told
    }

    fn take(&mut self, level: i32) {
        let level = self.measured.map_or(level, |own| level.min(own + SURPRISE));
        if let Some(place) = self.window.get_mut(self.count % WINDOW) {
            *place = u8::try_from((500 - level) / 1000).unwrap_or(0);
        }
        self.count += 1;
        let (measured, blocks) = self.gated();
        if blocks < TRUSTED {
            return;
        }
        self.measured = Some(measured);
        let is_news = |told: i8| (measured - 1000 * i32::from(told)).abs() >= NEWS;
        if self.told.is_none_or(is_news) {
            self.told = i8::try_from((measured - 500) / 1000).ok();
        }
    }

    /// The loudness of the blocks above both gates, and how many there are.
    fn gated(&self) -> (i32, usize) {
        let window = self
            .window
            .get(..self.count.min(WINDOW))
            .unwrap_or_default();
        let (all, _) = mean(window.iter());
        let gate = all + RELATIVE_GATE;
        mean(
            window
                .iter()
                .filter(|below| -1000 * i32::from(**below) >= gate),
        )
    }
}

/// The frames of 400 ms.
#[derive(Clone, Copy, Debug)]
struct Block {
    since: Time,
    power: u64,
    frames: u32,
    /// dB below full scale.
    loudest: u8,
    quietest: u8,
}

impl Block {
    const fn at(since: Time) -> Self {
        Self {
            since,
            power: 0,
            frames: 0,
            loudest: 127,
            quietest: 0,
        }
    }

    fn add(&mut self, below: u8, frames: u32) {
        self.power += power(below) * u64::from(frames);
        self.frames += frames;
        self.loudest = self.loudest.min(below);
        self.quietest = self.quietest.max(below);
    }

    /// Frames that did not come were silent.
    fn level(&self) -> i32 {
        level(self.power / u64::from(self.frames.max(BLOCK_FRAMES)))
    }

    fn is_speech(&self) -> bool {
        self.quietest.saturating_sub(self.loudest) >= LIVELY && self.level() >= ABSOLUTE_GATE
    }
}

fn mean<'a>(below: impl Iterator<Item = &'a u8>) -> (i32, usize) {
    let (sum, count) = below.fold((0, 0), |(sum, count), below| {
        (sum + power(*below), count + 1)
    });
    (level(sum / count.max(1)), count as usize)
}

/// Powers at 0 to 9 dB below full scale, of which 2^32 is one.
const POWERS: [u64; 10] = [
    4_294_967_296,
    3_411_613_790,
    2_709_941_159,
    2_152_582_777,
    1_709_857_277,
    1_358_187_913,
    1_078_847_007,
    856_958_638,
    680_706_442,
    540_704_347,
];

fn power(below: u8) -> u64 {
    let whole = POWERS.get(usize::from(below % 10)).copied().unwrap_or(0);
    whole / 10_u64.pow(u32::from(below / 10))
}

/// Thousandths of a dBov; between two whole ones along a line, which is wrong by 30 of them at most.
fn level(of: u64) -> i32 {
    let under = (1..127).find(|below| power(*below) <= of).unwrap_or(127);
    let (above, next) = (power(under - 1), power(under));
    let share = above.saturating_sub(of).min(above - next) * 1000 / (above - next).max(1);
    -1000 * i32::from(under - 1) - share as i32
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that meets a surprise stops")]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(20);

    /// A microphone in simulated time.
    struct Talk {
        meter: LoudnessMeter,
        now: Time,
        seed: u32,
    }

    impl Talk {
        fn new() -> Self {
            Self {
                meter: LoudnessMeter::default(),
                now: Time::ZERO,
                seed: 1,
            }
        }

        fn frame(&mut self, dbov: i32) {
            let dbov = u8::try_from(-dbov).unwrap();
            self.meter.note(self.now, Loudness::told(dbov, true), 1);
            self.now = self.now + FRAME;
        }

        /// Syllables of 160 ms, each at its own level around *mean*, with a dip of 15 dB after each.
        fn speak(&mut self, mean: i32, seconds: u32) {
            let mut own = 0;
            for frame in 0..seconds * 50 {
                if frame % 10 == 0 {
                    self.seed = self.seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
                    own = (self.seed >> 16) as i32 % 9 - 4;
                }
                self.frame(mean + own - if frame % 10 >= 8 { 15 } else { 0 });
            }
        }

        fn sound(&mut self, level: i32, seconds: u32) {
            for _ in 0..seconds * 50 {
                self.frame(level);
            }
        }

        fn told(&self) -> i32 {
            i32::from(self.meter.told().unwrap())
        }
    }

    #[test]
    fn powers_and_levels_are_each_others_inverse() {
        for below in 0..=90 {
            assert!((level(power(below)) + 1000 * i32::from(below)).abs() <= 1);
        }
        let half = level(1 << 31);
        assert!((-3_050..=-2_980).contains(&half), "{half}");
        assert!(level(0) < -90_000);
    }

    #[test]
    fn two_voices_12_db_apart_are_told_so_within_eight_seconds_of_speech() {
        let [mut loud, mut quiet] = [Talk::new(), Talk::new()];
        loud.speak(-20, 8);
        quiet.speak(-32, 8);
        assert!((11..=13).contains(&(loud.told() - quiet.told())));
        loud.speak(-20, 60);
        quiet.speak(-32, 60);
        assert!((11..=13).contains(&(loud.told() - quiet.told())));
    }

    #[test]
    fn the_loudness_is_that_of_the_speech() {
        let mut talk = Talk::new();
        talk.speak(-28, 40);
        assert!((-29..=-27).contains(&talk.told()), "{}", talk.told());
    }

    #[test]
    fn pauses_do_not_move_it() {
        let mut talk = Talk::new();
        talk.speak(-30, 20);
        let before = talk.told();
        talk.sound(-127, 30);
        talk.sound(-64, 30);
        talk.now = talk.now + Duration::from_secs(600);
        talk.speak(-30, 1);
        assert_eq!(talk.told(), before);
    }

    #[test]
    fn the_noise_of_a_fan_does_not_move_it() {
        let mut talk = Talk::new();
        talk.sound(-44, 30);
        assert_eq!(talk.meter.told(), None);
        talk.speak(-28, 20);
        let before = talk.told();
        talk.sound(-44, 120);
        talk.sound(-30, 10);
        assert_eq!(talk.told(), before);
    }

    #[test]
    fn a_shout_of_a_second_hardly_moves_it() {
        let mut talk = Talk::new();
        talk.speak(-30, 30);
        let before = talk.told();
        talk.speak(-10, 1);
        assert!((0..=1).contains(&(talk.told() - before)));
    }

    #[test]
    fn a_new_voice_is_told_after_five_seconds_of_its_speech_and_then_as_it_is() {
        for mean in [-12, -40] {
            let mut talk = Talk::new();
            talk.speak(mean, 4);
            assert_eq!(talk.meter.told(), None);
            for _ in 0..30 {
                talk.speak(mean, 2);
                assert!(
                    (talk.told() - mean).abs() <= 2,
                    "{mean} is told as {}",
                    talk.told()
                );
            }
        }
    }

    #[test]
    fn a_voice_that_moves_away_from_its_microphone_is_followed() {
        let mut talk = Talk::new();
        talk.speak(-20, 30);
        talk.speak(-34, 20);
        let half_way = talk.told();
        talk.speak(-34, 20);
        assert!(
            half_way <= -20 && (talk.told() + 34).abs() <= 1,
            "{half_way}, {}",
            talk.told()
        );
    }

    #[test]
    fn what_is_told_changes_seldom() {
        let mut talk = Talk::new();
        talk.speak(-30, 30);
        let mut changes = 0;
        let mut last = talk.told();
        for _ in 0..300 {
            talk.speak(-30, 1);
            changes += u32::from(talk.told() != last);
            last = talk.told();
        }
        assert!(changes <= 10, "{changes} in five minutes");
    }

    #[test]
    fn packets_of_60_ms_and_such_as_come_late_together_measure_the_same() {
        let mut talk = Talk::new();
        talk.speak(-28, 40);
        let mut stalled = LoudnessMeter::default();
        let mut seed = 1_u32;
        for turn in 0..600_u64 {
            seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            let own = (seed >> 16) % 9;
            let at = Time::from_micros(turn / 20 * 1_200_000);
            stalled.note(at, Loudness::told(24 + own as u8, true), 2);
            stalled.note(at, Loudness::told(39 + own as u8, true), 1);
        }
        let told = i32::from(stalled.told().unwrap());
        assert!((told - talk.told()).abs() <= 3, "{told}, {}", talk.told());
    }
}
