//! Floods from unknown addresses: they cost little, and nobody inside notices.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test may stop at the first surprise"
)]

mod room;

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arengo_client::{Client, Received};
use arengo_core::crypto::StunIntegrity;
use arengo_wire::stun::{BindingRequest, IceRole, TransactionId};
use room::{OPUS, Room, as_it_is, hear};

const LISTENERS: usize = 20;
/// Two seconds of speech.
const WORDS: usize = 100;
/// Datagrams of a flood in a second; more than any attack by hand, and little enough for a busy machine to make.
const PER_SECOND: u64 = 6_000;
const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];
/// Addresses that they come from.
const SOURCES: usize = 16;

type Flood = Vec<Vec<u8>>;

fn a_check(username: &str) -> Vec<u8> {
    let request = BindingRequest {
        transaction: TransactionId([7; 12]),
        username,
        priority: 1,
        role: IceRole::Controlling(1),
        use_candidate: true,
    };
    let mut bytes = [0; 256];
    let len = request
        .write(
            &StunIntegrity::new("a password that somebody guessed"),
            &mut bytes,
        )
        .unwrap();
    bytes[..len].to_vec()
}

/// Checks without a name, of nobody, of each shard's nobody, and of somebody with a wrong password.
fn checks(of: &str) -> Flood {
    let mut bare = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    bare.extend([9; 12]);
    let names = ["nobody:me", "Abcdefghijkl:me", "Bbcdefghijkl:me"];
    let mut flood: Flood = names.into_iter().map(a_check).collect();
    flood.push(a_check(&format!("{of}:me")));
    flood.push(bare);
    flood
}

/// What begins a handshake: record and handshake header of a ClientHello, then anything.
fn hellos(_: &str) -> Flood {
    let mut hello = vec![22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 200, 1, 0, 0, 188];
    hello.resize(213, 3);
    vec![hello]
}

/// Bytes of every kind that a first byte can announce.
fn noise(_: &str) -> Flood {
    let mut state = 1_u32;
    let mut datagram = |length: usize| -> Vec<u8> {
        (0..length)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect()
    };
    (0..256).map(|n| datagram(n * 5 + 1)).collect()
}

/// Send *flood* evenly from many addresses until told to stop; how many datagrams that were.
fn pour(flood: &Flood, port: u16, stop: &AtomicBool) -> u64 {
    let sockets: Vec<_> = (0..SOURCES)
        .map(|_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap())
        .collect();
    let (start, mut sent) = (Instant::now(), 0);
    while !stop.load(Ordering::Relaxed) {
        let due = start.elapsed().as_micros() as u64 * PER_SECOND / 1_000_000;
        while sent < due {
            let socket = &sockets[sent as usize % SOURCES];
            let datagram = &flood[sent as usize / SOURCES % flood.len()];
            // A full buffer of our own is the flood's loss.
            let _ = socket.send_to(datagram, (Ipv4Addr::LOCALHOST, port));
            sent += 1;
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
    sent
}

/// The first bucket of a histogram in powers of two below which 99 of 100 lie, in microseconds.
fn most_of(before: &[u64], after: &[u64]) -> u64 {
    let counts: Vec<u64> = after.iter().zip(before).map(|(a, b)| a - b).collect();
    let all: u64 = counts.iter().sum();
    let mut seen = 0;
    for (power, count) in counts.iter().enumerate() {
        seen += count;
        if seen * 100 >= all * 99 {
            return 1 << power;
        }
    }
    u64::MAX
}

/// Stops the flood, whatever is found.
struct AtTheEnd<'a>(&'a AtomicBool);

impl Drop for AtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn sound_is_untouched_by(name: &str, shards: usize, flood: impl Fn(&str) -> Flood) {
    let mut room = Room::open(shards);
    let mut ufrag = String::new();
    let (speaker, speaking) = room.join(true, |answer| {
        let line = answer
            .lines()
            .find_map(|line| line.strip_prefix("a=ice-ufrag:"));
        ufrag = line.unwrap().to_owned();
        answer
    });
    let listening: Vec<Client> = (0..LISTENERS)
        .map(|_| room.join(false, as_it_is).1)
        .collect();
    room.media.allow_publish(speaker, true);
    let (port, flood) = (room.media.udp_port(), flood(&ufrag));
    let (stop, poured) = (AtomicBool::new(false), AtomicU64::new(0));
    let before = room.media.stats();
    std::thread::scope(|scope| {
        let _stop = AtTheEnd(&stop);
        scope.spawn(|| poured.store(pour(&flood, port, &stop), Ordering::Relaxed));
        speaking
            .send_opus(&vec![OPUS; WORDS], &vec![-20; WORDS])
            .unwrap();
        for client in &listening {
            let mut heard = Vec::new();
            while !heard.iter().any(|packet: &Received| packet.opus == SILENCE) {
                heard.extend(hear(client, 1));
            }
            let words = heard.iter().filter(|packet| packet.opus == OPUS).count();
            assert!(words > WORDS - 5, "{name}: {words} of {WORDS} words");
            assert!(
                heard
                    .windows(2)
                    .all(|pair| pair[1].sequence == pair[0].sequence.wrapping_add(1)),
                "{name}: numbers are missing"
            );
        }
    });
    let after = room.media.stats();
    let delay = most_of(before.forward_delay.counts(), after.forward_delay.counts());
    eprintln!(
        "{name}, {shards} shards: {} datagrams, {} seen, forward delay p99 below {delay} µs, busy {} ‰",
        poured.load(Ordering::Relaxed),
        after.core.packets_in - before.core.packets_in,
        after.busy_permille,
    );
    assert!(after.core.packets_in - before.core.packets_in > 2 * WORDS as u64);
    assert_eq!((after.core.peers, after.faults), (1 + LISTENERS as u64, 0));
    assert_eq!(after.core.handshakes, before.core.handshakes);
    assert_eq!(after.core.handshake_failures, 0);
}

#[test]
fn checks_that_nobody_signed_leave_the_sound_untouched() {
    for shards in [1, 2] {
        sound_is_untouched_by("checks", shards, checks);
    }
}

#[test]
fn handshakes_from_unknown_addresses_leave_the_sound_untouched() {
    for shards in [1, 2] {
        sound_is_untouched_by("hellos", shards, hellos);
    }
}

#[test]
fn noise_from_unknown_addresses_leaves_the_sound_untouched() {
    for shards in [1, 2] {
        sound_is_untouched_by("noise", shards, noise);
    }
}
