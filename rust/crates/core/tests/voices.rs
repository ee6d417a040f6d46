//! Who is heard, when, and how a voice ends.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets a surprise stops"
)]

mod people;

use std::time::Duration;

use people::{FRAME, Heard, LOUD, QUIET, SILENT, World, voices};

fn assert_gapless(heard: &[Heard]) {
    for pair in heard.windows(2) {
        assert_eq!(
            pair[1].index,
            pair[0].index + 1,
            "numbers of a line follow one another"
        );
    }
}

#[test]
fn the_first_voiced_packet_goes_out_within_the_call_that_brings_it() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 3);
    let mut listener = world.join(2, false, 3);
    world.say(&mut ann, QUIET);
    let heard = world.heard_by(&mut listener);
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].voice, 1);
    assert_eq!(heard[0].level, QUIET);
    assert!(heard[0].marker, "a talkspurt begins");
    assert!(
        heard[0].sequence < 1 << 15,
        "a late joiner's rollover counter begins at 0"
    );
}

#[test]
fn nothing_is_heard_of_a_voice_that_is_not_allowed() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 3);
    let mut listener = world.join(2, false, 3);
    world.allow(&ann, false);
    for _ in 0..10 {
        world.frame(&mut [(&mut ann, LOUD)]);
    }
    assert!(world.heard_by(&mut listener).is_empty());
}

#[test]
fn a_quiet_room_is_lent_no_slot() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 3);
    let mut listener = world.join(2, false, 3);
    for _ in 0..50 {
        world.frame(&mut [(&mut ann, 80)]);
    }
    assert!(world.heard_by(&mut listener).is_empty());
}

#[test]
fn the_loudest_three_of_five_are_heard() {
    let mut world = World::new();
    let mut crowd: Vec<_> = (1..=5).map(|id| world.join(id, true, 3)).collect();
    let mut listener = world.join(9, false, 3);
    let levels = [30, 20, 45, 25, 40];
    for turn in 0..50 {
        if turn == 25 {
            world.heard_by(&mut listener);
        }
        for (person, level) in crowd.iter_mut().zip(levels) {
            world.say(person, level);
        }
        world.pass(FRAME);
    }
    assert_eq!(voices(&world.heard_by(&mut listener)), [1, 2, 4]);
}

#[test]
fn slots_follow_within_100_ms_when_somebody_else_becomes_louder() {
    let mut world = World::new();
    let mut crowd: Vec<_> = (1..=4).map(|id| world.join(id, true, 3)).collect();
    let mut listener = world.join(9, false, 3);
    for _ in 0..50 {
        for (person, level) in crowd.iter_mut().zip([20, 22, 24, 40]) {
            world.say(person, level);
        }
        world.pass(FRAME);
    }
    assert_eq!(voices(&world.heard_by(&mut listener)), [1, 2, 3]);
    let changed = world.now;
    while !voices(&world.heard_by(&mut listener)).contains(&4) {
        for (person, level) in crowd.iter_mut().zip([20, 22, 40, 18]) {
            world.say(person, level);
        }
        world.pass(FRAME);
        assert!(world.now.since(changed) <= Duration::from_millis(100));
    }
}

#[test]
fn equally_loud_people_do_not_take_turns() {
    let mut world = World::new();
    let mut crowd: Vec<_> = (1..=5).map(|id| world.join(id, true, 3)).collect();
    for turn in 0..500_u64 {
        for (n, person) in crowd.iter_mut().enumerate() {
            // Each level moves by up to 4 dB around the same mean.
            let wobble = (turn * 7 + n as u64 * 3) % 5;
            world.say(person, 24 + wobble as u8);
        }
        world.pass(FRAME);
    }
    let changes = world
        .events
        .iter()
        .filter(|event| matches!(event, arengo_core::Event::Active { .. }))
        .count();
    assert!(changes <= 6, "ten seconds saw {changes} changes");
}

#[test]
fn nobody_hears_themselves_and_their_numbering_shows_no_gap() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 3);
    let mut bob = world.join(2, true, 3);
    let mut to_ann = Vec::new();
    for turn in 0..6 {
        for _ in 0..40 {
            if turn % 2 == 0 {
                world.frame(&mut [(&mut ann, LOUD), (&mut bob, SILENT)]);
            } else {
                world.frame(&mut [(&mut ann, SILENT), (&mut bob, LOUD)]);
            }
        }
        world.pass(Duration::from_secs(1));
        to_ann.extend(world.heard_by(&mut ann));
        assert!(
            voices(&world.heard_by(&mut bob))
                .iter()
                .all(|voice| *voice == 1)
        );
    }
    assert!(!to_ann.is_empty());
    assert_eq!(voices(&to_ann), [2]);
    assert_gapless(&to_ann);
}

