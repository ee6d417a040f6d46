//! Clients and the media core over real sockets on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use arengo_client::{Client, ClientOptions, Received, State};
use arengo_net::{Media, MediaOptions, Offer};

/// Far longer than any of this takes, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(20);
const SPACE: u64 = 1;
const OPUS: [u8; 4] = [0xf8, 1, 2, 3];

struct Room {
    media: Media,
    peers: u64,
}

impl Room {
    fn open() -> Room {
        let media = Media::start(MediaOptions {
            udp_port: 0,
            tcp_port: Some(0),
            public_ips: Vec::new(),
            bind: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            max_peers: 100,
            idle_timeout: Duration::from_secs(30),
        });
        Room {
            media: media.unwrap(),
            peers: 0,
        }
    }

    /// A client with its answer, passed through *tamper* on the way; its number is its voice too.
    fn join(&mut self, send: bool, tamper: impl FnOnce(String) -> String) -> (u64, Client) {
        self.peers += 1;
        let client = Client::new(ClientOptions {
            send,
            receive_lines: 3,
        })
        .unwrap();
        let answer = self.media.accept_offer(&Offer {
            peer: self.peers,
            space: SPACE,
            voice: self.peers as u32,
            sdp: &client.offer(),
            may_send: send,
            may_receive: true,
            requester: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            max_slots: 3,
        });
        client.answer(&tamper(answer.unwrap())).unwrap();
        wait(&client, |client| client.state() != State::Checking);
        assert_eq!(client.state(), State::Connected);
        (self.peers, client)
    }
}

/// Wait by the client's descriptor until *done*; packets that come meanwhile are returned.
fn wait(client: &Client, mut done: impl FnMut(&Client) -> bool) -> Vec<Received> {
    let deadline = Instant::now() + PATIENCE;
    let mut packets = Vec::new();
    while !done(client) {
        assert!(
            Instant::now() < deadline,
            "waited in vain, {:?}",
            client.state()
        );
        wait_readable(client, Duration::from_secs(1));
        packets.extend(client.received(1_000));
    }
    packets
}

fn wait_readable(client: &Client, most: Duration) {
    let mut waited = libc::pollfd {
        fd: client.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one structure that lives through the call.
    unsafe { libc::poll(&mut waited, 1, most.as_millis() as libc::c_int) };
}

fn hear(client: &Client, count: usize) -> Vec<Received> {
    let deadline = Instant::now() + PATIENCE;
    let mut heard = Vec::new();
    while heard.len() < count {
        assert!(
            Instant::now() < deadline,
            "heard {} of {count} packets",
            heard.len()
        );
        wait_readable(client, Duration::from_secs(1));
        heard.extend(client.received(7));
    }
    heard
}

fn as_it_is(answer: String) -> String {
    answer
}

#[test]
fn clients_hear_each_other_over_udp() {
    let mut room = Room::open();
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
}

#[test]
fn a_client_comes_in_over_tcp_when_no_udp_address_answers() {
    let mut room = Room::open();
    let (speaker, speaking) = room.join(true, as_it_is);
    let without_udp = |answer: String| {
        let lines = answer.split_inclusive("\r\n");
        lines
            .filter(|line| !(line.starts_with("a=candidate:") && line.contains(" udp ")))
            .collect()
    };
    let (_, listening) = room.join(false, without_udp);
    assert_eq!(room.media.stats().tcp_connections, 1);
    room.media.allow_publish(speaker, true);
    speaking.send_opus(&[OPUS; 50], &[-20; 50]).unwrap();
    hear(&listening, 45);
}

#[test]
fn what_is_cleared_is_not_sent() {
    let mut room = Room::open();
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
}

#[test]
fn a_client_that_the_server_closes_is_told_by_its_descriptor() {
    let mut room = Room::open();
    let (peer, client) = room.join(false, as_it_is);
    room.media.close_peer(peer, "removed".into());
    wait(&client, |client| client.state() == State::Closed);
}

#[test]
fn a_server_that_stops_closes_its_clients() {
    let mut room = Room::open();
    let (_, client) = room.join(false, as_it_is);
    room.media.shutdown();
    wait(&client, |client| client.state() == State::Closed);
}

#[test]
fn many_clients_share_one_thread() {
    let mut room = Room::open();
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
}
