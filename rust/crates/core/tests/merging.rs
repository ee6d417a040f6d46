//! Merged packets for who only listens: when, how much, and over to them and back without a frame lost or doubled.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets a surprise stops"
)]

mod people;

use std::collections::BTreeMap;
use std::time::Duration;

use arengo_wire::rtcp::{Packet, packets};
use people::{FRAME, Heard, HeardFrame, LOUD, Person, QUIET, World, frames};

/// A speaker, and an audience that is large enough.
fn a_merging_space(listeners: u64) -> (World, Person, Vec<Person>) {
    let mut world = World::merging_from(Some(listeners as u32));
    let ann = world.join(1, true, 3);
    let crowd = (100..100 + listeners)
        .map(|id| world.join(id, false, 3))
        .collect();
    world.pass(Duration::from_secs(1));
    (world, ann, crowd)
}

fn talk(world: &mut World, person: &mut Person, frames: usize) {
    for _ in 0..frames {
        world.frame(&mut [(person, LOUD)]);
    }
}

/// Numbers of a line follow one another, and its times: nothing is lost, doubled or out of order.
fn assert_gapless(heard: &[Heard]) {
    let mut lines: BTreeMap<usize, Vec<&Heard>> = BTreeMap::new();
    for packet in heard {
        lines.entry(packet.slot).or_default().push(packet);
    }
    for packets in lines.values() {
        for pair in packets.windows(2) {
            assert_eq!(pair[1].index, pair[0].index + 1);
        }
    }
}

fn assert_whole(heard: &[Heard], voice: u32, from: u16, count: usize) {
    assert_gapless(heard);
    let frames = frames(heard);
    let mine: Vec<&HeardFrame> = frames
        .iter()
        .filter(|frame| frame.voice == voice && !frame.is_silence())
        .collect();
    let numbers: Vec<u16> = mine.iter().filter_map(|frame| frame.number()).collect();
    let expected: Vec<u16> = (from..from + count as u16).collect();
    assert_eq!(numbers, expected);
    for pair in mine.windows(2) {
        assert_eq!(pair[1].timestamp.wrapping_sub(pair[0].timestamp), 960);
    }
}

#[test]
fn a_large_audience_gets_a_third_of_the_packets_and_all_of_the_sound() {
    let (mut world, mut ann, mut crowd) = a_merging_space(30);
    talk(&mut world, &mut ann, 300);
    world.pass(FRAME * 5);
    for person in &mut crowd {
        let heard = world.heard_by(person);
        assert_whole(&heard, 1, 100, 300);
        assert!(heard.len() < 110, "{} packets", heard.len());
    }
    assert_eq!(world.shard.stats().listeners_merged, 30);
}

#[test]
fn a_small_audience_and_the_stage_get_packets_as_they_come() {
    let (mut world, mut ann, mut crowd) = a_merging_space(30);
    let mut bob = world.join(2, true, 3);
    talk(&mut world, &mut ann, 30);
    let heard = world.heard_by(&mut bob);
    assert_eq!(heard.len(), 30);
    for person in crowd.drain(..20) {
        world
            .shard
            .close_peer(world.now, person.id, "removed", &mut world.outbox);
    }
    talk(&mut world, &mut ann, 600);
    crowd
        .iter_mut()
        .for_each(|person| drop(world.heard_by(person)));
    let next = ann.index as u16;
    talk(&mut world, &mut ann, 30);
    for person in &mut crowd {
        let heard = world.heard_by(person);
        assert_whole(&heard, 1, next, 30);
        assert_eq!(heard.len(), 30, "merging has ended");
    }
}

#[test]
fn merging_on_and_off_loses_and_doubles_nothing() {
    let mut world = World::merging_from(Some(20));
    let mut ann = world.join(1, true, 3);
    let mut crowd: Vec<Person> = (100..110).map(|id| world.join(id, false, 3)).collect();
    talk(&mut world, &mut ann, 50);
    let extra: Vec<Person> = (200..215).map(|id| world.join(id, false, 3)).collect();
    talk(&mut world, &mut ann, 100);
    assert_eq!(world.shard.stats().listeners_merged, 25);
    for person in &extra {
        world
            .shard
            .close_peer(world.now, person.id, "removed", &mut world.outbox);
    }
    talk(&mut world, &mut ann, 600);
    assert_eq!(world.shard.stats().listeners_merged, 0);
    for person in &mut crowd {
        let heard = world.heard_by(person);
        assert_whole(&heard, 1, 100, 750);
        assert!(heard.iter().any(|packet| packet.opus.len() > 20));
    }
}

