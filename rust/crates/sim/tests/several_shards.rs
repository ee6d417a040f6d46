//! What only several shards can get wrong: who tells, who is told, and what is left behind.

use std::time::Duration;

use arengo_sim::{News, SeededChance, Space, Time, Voice, Who, a_space};

const SECOND: Duration = Duration::from_secs(1);

/// Whose voices were told as active last.
fn active(space: &Space) -> Vec<u32> {
    let last = space.news().iter().rev().find_map(|(_, news)| match news {
        News::Active { voices, .. } => Some(*voices),
        _ => None,
    });
    last.unwrap_or_default()
        .into_iter()
        .filter(|voice| *voice != 0)
        .collect()
}

/// How often somebody was told as loud since *since*, and who.
fn levels_of(space: &Space, voice: u32, since: Time) -> usize {
    let told = space.news().iter().filter(|(at, _)| *at >= since);
    told.filter(|(_, news)| match news {
        News::Levels { levels, .. } => levels
            .as_slice()
            .iter()
            .any(|(who, dbov)| *who == voice && *dbov > -60),
        _ => false,
    })
    .count()
}

#[test]
fn who_is_heard_is_told_by_one_shard_for_all() {
    let mut space = a_space()
        .on_shards(3)
        .with_speakers(3)
        .with_listeners(3)
        .begin();
    for speaker in 0..3 {
        space.says(speaker, Voice::Speaking(-20 - 5 * speaker as i8));
    }
    let start = space.now();
    space.run_for(SECOND * 3);
    let mut told = active(&space);
    told.sort_unstable();
    assert_eq!(told, [0, 1, 2].map(|who| space.voice_of(who)));
    let messages = space.news().iter().filter(|(at, news)| {
        *at >= start && matches!(news, News::Levels { .. } | News::Active { .. })
    });
    assert!(messages.count() <= 3 * 10 + 10, "told by more than one");
    for speaker in 0..3 {
        space.says(speaker, Voice::Quiet);
    }
    space.run_for(SECOND * 2);
    assert!(active(&space).is_empty());
}

#[test]
fn how_loud_speech_is_is_told_by_one_shard_for_all() {
    let mut space = a_space()
        .on_shards(3)
        .with_speakers(3)
        .with_listeners(3)
        .begin();
    for _ in 0..50 {
        for level in [0, -12] {
            for speaker in 0..3 {
                space.says(speaker, Voice::Speaking(level - 10 - 6 * speaker as i8));
            }
            space.run_for(SECOND / 10);
        }
    }
    let told = space.news().iter().filter_map(|(_, news)| match news {
        News::Loudness { voices, .. } => Some(voices.as_slice()),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    let mut last: Vec<i8> = told.last().unwrap().iter().map(|(_, dbov)| *dbov).collect();
    last.sort_unstable();
    let [quiet, middle, loud] = last.as_slice() else {
        panic!("{last:?}");
    };
    assert!((5..=7).contains(&(loud - middle)), "{last:?}");
    assert!((5..=7).contains(&(middle - quiet)), "{last:?}");
    assert!(told.len() <= 24, "told {} times", told.len());
}

#[test]
fn when_the_shard_that_tells_has_lost_its_last_peer_another_one_tells() {
    let mut space = a_space()
        .on_shards(2)
        .with_speakers(2)
        .with_listeners(2)
        .begin();
    space.says(1, Voice::Speaking(-20));
    space.run_for(SECOND);
    assert_eq!(active(&space), [space.voice_of(1)]);
    space.remove(0);
    space.remove(2);
    let alone = space.now();
    space.run_for(SECOND);
    assert!(
        levels_of(&space, space.voice_of(1), alone) > 0 || active(&space) == [space.voice_of(1)]
    );
    space.says(1, Voice::Quiet);
    space.run_for(SECOND * 2);
    assert!(active(&space).is_empty());
}

#[test]
fn a_shard_that_comes_to_tell_while_nobody_speaks_leaves_nobody_active() {
    let mut space = a_space().on_shards(2).begin();
    let nobody = space.join(false);
    let speaker = space.join(true);
    space.allow(speaker, true);
    space.remove(nobody);
    space.settle();
    space.says(speaker, Voice::Speaking(-20));
    space.run_for(SECOND);
    assert_eq!(active(&space), [space.voice_of(speaker)]);
    space.says(speaker, Voice::Quiet);
    space.join(false);
    space.settle();
    space.run_for(SECOND * 2);
    assert!(active(&space).is_empty());
}

#[test]
fn who_comes_to_a_shard_where_nobody_was_hears_whoever_speaks() {
    let mut space = a_space().on_shards(3).with_speakers(1).begin();
    space.says(0, Voice::Speaking(-20));
    space.run_for(SECOND * 2);
    let late: Vec<Who> = (0..2).map(|_| space.join(false)).collect();
    space.settle();
    let start = space.now();
    space.run_for(SECOND);
    for who in late {
        assert!(space.words(who, start).len() >= 48);
    }
}

#[test]
fn nobody_is_left_behind_when_people_come_and_go_on_all_shards() {
    for seed in 1..=5 {
        let mut space = a_space().seeded(seed).on_shards(3).begin();
        let mut chance = SeededChance::new(seed);
        let mut here: Vec<(Who, bool)> = Vec::new();
        for _ in 0..200 {
            if here.is_empty() || (here.len() < 6 && chance.next_u64().is_multiple_of(2)) {
                let speaks = chance.next_u64().is_multiple_of(2);
                let who = space.join(speaks);
                space.allow(who, speaks);
                space.says(who, Voice::Speaking(-10 - (chance.next_u64() % 40) as i8));
                here.push((who, speaks));
            } else {
                let (who, speaks) = here.swap_remove(chance.next_u64() as usize % here.len());
                if speaks && chance.next_u64().is_multiple_of(2) {
                    space.allow(who, false);
                }
                space.remove(who);
            }
            space.run_for(Duration::from_micros(chance.next_u64() % 300_000));
        }
        space.settle();
        assert_eq!(space.peers(), here.len());
        let speakers: Vec<Who> = here
            .iter()
            .filter(|(_, s)| *s)
            .map(|(who, _)| *who)
            .collect();
        for (who, _) in &here {
            space.says(*who, Voice::Quiet);
        }
        space.run_for(SECOND * 2);
        assert!(
            active(&space).is_empty(),
            "seed {seed}: somebody who left is active"
        );
        let start = space.now();
        if let Some(speaker) = speakers.first() {
            space.says(*speaker, Voice::Speaking(-20));
            space.run_for(SECOND);
            for (who, _) in here.iter().filter(|(who, _)| who != speaker) {
                let heard = space.words(*who, start).len();
                assert!(heard >= 48, "seed {seed}: {who} heard {heard} words");
            }
        }
        for (who, _) in here {
            space.remove(who);
        }
        space.run_for(SECOND);
        assert_eq!((space.peers(), space.routes()), (0, 0), "seed {seed}");
    }
}
