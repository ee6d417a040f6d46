//! Conversations of one, three and six people, ten minutes each, on a network without jitter; one where somebody's own
//! network stalls, and one whose audience gets merged packets.
//!
//! Each is played once. The rules that it must follow: one clock for the space, so that every packet bears the time at
//! which it was spoken, whoever speaks; all packets of a slot's holder pass; a slot is lent to the first sound, and to a
//! voice once its holder has been silent for 200 ms; it is given back after 600 ms.

use std::sync::LazyLock;
use std::time::Duration;

use arengo_sim::neteq::{Kind, Tally};
use arengo_sim::talk::{Manners, Talk, Utterance, conversation};
use arengo_sim::{Scenario, Time, Who, a_space};

use super::ear::{Ear, Packet};

const LENGTH: Duration = ms(600_000);
/// What a buffer may aim at once it has settled, and the share of packets after which it must be 20 ms.
const TARGET: Duration = ms(40);
const TARGET_MOSTLY: f64 = 0.9;
/// The same where somebody's network stalls for 300 ms: silence is said for 200 of them, and older sound is dropped.
const TARGET_BEHIND_A_STALL: Duration = ms(140);
/// And for merged packets, which leave when the last frame is there, or 80 to 100 ms after their talker has stopped.
const TARGET_MERGED: Duration = ms(120);
/// A buffer has settled after so long and so many packets: it looks at the worst of each half second.
const SETTLED: (Duration, usize) = (ms(10_000), 50);
/// Of all sound, how much may be made up: for the audience, and for those who talk. A slot that somebody takes from
/// another goes quiet for themselves, because nobody hears their own voice, and their browser lets the last sound fade.
const MADE_UP: f64 = 0.001;
const MADE_UP_ON_STAGE: f64 = 0.005;
/// Packets of a slot may be so much earlier or later than their time: clocks are 60 ppm off and set right in pauses, and
/// the shard does what is due in 8 ms at once.
const ON_TIME: Duration = ms(8);
/// A voice that takes a slot from another in mid-sound is moved by so much at most, so that no gap is left between them.
const JOINT: Duration = ms(10);
const FRAME: Duration = ms(20);
/// A slot is kept for so long after the last sound.
const KEPT: Duration = ms(600);
/// From then on it takes so long until it is surely free: three frames of silence, with which a voice may overlap.
const GIVING_BACK: Duration = ms(120);
/// Who has not been voiced for so long has surely made room.
const YIELDING: Duration = ms(220);
/// When a voice that just stops is ended: 140 ms after its last packet, and a frame's length for the timer.
const MISSING: (Duration, Duration) = (ms(120), ms(170));
/// Frames without sound between two talkspurts, for those that count by talkspurt.
const BETWEEN_SPURTS: u32 = 10;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A conversation, and all that came of it.
struct Played {
    name: &'static str,
    manners: Vec<Manners>,
    talks: Vec<Talk>,
    /// When they began.
    start: Time,
    ears: Vec<Ear>,
    most: Duration,
}

const CHROMIUM: Manners = Manners::CHROMIUM;
const FIREFOX: Manners = Manners::FIREFOX;

static ONE: LazyLock<Played> = LazyLock::new(|| play("one", 601, &[CHROMIUM], TARGET));
static THREE: LazyLock<Played> =
    LazyLock::new(|| play("three", 3, &[CHROMIUM, FIREFOX, Manners::MUTES], TARGET));
static SIX: LazyLock<Played> = LazyLock::new(|| play("six", 6, &SIX_PEOPLE, TARGET));
static STALLED: LazyLock<Played> = LazyLock::new(|| {
    let manners = [CHROMIUM, Manners::STALLS, FIREFOX];
    play("stalled", 4, &manners, TARGET_BEHIND_A_STALL)
});
static MERGED: LazyLock<Played> = LazyLock::new(|| {
    let scenario = a_space().merging_from(4);
    play_in(scenario, "merged", 5, &SIX_PEOPLE, (4, TARGET_MERGED))
});
const SIX_PEOPLE: [Manners; 6] = [
    CHROMIUM,
    FIREFOX,
    Manners::MUTES,
    CHROMIUM,
    CHROMIUM,
    FIREFOX,
];