#[test]
fn a_busy_thread_merges_for_smaller_audiences() {
    let mut world = World::merging_from(Some(300));
    let mut ann = world.join(1, true, 3);
    for id in 100..160 {
        world.join(id, false, 3);
    }
    talk(&mut world, &mut ann, 20);
    assert_eq!(world.shard.stats().listeners_merged, 0);
    world.shard.note_busy(800);
    talk(&mut world, &mut ann, 100);
    assert_eq!(world.shard.stats().listeners_merged, 60);
}

#[test]
fn the_three_phases_are_spread_evenly() {
    let (mut world, mut ann, mut crowd) = a_merging_space(300);
    talk(&mut world, &mut ann, 30);
    crowd
        .iter_mut()
        .for_each(|person| drop(world.heard_by(person)));
    let mut before = world.shard.stats().packets_out;
    for _ in 0..30 {
        talk(&mut world, &mut ann, 1);
        let now = world.shard.stats().packets_out;
        let made = now - before;
        assert!((90..=120).contains(&made), "{made} in one frame");
        before = now;
    }
}

#[test]
fn no_onset_is_cut_and_no_end_comes_late() {
    let (mut world, mut ann, mut crowd) = a_merging_space(30);
    for _ in 0..20 {
        world.pass(Duration::from_secs(2));
        for person in crowd.iter().chain([&ann]) {
            world.check(person, person.route, true);
        }
        let first = ann.index as u16;
        talk(&mut world, &mut ann, 7);
        // It stops without a word: what waits goes, and silence follows.
        world.pass(Duration::from_millis(300));
        for person in &mut crowd {
            let heard = world.heard_by(person);
            assert_whole(&heard, 1, first, 7);
            let frames = frames(&heard);
            let (sound, end) = frames.split_at(frames.len() - 3);
            assert!(end.iter().all(HeardFrame::is_silence));
            assert!(sound.iter().all(|frame| !frame.is_silence()));
        }
        ann.timestamp = ann.timestamp.wrapping_add(960 * 115);
    }
}

#[test]
fn a_revoked_voice_ends_within_the_call_and_no_more_of_it_is_heard() {
    let (mut world, mut ann, mut crowd) = a_merging_space(30);
    talk(&mut world, &mut ann, 50);
    crowd
        .iter_mut()
        .for_each(|person| drop(world.heard_by(person)));
    world.allow(&ann, false);
    world.pass(Duration::from_millis(200));
    for person in &mut crowd {
        let heard = world.heard_by(person);
        assert_gapless(&heard);
        let frames = frames(&heard);
        assert!((3..=5).contains(&frames.len()), "{}", frames.len());
        assert!(frames.iter().all(HeardFrame::is_silence));
        for pair in frames.windows(2) {
            assert_eq!(pair[1].timestamp.wrapping_sub(pair[0].timestamp), 960);
        }
    }
    talk(&mut world, &mut ann, 10);
    assert!(
        crowd
            .iter_mut()
            .all(|person| world.heard_by(person).is_empty())
    );
}

#[test]
fn who_raises_a_hand_gets_packets_as_they_come() {
    let (mut world, mut ann, mut crowd) = a_merging_space(30);
    talk(&mut world, &mut ann, 31);
    let eve = &mut crowd[7];
    world.shard.keep_prompt(eve.id, true, &mut world.outbox);
    talk(&mut world, &mut ann, 40);
    world.heard_by(eve);
    talk(&mut world, &mut ann, 10);
    assert_eq!(world.heard_by(eve).len(), 10);
    world.shard.keep_prompt(eve.id, false, &mut world.outbox);
    talk(&mut world, &mut ann, 100);
    world.pass(FRAME * 4);
    assert_whole(&world.heard_by(eve), 1, 181, 100);
    assert_eq!(world.shard.stats().listeners_merged, 30);
}

#[test]
fn who_reports_loss_gets_packets_as_they_come_for_half_a_minute() {
    let (mut world, mut ann, mut crowd) = a_merging_space(30);
    talk(&mut world, &mut ann, 31);
    let eve = &mut crowd[3];
    world.report_loss(eve, 5);
    assert_eq!(
        world.shard.stats().listeners_merged,
        30,
        "two percent is no loss"
    );
    world.report_loss(eve, 12);
    talk(&mut world, &mut ann, 40);
    world.check(eve, eve.route, true);
    assert_whole(&world.heard_by(eve), 1, 100, 71);
    assert_eq!(world.shard.stats().listeners_merged, 29);
    for _ in 0..31 {
        talk(&mut world, &mut ann, 50);
        for person in &crowd {
            world.check(person, person.route, true);
        }
    }
    assert_eq!(world.shard.stats().listeners_merged, 30);
}

