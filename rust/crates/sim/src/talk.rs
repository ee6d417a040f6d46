//! Conversations as browsers send them, drawn from a seed.
//!
//! People take turns of a few sentences, with short pauses within a sentence and longer ones between two; somebody else
//! says a word meanwhile, begins before the other has ended, or all laugh. A talkspurt begins and ends softly. Whose
//! encoder sleeps in a pause (DTX) sends as libwebrtc does; who mutes in mid-word just stops.

use std::time::Duration;

use crate::chance::SeededChance;
use crate::speech;

/// A frame louder than this, in dBov, is sound; the noise of every room here is below.
pub const SOUND: i8 = -65;
const FRAME_MS: u64 = 20;
/// Frames without sound before the encoder sleeps (libopus), and frames that it sleeps between two of comfort noise.
const AWAKE: u32 = 10;
const ASLEEP: u32 = 20;
/// The quiet frames at the beginning of a talkspurt: 60 to 100 ms.
const ONSET: (u64, u64) = (3, 5);
const ONSET_LEVELS: [i8; 2] = [-46, -55];
/// Pauses between sentences, ms; the median is a second.
const PAUSES: [u64; 9] = [450, 550, 700, 850, 1_000, 1_250, 1_600, 2_400, 4_000];

/// How somebody's browser, hand and network behave.
#[derive(Debug, Clone, Copy)]
pub struct Manners {
    /// The encoder sleeps in pauses.
    pub dtx: bool,
    /// Mutes in mid-word now and then.
    pub mutes: bool,
    /// How late the own network is, at most.
    pub jitter: Duration,
    /// Once a minute nothing passes for so long, and then all at once.
    pub stall: Duration,
}

impl Manners {
    pub const CHROMIUM: Manners = Manners {
        dtx: true,
        mutes: false,
        jitter: Duration::ZERO,
        stall: Duration::ZERO,
    };
    /// Sends noise all the time.
    pub const FIREFOX: Manners = Manners {
        dtx: false,
        ..Manners::CHROMIUM
    };
    pub const MUTES: Manners = Manners {
        mutes: true,
        ..Manners::CHROMIUM
    };
    pub const STALLS: Manners = Manners {
        jitter: Duration::from_millis(15),
        stall: Duration::from_millis(300),
        ..Manners::CHROMIUM
    };
}

/// A packet as it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Utterance {
    /// Which 20 ms of the talk it is.
    pub count: u32,
    /// When those were spoken, since the talk began: by the true clock, which theirs is not.
    pub captured: Duration,
    /// When it leaves.
    pub leaves: Duration,
    pub level: i8,
    pub voice: bool,
    pub marker: bool,
    /// A single byte: the encoder has just fallen asleep.
    pub dtx: bool,
}

impl Utterance {
    pub fn is_sound(&self) -> bool {
        self.level > SOUND
    }

    pub fn opus(&self, who: u8) -> Vec<u8> {
        if self.dtx {
            vec![speech::TOC]
        } else {
            speech::frame(who, self.count)
        }
    }
}

/// All that somebody says.
#[derive(Debug, Clone)]
pub struct Talk {
    pub says: Vec<Utterance>,
    /// Where its RTP clock begins.
    first_timestamp: u32,
}

impl Talk {
    /// What was sent of one frame, if it was.
    pub fn said(&self, count: u32) -> Option<&Utterance> {
        let place = self.says.binary_search_by_key(&count, |said| said.count);
        self.says.get(place.ok()?)
    }

    /// The RTP timestamp of a frame.
    pub fn timestamp(&self, count: u32) -> u32 {
        self.first_timestamp.wrapping_add(count.wrapping_mul(960))
    }
}

/// 20 ms at a microphone.
#[derive(Debug, Clone, Copy)]
struct Moment {
    level: i8,
    voice: bool,
    is_on: bool,
}

struct Dice(SeededChance);

