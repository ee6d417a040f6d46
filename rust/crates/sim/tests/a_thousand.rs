//! A thousand people in one space, a tenth of whom are always on their way in or out.

use std::collections::BTreeSet;
use std::time::Duration;

use arengo_sim::{Scenario, SeededChance, Voice, Weather, Who, a_space, read};

const PEOPLE: usize = 1_000;
const SPEAKERS: usize = 3;
const CHANGES: usize = 100;
const BETWEEN: Duration = Duration::from_millis(50);

#[test]
fn a_thousand_hear_while_others_come_and_go() {
    hear_while_others_come_and_go(a_space());
}

#[test]
fn a_thousand_hear_merged_packets_while_others_come_and_go() {
    hear_while_others_come_and_go(a_space().merging_from(300));
}

fn hear_while_others_come_and_go(scenario: Scenario) {
    let mut space = scenario
        .of_our_own()
        .seeded(1_000)
        .with_speakers(SPEAKERS)
        .with_listeners(PEOPLE - SPEAKERS)
        .begin();
    for who in 0..SPEAKERS {
        space.says(who, Voice::Speaking(-20 - who as i8));
    }
    space.weather(Weather::FAIR.with_jitter(Duration::from_millis(20)));
    let mut chance = SeededChance::new(1_000);
    let mut faithful: Vec<Who> = (SPEAKERS..PEOPLE).collect();
    let start = space.now();
    for _ in 0..CHANGES {
        space.run_for(BETWEEN);
        let leaving = faithful.swap_remove(chance.next_u64() as usize % faithful.len());
        match chance.next_u64() % 3 {
            0 => space.remove(leaving),
            1 => space.leave(leaving),
            _ => space.cut_off(leaving),
        }
        space.join(false);
    }
    let end = space.now();
    space.settle();
    space.run_for(Duration::from_millis(100));

    let everybody: BTreeSet<Who> = (0..SPEAKERS).collect();
    // Half a second at either end belongs to slots that are just being lent and to packets under way.
    let half = Duration::from_millis(500);
    let due = (end.since(start) - half).as_millis() / 20 * SPEAKERS as u128;
    for who in &faithful {
        let words = space.words(*who, start + half);
        let heard: BTreeSet<Who> = words.iter().map(|word| usize::from(word.who)).collect();
        assert_eq!(heard, everybody, "{who}");
        assert!(
            words.len() as u128 >= due,
            "{who} heard {} of {due} words",
            words.len()
        );
        let mut seen = BTreeSet::new();
        let packets = space.heard(*who).iter();
        let frames = packets.filter_map(|heard| read(&heard.opus));
        assert!(
            frames.into_iter().all(|frame| seen.insert(frame)),
            "{who} heard a word twice"
        );
    }
    for newcomer in PEOPLE..PEOPLE + CHANGES {
        assert!(space.is_connected(newcomer), "{newcomer}");
        assert_eq!(space.voices(newcomer, end), everybody, "{newcomer}");
    }
}
