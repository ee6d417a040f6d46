//! A voice that is silenced ends for everybody, soon and without a tail.

use std::time::Duration;

use arengo_sim::{News, Space, Time, Voice, Who};

use crate::a_space;

const SECOND: Duration = Duration::from_secs(1);
const SPEAKER: Who = 0;
/// Another speaker, and two listeners.
const OTHERS: [Who; 3] = [1, 2, 3];

fn somebody_speaks() -> Space {
    let mut space = a_space().with_speakers(2).with_listeners(2).begin();
    space.says(SPEAKER, Voice::Speaking(-20));
    space.run_for(SECOND * 2);
    space
}

#[test]
fn muting_by_the_host_ends_a_voice_for_everybody() {
    let mut space = somebody_speaks();
    let word = space.now();
    space.allow(SPEAKER, false);
    space.run_for(SECOND * 2);
    ended_cleanly(&space, word);
}

#[test]
fn removal_ends_a_voice_for_everybody() {
    let mut space = somebody_speaks();
    let word = space.now();
    space.remove(SPEAKER);
    space.run_for(SECOND * 2);
    ended_cleanly(&space, word);
    assert!(
        space
            .news()
            .iter()
            .any(|(_, news)| matches!(news, News::Closed { peer: 0, .. }))
    );
}

#[test]
fn leaving_ends_a_voice_for_everybody() {
    let mut space = a_space()
        .with_speakers(2)
        .with_listeners(2)
        .of_our_own()
        .begin();
    space.says(SPEAKER, Voice::Speaking(-20));
    space.run_for(SECOND * 2);
    let word = space.now();
    space.leave(SPEAKER);
    space.run_for(SECOND * 2);
    ended_cleanly(&space, word);
}

#[test]
fn a_voice_that_was_ended_comes_back_with_its_first_word() {
    let mut space = somebody_speaks();
    space.allow(SPEAKER, false);
    space.run_for(SECOND);
    let word = space.now();
    let said = space.said(SPEAKER);
    space.allow(SPEAKER, true);
    space.run_for(SECOND);
    for other in OTHERS {
        let first = space.words(other, word)[0];
        assert!(
            first.count <= said + 2,
            "{} words are missing",
            first.count - said - 1
        );
    }
}

#[test]
fn muting_one_voice_leaves_the_others_alone() {
    let mut space = somebody_speaks();
    space.says(1, Voice::Speaking(-25));
    space.run_for(SECOND);
    let word = space.now();
    space.allow(SPEAKER, false);
    space.run_for(SECOND);
    let words = space.words(2, word);
    assert!(words.iter().filter(|word| word.who == 1).count() >= 48);
}

/// Nothing of the speaker later than 200 ms after the word, then three frames of silence and nothing more.
fn ended_cleanly(space: &Space, word: Time) {
    for other in OTHERS {
        let limit = word + Duration::from_millis(200);
        let late = space.words(other, limit);
        assert!(
            late.is_empty(),
            "{other} heard {} words too late",
            late.len()
        );
        let after: Vec<_> = space
            .heard(other)
            .iter()
            .filter(|heard| heard.at >= word)
            .collect();
        let silence = after
            .iter()
            .rev()
            .take_while(|heard| heard.is_silence())
            .count();
        assert_eq!(
            silence, 3,
            "{other} heard {silence} frames of silence at the end"
        );
        assert!(
            after.iter().all(|heard| heard.at <= limit),
            "{other} heard a tail"
        );
    }
}
