//! Where nothing happens, nobody is woken up; and what is due comes no later for that.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets a surprise stops"
)]

mod people;

use std::time::Duration;

use arengo_core::limits::TICK_SLACK;
use people::{FRAME, Heard, LOUD, Person, SILENT, World};

const MINUTE: Duration = Duration::from_secs(60);

/// How often the thread would have woken up for the shard in *duration*.
fn wakes_in(world: &mut World, duration: Duration) -> usize {
    let end = world.now + duration;
    let mut wakes = 0;
    while world.shard.next_tick() <= end {
        let due = world.shard.next_tick();
        world.pass(due.since(world.now));
        wakes += 1;
    }
    world.pass(end.since(world.now));
    wakes
}

/// How often the thread wakes up between *frames* packets of *speaker*.
fn wakes_while_speaking(world: &mut World, speaker: &mut Person, frames: u32) -> usize {
    let mut wakes = 0;
    for _ in 0..frames {
        world.say(speaker, LOUD);
        wakes += wakes_in(world, FRAME - TICK_SLACK);
        // As a media thread does: what is due soon is done with the next packet.
        world.now = world.now + TICK_SLACK;
        world.shard.tick(world.now, &mut world.outbox);
    }
    wakes
}

fn silences(heard: &[Heard]) -> usize {
    heard.iter().filter(|one| one.is_silence()).count()
}

#[test]
fn a_shard_without_peers_is_woken_up_once_a_second() {
    let mut world = World::new();
    wakes_in(&mut world, FRAME);
    assert!(wakes_in(&mut world, MINUTE) <= 60);
}

#[test]
fn who_joins_is_looked_after_at_once() {
    let mut world = World::new();
    wakes_in(&mut world, MINUTE);
    world.answered(1, true, 3);
    assert!(world.shard.next_tick().since(world.now) <= Duration::from_millis(100));
}

#[test]
fn listeners_to_whom_nobody_speaks_cost_ten_looks_a_second() {
    let mut world = World::new();
    for id in 1..=20 {
        world.join(id, id == 1, 3);
    }
    world.pass(Duration::from_secs(1));
    assert!(wakes_in(&mut world, MINUTE) <= 600);
}

#[test]
fn a_speaker_costs_few_looks_beside_those_with_their_packets() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 0);
    world.join(2, false, 3);
    wakes_while_speaking(&mut world, &mut ann, 50);
    let wakes = wakes_while_speaking(&mut world, &mut ann, 500);
    assert!(wakes <= 100, "{wakes} in ten seconds");
}

#[test]
fn silence_is_said_as_soon_as_packets_are_missing() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 0);
    let mut ben = world.join(2, false, 3);
    // Whenever the voices were last looked at.
    for frames in 20..40 {
        for _ in 0..frames {
            world.frame(&mut [(&mut ann, LOUD)]);
        }
        world.heard_by(&mut ben);
        world.pass(Duration::from_millis(140) - FRAME - Duration::from_millis(1));
        assert_eq!(silences(&world.heard_by(&mut ben)), 0);
        world.pass(Duration::from_millis(2));
        assert_eq!(silences(&world.heard_by(&mut ben)), 1);
        world.pass(FRAME * 5);
        ann.timestamp = ann.timestamp.wrapping_add(241 * 48);
    }
}

#[test]
fn a_slot_is_given_back_as_soon_as_its_holder_was_silent_for_long() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 0);
    for _ in 0..20 {
        world.frame(&mut [(&mut ann, LOUD)]);
    }
    // The last voiced packet came a frame ago.
    for _ in 0..28 {
        world.frame(&mut [(&mut ann, SILENT)]);
        assert_eq!(world.active(), [1, 0, 0]);
    }
    world.pass(FRAME);
    assert_eq!(world.active(), [0, 0, 0]);
}
