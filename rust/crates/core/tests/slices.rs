//! A big audience is served in slices: the stage never waits for it, and nobody in it misses anything.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets a surprise stops"
)]

mod people;

use arengo_core::limits::SLICE;
use people::{Heard, LOUD, Person, World};

const AUDIENCE: u64 = 700;

/// Two on stage, who hear each other, and an audience of several slices.
fn a_full_house() -> (World, Person, Person, Vec<Person>) {
    let mut world = World::new();
    let ann = world.join(1, true, 3);
    let bob = world.join(2, true, 3);
    let crowd = (100..100 + AUDIENCE)
        .map(|id| world.join(id, false, 3))
        .collect();
    world.forget_sent();
    (world, ann, bob, crowd)
}

fn speak(world: &mut World, person: &mut Person) {
    let mut packet = world.packet(person, LOUD);
    world.arrive(person.route, &mut packet);
}

fn assert_gapless(heard: &[Heard]) {
    for pair in heard.windows(2) {
        assert_eq!(pair[1].index, pair[0].index + 1);
        assert_eq!(pair[1].timestamp.wrapping_sub(pair[0].timestamp), 960);
    }
}

#[test]
fn the_stage_has_a_packet_before_anybody_in_the_audience() {
    let (mut world, mut ann, bob, _crowd) = a_full_house();
    speak(&mut world, &mut ann);
    assert!(world.sent_to() == [bob.route], "within the call");
    assert!(world.slice());
    assert_eq!(world.sent_to().len(), 1 + SLICE);
}

#[test]
fn who_speaks_while_the_audience_is_served_is_heard_on_stage_at_once() {
    let (mut world, mut ann, mut bob, _crowd) = a_full_house();
    speak(&mut world, &mut ann);
    world.slice();
    let before = world.sent_to().len();
    speak(&mut world, &mut bob);
    assert!(world.sent_to()[before..] == [ann.route]);
}

#[test]
fn everybody_hears_everything_once_and_in_order_however_rounds_overlap() {
    let (mut world, mut ann, mut bob, mut crowd) = a_full_house();
    for turn in 0..40 {
        speak(&mut world, &mut ann);
        if turn % 3 > 0 {
            world.slice();
        }
        speak(&mut world, &mut bob);
        for _ in 0..4 + turn % 4 {
            world.slice();
        }
        world.now = world.now + people::FRAME;
    }
    while world.slice() {}
    for person in &mut crowd {
        let heard = world.heard_by(person);
        for voice in [1, 2] {
            let mine: Vec<Heard> = heard.iter().filter(|h| h.voice == voice).cloned().collect();
            assert_eq!(mine.len(), 40);
            assert_gapless(&mine);
        }
    }
}

#[test]
fn several_packets_to_one_listener_leave_together() {
    let (mut world, mut ann, mut bob, crowd) = a_full_house();
    speak(&mut world, &mut ann);
    speak(&mut world, &mut bob);
    while world.slice() {}
    let mut to: Vec<_> = world.sent_to();
    to.retain(|route| *route != ann.route && *route != bob.route);
    assert_eq!(to.len(), 2 * crowd.len());
    assert!(to.chunks_exact(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn coming_and_going_while_a_round_is_under_way_makes_nobody_miss_a_packet() {
    let (mut world, mut ann, _bob, mut crowd) = a_full_house();
    let mut late = Vec::new();
    for turn in 0..60_usize {
        speak(&mut world, &mut ann);
        world.slice();
        for who in [turn * 7 % 600, turn * 11 % 500] {
            let gone = crowd.swap_remove(who);
            world
                .shard
                .close_peer(world.now, gone.id, "removed", &mut world.outbox);
        }
        let person = world.answered(5_000 + turn as u64, false, 3);
        world.check_unserved(&person);
        world.arrive(person.route, &mut [22, 0xfe, 0xfd, 0]);
        world.finish_jobs();
        late.push((turn, person));
        while world.slice() {}
        world.now = world.now + people::FRAME;
    }
    for person in &mut crowd {
        let heard = world.heard_by(person);
        assert_eq!(heard.len(), 60, "{}", person.id);
        assert_gapless(&heard);
    }
    for (turn, person) in &mut late {
        let heard = world.heard_by(person);
        assert_eq!(
            heard.len(),
            59 - *turn,
            "what was said before is not theirs"
        );
        assert_gapless(&heard);
        assert!(heard.first().is_none_or(|first| first.sequence < 1 << 15));
    }
}

#[test]
fn who_comes_on_stage_or_leaves_it_in_the_middle_of_a_round_misses_nothing() {
    let (mut world, mut ann, _bob, _crowd) = a_full_house();
    let mut eve = world.join(9_000, true, 3);
    for turn in 0..50 {
        speak(&mut world, &mut ann);
        world.slice();
        world
            .shard
            .allow_publish(world.now, eve.id, turn % 2 == 0, &mut world.outbox);
        speak(&mut world, &mut ann);
        if turn % 3 == 0 {
            world
                .shard
                .allow_publish(world.now, eve.id, turn % 4 == 0, &mut world.outbox);
        }
        while world.slice() {}
        world.now = world.now + people::FRAME * 2;
    }
    let heard = world.heard_by(&mut eve);
    assert_eq!(heard.len(), 100);
    assert_gapless(&heard);
}

#[test]
fn what_waits_of_a_revoked_voice_is_silence_and_numbers_stay_whole() {
    let (mut world, mut ann, _bob, mut crowd) = a_full_house();
    speak(&mut world, &mut ann);
    while world.slice() {}
    world.now = world.now + people::FRAME;
    speak(&mut world, &mut ann);
    world.slice();
    world
        .shard
        .allow_publish(world.now, ann.id, false, &mut world.outbox);
    while world.slice() {}
    world.pass(people::FRAME * 5);
    let mut spared = 0;
    for person in &mut crowd {
        let heard = world.heard_by(person);
        assert_eq!(heard.len(), 5);
        assert_gapless(&heard);
        assert!(heard[2..].iter().all(Heard::is_silence));
        spared += usize::from(heard[1].is_silence());
    }
    assert_eq!(
        spared,
        crowd.len() - SLICE,
        "all who had not been served yet"
    );
}

#[test]
fn what_has_waited_too_long_is_dropped_and_counted() {
    let (mut world, mut ann, _bob, mut crowd) = a_full_house();
    speak(&mut world, &mut ann);
    world.now = world.now + arengo_core::limits::AUDIENCE_WAIT;
    speak(&mut world, &mut ann);
    while world.slice() {}
    assert_eq!(world.shard.stats().drops_late, 1);
    assert_eq!(world.heard_by(&mut crowd[0]).len(), 1);
}

#[test]
fn spaces_take_turns() {
    let (mut world, mut ann, _bob, _crowd) = a_full_house();
    world.space = 8;
    let mut zoe = world.join(20_000, true, 3);
    let listener = world.join(20_001, false, 3);
    speak(&mut world, &mut ann);
    speak(&mut world, &mut zoe);
    world.slice();
    world.slice();
    assert!(
        world.sent_to().contains(&listener.route),
        "a small space does not wait for a big one to end"
    );
}