fn plain() -> [&'static Played; 3] {
    [&ONE, &THREE, &SIX]
}

fn all() -> [&'static Played; 5] {
    [&ONE, &THREE, &SIX, &STALLED, &MERGED]
}

/// Everybody who talks listens on three lines; so does one of the audience, and another on one line.
fn play(name: &'static str, seed: u64, manners: &[Manners], most: Duration) -> Played {
    play_in(a_space(), name, seed, manners, (1, most))
}

fn play_in(
    scenario: Scenario,
    name: &'static str,
    seed: u64,
    manners: &[Manners],
    (audience, most): (usize, Duration),
) -> Played {
    let talks = conversation(seed, LENGTH, manners);
    let stage = talks.len().max(2);
    let mut space = scenario
        .seeded(seed)
        .with_speakers(stage)
        .with_listeners(audience)
        .begin();
    let mut ears: Vec<Ear> = (0..stage + audience)
        .map(|who| Ear::new(who, 3, &talks))
        .collect();
    if audience == 1 {
        ears.push(Ear::new(space.join_with_lines(1), 1, &talks));
        space.settle();
    } else {
        // Merging begins, and only the audience has it.
        space.run_for(ms(3_000));
        ears.drain(..stage);
    }
    let start = space.now();
    for (who, talk) in talks.iter().enumerate() {
        space.talks(who, talk);
    }
    // The last words are under way for a moment.
    for _ in 0..=LENGTH.as_secs() {
        space.run_for(ms(1_000));
        for ear in &mut ears {
            ear.listen(&mut space, &talks);
        }
    }
    let manners = manners.to_vec();
    Played {
        name,
        manners,
        talks,
        start,
        ears,
        most,
    }
}

impl Played {
    /// When *who* last did what *which* says before *at*, if that was lately.
    fn last(&self, who: Who, at: Duration, which: fn(&Utterance) -> bool) -> Option<Duration> {
        let says = &self.talks[who].says;
        let before = says[..says.partition_point(|said| said.leaves < at)]
            .iter()
            .rev();
        let mut lately = before.take_while(|said| said.leaves + KEPT * 2 >= at);
        lately.find(|said| which(said)).map(|said| said.leaves)
    }

    /// How many others have done so within the *last*.
    fn others(
        &self,
        who: Who,
        at: Duration,
        last: Duration,
        which: fn(&Utterance) -> bool,
    ) -> usize {
        let others = (0..self.talks.len()).filter(|other| *other != who);
        let lately = |other: &Who| {
            self.last(*other, at, which)
                .is_some_and(|then| then + last > at)
        };
        others.filter(lately).count()
    }

    /// Whether *who* talks at all, and has made a sound lately.
    fn speaks(&self, who: Who, at: Duration) -> bool {
        who < self.talks.len() && self.last(who, at + FRAME, is_sound).is_some()
    }

    /// Everybody whom *ear* may hear.
    fn heard_by(&self, ear: &Ear) -> impl Iterator<Item = (Who, &Talk)> {
        let own = ear.who;
        self.talks
            .iter()
            .enumerate()
            .filter(move |(who, _)| *who != own)
    }
}

/// Look at every ear of these conversations; whatever is *found* there is told, and fails the test.
fn look<I: IntoIterator<Item = String>>(
    conversations: &[&Played],
    found: impl Fn(&Played, &Ear) -> I,
) {
    let mut all = Vec::new();
    for played in conversations {
        for ear in &played.ears {
            let place = format!("{}: ear {} of {} lines: ", played.name, ear.who, ear.lines);
            all.extend(
                found(played, ear)
                    .into_iter()
                    .map(|what| place.clone() + &what),
            );
        }
    }
    assert!(all.is_empty(), "{all:#?}");
}

/// The same for every slot of every ear in which anything came.
fn look_at_slots(
    conversations: &[&Played],
    found: impl Fn(&Played, &Ear, usize, &[Packet]) -> Option<String>,
) {
    look(conversations, |played, ear| {
        let slots = ear.slots.iter().enumerate();
        let heard = slots.filter(|(_, packets)| !packets.is_empty());
        let found = |(slot, packets): (usize, &Vec<Packet>)| {
            Some(format!(
                "slot {slot}: {}",
                found(played, ear, slot, packets)?
            ))
        };
        heard.filter_map(found).collect::<Vec<_>>()
    });
}

