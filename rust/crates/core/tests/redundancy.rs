//! What is lost on the way, to listeners and from speakers, and how it comes back.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets a surprise stops"
)]

mod people;

use std::time::Duration;

use arengo_wire::rtcp::{Packet, packets};

use people::{FRAME, Heard, LOUD, OPUS, Person, RED, World, sound_of};

fn a_world() -> World {
    let mut world = World::new();
    world.offers_red = true;
    world
}

fn talk(world: &mut World, speaker: &mut Person, frames: usize) {
    for _ in 0..frames {
        world.frame(&mut [(speaker, LOUD)]);
    }
}

/// How far back the copies of a packet are, in frames; each has to be what was said then.
fn distances(heard: &[Heard], at: usize) -> Vec<usize> {
    let packet = &heard[at];
    let distance = |(offset, copy): &(u16, Vec<u8>)| {
        let distance = usize::from(offset / 960);
        assert_eq!(copy, &heard[at - distance].opus);
        distance
    };
    packet.copies.iter().map(distance).collect()
}

#[test]
fn whoever_loses_packets_gets_the_frames_before_again_and_nobody_else_does() {
    let mut world = a_world();
    let mut ann = world.join(1, true, 3);
    let mut bob = world.join(2, true, 3);
    let (mut some, mut many) = (world.join(3, false, 3), world.join(4, false, 3));
    let mut none = world.join(5, false, 3);
    world.offers_red = false;
    let mut cannot = world.join(6, false, 3);
    talk(&mut world, &mut ann, 10);
    world.report_loss(&mut some, 4);
    for person in [&mut many, &mut bob, &mut cannot] {
        world.report_loss(person, 40);
    }
    assert_eq!(world.shard.stats().listeners_protected, 3);
    talk(&mut world, &mut ann, 10);
    let expected: [(&mut Person, &[usize]); 5] = [
        (&mut some, &[1]),
        (&mut many, &[2, 1]),
        (&mut bob, &[2, 1]),
        (&mut none, &[]),
        (&mut cannot, &[]),
    ];
    for (person, copies) in expected {
        let heard = world.heard_by(person);
        assert_eq!(heard.len(), 20);
        assert!(heard[..10].iter().all(|packet| packet.copies.is_empty()));
        assert!((10..20).all(|at| distances(&heard, at) == copies));
        let steps = heard.windows(2).map(|pair| pair[1].index - pair[0].index);
        assert!(steps.into_iter().all(|step| step == 1));
    }
}

#[test]
fn a_revoked_voice_is_in_no_later_packet() {
    let mut world = a_world();
    let mut ann = world.join(1, true, 3);
    let mut bob = world.join(2, true, 3);
    let mut listener = world.join(3, false, 3);
    world.report_loss(&mut listener, 40);
    talk(&mut world, &mut ann, 10);
    world.heard_by(&mut listener);
    let mut waits = world.packet(&mut ann, LOUD);
    world.arrive(ann.route, &mut waits);
    world.allow(&ann, false);
    world.pass(FRAME * 5);
    talk(&mut world, &mut bob, 3);
    world.allow(&ann, true);
    talk(&mut world, &mut ann, 3);
    let heard = world.heard_by(&mut listener);
    assert!(heard[..4].iter().all(Heard::is_silence));
    let before = 110_u8;
    let copies = heard.iter().flat_map(|packet| &packet.copies);
    assert!(
        copies
            .into_iter()
            .all(|(_, copy)| copy[1] == 2 || copy[3] > before)
    );
    assert_eq!(distances(&heard[heard.len() - 3..], 2), [2, 1]);
}

#[test]
fn whoever_loses_merged_packets_gets_single_ones_with_copies() {
    let mut world = World::merging_from(Some(0));
    world.offers_red = true;
    let mut ann = world.join(1, true, 3);
    let mut listener = world.join(2, false, 3);
    talk(&mut world, &mut ann, 20);
    assert_eq!(world.shard.stats().listeners_merged, 1);
    world.report_loss(&mut listener, 40);
    world.heard_by(&mut listener);
    talk(&mut world, &mut ann, 10);
    assert_eq!(world.shard.stats().listeners_merged, 0);
    let heard = world.heard_by(&mut listener);
    assert_eq!(heard.len(), 10);
    assert_eq!(distances(&heard, 9), [2, 1]);
}

#[test]
fn what_a_speaker_lost_comes_back_with_the_next_packet_and_is_heard_once() {
    let mut world = a_world();
    let mut ann = world.join(1, true, 3);
    let mut listener = world.join(2, false, 3);
    let mut said: Vec<Vec<u8>> = Vec::new();
    let mut lost = Vec::new();
    for turn in 0..20 {
        let before = &said[said.len().saturating_sub(2)..];
        let mut packet = world.redundant(&mut ann, LOUD, before);
        ann.index -= 1;
        said.push(sound_of(&ann));
        ann.index += 1;
        match turn {
            5 | 10 | 11 => lost.push(packet),
            _ => world.receive(ann.route, &mut packet),
        }
        world.pass(FRAME);
    }
    for packet in &mut lost {
        world.receive(ann.route, packet);
    }
    let mut heard = world.heard_by(&mut listener);
    assert_eq!(world.shard.stats().recovered, 3);
    assert_eq!(heard.len(), 20, "none is heard twice");
    heard.sort_by_key(|packet| packet.index);
    for (packet, said) in heard.iter().zip(&said) {
        assert_eq!(&packet.opus, said);
    }
    for pair in heard.windows(2) {
        assert_eq!(pair[1].index - pair[0].index, 1);
        assert_eq!(pair[1].timestamp.wrapping_sub(pair[0].timestamp), 960);
    }
}