#[test]
fn loss_on_the_way_in_is_no_listeners_loss() {
    let (mut world, mut ann, mut crowd) = a_merging_space(30);
    for _ in 0..50 {
        talk(&mut world, &mut ann, 9);
        world.packet(&mut ann, LOUD);
        world.pass(FRAME);
    }
    world.report_loss(&mut crowd[0], 26);
    assert_eq!(world.shard.stats().listeners_merged, 30);
    world.report_loss(&mut crowd[0], 60);
    assert_eq!(world.shard.stats().listeners_merged, 29);
}

#[test]
fn two_speakers_packets_reach_a_listener_together() {
    let (mut world, mut ann, mut crowd) = a_merging_space(30);
    let mut bob = world.join(2, true, 3);
    for _ in 0..30 {
        world.frame(&mut [(&mut ann, LOUD), (&mut bob, QUIET)]);
    }
    world.forget_sent();
    for _ in 0..6 {
        world.frame(&mut [(&mut ann, LOUD), (&mut bob, QUIET)]);
    }
    let routes: Vec<_> = crowd.iter().map(|person| person.route).collect();
    let mut sent = world.sent_to();
    sent.retain(|route| routes.contains(route));
    assert!(sent.len() >= 2 * 2 * 30);
    assert!(sent.chunks_exact(2).all(|pair| pair[0] == pair[1]));
    let heard = world.heard_by(&mut crowd[0]);
    assert!(
        heard
            .iter()
            .all(|packet| frames(std::slice::from_ref(packet)).len() == 3)
    );
}

#[test]
fn a_sender_report_counts_what_a_listener_was_sent() {
    let (mut world, mut ann, mut crowd) = a_merging_space(30);
    let eve = &mut crowd[0];
    let (mut heard, mut told) = (0, 0);
    for turn in 0..12 {
        world
            .shard
            .keep_prompt(eve.id, turn % 3 == 0, &mut world.outbox);
        for _ in 0..50 {
            talk(&mut world, &mut ann, 1);
            for mut datagram in world.datagrams_for(eve) {
                if !(192..=223).contains(&datagram[1]) {
                    heard += u32::from(datagram[0] >> 6 == 2);
                    continue;
                }
                let len = eve.keys.inbound.open_rtcp(&mut datagram).unwrap();
                for packet in packets(&datagram[..len]).flatten() {
                    if let Packet::SenderReport { info, .. } = packet {
                        assert_eq!(info.packets, heard);
                        told += 1;
                    }
                }
            }
        }
        for person in [&ann, &*eve] {
            world.check(person, person.route, true);
        }
        world.datagrams_for(eve);
    }
    assert!(told >= 2);
}

/// Whatever happens, and however much of it waits: every packet opens (no number is used twice), numbers follow one
/// another, and each listener hears each frame once.
#[test]
fn through_any_change_every_listener_hears_every_frame_once() {
    for seed in 1..=12_u64 {
        let mut state = seed;
        let mut chance = move |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % below
        };
        let mut world = World::merging_from(Some(if seed % 3 == 0 { 0 } else { 40 }));
        let mut speakers = [world.join(1, true, 3), world.join(2, true, 3)];
        let mut crowd: Vec<Person> = (100..150)
            .map(|id| world.join(id, id % 10 == 0, if id % 7 == 0 { 1 } else { 3 }))
            .collect();
        for person in crowd.iter().filter(|person| person.id % 10 == 0) {
            world.allow(person, false);
        }
        let mut late = Vec::new();
        for turn in 0..700 {
            for speaker in &mut speakers {
                let mut packet = world.packet(speaker, LOUD);
                world.arrive(speaker.route, &mut packet);
                if chance(4) == 0 {
                    world.slice();
                }
            }
            let who = &crowd[chance(50) as usize];
            match chance(12) {
                0 => world.shard.keep_prompt(who.id, true, &mut world.outbox),
                1 => world.shard.keep_prompt(who.id, false, &mut world.outbox),
                2 => {
                    // Whoever may speak comes on stage, says nothing, and leaves it.
                    let id = who.id / 10 * 10;
                    let now = world.now;
                    world
                        .shard
                        .allow_publish(now, id, chance(2) == 0, &mut world.outbox);
                }
                3 => world.shard.note_busy([0, 900][chance(2) as usize]),
                4 if turn < 600 => late.push(world.join(1_000 + turn, false, 3)),
                5 if !late.is_empty() => {
                    let gone = late.swap_remove(chance(late.len() as u64) as usize);
                    let now = world.now;
                    world
                        .shard
                        .close_peer(now, gone.id, "removed", &mut world.outbox);
                }
                6 => world.report_loss(&mut crowd[chance(50) as usize], 50),
                _ => {}
            }
            if chance(3) > 0 {
                world.slice();
            }
            world.now = world.now + Duration::from_millis(20);
            if world.now >= world.shard.next_tick() {
                world.shard.tick(world.now, &mut world.outbox);
            }
            if turn % 400 == 399 {
                let all = crowd.iter().chain(&late).chain(&speakers);
                let all: Vec<_> = all
                    .map(|person| (person.ice.clone(), person.route))
                    .collect();
                for (ice, route) in all {
                    world.keep_alive(&ice, route);
                }
            }
        }
        for _ in 0..20 {
            world.pass(FRAME);
        }
        assert_eq!(world.shard.stats().drops_merging, 0);
        for person in &mut crowd {
            let heard = world.heard_by(person);
            if person.slot_keys.is_empty() || heard.is_empty() {
                continue;
            }
            assert_gapless(&heard);
            let lines = heard.iter().map(|packet| packet.slot).max().unwrap();
            let frames = frames(&heard);
            for voice in [1, 2] {
                let numbers: Vec<u16> = frames
                    .iter()
                    .filter(|frame| frame.voice == voice)
                    .filter_map(HeardFrame::number)
                    .collect();
                if person.id % 7 == 0 && lines == 0 {
                    assert!(numbers.windows(2).all(|pair| pair[1] > pair[0]));
                } else {
                    let expected: Vec<u16> = (100..800).collect();
                    assert_eq!(numbers, expected, "seed {seed}, {}", person.id);
                }
            }
        }
        for person in &mut late {
            assert_gapless(&world.heard_by(person));
        }
    }
}