fn is_sound(said: &Utterance) -> bool {
    said.is_sound()
}

fn is_voiced(said: &Utterance) -> bool {
    said.level > if said.voice { -60 } else { -50 }
}

#[test]
fn the_target_of_every_buffer_stays_low() {
    look_at_slots(&all(), |played, ear, slot, packets| {
        let (_, targets) = ear.play(slot);
        let from = packets[0].at + SETTLED.0;
        let settled = packets.iter().zip(targets).skip(SETTLED.1);
        let settled = settled.filter(|(packet, _)| packet.at >= from);
        let settled: Vec<Duration> = settled.map(|(_, target)| target).collect();
        let worst = settled.iter().max().copied()?;
        let low = settled.iter().filter(|target| **target <= FRAME).count();
        let share = low as f64 / settled.len() as f64;
        let is_low = played.most > TARGET || share >= TARGET_MOSTLY;
        (worst > played.most || !is_low).then(|| {
            let percent = 100.0 * share;
            format!(
                "up to {worst:?}; 20 ms for {percent:.1} % of {} packets",
                settled.len()
            )
        })
    });
}

#[test]
fn hardly_anything_is_made_up() {
    look(&plain(), |played, ear| {
        let tallies: Vec<Tally> = (0..ear.lines).map(|slot| ear.play(slot).0).collect();
        let sum = |part: fn(&Tally) -> Duration| tallies.iter().map(part).sum::<Duration>();
        let (sound, made_up) = (sum(|tally| tally.sound), sum(|tally| tally.concealed));
        let share = made_up.as_secs_f64() / sound.as_secs_f64().max(1.0);
        let told = format!("{made_up:?} of {sound:?}, {:.2} %", 100.0 * share);
        let on_stage = ear.who < played.talks.len();
        let most = if on_stage { MADE_UP_ON_STAGE } else { MADE_UP };
        (share > most).then_some(told)
    });
}

/// [`JOINT`] where more people speak than *ear* has lines, so that some of them take slots from others.
fn joint(played: &Played, ear: &Ear) -> Duration {
    let is_contested = played.talks.len() > ear.lines;
    if is_contested { JOINT } else { Duration::ZERO }
}

#[test]
fn every_packet_comes_at_its_time() {
    look_at_slots(&plain(), |played, ear, _, packets| {
        let mut transits: Vec<i64> = packets.iter().map(Packet::transit_micros).collect();
        transits.sort_unstable();
        let middle = transits[transits.len() / 2];
        let beyond = |most: Duration| {
            let most = most.as_micros() as i64;
            let off = transits
                .iter()
                .filter(|transit| (**transit - middle).abs() > most);
            off.count()
        };
        let off = beyond(ON_TIME);
        let (early, late) = (middle - transits[0], transits[transits.len() - 1] - middle);
        let joint = joint(played, ear);
        let is_fine = beyond(ON_TIME + joint) == 0 && off * 4 < transits.len();
        (!is_fine).then(|| {
            let of = packets.len();
            format!("{off} of {of} packets: {early} µs early to {late} µs late")
        })
    });
}

#[test]
fn a_packet_is_never_earlier_or_later_than_its_own_network_made_it() {
    look_at_slots(&[&STALLED], |played, ear, _, packets| {
        let mut transits: Vec<i64> = packets.iter().map(Packet::transit_micros).collect();
        transits.sort_unstable();
        let middle = transits[transits.len() / 2];
        let off = packets.iter().filter_map(|packet| {
            let voice = packet.voice?;
            let jitter = played.manners[voice].jitter + ON_TIME + joint(played, ear);
            let said = packet
                .word
                .and_then(|count| played.talks[voice].said(count));
            let held_up = said.map_or(Duration::ZERO, |said| said.leaves - said.captured);
            let late = packet.transit_micros() - middle;
            let (most, least) = (
                (held_up + jitter).as_micros() as i64,
                jitter.as_micros() as i64,
            );
            (late > most || late < -least).then_some(late - late.clamp(-least, most))
        });
        let off: Vec<i64> = off.collect();
        let worst = off.iter().max_by_key(|off| off.abs())?;
        let of = packets.len();
        Some(format!(
            "{} of {of} packets, {worst} µs too much; ear {}",
            off.len(),
            ear.who
        ))
    });
}