#[test]
fn a_person_who_speaks_by_one_connection_does_not_hear_themselves_by_another() {
    let mut world = World::new();
    let mut sends = world.join_as(1, 77, true, 0);
    let mut hears = world.join_as(2, 77, false, 3);
    for _ in 0..20 {
        world.frame(&mut [(&mut sends, LOUD)]);
    }
    assert!(world.heard_by(&mut hears).is_empty());
}

#[test]
fn who_speaks_by_one_connection_sees_no_gap_in_what_they_hear_by_another() {
    let mut world = World::new();
    let mut hears = world.join_as(2, 77, false, 3);
    let mut sends = world.join_as(1, 77, true, 0);
    let mut bob = world.join(3, true, 3);
    let mut heard = Vec::new();
    for turn in 0..6 {
        for _ in 0..40 {
            if turn % 2 == 0 {
                world.frame(&mut [(&mut sends, LOUD), (&mut bob, SILENT)]);
            } else {
                world.frame(&mut [(&mut sends, SILENT), (&mut bob, LOUD)]);
            }
        }
        // The stage and the audience change places with every word of the host.
        world.allow(&sends, false);
        world.allow(&sends, true);
        world.pass(Duration::from_secs(1));
        heard.extend(world.heard_by(&mut hears));
    }
    assert_eq!(voices(&heard), [3]);
    assert_gapless(&heard);
}

#[test]
fn a_revoked_voice_ends_with_three_frames_of_silence_in_time_and_then_nothing() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 3);
    let mut listener = world.join(2, false, 3);
    for _ in 0..10 {
        world.frame(&mut [(&mut ann, LOUD)]);
    }
    let before = world.heard_by(&mut listener);
    world.allow(&ann, false);
    world.pass(FRAME * 4);
    let ending = world.heard_by(&mut listener);
    assert_eq!(ending.len(), 3);
    assert!(ending.iter().all(Heard::is_silence));
    let all: Vec<Heard> = before.into_iter().chain(ending).collect();
    assert_gapless(&all);
    for pair in all.windows(2) {
        assert_eq!(pair[1].timestamp.wrapping_sub(pair[0].timestamp), 960);
    }
    for _ in 0..20 {
        world.frame(&mut [(&mut ann, LOUD)]);
    }
    assert!(world.heard_by(&mut listener).is_empty());
}

#[test]
fn the_voice_of_a_closed_peer_ends_with_silence() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 3);
    let mut listener = world.join(2, false, 3);
    world.frame(&mut [(&mut ann, LOUD)]);
    world.heard_by(&mut listener);
    world
        .shard
        .close_peer(world.now, 1, "removed", &mut world.outbox);
    world.pass(FRAME * 4);
    let ending = world.heard_by(&mut listener);
    assert_eq!(ending.len(), 3);
    assert!(ending.iter().all(Heard::is_silence));
}

#[test]
fn packets_that_stop_coming_are_followed_by_silence_before_a_browser_draws_the_last_sound_out() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 3);
    let mut listener = world.join(2, false, 3);
    for _ in 0..10 {
        world.frame(&mut [(&mut ann, LOUD)]);
    }
    world.heard_by(&mut listener);
    let since = world.now;
    let mut ending = Vec::new();
    while ending.len() < 3 {
        world.pass(Duration::from_millis(1));
        let now = world.now.ticks_48k() as u32;
        for silence in world.heard_by(&mut listener) {
            assert!(silence.is_silence());
            ending.push((silence.timestamp, now));
        }
    }
    assert!(world.now.since(since) <= Duration::from_millis(180));
    for pair in ending.windows(2) {
        assert_eq!(pair[1].0.wrapping_sub(pair[0].0), 960);
        let late = (pair[1].1 - pair[0].1) as i32 - 960;
        assert!(late.abs() <= 48, "said on time: {late} ticks");
    }
    world.pass(Duration::from_secs(2));
    assert!(
        world.heard_by(&mut listener).is_empty(),
        "silence is said once"
    );
}