impl Dice {
    fn between(&mut self, (low, high): (u64, u64)) -> u64 {
        low + self.0.next_u64() % (high - low + 1)
    }

    fn one_in(&mut self, of: u64) -> bool {
        self.0.next_u64().is_multiple_of(of)
    }

    fn wobble(&mut self, most: i8) -> i8 {
        self.between((0, 2 * most as u64)) as i8 - most
    }
}

/// What people of these *manners* say to each other in this time.
pub fn conversation(seed: u64, length: Duration, manners: &[Manners]) -> Vec<Talk> {
    let mut dice = Dice(SeededChance::new(seed ^ 0x7a1c));
    let frames = length.as_millis() as usize / FRAME_MS as usize;
    let mut rooms: Vec<Vec<Moment>> = manners
        .iter()
        .map(|manners| a_quiet_room(&mut dice, manners, frames))
        .collect();
    take_turns(&mut dice, &mut rooms, manners);
    let talks = rooms.iter().zip(manners);
    talks
        .map(|(room, manners)| send(&mut dice, room, manners))
        .collect()
}

fn a_quiet_room(dice: &mut Dice, manners: &Manners, frames: usize) -> Vec<Moment> {
    let noise = if manners.dtx { -80 } else { -71 };
    let moment = |dice: &mut Dice| Moment {
        level: noise + dice.wobble(3),
        voice: false,
        is_on: true,
    };
    (0..frames).map(|_| moment(dice)).collect()
}

fn take_turns(dice: &mut Dice, rooms: &mut [Vec<Moment>], manners: &[Manners]) {
    let people = rooms.len() as u64;
    let end = rooms[0].len() as u64 * FRAME_MS;
    let mut speaker = 0;
    let mut at = 500;
    while at < end {
        let begin = at;
        for _ in 0..dice.between((1, 4)) {
            for _ in 0..dice.between((1, 4)) {
                at = spurt(
                    dice,
                    &mut rooms[speaker],
                    &manners[speaker],
                    at,
                    (400, 2_200),
                );
                at += dice.between((100, 400));
            }
            at += PAUSES[dice.between((0, PAUSES.len() as u64 - 1)) as usize];
        }
        let other = dice.between((0, people - 1)) as usize;
        if other != speaker && dice.one_in(2) {
            let meanwhile = dice.between((begin, at));
            spurt(
                dice,
                &mut rooms[other],
                &manners[other],
                meanwhile,
                (200, 600),
            );
        }
        if dice.one_in(8) {
            for who in 0..rooms.len() {
                let laughs = at + dice.between((0, 300));
                spurt(dice, &mut rooms[who], &manners[who], laughs, (500, 1_500));
            }
        }
        speaker = dice.between((0, people - 1)) as usize;
        // The next one begins up to 300 ms before the other has ended: their last pause is behind them by then.
        at = (at + dice.between((0, 1_500))).saturating_sub(1_300);
    }
}

/// Somebody makes a sound from *at* on; when it is over.
fn spurt(
    dice: &mut Dice,
    room: &mut [Moment],
    manners: &Manners,
    at: u64,
    length: (u64, u64),
) -> u64 {
    let (onset, frames) = (dice.between(ONSET), dice.between(length) / FRAME_MS);
    let fall = dice.between((3, 6));
    let quiet = ONSET_LEVELS[dice.between((0, 1)) as usize];
    let loud = -22 + dice.wobble(5);
    let first = (at / FRAME_MS) as usize;
    for n in 0..frames {
        let left = frames - n;
        let (level, voice) = match n {
            0 if dice.one_in(2) => (-60 + dice.wobble(3), false),
            _ if n < onset => (quiet + dice.wobble(1), n >= 2),
            // Each syllable ends in a dip.
            _ if left > fall => (if n % 11 < 2 { -38 } else { loud } + dice.wobble(3), true),
            _ => (-60 + 3 * left as i8, left > fall / 2),
        };
        if let Some(moment) = room.get_mut(first + n as usize)
            && moment.level < level
        {
            (moment.level, moment.voice) = (level, voice);
        }
    }
    if manners.mutes && dice.one_in(6) {
        let cut = first + dice.between((frames / 3, frames / 2)) as usize;
        let off = dice.between((50, 250)) as usize;
        for moment in room.iter_mut().skip(cut).take(off) {
            moment.is_on = false;
        }
    }
    (first as u64 + frames) * FRAME_MS
}