/// Five people take the three slots from each other, lose packets, overtake themselves and are silenced: no listener is
/// ever sent a number twice, times go forward with numbers, and nobody hears who is not allowed.
#[test]
fn through_hand_overs_loss_and_reordering_no_number_is_used_twice() {
    for seed in 1..=10_u64 {
        let mut state = seed * 77;
        let mut chance = move |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % below
        };
        let mut world = World::merging_from(Some(10));
        let mut speakers: Vec<Person> = (1..=5).map(|id| world.join(id, true, 3)).collect();
        let mut crowd: Vec<Person> = (100..130)
            .map(|id| world.join(id, false, 1 + (id % 3) as usize))
            .collect();
        let mut levels = [LOUD; 5];
        let mut held: Vec<(arengo_core::Route, Vec<u8>)> = Vec::new();
        for turn in 0..900 {
            for (speaker, level) in speakers.iter_mut().zip(&mut levels) {
                if chance(40) == 0 {
                    *level = [15, 25, 40, people::SILENT][chance(4) as usize];
                }
                let mut packet = world.packet(speaker, *level);
                match chance(20) {
                    0 => {}
                    1 => held.push((speaker.route, packet)),
                    _ => world.arrive(speaker.route, &mut packet),
                }
                if chance(3) == 0 {
                    world.slice();
                }
            }
            while !held.is_empty() && chance(2) == 0 {
                let (route, mut packet) = held.swap_remove(chance(held.len() as u64) as usize);
                world.arrive(route, &mut packet);
            }
            match chance(25) {
                0 => {
                    let now = world.now;
                    let who = 1 + chance(5);
                    world
                        .shard
                        .allow_publish(now, who, chance(3) > 0, &mut world.outbox);
                }
                1..=3 => {
                    let who = 100 + chance(30);
                    world
                        .shard
                        .keep_prompt(who, chance(2) == 0, &mut world.outbox);
                }
                4 => world.pass(Duration::from_millis(chance(300))),
                _ => {}
            }
            world.slice();
            world.now = world.now + FRAME;
            if world.now >= world.shard.next_tick() {
                world.shard.tick(world.now, &mut world.outbox);
            }
            if turn % 300 == 299 {
                let all = crowd.iter().chain(&speakers);
                let all: Vec<_> = all
                    .map(|person| (person.ice.clone(), person.route))
                    .collect();
                for (ice, route) in all {
                    world.keep_alive(&ice, route);
                }
            }
        }
        world.pass(Duration::from_secs(1));
        for person in &mut crowd {
            let heard = world.heard_by(person);
            assert!(heard.len() > 100, "seed {seed}: {} packets", heard.len());
            let mut lines: BTreeMap<usize, BTreeMap<u64, &Heard>> = BTreeMap::new();
            for packet in &heard {
                let line = lines.entry(packet.slot).or_default();
                assert!(line.insert(packet.index, packet).is_none(), "used twice");
            }
            for line in lines.values() {
                let in_order: Vec<HeardFrame> = line
                    .values()
                    .flat_map(|packet| frames(std::slice::from_ref(*packet)))
                    .collect();
                for pair in in_order.windows(2) {
                    let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp) as i32;
                    assert!(step >= 960, "seed {seed}: {pair:?}");
                }
            }
        }
    }
}
