//! Clients and the media core over real sockets on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod room;

use arengo_client::{Received, State};
use room::{OPUS, Room, as_it_is, hear, wait, without_udp};

fn on_one_shard_and_on_two(story: impl Fn(usize)) {
    for shards in [1, 2] {
        story(shards);
    }
}

#[test]
fn clients_hear_each_other_over_udp() {
    on_one_shard_and_on_two(|shards| {
        let mut room = Room::open(shards);
        let (speaker, speaking) = room.join(true, as_it_is);
        let (_, listening) = room.join(false, as_it_is);
        room.media.allow_publish(speaker, true);
        assert!(speaking.send_opus(&[OPUS; 50], &[-20; 50]).unwrap() > 0);
        let heard = hear(&listening, 45);
        assert!(
            heard
                .iter()
                .all(|packet| packet.opus == OPUS && u64::from(packet.csrc) == speaker)
        );
        let steps = heard
            .windows(2)
            .map(|pair| pair[1].timestamp.wrapping_sub(pair[0].timestamp));
        assert!(steps.into_iter().all(|step| step % 960 == 0));
        assert!(
            speaking.received(100).is_empty(),
            "the speaker heard themselves"
        );
    });
}

#[test]
fn a_client_comes_in_over_tcp_when_no_udp_address_answers() {
    on_one_shard_and_on_two(|shards| {
        let mut room = Room::open(shards);
        let (speaker, speaking) = room.join(true, as_it_is);
        let (_, listening) = room.join(false, without_udp);
        assert_eq!(room.media.stats().tcp_connections, 1);
        room.media.allow_publish(speaker, true);
        speaking.send_opus(&[OPUS; 50], &[-20; 50]).unwrap();
        hear(&listening, 45);
    });
}

#[test]
fn what_is_cleared_is_not_sent() {
    on_one_shard_and_on_two(|shards| {
        let mut room = Room::open(shards);
        let (speaker, speaking) = room.join(true, as_it_is);
        let (_, listening) = room.join(false, as_it_is);
        room.media.allow_publish(speaker, true);
        speaking.send_opus(&[OPUS; 500], &[-20; 500]).unwrap();
        hear(&listening, 5);
        assert!(speaking.queued() > 0);
        speaking.clear();
        assert_eq!(speaking.queued(), 0);
        // The voice ends with silence, long before ten seconds of packets would have.
        let mut heard = Vec::new();
        while !heard
            .iter()
            .any(|packet: &Received| packet.opus == [0xf8, 0xff, 0xfe])
        {
            heard.extend(hear(&listening, 1));
        }
        assert!(heard.len() < 400, "{} packets after clearing", heard.len());
    });
}

#[test]
fn a_client_that_the_server_closes_is_told_by_its_descriptor() {
    on_one_shard_and_on_two(|shards| {
        let mut room = Room::open(shards);
        let (peer, client) = room.join(false, as_it_is);
        room.media.close_peer(peer, "removed".into());
        wait(&client, |client| client.state() == State::Closed);
    });
}

#[test]
fn a_server_that_stops_closes_its_clients() {
    on_one_shard_and_on_two(|shards| {
        let mut room = Room::open(shards);
        let (_, client) = room.join(false, as_it_is);
        room.media.shutdown();
        wait(&client, |client| client.state() == State::Closed);
    });
}

#[test]
fn many_clients_share_one_thread() {
    on_one_shard_and_on_two(|shards| {
        let mut room = Room::open(shards);
        let (speaker, speaking) = room.join(true, as_it_is);
        let listening: Vec<_> = (0..20).map(|_| room.join(false, as_it_is).1).collect();
        room.media.allow_publish(speaker, true);
        speaking.send_opus(&[OPUS; 30], &[-20; 30]).unwrap();
        for client in &listening {
            hear(client, 25);
        }
        let threads = std::fs::read_dir("/proc/self/task")
            .unwrap()
            .filter(|task| {
                let name = task.as_ref().unwrap().path().join("comm");
                std::fs::read_to_string(name).is_ok_and(|name| name.trim_end() == "arengo-client")
            });
        assert_eq!(threads.count(), 1);
    });
}
