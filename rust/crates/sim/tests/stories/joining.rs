//! Coming in, hearing, and coming on stage.

use std::collections::BTreeSet;
use std::time::Duration;

use arengo_sim::Voice;

use crate::a_space;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn who_joins_hears_whoever_speaks() {
    let mut space = a_space().with_speakers(1).with_listeners(2).begin();
    space.says(0, Voice::Speaking(-20));
    let start = space.now();
    space.run_for(SECOND);
    for listener in [1, 2] {
        let words = space.words(listener, start);
        assert!(words.len() >= 48, "{} of 50 words", words.len());
        assert!(words.iter().all(|word| word.csrc == space.voice_of(0)));
    }
}

#[test]
fn our_own_client_hears_and_is_heard_as_well() {
    let mut space = a_space()
        .with_speakers(2)
        .with_listeners(1)
        .of_our_own()
        .begin();
    space.says(0, Voice::Speaking(-20));
    space.says(1, Voice::Speaking(-25));
    let start = space.now();
    space.run_for(SECOND);
    assert_eq!(space.voices(2, start), BTreeSet::from([0, 1]));
    assert_eq!(space.voices(0, start), BTreeSet::from([1]));
}

#[test]
fn nobody_hears_themselves() {
    let mut space = a_space().with_speakers(4).begin();
    for speaker in 0..4 {
        space.says(speaker, Voice::Speaking(-20 - speaker as i8));
    }
    let start = space.now();
    space.run_for(SECOND * 3);
    for speaker in 0..4 {
        let voices = space.voices(speaker, start);
        assert!(!voices.contains(&speaker), "{speaker} heard themselves");
        assert!(voices.len() >= 2, "{speaker} heard only {voices:?}");
    }
}

#[test]
fn a_player_with_one_line_hears_the_dominant_speaker() {
    let mut space = a_space()
        .with_speakers(3)
        .with_listeners(1)
        .with_lines(1)
        .begin();
    space.says(0, Voice::Speaking(-40));
    space.says(1, Voice::Speaking(-15));
    space.says(2, Voice::Speaking(-40));
    space.run_for(SECOND * 2);
    let start = space.now();
    space.run_for(SECOND);
    assert_eq!(space.voices(3, start), BTreeSet::from([1]));
}

#[test]
fn coming_on_stage_needs_no_renegotiation() {
    let mut space = a_space().with_speakers(2).with_listeners(1).begin();
    space.allow(1, false);
    space.says(1, Voice::Speaking(-20));
    let start = space.now();
    space.run_for(SECOND);
    assert!(
        space.voices(2, start).is_empty(),
        "heard before they were allowed"
    );

    space.allow(1, true);
    let on_stage = space.now();
    space.run_for(Duration::from_millis(200));
    for other in [0, 2] {
        assert_eq!(space.voices(other, on_stage), BTreeSet::from([1]));
    }
}

#[test]
fn who_joins_while_somebody_speaks_hears_them_at_once() {
    let mut space = a_space().with_speakers(1).begin();
    space.says(0, Voice::Speaking(-20));
    space.run_for(SECOND * 5);
    let late = space.join(false);
    space.settle();
    let start = space.now();
    space.run_for(SECOND);
    assert!(space.words(late, start).len() >= 48);
}