#[test]
fn no_onset_is_cut_where_a_slot_is_free() {
    look(&plain(), |played, ear| {
        let is_due = |who, said: &Utterance| {
            let at = said.leaves;
            let gives_back = |other| {
                let since = played.last(other, at, is_sound).map(|last| at - last);
                since.is_some_and(|since| since > KEPT - FRAME * 2 && since < KEPT + GIVING_BACK)
            };
            said.is_sound()
                && !(0..played.talks.len()).any(gives_back)
                && played.others(who, at, KEPT + GIVING_BACK, is_sound) < ear.lines
        };
        missing(played, ear, is_due, 0)
    });
}

#[test]
fn whoever_speaks_is_heard_as_soon_as_a_holder_is_silent() {
    look(&plain(), |played, ear| {
        let is_due = |who, said: &Utterance| {
            is_voiced(said) && played.others(who, said.leaves, YIELDING, is_voiced) < ear.lines
        };
        // The first frame may overlap with the voice before, and a holder who has only just begun is outdone a frame later.
        missing(played, ear, is_due, 2)
    });
}

/// Talkspurts of which more than *most* of the frames that are due are missing.
fn missing(
    played: &Played,
    ear: &Ear,
    is_due: impl Fn(Who, &Utterance) -> bool,
    most: usize,
) -> Option<String> {
    let (mut due, mut cut, mut worst) = (0, 0, 0);
    for (who, talk) in played.heard_by(ear) {
        let (mut last, mut lost) = (0, 0);
        for said in talk.says.iter().filter(|said| said.is_sound()) {
            if said.count > last + BETWEEN_SPURTS {
                lost = 0;
            }
            last = said.count;
            if is_due(who, said) {
                due += 1;
                let is_missing = ear.words[who][said.count as usize].is_none();
                lost += usize::from(is_missing);
                cut += usize::from(is_missing && lost == most + 1);
                worst = lost.max(worst);
            }
        }
    }
    (worst > most).then(|| format!("{cut} talkspurts cut, by {worst} frames at most, of {due} due"))
}

#[test]
fn time_in_a_slot_never_goes_back_and_sounds_never_overlap() {
    look_at_slots(&all(), |_, _, _, packets| {
        let steps = packets.windows(2).map(|pair| {
            let end = pair[0].timestamp.wrapping_add(pair[0].samples);
            pair[1].timestamp.wrapping_sub(end) as i32
        });
        let back: Vec<i32> = steps.filter(|step| *step < 0).collect();
        let worst = back.iter().min()?;
        Some(format!(
            "{} steps back, by {} samples at most",
            back.len(),
            -worst
        ))
    });
}

#[test]
fn silence_comes_in_three_frames_20_ms_apart() {
    look_at_slots(
        &[&ONE, &THREE, &SIX, &STALLED],
        |played, ear, _, packets| {
            let joint = joint(played, ear);
            let (mut off, mut frames, mut run) = (0, 0, 0);
            for pair in packets.windows(2).filter(|pair| pair[1].is_silence) {
                let apart = pair[1].at.since(pair[0].at);
                let goes_on = pair[0].is_silence && apart < 3 * FRAME;
                run = if goes_on { run + 1 } else { 1 };
                frames += 1;
                off += usize::from(goes_on && apart.abs_diff(FRAME) > ON_TIME + joint || run > 3);
            }
            (off > 0).then(|| format!("{off} of {frames} frames"))
        },
    );
}