#[test]
fn what_was_said_before_a_voice_was_allowed_does_not_come_back() {
    let mut world = a_world();
    let mut ann = world.join(1, true, 3);
    let mut listener = world.join(2, false, 3);
    world.allow(&ann, false);
    let secret = sound_of(&ann);
    world.redundant(&mut ann, LOUD, &[]);
    world.allow(&ann, true);
    let mut packet = world.redundant(&mut ann, LOUD, &[secret]);
    world.receive(ann.route, &mut packet);
    assert_eq!(world.heard_by(&mut listener).len(), 1);
    assert_eq!(world.shard.stats().recovered, 0);
}

#[test]
fn copies_that_lie_are_dropped_and_counted() {
    let mut world = a_world();
    let mut ann = world.join(1, true, 3);
    let mut listener = world.join(2, false, 3);
    let lies: [&[u8]; 5] = [
        &[0x80 | OPUS, 0, 4, 255, OPUS, 1, 2],
        &[0x80 | OPUS, 0],
        &[0x80 | OPUS, 0, 4, 1, OPUS, 1],
        &[RED, 0x78, 1, 2],
        &[0],
    ];
    for lie in lies {
        let mut packet = world.payload_with(&mut ann, LOUD, RED, lie);
        world.receive(ann.route, &mut packet);
    }
    assert!(world.heard_by(&mut listener).is_empty());
    assert_eq!(world.shard.stats().drops_red, lies.len() as u64);
    // A copy of another kind, and one that is RED itself: the packet's own sound is heard.
    for kind in [RED, 0] {
        world.packet(&mut ann, LOUD);
        let nested = [0x80 | kind, 0x0F, 0, 3, OPUS, 0x78, 1, 2, 0x78, 3, 4];
        let mut packet = world.payload_with(&mut ann, LOUD, RED, &nested);
        world.receive(ann.route, &mut packet);
    }
    let heard = world.heard_by(&mut listener);
    assert!(heard.iter().all(|packet| packet.opus == [0x78, 3, 4]));
    assert_eq!((heard.len(), world.shard.stats().recovered), (2, 0));
}

#[test]
fn a_speaker_is_asked_again_for_what_no_copy_brought_back() {
    let mut world = a_world();
    let mut ann = world.join(1, true, 3);
    talk(&mut world, &mut ann, 5);
    world.datagrams_for(&ann);
    let lost = ann.index as u16;
    world.packet(&mut ann, LOUD);
    let second = sound_of(&ann);
    world.packet(&mut ann, LOUD);
    world.pass(FRAME * 2);
    let mut packet = world.redundant(&mut ann, LOUD, &[second]);
    world.receive(ann.route, &mut packet);
    assert_eq!(asked_of(&mut world, &mut ann), [lost]);
}

/// The numbers that *person* has been asked for again.
fn asked_of(world: &mut World, person: &mut Person) -> Vec<u16> {
    let mut asked = Vec::new();
    for mut datagram in world.datagrams_for(person) {
        let Ok(len) = person.keys.inbound.open_rtcp(&mut datagram) else {
            continue;
        };
        for part in packets(&datagram[..len]).flatten() {
            if let Packet::Nack { media, lost, .. } = part {
                assert_eq!(media, person.ssrc);
                asked.extend(lost);
            }
        }
    }
    asked
}

#[test]
fn a_speaker_who_loses_packets_is_asked_for_each_as_soon_as_it_is_overdue() {
    let mut world = a_world();
    let mut ann = world.join(1, true, 3);
    let mut asked = Vec::new();
    for turn in 0..200 {
        let number = ann.index as u16;
        let mut packet = world.packet(&mut ann, LOUD);
        world.datagrams_for(&ann);
        if turn % 10 != 0 {
            world.receive(ann.route, &mut packet);
            world.pass(FRAME);
        } else {
            world.pass(Duration::from_millis(9));
            assert!(asked_of(&mut world, &mut ann).is_empty(), "not due yet");
            world.pass(Duration::from_millis(3));
            let now = asked_of(&mut world, &mut ann);
            assert!(now.is_empty() || now == [number]);
            asked.push(!now.is_empty());
            world.pass(Duration::from_millis(8));
        }
    }
    // From the second report on.
    assert!(asked.split_off(15).into_iter().all(|is_asked| is_asked));
    assert!(!asked[..5].contains(&true));
}
