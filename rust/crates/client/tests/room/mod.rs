//! A media core on loopback, and clients that join one space of it.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test may stop at the first surprise; not every test uses everything"
)]

use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use arengo_client::{Client, ClientOptions, Received, State};
use arengo_net::{Media, MediaOptions, Offer};

/// Far longer than any of this takes, however busy the machine is.
pub const PATIENCE: Duration = Duration::from_secs(20);
const SPACE: u64 = 1;
pub const OPUS: [u8; 4] = [0xf8, 1, 2, 3];

pub struct Room {
    pub media: Media,
    peers: u64,
}

impl Room {
    /// On so many shards, on which people live in turn.
    pub fn open(shards: usize) -> Room {
        Room::with_patience(shards, Duration::from_secs(30))
    }

    /// Peers of whom nothing comes for so long are closed.
    pub fn with_patience(shards: usize, idle_timeout: Duration) -> Room {
        Room::with(shards, idle_timeout, None)
    }

    /// Audiences of so many get merged packets.
    pub fn merging_from(merge_from: u32) -> Room {
        Room::with(1, Duration::from_secs(30), Some(merge_from))
    }

    fn with(shards: usize, idle_timeout: Duration, merge_from: Option<u32>) -> Room {
        let media = Media::start(MediaOptions {
            udp_port: 0,
            tcp_port: Some(0),
            public_ips: Vec::new(),
            bind: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            max_peers: 100,
            idle_timeout,
            merge_from,
            tells_levels: false,
            shards: Some(shards),
            spread_from: 1,
        });
        Room {
            media: media.unwrap(),
            peers: 0,
        }
    }

    /// A client with its answer, passed through *tamper* on the way; its number is its voice too.
    pub fn join(&mut self, send: bool, tamper: impl FnOnce(String) -> String) -> (u64, Client) {
        let (client, answer) = self.answered(send);
        client.answer(&tamper(answer)).unwrap();
        wait(&client, |client| client.state() != State::Checking);
        assert_eq!(client.state(), State::Connected);
        (self.peers, client)
    }

    /// A client whose offer has been answered, and the answer.
    pub fn answered(&mut self, send: bool) -> (Client, String) {
        self.peers += 1;
        let client = Client::new(ClientOptions {
            send,
            receive_lines: 3,
            ..ClientOptions::default()
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
        (client, answer.unwrap())
    }
}

/// Wait by the client's descriptor until *done*; packets that come meanwhile are returned.
pub fn wait(client: &Client, mut done: impl FnMut(&Client) -> bool) -> Vec<Received> {
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

pub fn wait_readable(client: &Client, most: Duration) {
    let mut waited = libc::pollfd {
        fd: client.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one structure that lives through the call.
    unsafe { libc::poll(&mut waited, 1, most.as_millis() as libc::c_int) };
}

pub fn hear(client: &Client, count: usize) -> Vec<Received> {
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

pub fn as_it_is(answer: String) -> String {
    answer
}

/// The answer as on a network where UDP goes nowhere.
pub fn without_udp(answer: String) -> String {
    let lines = answer.split_inclusive("\r\n");
    lines
        .filter(|line| !(line.starts_with("a=candidate:") && line.contains(" udp ")))
        .collect()
}
