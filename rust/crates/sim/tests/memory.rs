//! What a listener weighs in the core, after a real handshake.
//!
//! It runs on the main thread: the allocator tells only of that thread's arena.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arengo_client::{ClientOptions, Identity, Peer, State, Way};
use arengo_core::neighbours::ShardNumber;
use arengo_core::{
    Batch, Outbox, Request, Route, Shard, ShardOptions, Sink, Time, WallClock, accept_offer,
};
use arengo_sim::SeededChance;
use arengo_wire::sdp::Candidate;

const LISTENERS: u16 = 300;
/// What the core may keep for a listener who has been there for a while.
const MOST_EACH: i64 = 4 << 10;
/// Handshakes are over, and whatever is kept for their repetition has been let go.
const A_WHILE: Duration = Duration::from_secs(60);

/// Bytes that the C library's allocator has given out and not taken back: ours and those of the cryptography beneath.
#[allow(unsafe_code, reason = "only the C library knows")]
fn live() -> i64 {
    // SAFETY: it takes nothing and gives a structure.
    let info = unsafe { libc::mallinfo2() };
    (info.uordblks + info.hblkhd) as i64
}

const SERVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 7882);

type Sent = Arc<Mutex<Vec<(SocketAddr, Vec<u8>)>>>;

struct Carrier(Sent);

impl Sink for Carrier {
    fn flush(&mut self, batch: Batch<'_>) {
        let mut sent = self.0.lock().unwrap();
        sent.extend(
            batch
                .iter()
                .map(|(route, bytes)| (route.address, bytes.to_vec())),
        );
    }
}

struct Core {
    shard: Shard,
    outbox: Outbox,
    sent: Sent,
    identity: arengo_core::Identity,
}

impl Core {
    fn new(epoch: Instant) -> Core {
        let options = ShardOptions {
            max_peers: LISTENERS.into(),
            idle_timeout: 10 * A_WHILE,
            merge_from: None,
            tells_levels: false,
            wall: WallClock {
                at_zero: Duration::from_secs(1_700_000_000),
            },
            number: ShardNumber::FIRST,
            shards: 1,
        };
        let sent = Sent::default();
        Core {
            shard: Shard::new(options, Box::new(SeededChance::new(1))),
            outbox: Outbox::new(Box::new(Carrier(Arc::clone(&sent)))),
            sent,
            identity: arengo_core::Identity::generate(epoch).unwrap(),
        }
    }

    fn settle(&mut self, now: Time) {
        while let Some(job) = self.shard.take_job() {
            self.shard.finish_job(now, job.run(), &mut self.outbox);
        }
        self.outbox.flush();
        while self.shard.pop_event().is_some() {}
    }
}

fn address(number: u16) -> SocketAddr {
    SocketAddr::from(([198, 51, 100, 1], 1_000 + number))
}

/// A listener like the app's: a line for a microphone that may never be used, and three slots.
fn joined(core: &mut Core, epoch: Instant, now: Time, number: u16) -> Peer {
    let options = ClientOptions {
        send: true,
        receive_lines: 3,
        ..ClientOptions::default()
    };
    let at = epoch + now.since_zero();
    let chance = Box::new(SeededChance::new(number.into()));
    let mut client = Peer::new(options, Identity::shared().unwrap(), chance, at).unwrap();
    let request = Request {
        peer: number.into(),
        space: 1,
        voice: u32::from(number) + 1,
        offer: &client.offer(),
        may_send: true,
        may_receive: true,
        max_slots: 3,
        shard: None,
        candidates: &[Candidate::host_udp(SERVER, 65_535)],
    };
    let (answer, peer) = accept_offer(
        now,
        &request,
        &core.identity,
        &mut SeededChance::new(number.into()),
    )
    .unwrap();
    core.shard.add_peer(now, peer).unwrap();
    client.answer(&answer, at).unwrap();
    client.handle_timeout(at);
    for _ in 0..50 {
        while let Some(transmit) = client.poll_transmit() {
            let mut datagram = transmit.datagram;
            core.shard.datagram(
                now,
                Route::udp(address(number)),
                &mut datagram,
                &mut core.outbox,
            );
        }
        core.settle(now);
        for (_, mut datagram) in std::mem::take(&mut *core.sent.lock().unwrap()) {
            client.handle_datagram(Way::udp(SERVER), &mut datagram, at);
        }
    }
    assert_eq!(client.state(), State::Connected);
    client
}

fn main() {
    let epoch = Instant::now();
    let mut now = Time::from_micros(1_000_000);
    let mut core = Core::new(epoch);
    let clients: Vec<Peer> = (0..LISTENERS)
        .map(|number| joined(&mut core, epoch, now, number))
        .collect();
    let fresh = live();
    let end = now + A_WHILE;
    while now < end {
        now = now + Duration::from_millis(20);
        core.shard.tick(now, &mut core.outbox);
        core.settle(now);
        core.sent.lock().unwrap().clear();
    }
    assert_eq!(core.shard.stats().peers, LISTENERS.into());
    let before = live();
    let alone = Core::new(epoch);
    let empty = live() - before;
    drop(alone);
    drop(core);
    let each = (before - live() - empty) / i64::from(LISTENERS);
    drop(clients);
    println!(
        "{each} bytes each, after {} at first",
        (fresh - before) / i64::from(LISTENERS) + each
    );
    assert!(each <= MOST_EACH, "{each} bytes each");
}
