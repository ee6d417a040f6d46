//! One seed is one run, to the bit.

use std::time::Duration;

use arengo_sim::{SeededChance, Voice, Weather, seeds};

use crate::a_space;

/// Five people interrupt each other in weather that changes; what reached everybody, as a fingerprint.
fn a_lively_minute(seed: u64) -> u64 {
    let mut space = a_space()
        .seeded(seed)
        .with_speakers(5)
        .with_listeners(3)
        .begin();
    let mut chance = SeededChance::new(seed);
    for _ in 0..60 {
        let weather = match chance.next_u64() % 3 {
            0 => Weather::FAIR,
            1 => Weather::FAIR.losing(15.0),
            _ => Weather::FAIR
                .losing(5.0)
                .with_jitter(Duration::from_millis(60)),
        };
        space.weather(weather);
        let who = chance.next_u64() as usize % 5;
        let voice = match chance.next_u64() % 4 {
            0 => Voice::Quiet,
            1 => Voice::Silent,
            _ => Voice::Speaking(-10 - (chance.next_u64() % 40) as i8),
        };
        space.says(who, voice);
        space.allow(
            chance.next_u64() as usize % 5,
            !chance.next_u64().is_multiple_of(4),
        );
        space.run_for(Duration::from_millis(500));
    }
    space.digest()
}

#[test]
fn every_committed_seed_plays_the_same_twice() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in seeds() {
        let digest = a_lively_minute(seed);
        assert_eq!(
            digest,
            a_lively_minute(seed),
            "seed {seed} differs from itself"
        );
        assert!(seen.insert(digest), "seed {seed} plays as another one");
    }
}