#[test]
fn an_encoder_s_own_pause_passes_as_it_is_and_nothing_is_added() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 3);
    let mut listener = world.join(2, false, 3);
    world.frame(&mut [(&mut ann, LOUD)]);
    let pause = world.packet_with(&mut ann, SILENT, &[0x78]);
    world.arrive(ann.route, &mut pause.clone());
    world.pass(FRAME * 20);
    ann.timestamp = ann.timestamp.wrapping_add(19 * 960);
    world.say(&mut ann, 80);
    let heard = world.heard_by(&mut listener);
    let lens: Vec<usize> = heard.iter().map(|heard| heard.opus.len()).collect();
    assert_eq!(lens, [8, 1, 8], "sound, the pause, comfort noise");
    let times: Vec<u32> = heard
        .iter()
        .map(|packet| packet.timestamp.wrapping_sub(heard[0].timestamp))
        .collect();
    assert_eq!(times, [0, 960, 21 * 960]);
    assert_gapless(&heard);
}

#[test]
fn a_soft_onset_is_heard_from_its_first_packet() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 3);
    let mut bob = world.join(2, true, 3);
    let mut listener = world.join(3, false, 1);
    for _ in 0..20 {
        world.frame(&mut [(&mut ann, LOUD), (&mut bob, SILENT)]);
    }
    for _ in 0..11 {
        world.frame(&mut [(&mut ann, SILENT), (&mut bob, SILENT)]);
    }
    world.heard_by(&mut listener);
    // Too soft to be told from noise by itself: somebody is about to speak.
    for level in [62, 61, QUIET] {
        world.frame(&mut [(&mut bob, level)]);
    }
    let heard = world.heard_by(&mut listener);
    assert_eq!((heard.len(), voices(&heard)), (3, vec![2]));
}

#[test]
fn whoever_is_heard_is_stamped_with_the_time_of_capture_on_one_clock() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 3);
    let mut bob = world.join(2, true, 3);
    let mut listener = world.join(3, false, 1);
    let mut late = Vec::new();
    for turn in 0..20 {
        for n in 0..50_u64 {
            let speaker = if turn % 2 == 0 { &mut ann } else { &mut bob };
            let level = if n < 30 { LOUD } else { SILENT };
            let mut packet = world.packet(speaker, level);
            let delay = Duration::from_millis(n * 7 % 15);
            world.pass(delay);
            world.receive(speaker.route, &mut packet);
            let now = world.now.ticks_48k() as u32;
            let heard = world.heard_by(&mut listener);
            late.extend(heard.iter().map(|heard| now.wrapping_sub(heard.timestamp)));
            world.pass(FRAME.saturating_sub(delay));
        }
        let other = if turn % 2 == 0 { &mut bob } else { &mut ann };
        other.timestamp = other.timestamp.wrapping_add(50 * 960);
    }
    let lateness = late.iter().map(|other| other.wrapping_sub(late[0]) as i32);
    let most = lateness.clone().max().unwrap() - lateness.min().unwrap();
    assert!(late.len() > 500);
    assert!(most <= 15 * 48, "{} ms later than the network", most / 48);
}

#[test]
fn a_voice_that_comes_back_after_missing_packets_goes_on_at_the_clock() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 3);
    let mut listener = world.join(2, false, 3);
    world.frame(&mut [(&mut ann, LOUD)]);
    let first = world.heard_by(&mut listener).remove(0);
    ann.index += 14;
    ann.timestamp = ann.timestamp.wrapping_add(14 * 960);
    world.pass(FRAME * 14);
    world.heard_by(&mut listener);
    world.say(&mut ann, LOUD);
    let again = world.heard_by(&mut listener).remove(0);
    assert_eq!(again.index, first.index + 4, "three silences lie between");
    assert_eq!(again.timestamp.wrapping_sub(first.timestamp), 15 * 960);
}

#[test]
fn a_loss_on_the_way_in_shows_as_the_same_gap_on_the_way_out() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 3);
    let mut listener = world.join(2, false, 3);
    world.frame(&mut [(&mut ann, LOUD)]);
    world.packet(&mut ann, LOUD);
    world.pass(FRAME);
    world.frame(&mut [(&mut ann, LOUD)]);
    let heard = world.heard_by(&mut listener);
    assert_eq!(
        heard[1].index - heard[0].index,
        2,
        "the receiver conceals at the right place"
    );
    assert_eq!(heard[1].timestamp.wrapping_sub(heard[0].timestamp), 2 * 960);
}

