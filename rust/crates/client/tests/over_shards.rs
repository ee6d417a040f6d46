//! A space on two media threads: whoever lives on one is heard on both, whichever socket the kernel brings packets to.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod room;

use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

use arengo_client::{Client, Received, State};
use arengo_core::crypto::StunIntegrity;
use arengo_wire::stun::{BindingRequest, IceRole, TransactionId};
use room::{OPUS, PATIENCE, Room, as_it_is, hear, wait, without_udp};

/// Silence twice and a pause: what ends a voice.
const ENDING: [&[u8]; 2] = [&[0xf8, 0xff, 0xfe], &[0xf8]];
/// So many that the kernel brings some to the wrong socket and some to the right one, but for one time in sixteen million.
const LISTENERS: usize = 24;

fn listeners(room: &mut Room, count: usize) -> Vec<(u64, Client)> {
    (0..count).map(|_| room.join(false, as_it_is)).collect()
}

/// Wait until the core says so; its counters follow a moment later.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        std::thread::yield_now();
    }
}

fn numbers_follow(heard: &[Received]) -> bool {
    heard
        .windows(2)
        .all(|pair| pair[1].sequence == pair[0].sequence.wrapping_add(1))
}

#[test]
fn listeners_on_both_shards_hear_a_speaker_on_one() {
    let mut room = Room::open(2);
    let (speaker, speaking) = room.join(true, as_it_is);
    let listening = listeners(&mut room, LISTENERS);
    room.media.allow_publish(speaker, true);
    speaking.send_opus(&[OPUS; 50], &[-20; 50]).unwrap();
    for (_, client) in &listening {
        let heard = hear(client, 45);
        assert!(numbers_follow(&heard));
        assert!(heard.iter().all(|packet| u64::from(packet.csrc) == speaker));
    }
    let stats = room.media.stats();
    assert!(stats.handed_over > 0, "the kernel was never wrong");
    assert_eq!(
        (stats.core.spaces, stats.drops_mail, stats.faults),
        (1, 0, 0)
    );
}

#[test]
fn speakers_on_both_shards_hear_each_other() {
    let mut room = Room::open(2);
    let (one, first) = room.join(true, as_it_is);
    let (two, second) = room.join(true, as_it_is);
    for (peer, client) in [(one, &first), (two, &second)] {
        room.media.allow_publish(peer, true);
        client.send_opus(&[OPUS; 50], &[-20; 50]).unwrap();
    }
    for (client, other) in [(&first, two), (&second, one)] {
        let heard = hear(client, 45);
        assert!(heard.iter().all(|packet| u64::from(packet.csrc) == other));
    }
}

#[test]
fn whoever_comes_by_the_wrong_socket_stays() {
    // Short enough that only what is handed over keeps them.
    let patience = Duration::from_secs(4);
    let mut room = Room::with_patience(2, patience);
    let listening = listeners(&mut room, LISTENERS);
    let joined = room.media.stats().handed_over;
    let end = Instant::now() + 2 * patience;
    while Instant::now() < end {
        std::thread::park_timeout(Duration::from_millis(100));
    }
    assert!(
        listening
            .iter()
            .all(|(_, client)| client.state() == State::Connected)
    );
    let stats = room.media.stats();
    assert_eq!(stats.core.peers, LISTENERS as u64);
    assert!(stats.handed_over > joined);
}

/// A check of the client with this *offer* and *answer*.
fn a_check(offer: &str, answer: &str) -> Vec<u8> {
    let value = |sdp: &str, name: &str| -> String {
        let line = sdp.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().to_owned()
    };
    let names = [answer, offer].map(|sdp| value(sdp, "a=ice-ufrag:"));
    let request = BindingRequest {
        transaction: TransactionId([7; 12]),
        username: &names.join(":"),
        priority: 1,
        role: IceRole::Controlling(1),
        use_candidate: true,
    };
    let mut bytes = [0; 256];
    let integrity = StunIntegrity::new(&value(answer, "a=ice-pwd:"));
    let len = request.write(&integrity, &mut bytes).unwrap();
    bytes[..len].to_vec()
}

