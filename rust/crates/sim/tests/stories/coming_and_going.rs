//! People who vanish, and people who come and go.

use std::collections::BTreeSet;
use std::time::Duration;

use arengo_sim::{News, SeededChance, Voice, Who};

use crate::a_space;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_peer_silent_for_thirty_seconds_is_closed() {
    let mut space = a_space().with_speakers(1).with_listeners(2).begin();
    space.cut_off(2);
    let start = space.now();
    space.run_for(SECOND * 40);
    let closed = space.news().iter().find_map(|(at, news)| match news {
        News::Closed { peer: 2, why } => Some((at.since(start), why.clone())),
        _ => None,
    });
    let (after, why) = closed.expect("the silent peer is closed");
    assert_eq!(why, "silent");
    assert!(
        (SECOND * 28..SECOND * 36).contains(&after),
        "closed after {after:?}"
    );
    assert_eq!(space.peers(), 2, "the others stay");
}

#[test]
fn a_speaker_who_vanishes_is_silence_to_the_others_within_a_second() {
    let mut space = a_space().with_speakers(1).with_listeners(1).begin();
    space.says(0, Voice::Speaking(-20));
    space.run_for(SECOND);
    space.cut_off(0);
    let start = space.now();
    space.run_for(SECOND);
    let after = space.heard(1).iter().filter(|heard| heard.at >= start);
    let silence = after.filter(|heard| heard.is_silence()).count();
    assert_eq!(silence, 3);
}

#[test]
fn people_come_and_go_and_the_sound_goes_on() {
    let mut space = a_space()
        .seeded(77)
        .with_speakers(2)
        .with_listeners(1)
        .begin();
    let faithful: Who = 2;
    space.says(0, Voice::Speaking(-20));
    space.says(1, Voice::Speaking(-25));
    let mut chance = SeededChance::new(77);
    let mut guests: Vec<Who> = Vec::new();
    let start = space.now();
    for _ in 0..60 {
        if guests.len() < 2 || (guests.len() < 6 && chance.next_u64().is_multiple_of(2)) {
            guests.push(space.join(false));
        } else {
            let leaving = guests.swap_remove(chance.next_u64() as usize % guests.len());
            space.remove(leaving);
        }
        space.run_for(SECOND / 2);
    }
    space.settle();
    assert_eq!(space.peers(), 3 + guests.len());
    let words = space.words(faithful, start);
    let said = space.said(0) + space.said(1);
    assert!(
        words.len() as u32 + 10 >= said,
        "{} of {said} words",
        words.len()
    );

    let last_second = space.now();
    space.run_for(SECOND);
    for guest in guests {
        assert_eq!(space.voices(guest, last_second), BTreeSet::from([0, 1]));
    }
}
