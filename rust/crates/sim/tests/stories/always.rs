//! What holds in every space, whatever people do and whatever the weather: the committed seeds, and what they must not show.

use std::collections::BTreeMap;
use std::time::Duration;

use arengo_sim::{Scenario, SeededChance, Space, Time, Voice, Weather, Who, read, seeds};

use crate::a_space;

const SPEAKERS: usize = 5;
const PEOPLE: usize = 8;
/// A word between shards is under way for less than 2 ms, and then a datagram for 5 ms and up to 60 ms more.
const LONGEST_WAY: Duration = Duration::from_millis(67);

/// A lively half minute, and when each speaker was not allowed to be heard.
struct Played {
    space: Space,
    silenced: Vec<(Who, Time, Time)>,
}

fn play(scenario: Scenario, seed: u64) -> Played {
    let mut space = scenario
        .seeded(seed)
        .with_speakers(SPEAKERS)
        .with_listeners(PEOPLE - SPEAKERS)
        .begin();
    let mut chance = SeededChance::new(seed);
    let mut silent_since: [Option<Time>; SPEAKERS] = [None; SPEAKERS];
    let mut silenced = Vec::new();
    for _ in 0..100 {
        space.weather(match chance.next_u64() % 3 {
            0 => Weather::FAIR,
            1 => Weather::FAIR.losing(15.0),
            _ => Weather::FAIR
                .losing(5.0)
                .with_jitter(Duration::from_millis(60)),
        });
        let level = -10 - (chance.next_u64() % 40) as i8;
        let voice = [
            Voice::Quiet,
            Voice::Silent,
            Voice::Speaking(level),
            Voice::Speaking(level),
        ];
        space.says(
            chance.next_u64() as usize % SPEAKERS,
            voice[chance.next_u64() as usize % 4],
        );
        let who = chance.next_u64() as usize % SPEAKERS;
        let allowed = !chance.next_u64().is_multiple_of(3);
        space.allow(who, allowed);
        match (silent_since[who], allowed) {
            (None, false) => silent_since[who] = Some(space.now()),
            (Some(since), true) => {
                silenced.push((who, since, space.now()));
                silent_since[who] = None;
            }
            _ => {}
        }
        space.run_for(Duration::from_millis(chance.next_u64() % 600));
    }
    Played { space, silenced }
}

#[test]
fn in_every_seed_the_rules_of_hearing_hold() {
    for seed in seeds() {
        the_rules_hold(&play(a_space(), seed), seed);
        // All who only listen get merged packets, as far as loss lets them.
        the_rules_hold(&play(a_space().merging_from(0), seed), seed);
    }
}

fn the_rules_hold(played: &Played, seed: u64) {
    for who in 0..PEOPLE {
        let words = played.space.words(who, Time::ZERO);
        assert!(
            words.len() > 500,
            "seed {seed}: {who} heard only {} words",
            words.len()
        );
        assert!(
            words.iter().all(|word| usize::from(word.who) != who),
            "seed {seed}: {who} heard themselves"
        );
        assert!(
            words
                .iter()
                .all(|word| word.csrc == played.space.voice_of(word.who.into())),
            "seed {seed}: {who} heard a voice under another's name"
        );
        nobody_silenced_is_heard(played, who, seed);
        numbers_and_times_agree(&played.space, who, seed);
    }
}

/// No word leaves the server between the word that silences somebody and the word that lets them through again.
fn nobody_silenced_is_heard(played: &Played, who: Who, seed: u64) {
    for (speaker, from, to) in &played.silenced {
        let late = played.space.words(who, *from + LONGEST_WAY);
        let heard = late
            .iter()
            .find(|word| usize::from(word.who) == *speaker && word.at < *to);
        assert!(
            heard.is_none(),
            "seed {seed}: {who} heard {speaker} after they were silenced at {from:?} until {to:?}: {heard:?}"
        );
    }
}

/// On each line, in the order of sequence numbers, time goes forward and each voice's words come in their order:
/// what a player's jitter buffer builds on.
fn numbers_and_times_agree(space: &Space, who: Who, seed: u64) {
    let mut lines: BTreeMap<usize, Vec<_>> = BTreeMap::new();
    for heard in space.heard(who) {
        lines.entry(heard.line).or_default().push(heard);
    }
    for (line, mut packets) in lines {
        packets.sort_by_key(|packet| (packet.sequence, packet.part));
        let mut counts = BTreeMap::new();
        for pair in packets.windows(2) {
            let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp) as i32;
            let at = pair[1].at;
            assert!(
                (pair[1].sequence, pair[1].part) > (pair[0].sequence, pair[0].part),
                "seed {seed}: {who} got a number twice"
            );
            assert!(
                step >= 960,
                "seed {seed}: {who}, line {line}, time steps by {step} at {at:?}"
            );
        }
        for (speaker, count) in packets.iter().filter_map(|packet| read(&packet.opus)) {
            let before = counts.insert(speaker, count);
            assert!(
                before < Some(count),
                "seed {seed}: words of {speaker} out of order"
            );
        }
    }
}