#[test]
fn all_packets_of_a_holder_pass_and_comfort_noise_as_it_is() {
    look(&plain(), |played, ear| {
        let (mut due, mut missing) = ([0; 2], [0; 2]);
        for (who, talk) in played.heard_by(ear) {
            let mut held: Option<(Duration, Time, usize)> = None;
            for said in &talk.says {
                let heard = ear.words[who][said.count as usize];
                if said.is_sound() {
                    held = heard.map(|(at, slot)| (said.leaves, at, slot));
                    continue;
                }
                let Some((since, at, slot)) =
                    held.filter(|(since, ..)| *since + KEPT > said.leaves + ON_TIME)
                else {
                    continue;
                };
                let arrives = at + (said.leaves - since);
                // Whoever takes the slot over may lose a frame to overlap, and does not hear themselves at all.
                let mut meanwhile = ear.between(slot, at, arrives + FRAME + ON_TIME).iter();
                let is_lent =
                    meanwhile.any(|packet| packet.voice.is_some_and(|voice| voice != who));
                if is_lent || played.speaks(ear.who, said.leaves) {
                    continue;
                }
                let mut then = ear.between(slot, at, arrives + ON_TIME).iter().rev();
                let is_byte = |packet: &Packet| {
                    packet.kind == Kind::Dtx && arrives.since(packet.at) < ON_TIME
                };
                let is_asleep = said.dtx && then.any(is_byte);
                due[usize::from(said.dtx)] += 1;
                missing[usize::from(said.dtx)] += usize::from(heard.is_none() && !is_asleep);
            }
        }
        let [noise, asleep] = missing;
        let told = format!(
            "{noise} of {} frames of noise, {asleep} of {} bytes",
            due[0], due[1]
        );
        (missing != [0, 0]).then_some(told)
    });
}

#[test]
fn nothing_of_a_voice_comes_after_its_slot_was_given_back() {
    look_at_slots(&all(), |played, _, _, packets| {
        let is_over = |packet: &&Packet| {
            let at = packet.at.since(played.start);
            let last = packet
                .voice
                .and_then(|voice| played.last(voice, at, is_sound));
            !packet.is_silence && last.is_none_or(|last| last + KEPT + FRAME * 2 < at)
        };
        let tail = packets.iter().filter(is_over).count();
        (tail > 0).then(|| format!("{tail} packets"))
    });
}

#[test]
fn nothing_said_before_a_slot_was_lent_to_another_comes_after() {
    look_at_slots(&all(), |played, _, _, packets| {
        let said = packets.iter().filter_map(|packet| {
            let voice = packet.voice?;
            Some((voice, played.talks[voice].said(packet.word?)?.leaves))
        });
        let said: Vec<(Who, Duration)> = said.collect();
        let pairs = said.windows(2).filter(|pair| pair[0].0 != pair[1].0);
        let stray = pairs.filter(|pair| pair[1].1 < pair[0].1).count();
        (stray > 0).then(|| format!("{stray} packets"))
    });
}

#[test]
fn a_voice_that_just_stops_is_ended_140_ms_later() {
    look(&plain(), |played, ear| {
        let mut wrong = Vec::new();
        for (who, talk) in played.heard_by(ear) {
            for pair in talk.says.windows(2) {
                let has_stopped = pair[0].level > -50 && pair[1].count > pair[0].count + 20;
                let heard = ear.words[who][pair[0].count as usize].filter(|_| has_stopped);
                let Some((at, slot)) = heard else { continue };
                let packets = ear.between(slot, at, at + KEPT);
                let next = packets.iter().find(|packet| packet.at > at);
                let is_lent = next.is_some_and(|next| next.voice.is_some_and(|voice| voice != who));
                if is_lent || next.is_none() && played.speaks(ear.who, pair[0].leaves + KEPT) {
                    continue;
                }
                let after = next
                    .filter(|next| next.is_silence)
                    .map(|next| next.at.since(at));
                if !after.is_some_and(|after| (MISSING.0..=MISSING.1).contains(&after)) {
                    wrong.push(format!("{after:?} after the last packet at {at:?}"));
                }
            }
        }
        wrong
    });
}

#[test]
fn the_same_seed_is_the_same_conversation() {
    let digest = |seed| {
        let talks = conversation(seed, ms(20_000), &SIX_PEOPLE);
        let mut space = a_space().seeded(seed).with_speakers(6).begin();
        for (who, talk) in talks.iter().enumerate() {
            space.talks(who, talk);
        }
        space.run_for(ms(20_000));
        space.digest()
    };
    assert_eq!(digest(8), digest(8));
    assert_ne!(digest(8), digest(9));
}
