//! Merged packets over real sockets, UDP and TCP, and several of them by one send.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod room;

use arengo_client::{Client, Received};
use arengo_wire::opus::{Frames, duration_samples};
use room::{Room, as_it_is, wait_readable, without_udp};
use std::time::{Duration, Instant};

/// Packets of a voice, each with its number and of another length.
fn words(voice: u8, count: u8) -> Vec<Vec<u8>> {
    let word = |n: u8| {
        let mut opus = vec![0xf8, voice, n];
        opus.resize(20 + usize::from(n % 5), 9);
        opus
    };
    (0..count).map(word).collect()
}

/// The words of a voice among what was heard, in the order of time.
fn heard_of(voice: u8, packets: &[Received]) -> Vec<u8> {
    let mut words = Vec::new();
    for packet in packets {
        for (n, frame) in Frames::parse(&packet.opus)
            .unwrap()
            .as_slice()
            .iter()
            .enumerate()
        {
            if frame.len() > 2 && frame[0] == voice {
                words.push((packet.timestamp.wrapping_add(960 * n as u32), frame[1]));
            }
        }
    }
    words.sort_unstable();
    words.into_iter().map(|(_, word)| word).collect()
}

fn hear_until(
    client: &Client,
    most: Duration,
    done: impl Fn(&[Received]) -> bool,
) -> Vec<Received> {
    let deadline = Instant::now() + most;
    let mut packets = Vec::new();
    while !done(&packets) && Instant::now() < deadline {
        wait_readable(client, Duration::from_millis(100));
        packets.extend(client.received(100));
    }
    packets
}

#[test]
fn an_audience_hears_every_word_of_two_voices_in_merged_packets_sent_together() {
    let mut room = Room::merging_from(0);
    let (ann, ann_speaks) = room.join(true, as_it_is);
    let (bob, bob_speaks) = room.join(true, as_it_is);
    let (_, listening) = room.join(false, as_it_is);
    let (_, over_tcp) = room.join(false, without_udp);
    room.media.allow_publish(ann, true);
    room.media.allow_publish(bob, true);
    // The word takes effect between two looks at the sockets, and a packet may overtake it.
    std::thread::sleep(Duration::from_millis(200));
    ann_speaks.send_opus(&words(1, 100), &[-20; 100]).unwrap();
    bob_speaks.send_opus(&words(2, 100), &[-20; 100]).unwrap();
    let all: Vec<u8> = (0..100).collect();
    let is_whole = |packets: &[Received]| {
        [1, 2]
            .iter()
            .all(|voice| heard_of(*voice, packets).last() == Some(&99))
    };
    for client in [&listening, &over_tcp] {
        let heard = hear_until(client, room::PATIENCE, is_whole);
        assert_eq!(heard_of(1, &heard), all);
        assert_eq!(heard_of(2, &heard), all);
        let merged = heard
            .iter()
            .filter(|packet| duration_samples(&packet.opus) == Ok(2_880));
        assert!(merged.count() > 30, "of {} packets", heard.len());
    }
    let stats = room.media.stats();
    assert_eq!(stats.core.listeners_merged, 2);
    assert!(stats.segmenting_refused > 0 || stats.sends_segmented > 10);
}

#[test]
fn who_is_kept_prompt_gets_packets_as_they_come() {
    let mut room = Room::merging_from(0);
    let (ann, speaking) = room.join(true, as_it_is);
    let (listener, listening) = room.join(false, as_it_is);
    room.media.allow_publish(ann, true);
    room.media.keep_prompt(listener, true);
    speaking.send_opus(&words(1, 50), &[-20; 50]).unwrap();
    let heard = hear_until(&listening, room::PATIENCE, |packets| packets.len() >= 45);
    assert!(
        heard
            .iter()
            .all(|packet| duration_samples(&packet.opus) == Ok(960))
    );
    assert_eq!(room.media.stats().core.listeners_merged, 0);
}
