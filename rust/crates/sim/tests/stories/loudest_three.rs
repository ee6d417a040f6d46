//! Who is heard when more speak than there are slots.

use std::collections::BTreeSet;
use std::time::Duration;

use arengo_sim::{SeededChance, Space, Voice, Who};

use crate::a_space;

const SECOND: Duration = Duration::from_secs(1);
const LISTENER: Who = 5;

/// Five people at -20, -25, -30, -45 and -50 dBov, for long enough that it is settled who is heard.
fn five_voices() -> Space {
    let mut space = a_space().with_speakers(5).with_listeners(1).begin();
    for (speaker, level) in [-20, -25, -30, -45, -50].into_iter().enumerate() {
        space.says(speaker, Voice::Speaking(level));
    }
    space.run_for(SECOND * 3);
    space
}

#[test]
fn of_five_voices_the_loudest_three_are_heard() {
    let mut space = five_voices();
    let start = space.now();
    space.run_for(SECOND);
    assert_eq!(space.voices(LISTENER, start), BTreeSet::from([0, 1, 2]));
}

#[test]
fn a_slot_follows_within_a_hundred_milliseconds_when_loudness_changes() {
    let mut space = five_voices();
    let change = space.now();
    space.says(4, Voice::Speaking(-10));
    space.run_for(Duration::from_millis(100));
    assert!(
        space.voices(LISTENER, change).contains(&4),
        "the loudest is not heard after 100 ms"
    );
    let start = space.now();
    space.run_for(SECOND);
    assert_eq!(space.voices(LISTENER, start), BTreeSet::from([0, 1, 4]));
}

#[test]
fn whoever_becomes_clearly_the_loudest_is_heard_within_a_hundred_milliseconds() {
    let mut space = five_voices();
    let mut chance = SeededChance::new(5);
    let mut loudest = 0;
    for _ in 0..100 {
        let next = (loudest + 1 + chance.next_u64() as usize % 4) % 5;
        space.says(
            loudest,
            Voice::Speaking(-35 - (chance.next_u64() % 5) as i8),
        );
        space.says(next, Voice::Speaking(-15));
        let change = space.now();
        space.run_for(Duration::from_millis(100));
        let heard = space.voices(LISTENER, change);
        assert!(
            heard.contains(&next),
            "{next} is not among {heard:?} at {change:?}"
        );
        space.run_for(Duration::from_millis(chance.next_u64() % 1_500));
        loudest = next;
    }
}

#[test]
fn equally_loud_voices_do_not_take_turns() {
    let mut space = a_space().with_speakers(4).with_listeners(1).begin();
    for (speaker, level) in [-15, -15, -30, -30].into_iter().enumerate() {
        space.says(speaker, Voice::Speaking(level));
    }
    space.run_for(SECOND * 3);
    let start = space.now();
    let mut chance = SeededChance::new(11);
    for _ in 0..500 {
        for speaker in [2, 3] {
            // Speech is never even: two decibels up and down, each frame anew.
            let wobble = (chance.next_u64() % 5) as i8 - 2;
            space.says(speaker, Voice::Speaking(-30 + wobble));
        }
        space.run_for(Duration::from_millis(20));
    }
    assert_eq!(changes_of_voice(&space, 4, start), 0);
}

#[test]
fn no_onset_is_cut_when_a_slot_is_free() {
    let mut space = a_space().with_speakers(3).with_listeners(1).begin();
    space.says(0, Voice::Speaking(-20));
    space.run_for(SECOND);
    let start = space.now();
    space.says(1, Voice::Speaking(-35));
    space.run_for(SECOND);
    let first = space.words(3, start).into_iter().find(|word| word.who == 1);
    assert_eq!(
        first.map(|word| word.count),
        Some(1),
        "the first word is missing"
    );
}

#[test]
fn whoever_falls_silent_makes_room_for_whoever_speaks() {
    let mut space = five_voices();
    space.says(0, Voice::Silent);
    space.run_for(Duration::from_millis(300));
    let start = space.now();
    space.run_for(SECOND);
    assert_eq!(space.voices(LISTENER, start), BTreeSet::from([1, 2, 3]));
}

/// How often a line went from one voice to another.
fn changes_of_voice(space: &Space, listener: Who, since: arengo_sim::Time) -> usize {
    let mut last = [None; 3];
    let mut changes = 0;
    for word in space.words(listener, since) {
        let before = last[word.line].replace(word.who);
        changes += usize::from(before.is_some_and(|before| before != word.who));
    }
    changes
}
