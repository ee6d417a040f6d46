//! The shard as the simulation drives it: handshake jobs run at once, and what is sent waits to be carried away.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arengo_core::{
    Batch, Event, Identity, Outbox, Request, Route, Shard, ShardOptions, Sink, Time, WallClock,
    accept_offer,
};
use arengo_wire::sdp::Candidate;

use crate::chance::SeededChance;

/// What the shard told, in owned words.
pub type News = Event;

/// Somebody with an offer.
#[derive(Debug, Clone, Copy)]
pub struct Joining<'a> {
    pub peer: u64,
    pub voice: u32,
    pub offer: &'a str,
    pub may_send: bool,
    pub may_receive: bool,
}

/// The only space there is.
const SPACE: u64 = 1;
/// The service's default.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Datagrams and where they go.
type Carried = Vec<(SocketAddr, Vec<u8>)>;

/// A shard with one space.
pub struct Server {
    shard: Shard,
    outbox: Outbox,
    carried: Arc<Mutex<Carried>>,
    identity: Identity,
    chance: SeededChance,
    news: Vec<News>,
}

impl Server {
    /// Where it is reached.
    pub const ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 7882);

    /// *epoch* is the instant of time zero.
    pub fn new(epoch: Instant, seed: u64) -> Server {
        let carried = Arc::new(Mutex::new(Vec::new()));
        let options = ShardOptions {
            max_peers: 4_000,
            idle_timeout: IDLE_TIMEOUT,
            wall: WallClock {
                at_zero: Duration::from_secs(1_700_000_000),
            },
        };
        let mut chance = SeededChance::new(seed);
        let own = SeededChance::new(chance.next_u64());
        Server {
            shard: Shard::new(options, Box::new(SeededChance::new(chance.next_u64()))),
            outbox: Outbox::new(Box::new(Carrier(Arc::clone(&carried)))),
            carried,
            identity: Identity::generate(epoch).expect("a certificate"),
            chance: own,
            news: Vec::new(),
        }
    }

    /// Answer an offer and take the peer in.
    pub fn accept(&mut self, now: Time, joining: Joining<'_>) -> String {
        let request = Request {
            peer: joining.peer,
            space: SPACE,
            voice: joining.voice,
            offer: joining.offer,
            may_send: joining.may_send,
            may_receive: joining.may_receive,
            max_slots: 3,
            candidates: &[Candidate::host_udp(Server::ADDRESS, 65_535)],
        };
        let accepted = accept_offer(now, &request, &self.identity, &mut self.chance);
        let (answer, peer) = accepted.expect("an offer that is answered");
        self.shard.add_peer(now, peer).expect("room for one more");
        self.settle(now);
        answer
    }

    pub fn allow(&mut self, now: Time, peer: u64, allowed: bool) {
        self.shard
            .allow_publish(now, peer, allowed, &mut self.outbox);
        self.settle(now);
    }

    pub fn close(&mut self, now: Time, peer: u64) {
        self.shard
            .close_peer(now, peer, "removed", &mut self.outbox);
        self.settle(now);
    }

    pub fn take(&mut self, now: Time, from: SocketAddr, datagram: &mut [u8]) {
        self.shard
            .datagram(now, Route::udp(from), datagram, &mut self.outbox);
        self.settle(now);
    }

    pub fn next_wake(&self) -> Option<Time> {
        Some(self.shard.next_tick())
    }

    pub fn wake(&mut self, now: Time) {
        self.shard.tick(now, &mut self.outbox);
        self.settle(now);
    }

    /// How many peers it holds.
    pub fn peers(&self) -> usize {
        self.shard.stats().peers as usize
    }

    /// What it has sent since the last call, in order.
    pub fn take_sent(&mut self) -> Carried {
        std::mem::take(&mut *self.carried.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What it has told since the last call, in order.
    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    fn settle(&mut self, now: Time) {
        while let Some(job) = self.shard.take_job() {
            self.shard.finish_job(now, job.run(), &mut self.outbox);
        }
        while self.shard.serve(now, &mut self.outbox) {}
        self.outbox.flush();
        while let Some(event) = self.shard.pop_event() {
            self.news.push(event);
        }
    }
}

/// What the outbox flushes into.
struct Carrier(Arc<Mutex<Carried>>);

impl Sink for Carrier {
    fn flush(&mut self, batch: Batch<'_>) {
        let mut carried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        carried.extend(
            batch
                .iter()
                .map(|(route, bytes)| (route.address, bytes.to_vec())),
        );
    }
}