/// What leaves a browser of what is said in *room*.
fn send(dice: &mut Dice, room: &[Moment], manners: &Manners) -> Talk {
    let parts_per_million = dice.between((0, 120)) as i64 - 60;
    let phase = Duration::from_micros(dice.between((0, 20_000)));
    let first_timestamp = dice.0.next_u64() as u32;
    let mut says: Vec<Utterance> = Vec::new();
    let (mut unvoiced, mut stalled_until, mut next_stall) = (0, Duration::ZERO, 2_000);
    for (count, moment) in room.iter().enumerate() {
        let is_sound = moment.level > SOUND;
        unvoiced = if is_sound || !manners.dtx {
            0
        } else {
            unvoiced + 1
        };
        if unvoiced > AWAKE + ASLEEP {
            unvoiced = AWAKE;
        }
        if !moment.is_on {
            // The microphone begins anew.
            unvoiced = 0;
        }
        if !moment.is_on || unvoiced > AWAKE + 1 {
            continue;
        }
        let micros = count as i64 * FRAME_MS as i64 * (1_000_000 + parts_per_million) / 1_000;
        let captured = phase + Duration::from_micros(micros as u64);
        if manners.stall > Duration::ZERO && count > next_stall && moment.voice {
            stalled_until = captured + manners.stall;
            next_stall = count + 3_000;
        }
        let late = manners.jitter.as_micros() as u64;
        let leaves = captured + Duration::from_micros(dice.between((0, late)));
        let before = says.last();
        let count = count as u32;
        says.push(Utterance {
            count,
            captured,
            leaves: leaves
                .max(stalled_until)
                .max(before.map_or(Duration::ZERO, |before| before.leaves)),
            level: moment.level,
            voice: moment.voice,
            marker: before.is_none_or(|before| before.count + 1 < count),
            dtx: unvoiced == AWAKE + 1,
        });
    }
    Talk {
        says,
        first_timestamp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn the_same_seed_gives_the_same_talk() {
        let talk = |seed| conversation(seed, MINUTE, &[Manners::CHROMIUM, Manners::STALLS]);
        assert_eq!(talk(1)[1].says, talk(1)[1].says);
        assert_ne!(talk(1)[1].says, talk(2)[1].says);
    }

    #[test]
    fn an_encoder_that_sleeps_sends_one_byte_and_then_a_comfort_frame_each_400_ms() {
        let says = conversation(3, 10 * MINUTE, &[Manners::CHROMIUM])[0]
            .says
            .clone();
        let mut slept = 0;
        for three in says.windows(3) {
            let [byte, comfort, again] = three else {
                continue;
            };
            if byte.dtx && !comfort.is_sound() {
                slept += 1;
                assert_eq!(comfort.count - byte.count, ASLEEP);
                assert!(comfort.marker && !comfort.dtx);
                assert!(again.is_sound() || again.dtx && again.count == comfort.count + 1);
            }
        }
        assert!(slept > 100, "slept {slept} times");
    }

    #[test]
    fn a_stall_lets_nothing_through_and_then_all_at_once() {
        let says = conversation(4, 10 * MINUTE, &[Manners::STALLS])[0]
            .says
            .clone();
        let late = says.iter().map(|said| said.leaves - said.captured).max();
        assert!(late > Some(Duration::from_millis(280)), "{late:?}");
        assert!(says.is_sorted_by_key(|said| said.leaves));
    }
}