#[test]
fn packets_that_overtake_each_other_keep_their_places() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 3);
    let mut listener = world.join(2, false, 3);
    world.say(&mut ann, LOUD);
    let mut second = world.packet(&mut ann, LOUD);
    world.say(&mut ann, LOUD);
    world.receive(ann.route, &mut second);
    let heard = world.heard_by(&mut listener);
    let first = heard[0].index;
    let order: Vec<u64> = heard.iter().map(|heard| heard.index - first).collect();
    assert_eq!(order, [0, 2, 1]);
}

#[test]
fn a_packet_that_arrives_after_its_voice_has_ended_is_not_heard() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 3);
    let mut listener = world.join(2, false, 3);
    world.say(&mut ann, LOUD);
    let mut late = world.packet(&mut ann, LOUD);
    world.say(&mut ann, LOUD);
    world.allow(&ann, false);
    world.heard_by(&mut listener);
    world.receive(ann.route, &mut late);
    assert!(world.heard_by(&mut listener).is_empty());
}

#[test]
fn a_late_joiner_hears_at_once_what_is_being_said() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 3);
    for _ in 0..10 {
        world.frame(&mut [(&mut ann, LOUD)]);
    }
    let mut late = world.join(2, false, 3);
    world.say(&mut ann, LOUD);
    let heard = world.heard_by(&mut late);
    assert_eq!(heard.len(), 1);
    assert!(heard[0].sequence < 1 << 15);
}

#[test]
fn one_line_hears_the_dominant_speaker_alone() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 3);
    let mut bob = world.join(2, true, 3);
    let mut one_line = world.join(3, false, 1);
    for _ in 0..50 {
        world.frame(&mut [(&mut ann, 20), (&mut bob, 35)]);
    }
    let heard = world.heard_by(&mut one_line);
    assert_eq!(voices(&heard), [1]);
    assert_gapless(&heard);
    for _ in 0..50 {
        world.frame(&mut [(&mut ann, 40), (&mut bob, 20)]);
    }
    let heard = world.heard_by(&mut one_line);
    assert_eq!(heard.last().unwrap().voice, 2);
    assert!(heard.iter().all(|heard| heard.slot == 0));
    assert_gapless(&heard);
}

#[test]
fn a_single_line_cuts_no_onset_when_the_dominant_speaker_has_stopped() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 3);
    let mut bob = world.join(2, true, 3);
    let mut one_line = world.join(3, false, 1);
    for _ in 0..20 {
        world.frame(&mut [(&mut ann, 20), (&mut bob, SILENT)]);
    }
    for _ in 0..12 {
        world.frame(&mut [(&mut ann, SILENT), (&mut bob, SILENT)]);
    }
    world.heard_by(&mut one_line);
    world.say(&mut bob, QUIET);
    assert_eq!(voices(&world.heard_by(&mut one_line)), [2]);
}

#[test]
fn who_falls_silent_gives_the_slot_back_with_silence() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 3);
    let mut listener = world.join(2, false, 3);
    world.frame(&mut [(&mut ann, LOUD)]);
    assert_eq!(world.active(), [1, 0, 0]);
    for _ in 0..40 {
        world.frame(&mut [(&mut ann, SILENT)]);
    }
    assert_eq!(world.active(), [0, 0, 0]);
    let heard = world.heard_by(&mut listener);
    assert!(heard[heard.len() - 3..].iter().all(Heard::is_silence));
    assert!(heard.len() < 40, "silence is not sent on for ever");
}

#[test]
fn the_dominant_speaker_is_named_first() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 3);
    let mut bob = world.join(2, true, 3);
    for _ in 0..50 {
        world.frame(&mut [(&mut ann, 40), (&mut bob, 20)]);
    }
    assert_eq!(world.active(), [2, 1, 0]);
}

#[test]
fn rollover_counters_of_both_sides_survive_a_long_speech() {
    let mut world = World::new();
    let mut ann = world.join(1, true, 3);
    let mut listener = world.join(2, false, 3);
    ann.index = 65_000;
    let mut last = None;
    for turn in 0..70_000 {
        if turn % 500 == 0 {
            world.check(&listener, listener.route, true);
        }
        world.frame(&mut [(&mut ann, LOUD)]);
        for heard in world.heard_by(&mut listener) {
            if let Some(last) = last {
                assert_eq!(heard.index, last + 1);
            }
            last = Some(heard.index);
        }
    }
    assert!(
        last.unwrap() > 70_000,
        "the listener's counter has rolled over"
    );
}
