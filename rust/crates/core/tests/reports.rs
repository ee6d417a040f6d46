//! RTCP, events and the tap: what is told to whom.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets a surprise stops"
)]

mod people;

use std::time::Duration;

use arengo_core::limits::FEC_LOSS;
use arengo_core::{Event, SLOT_SSRCS};
use arengo_wire::rtcp::{Packet, packets};
use people::{FRAME, LOUD, Person, SILENT, SPACE, World};

fn rtcp_for(world: &mut World, person: &mut Person) -> Vec<Vec<u8>> {
    let mut compounds = Vec::new();
    for mut datagram in world.datagrams_for(person) {
        if (192..=223).contains(&datagram[1]) {
            let len = person.keys.inbound.open_rtcp(&mut datagram).unwrap();
            datagram.truncate(len);
            compounds.push(datagram);
        }
    }
    compounds
}

#[test]
fn a_publisher_is_told_its_real_loss_every_second_and_a_half() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 0);
    for turn in 0..300 {
        if turn % 4 == 0 {
            world.packet(&mut ann, LOUD); // lost
            world.pass(FRAME);
        } else {
            world.frame(&mut [(&mut ann, LOUD)]);
        }
    }
    let blocks: Vec<_> = rtcp_for(&mut world, &mut ann)
        .iter()
        .flat_map(|compound| {
            packets(compound)
                .flatten()
                .collect::<Vec<_>>()
                .into_iter()
                .filter_map(|packet| match packet {
                    Packet::ReceiverReport { mut reports, .. } => reports.next(),
                    _ => None,
                })
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(
        (3..=6).contains(&blocks.len()),
        "{} reports in six seconds",
        blocks.len()
    );
    let last = blocks.last().unwrap();
    assert_eq!(last.ssrc, ann.ssrc);
    assert_eq!(last.fraction_lost, FEC_LOSS, "a quarter, told as a tenth");
    assert!(
        (54..=75).contains(&last.cumulative_lost),
        "{} of 300 lost",
        last.cumulative_lost
    );
}

#[test]
fn a_listener_is_told_our_clock_every_five_seconds_for_slots_it_has_heard() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 0);
    let mut listener = world.join(2, false, 3);
    for _ in 0..500 {
        world.frame(&mut [(&mut ann, LOUD)]);
    }
    let compounds = rtcp_for(&mut world, &mut listener);
    assert!(
        (1..=2).contains(&compounds.len()),
        "{} reports in ten seconds",
        compounds.len()
    );
    let last = compounds.last().unwrap();
    let reports: Vec<_> = packets(last).flatten().collect();
    let Packet::SenderReport { ssrc, info, .. } = reports[0] else {
        panic!("{reports:?}")
    };
    assert_eq!(ssrc, SLOT_SSRCS[0]);
    assert!(info.packets > 200);
    assert_eq!(info.octets, info.packets * 8);
    assert_eq!(reports.len(), 2, "one slot, one name");
}

#[test]
fn who_is_closed_is_told_bye() {
    let mut world = World::new();
    let mut listener = world.join(2, false, 3);
    world
        .shard
        .close_peer(world.now, 2, "removed", &mut world.outbox);
    world.serve();
    let compounds = rtcp_for(&mut world, &mut listener);
    let said_bye = packets(&compounds[0])
        .flatten()
        .any(|packet| matches!(packet, Packet::Bye(_)));
    assert!(said_bye);
    world.pass(FRAME);
    assert_eq!(
        world.events.last(),
        Some(&Event::Closed {
            peer: 2,
            why: "removed".into()
        })
    );
}

#[test]
fn an_allowed_voice_is_announced_once() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 0);
    for _ in 0..5 {
        world.frame(&mut [(&mut ann, SILENT)]);
    }
    let announced = Event::Publishing { peer: 1 };
    assert_eq!(
        world
            .events
            .iter()
            .filter(|event| **event == announced)
            .count(),
        1
    );
}

