//! Merged packets for a large audience, as independent clients take them.

use std::collections::BTreeSet;
use std::time::Duration;

use arengo_sim::{Heard, SeededChance, Space, Time, Voice, Who, a_space, read, seeds};

const SECOND: Duration = Duration::from_secs(1);
const SPEAKERS: usize = 2;
const PEOPLE: usize = 14;

/// Two who may speak, one of whom does, and an audience that is just large enough.
fn a_large_audience(seed: u64) -> Space {
    let mut space = a_space()
        .seeded(seed)
        .with_speakers(SPEAKERS)
        .with_listeners(PEOPLE - SPEAKERS)
        .merging_from(12)
        .begin();
    space.says(0, Voice::Speaking(-20));
    space
}

/// On each line numbers follow one another, and each speaker's words, each at its own time.
fn assert_whole(space: &Space, who: Who) {
    for line in 0..3 {
        let heard: Vec<&Heard> = space
            .heard(who)
            .iter()
            .filter(|heard| heard.line == line)
            .collect();
        for pair in heard.windows(2) {
            let follows = if pair[1].part > 0 {
                pair[1].sequence == pair[0].sequence && pair[1].part == pair[0].part + 1
            } else {
                pair[1].sequence == pair[0].sequence + 1
            };
            assert!(follows, "{who}, line {line}");
            if let (Some((voice, count)), Some((next_voice, next_count))) =
                (read(&pair[0].opus), read(&pair[1].opus))
                && voice == next_voice
            {
                assert_eq!(next_count, count + 1, "{who}, line {line}");
                let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
                assert_eq!(step, 960, "{who}, line {line}");
            }
        }
    }
}

#[test]
fn a_large_audience_hears_every_word_in_a_third_of_the_packets() {
    let mut space = a_large_audience(1);
    space.run_for(SECOND * 2);
    let (start, packets) = (space.now(), space.packets(5));
    space.run_for(SECOND * 10);
    for who in SPEAKERS..PEOPLE {
        assert_whole(&space, who);
        assert!(space.words(who, start).len() >= 495);
    }
    let packets = space.packets(5) - packets;
    assert!(
        (160..=175).contains(&packets),
        "{packets} packets in ten seconds"
    );
    assert!(space.words(1, start).len() >= 495);
    assert!(space.packets(1) >= 590, "the stage gets single ones");
}

#[test]
fn in_every_seed_the_audience_grows_and_shrinks_and_nothing_is_lost_or_doubled() {
    for seed in seeds() {
        let mut space = a_large_audience(seed);
        let mut chance = SeededChance::new(seed);
        space.run_for(SECOND * 3);
        let mut here: Vec<Who> = (SPEAKERS..PEOPLE).collect();
        for turn in 0..30 {
            match chance.next_u64() % 4 {
                0 if here.len() > 6 => {
                    let gone = here.swap_remove(chance.next_u64() as usize % here.len());
                    space.leave(gone);
                }
                1 if here.len() < 16 => here.push(space.join(false)),
                2 => space.says(1, [Voice::Quiet, Voice::Speaking(-25)][turn % 2]),
                _ => space.run_for(SECOND * 2),
            }
            space.run_for(Duration::from_millis(chance.next_u64() % 700));
        }
        space.settle();
        for who in here {
            assert_whole(&space, who);
        }
    }
}

#[test]
fn merging_begins_and_ends_with_the_size_of_the_audience() {
    let mut space = a_large_audience(3);
    space.run_for(SECOND * 2);
    let who = 2;
    let per_second = |space: &mut Space| {
        let before = space.packets(who);
        space.run_for(SECOND * 3);
        (space.packets(who) - before) / 3
    };
    assert!(per_second(&mut space) <= 18);
    for gone in [5, 6, 7] {
        space.remove(gone);
    }
    // Too few, but not for long enough yet.
    assert!(per_second(&mut space) <= 18);
    space.run_for(SECOND * 10);
    assert!(per_second(&mut space) >= 49);
    for _ in 0..3 {
        space.join(false);
    }
    space.settle();
    space.run_for(SECOND);
    assert!(per_second(&mut space) <= 18);
    assert_whole(&space, who);
}

#[test]
fn no_onset_is_cut_and_a_voice_ends_cleanly() {
    let mut space = a_large_audience(4);
    space.run_for(SECOND * 2);
    let (start, said) = (space.now(), space.said(1));
    space.says(1, Voice::Speaking(-30));
    space.run_for(SECOND);
    let word = space.now();
    space.allow(1, false);
    space.run_for(SECOND);
    for who in SPEAKERS..PEOPLE {
        let words = space.words(who, start);
        let first = words
            .iter()
            .find(|word| word.who == 1)
            .map(|word| word.count);
        assert_eq!(first, Some(said + 1), "{who}");
        let limit = word + Duration::from_millis(200);
        let late = space.words(who, limit);
        assert!(
            late.iter().all(|word| word.who == 0),
            "{who} heard too much"
        );
        let voice = space.voice_of(1);
        let after: Vec<&Heard> = space
            .heard(who)
            .iter()
            .filter(|heard| (heard.csrc == voice || heard.is_silence()) && heard.at >= word)
            .collect();
        assert!(
            after.iter().all(|heard| heard.at <= limit),
            "{who} heard a tail"
        );
        let silence = after.iter().rev().take_while(|heard| heard.is_silence());
        assert!((3..=6).contains(&silence.count()), "{who}");
        assert_whole(&space, who);
    }
}

#[test]
fn the_three_phases_are_twenty_milliseconds_apart() {
    let mut space = a_large_audience(5);
    space.run_for(SECOND * 2);
    let start = space.now();
    space.run_for(SECOND);
    let moments: Vec<BTreeSet<u64>> = (SPEAKERS..PEOPLE)
        .map(|who| {
            let heard = space.heard(who).iter();
            let packets = heard.filter(|heard| heard.part == 0 && heard.at >= start);
            packets
                .map(|heard| heard.at.micros() / 1_000 % 60 / 20)
                .collect()
        })
        .collect();
    let mut listeners = [0; 3];
    for moments in moments {
        assert_eq!(moments.len(), 1, "a phase is kept");
        listeners[*moments.first().expect("a packet") as usize] += 1;
    }
    assert_eq!(listeners, [4, 4, 4]);
}

#[test]
fn whoever_comes_while_somebody_speaks_hears_the_next_word() {
    let mut space = a_large_audience(6);
    space.run_for(SECOND * 2);
    let late = space.join(false);
    space.settle();
    let start: Time = space.now();
    space.run_for(SECOND * 3);
    assert!(space.words(late, start).len() >= 145);
    assert_whole(&space, late);
}