#[test]
fn an_address_of_one_shards_peer_is_refused_to_anothers() {
    let mut room = Room::open(2);
    let checks = [(), ()].map(|()| {
        let (client, answer) = room.answered(false);
        a_check(&client.offer(), &answer)
    });
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let server = (Ipv4Addr::LOCALHOST, room.media.udp_port());
    socket.send_to(&checks[0], server).unwrap();
    until("the address is known", || room.media.stats().routes == 1);
    socket.send_to(&checks[1], server).unwrap();
    until("it is refused", || {
        room.media.stats().core.routes_refused == 1
    });
    assert_eq!(room.media.stats().routes, 1);
}

#[test]
fn a_revoked_voice_ends_on_both_shards() {
    let mut room = Room::open(2);
    let (speaker, speaking) = room.join(true, as_it_is);
    let listening = listeners(&mut room, 4);
    room.media.allow_publish(speaker, true);
    speaking.send_opus(&[OPUS; 500], &[-20; 500]).unwrap();
    for (_, client) in &listening {
        hear(client, 10);
    }
    room.media.allow_publish(speaker, false);
    for (_, client) in &listening {
        let mut heard = Vec::new();
        while heard
            .iter()
            .filter(|packet: &&Received| ENDING.contains(&packet.opus.as_slice()))
            .count()
            < 3
        {
            heard.extend(hear(client, 1));
        }
        let after = heard
            .iter()
            .rev()
            .take_while(|packet| ENDING.contains(&packet.opus.as_slice()));
        assert_eq!(after.count(), 3, "silence is the last that is heard");
    }
}

#[test]
fn closing_and_joining_again_leaves_no_route_behind() {
    let mut room = Room::open(2);
    for _ in 0..3 {
        let people = listeners(&mut room, 8);
        until("all routes are known", || room.media.stats().routes >= 8);
        for (number, (peer, client)) in people.iter().enumerate() {
            if number % 2 == 0 {
                room.media.close_peer(*peer, "removed".into());
            } else {
                client.close();
            }
        }
        for (_, client) in &people {
            wait(client, |client| client.state().is_over());
        }
        until("nobody is left", || {
            let stats = room.media.stats();
            (stats.core.peers, stats.core.spaces, stats.routes) == (0, 0, 0)
        });
    }
}

#[test]
fn the_end_of_one_peer_disturbs_nobody_else() {
    let mut room = Room::open(2);
    let (speaker, speaking) = room.join(true, as_it_is);
    let mut listening = listeners(&mut room, 6);
    room.media.allow_publish(speaker, true);
    speaking.send_opus(&[OPUS; 100], &[-20; 100]).unwrap();
    for (_, client) in &listening {
        hear(client, 10);
    }
    let (removed, _told) = listening.remove(3);
    room.media.close_peer(removed, "removed".into());
    drop(listening.remove(1));
    for (_, client) in &listening {
        assert!(numbers_follow(&hear(client, 60)));
    }
}

#[test]
fn somebody_on_another_shard_comes_in_over_tcp_and_leaves_nothing_behind() {
    let mut room = Room::open(2);
    let (speaker, speaking) = room.join(true, as_it_is);
    let (_, listening) = room.join(false, without_udp);
    room.media.allow_publish(speaker, true);
    speaking.send_opus(&[OPUS; 50], &[-20; 50]).unwrap();
    hear(&listening, 45);
    until("the connection counts", || {
        room.media.stats().tcp_connections == 1
    });
    assert_eq!(room.media.stats().tcp_rejected, 0);
    room.media.close_space(1, "ended".into());
    until("nobody is left", || {
        let stats = room.media.stats();
        (stats.core.peers, stats.routes) == (0, 0)
    });
}