#[test]
fn levels_are_told_ten_times_a_second_and_only_while_they_change() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 0);
    for turn in 0..49_u8 {
        world.frame(&mut [(&mut ann, 20 + turn % 20)]);
    }
    let told = |world: &World| {
        world
            .events
            .iter()
            .filter(|event| matches!(event, Event::Levels { .. }))
            .count()
    };
    assert!(
        (5..=10).contains(&told(&world)),
        "{} in a second",
        told(&world)
    );
    world.pass(Duration::from_secs(3));
    let settled = told(&world);
    let Some(Event::Levels { levels, .. }) = world
        .events
        .iter()
        .rev()
        .find(|event| matches!(event, Event::Levels { .. }))
    else {
        panic!("no levels");
    };
    assert_eq!(levels.as_slice(), [(1, -127)]);
    world.pass(Duration::from_secs(3));
    assert_eq!(told(&world), settled);
}

#[test]
fn levels_that_nobody_wants_are_not_told_and_all_else_is() {
    let mut world = World::without_levels();
    let mut ann = world.join(1, true, 0);
    world.events.clear();
    for turn in 0..49_u8 {
        world.frame(&mut [(&mut ann, 20 + turn % 20)]);
    }
    let told = [
        Event::Publishing { peer: 1 },
        Event::Active {
            space: SPACE,
            voices: [1, 0, 0],
        },
    ];
    assert_eq!(world.events, told);
}

/// What was told of the loudness of voices, each time.
fn loudness_told(world: &World) -> Vec<Vec<(u32, i8)>> {
    let told = world.events.iter().filter_map(|event| match event {
        Event::Loudness { voices, .. } => Some(voices.as_slice().to_vec()),
        _ => None,
    });
    told.collect()
}

#[test]
fn how_loud_speech_is_is_told_when_it_changes_also_where_levels_are_not_wanted() {
    let mut world = World::without_levels();
    let mut ann = world.join(1, true, 0);
    let mut bob = world.join(2, true, 0);
    for turn in 0..500_u32 {
        let dip = if turn % 10 < 8 { 0 } else { 15 };
        world.frame(&mut [(&mut ann, 18 + dip), (&mut bob, 30 + dip)]);
    }
    let told = loudness_told(&world);
    let Some([(1, loud), (2, quiet)]) = told.last().map(Vec::as_slice) else {
        panic!("{told:?}");
    };
    assert!((11..=13).contains(&(loud - quiet)), "{told:?}");
    assert!(told.len() <= 6, "told {} times", told.len());
    world.pass(Duration::from_secs(3));
    assert_eq!(loudness_told(&world), told);
}

#[test]
fn how_loud_speech_is_is_still_known_when_a_voice_is_allowed_again() {
    let mut world = World::without_levels();
    let mut ann = world.join(1, true, 0);
    for turn in 0..250_u32 {
        world.frame(&mut [(&mut ann, if turn % 10 < 8 { 18 } else { 33 })]);
    }
    let told = loudness_told(&world);
    world.allow(&ann, false);
    world.pass(Duration::from_secs(1));
    world.allow(&ann, true);
    world.pass(Duration::from_secs(1));
    assert_eq!(loudness_told(&world).last(), told.last());
}

#[test]
fn the_tap_holds_the_chosen_publishers_packets_untouched() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 0);
    let mut bob = world.join(2, true, 0);
    world.shard.tap(SPACE, &[1]);
    world.frame(&mut [(&mut ann, LOUD), (&mut bob, LOUD)]);
    world.allow(&ann, false);
    world.frame(&mut [(&mut ann, LOUD)]);
    let mut records = Vec::new();
    world.shard.drain_tap(&mut records, 1000);
    assert_eq!(
        records.len(),
        4 + 41 + 8,
        "one record, none of bob, none of a muted ann"
    );
    assert_eq!(records[4..12], SPACE.to_be_bytes());
    assert_eq!(records[12..20], 1_u64.to_be_bytes());
    assert_eq!(records[20..24], 1_u32.to_be_bytes());
    assert_eq!(records[45..49], [0x78, 1, 0, 100]);
}
