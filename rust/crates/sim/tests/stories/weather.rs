//! Loss, jitter and reordering: the sound goes on.

use std::time::Duration;

use arengo_sim::{Space, Voice, Weather, Who};

use crate::a_space;

const SECOND: Duration = Duration::from_secs(1);
const LISTENER: Who = 1;

fn half_a_minute_in(weather: Weather) -> Space {
    let mut space = a_space()
        .seeded(21)
        .with_speakers(1)
        .with_listeners(1)
        .begin();
    space.weather(weather);
    space.says(0, Voice::Speaking(-20));
    space.run_for(SECOND * 30);
    space
}

/// The share of the words that arrived, and the longest time between two that did.
fn heard(space: &Space) -> (f64, Duration) {
    let words = space.words(LISTENER, arengo_sim::Time::ZERO);
    let gaps = words.windows(2).map(|pair| pair[1].at.since(pair[0].at));
    let longest = gaps.max().unwrap_or(Duration::MAX);
    (words.len() as f64 / f64::from(space.said(0)), longest)
}

#[test]
fn at_five_percent_loss_the_sound_goes_on() {
    let space = half_a_minute_in(Weather::FAIR.losing(5.0));
    let (share, gap) = heard(&space);
    // Lost on the way in, or on the way out.
    assert!(
        share > 0.95 * 0.95 - 0.03,
        "{share:.3} of the words arrived"
    );
    assert!(gap <= Duration::from_millis(140), "a gap of {gap:?}");
}

#[test]
fn at_fifteen_percent_loss_the_sound_goes_on() {
    let space = half_a_minute_in(Weather::FAIR.losing(15.0));
    let (share, gap) = heard(&space);
    assert!(
        share > 0.85 * 0.85 - 0.04,
        "{share:.3} of the words arrived"
    );
    assert!(gap <= Duration::from_millis(240), "a gap of {gap:?}");
}

#[test]
fn under_sixty_milliseconds_of_jitter_no_word_is_lost_and_numbers_tell_the_order() {
    let space = half_a_minute_in(Weather::FAIR.with_jitter(Duration::from_millis(60)));
    let (share, gap) = heard(&space);
    assert!(share > 0.98, "{share:.3} of the words arrived");
    assert!(gap <= Duration::from_millis(200), "a gap of {gap:?}");
    numbers_tell_the_order(&space);
}

#[test]
fn under_loss_and_jitter_numbers_tell_the_order() {
    let rough = Weather::FAIR
        .losing(15.0)
        .with_jitter(Duration::from_millis(60));
    numbers_tell_the_order(&half_a_minute_in(rough));
}

#[test]
fn everybody_can_join_in_rough_weather() {
    let mut space = a_space().seeded(5).with_speakers(1).begin();
    space.weather(
        Weather::FAIR
            .losing(15.0)
            .with_jitter(Duration::from_millis(60)),
    );
    let late: Vec<Who> = (0..5).map(|_| space.join(false)).collect();
    space.settle();
    space.says(0, Voice::Speaking(-20));
    let start = space.now();
    space.run_for(SECOND * 2);
    for who in late {
        assert!(space.words(who, start).len() > 50);
    }
}

/// Sorted by sequence number, words are sorted as they were said, none twice, and each at its own time.
fn numbers_tell_the_order(space: &Space) {
    let mut heard: Vec<_> = space
        .heard(LISTENER)
        .iter()
        .filter_map(|heard| {
            Some((
                heard.sequence,
                arengo_sim::read(&heard.opus)?.1,
                heard.timestamp,
            ))
        })
        .collect();
    heard.sort_unstable();
    for pair in heard.windows(2) {
        let ((sequence, count, time), (next_sequence, next_count, next_time)) = (pair[0], pair[1]);
        assert!(next_sequence > sequence && next_count > count, "{pair:?}");
        assert_eq!(
            next_time.wrapping_sub(time),
            960 * (next_count - count),
            "{pair:?}"
        );
    }
}
