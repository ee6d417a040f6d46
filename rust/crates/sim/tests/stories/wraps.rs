//! Sequence numbers of 16 bits wrap, and the rollover counter of SRTP with them.

use std::time::Duration;

use arengo_sim::{Voice, Weather};

use crate::a_space;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_speakers_wrap_goes_unnoticed() {
    let mut space = a_space()
        .with_speakers(1)
        .with_listeners(1)
        .with_first_sequence(65_500)
        .begin();
    space.says(0, Voice::Speaking(-20));
    let start = space.now();
    space.run_for(SECOND * 5);
    let words = space.words(1, start);
    assert!(words.len() >= 248, "{} of 250 words", words.len());
}

#[test]
fn a_speakers_wrap_goes_unnoticed_in_rough_weather() {
    let mut space = a_space()
        .seeded(9)
        .with_speakers(1)
        .with_listeners(1)
        .with_first_sequence(65_400)
        .begin();
    space.weather(
        Weather::FAIR
            .losing(10.0)
            .with_jitter(Duration::from_millis(60)),
    );
    space.says(0, Voice::Speaking(-20));
    space.run_for(SECOND * 5);
    let start = space.now();
    space.run_for(SECOND * 5);
    assert!(space.words(1, start).len() >= 190);
}

#[test]
fn a_listeners_wrap_goes_unnoticed() {
    // 65,536 packets of 20 ms are 22 minutes; the listener's numbers begin somewhere below 32,768.
    let mut space = a_space().with_speakers(1).with_listeners(1).begin();
    space.says(0, Voice::Speaking(-20));
    let mut last = None;
    for _ in 0..24 {
        let start = space.now();
        space.run_for(SECOND * 60);
        let minute: Vec<_> = space
            .heard(1)
            .iter()
            .filter(|heard| heard.at >= start)
            .collect();
        assert!(
            minute.len() >= 2_998,
            "{} of 3,000 words in a minute",
            minute.len()
        );
        last = minute.last().map(|heard| heard.sequence);
    }
    assert!(
        last.is_some_and(|sequence| sequence > 65_535),
        "no wrap yet at {last:?}"
    );
}

#[test]
fn ones_own_long_speech_leaves_no_gap_in_what_one_hears() {
    let mut space = a_space().with_speakers(2).begin();
    space.says(1, Voice::Speaking(-20));
    space.run_for(SECOND);
    space.says(1, Voice::Quiet);
    space.run_for(SECOND);
    let before = space.heard(0).last().map(|heard| heard.sequence);

    // More packets than sequence numbers: a player that was told of a gap would have lost count.
    space.says(0, Voice::Speaking(-20));
    space.run_for(SECOND * 60 * 25);
    space.says(0, Voice::Quiet);
    space.run_for(SECOND);

    let start = space.now();
    space.says(1, Voice::Speaking(-20));
    space.run_for(SECOND);
    let words = space.words(0, start);
    assert!(words.len() >= 48, "{} of 50 words", words.len());
    let after = space.heard(0).iter().find(|heard| heard.at >= start);
    assert_eq!(
        after.map(|heard| heard.sequence),
        before.map(|sequence| sequence + 1)
    );
}
