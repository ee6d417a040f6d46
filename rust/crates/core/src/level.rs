//! How loud a publisher is: RFC 6464 levels, smoothed.
//!
//! Levels are thousandths of a dBov, 0 loudest, [`SILENCE`] silent; whole numbers, so that a run is the same everywhere.

use std::time::Duration;

use crate::time::Time;
use crate::timeline::FRAME;

/// The level of silence.
pub const SILENCE: i32 = -127_000;

/// A packet louder than this is voice, when the sender's own detector says so too (RFC 6464's V bit).
const VOICED_BY_SENDER: i32 = -60_000;
/// A packet louder than this is voice, whatever the sender's detector says; many set V always or never.
const VOICED: i32 = -50_000;
/// A packet louder than this is a sound: speech may begin and end so softly.
const SOUNDING: i32 = -65_000;
/// Below this a level is told as silence: the noise of a quiet room is no news.
const TOLD: i32 = -70_000;

/// Frames that may be missing before their absence counts as silence.
const PATIENCE: u64 = 3;

/// What one packet says about its loudness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loudness {
    /// Thousandths of a dBov.
    pub level: i32,
    /// Whether somebody speaks.
    pub voiced: bool,
}

impl Loudness {
    /// Whether there is anything to hear.
    #[must_use]
    pub const fn sounds(self) -> bool {
        self.voiced || self.level > SOUNDING
    }

    /// From the header extension: *dbov* 0 loudest to 127 silent, and the V bit.
    #[must_use]
    pub fn told(dbov: u8, v: bool) -> Self {
        let level = -1000 * i32::from(dbov & 0x7f);
        Self {
            level,
            voiced: level > if v { VOICED_BY_SENDER } else { VOICED },
        }
    }

    /// From the bytes of Opus per 20 ms, for senders without the extension: a codec spends them on sound.
    #[must_use]
    pub fn guessed(bytes: usize, frames: u32) -> Self {
        let bytes =
            i32::try_from(bytes).unwrap_or(i32::MAX) / i32::try_from(frames.max(1)).unwrap_or(1);
        if bytes <= 12 {
            return Self {
                level: SILENCE,
                voiced: false,
            };
        }
        Self {
            level: -60_000 + 500 * bytes.min(80),
            voiced: true,
        }
    }

    /// As the header extension puts it.
    #[must_use]
    pub fn dbov(self) -> u8 {
        u8::try_from((-self.level / 1000).clamp(0, 127)).unwrap_or(127)
    }
}

/// The loudness of one publisher over time: quick to rise (20 ms), slow to fall (100 ms).
#[derive(Clone, Copy, Debug)]
pub struct LevelTracker {
    smoothed: i32,
    at: Time,
    last_voiced: Option<Time>,
    last_sound: Option<Time>,
}

impl Default for LevelTracker {
    fn default() -> Self {
        Self {
            smoothed: SILENCE,
            at: Time::ZERO,
            last_voiced: None,
            last_sound: None,
        }
    }
}

impl LevelTracker {
    /// Note a packet that carries *frames* times 20 ms.
    pub fn note(&mut self, now: Time, loudness: Loudness, frames: u32) {
        self.smoothed = self.at(now);
        for _ in 0..frames.clamp(1, 6) {
            self.smoothed = step(self.smoothed, loudness.level);
        }
        self.at = now;
        if loudness.voiced {
            self.last_voiced = Some(now);
        }
        if loudness.sounds() {
            self.last_sound = Some(now);
        }
    }

    /// The smoothed level; it falls while packets are missing.
    #[must_use]
    pub fn at(&self, now: Time) -> i32 {
        let frames = now.since(self.at).as_micros() as u64 / FRAME.as_micros() as u64;
        let mut level = self.smoothed;
        for _ in PATIENCE..frames.min(PATIENCE + 50) {
            level = step(level, SILENCE);
        }
        level
    }

    /// The level as people are told it: whole dBov, -127 for silence.
    #[must_use]
    pub fn told_at(&self, now: Time) -> i8 {
        let level = self.at(now);
        if level < TOLD {
            -127
        } else {
            i8::try_from(level / 1000).unwrap_or(-127)
        }
    }

    /// When there was last anything to hear.
    #[must_use]
    pub const fn last_sound(&self) -> Option<Time> {
        self.last_sound
    }

    /// How long there has been nothing to hear.
    #[must_use]
    pub fn soundless_for(&self, now: Time) -> Duration {
        self.last_sound.map_or(Duration::MAX, |at| now.since(at))
    }

    /// How long nobody has spoken.
    #[must_use]
    pub fn silent_for(&self, now: Time) -> Duration {
        self.last_voiced.map_or(Duration::MAX, |at| now.since(at))
    }
}

const fn step(level: i32, towards: i32) -> i32 {
    let share = if towards > level { 63 } else { 18 };
    level + (towards - level) * share / 100
}
