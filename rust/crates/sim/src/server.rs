//! The server as the simulation drives it: its shards and what they say to each other. Handshake jobs run at once, and
//! what is sent waits to be carried away.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arengo_core::directory::{Directory, named_in};
use arengo_core::neighbours::{Errand, ShardNumber, Word};
use arengo_core::{
    Batch, Event, Identity, Outbox, Request, Route, Shard, ShardOptions, Sink, Time, WallClock,
    accept_offer,
};
use arengo_wire::sdp::Candidate;

use crate::chance::SeededChance;
use crate::digest::fnv;

/// What the shards told, in owned words.
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
/// A word between shards is under way for less than this many microseconds.
const LONGEST_WAY: u64 = 2_000;

/// Datagrams and where they go.
type Carried = Vec<(SocketAddr, Vec<u8>)>;

/// What one shard hands to another.
enum Letter {
    Word(ShardNumber, Word),
    Datagram(SocketAddr, Vec<u8>),
    Contested(Route),
}

/// Letters under way; those from one shard to another stay in order.
struct Post {
    chance: SeededChance,
    under_way: BinaryHeap<Reverse<(Time, u64)>>,
    letters: BTreeMap<u64, (usize, Letter)>,
    latest: BTreeMap<(usize, usize), Time>,
    sent: u64,
}

impl Post {
    fn send(&mut self, now: Time, from: usize, to: usize, letter: Letter) {
        let way = Duration::from_micros(self.chance.next_u64() % LONGEST_WAY);
        let latest = self.latest.entry((from, to)).or_default();
        *latest = (now + way).max(*latest);
        self.sent += 1;
        self.under_way.push(Reverse((*latest, self.sent)));
        self.letters.insert(self.sent, (to, letter));
    }

    fn next_arrival(&self) -> Option<Time> {
        self.under_way.peek().map(|Reverse((arrival, _))| *arrival)
    }

    fn take_arrived(&mut self, now: Time) -> Option<(usize, Letter)> {
        self.next_arrival().filter(|arrival| *arrival <= now)?;
        let Reverse((_, number)) = self.under_way.pop()?;
        self.letters.remove(&number)
    }
}

/// A node with one space.
pub struct Server {
    shards: Vec<Shard>,
    outbox: Outbox,
    carried: Arc<Mutex<Carried>>,
    directory: Directory,
    post: Post,
    /// Where each peer lives.
    homes: BTreeMap<u64, usize>,
    identity: Identity,
    chance: SeededChance,
    news: Vec<News>,
}

impl Server {
    /// Where it is reached.
    pub const ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 7882);

    /// *epoch* is the instant of time zero.
    pub fn new(epoch: Instant, seed: u64, shards: usize, merge_from: Option<u32>) -> Server {
        let carried = Arc::new(Mutex::new(Vec::new()));
        let mut chance = SeededChance::new(seed);
        let own = SeededChance::new(chance.next_u64());
        let mut a_shard = |number| {
            let options = ShardOptions {
                max_peers: 4_000,
                idle_timeout: IDLE_TIMEOUT,
                merge_from,
                tells_levels: true,
                wall: WallClock {
                    at_zero: Duration::from_secs(1_700_000_000),
                },
                number: ShardNumber::new(number).expect("few shards"),
                shards,
            };
            Shard::new(options, Box::new(SeededChance::new(chance.next_u64())))
        };
        Server {
            shards: (0..shards).map(&mut a_shard).collect(),
            outbox: Outbox::new(Box::new(Carrier(Arc::clone(&carried)))),
            carried,
            directory: Directory::default(),
            post: Post {
                chance: SeededChance::new(!seed),
                under_way: BinaryHeap::new(),
                letters: BTreeMap::new(),
                latest: BTreeMap::new(),
                sent: 0,
            },
            homes: BTreeMap::new(),
            identity: Identity::generate(epoch).expect("a certificate"),
            chance: own,
            news: Vec::new(),
        }
    }

    /// Answer an offer and take the peer in; neighbours in the order of joining live on different shards.
    pub fn accept(&mut self, now: Time, joining: Joining<'_>) -> String {
        let home = joining.peer as usize % self.shards.len();
        let request = Request {
            peer: joining.peer,
            space: SPACE,
            voice: joining.voice,
            offer: joining.offer,
            may_send: joining.may_send,
            may_receive: joining.may_receive,
            max_slots: 3,
            shard: ShardNumber::new(home).filter(|_| self.shards.len() > 1),
            candidates: &[Candidate::host_udp(Server::ADDRESS, 65_535)],
        };
        let accepted = accept_offer(now, &request, &self.identity, &mut self.chance);
        let (answer, peer) = accepted.expect("an offer that is answered");
        self.homes.insert(joining.peer, home);
        self.shards[home]
            .add_peer(now, peer)
            .expect("room for one more");
        self.settle(now, home);
        answer
    }

    pub fn allow(&mut self, now: Time, peer: u64, allowed: bool) {
        let home = self.homes[&peer];
        self.shards[home].allow_publish(now, peer, allowed, &mut self.outbox);
        self.settle(now, home);
    }

    pub fn close(&mut self, now: Time, peer: u64) {
        let home = self.homes[&peer];
        self.shards[home].close_peer(now, peer, "removed", &mut self.outbox);
        self.settle(now, home);
    }

    /// A datagram arrives at one of the shards, as by the kernel's hash, and is handed on if it is another's.
    pub fn take(&mut self, now: Time, from: SocketAddr, datagram: &mut [u8]) {
        let here = fnv(from.to_string().as_bytes()) as usize % self.shards.len();
        let named = named_in(datagram).map(ShardNumber::place);
        let whose = match named.filter(|named| *named < self.shards.len()) {
            Some(named) => named,
            None if self.shards[here].knows(Route::udp(from)) => here,
            None => self
                .directory
                .find(Route::udp(from))
                .map_or(here, ShardNumber::place),
        };
        if self.shards.len() > 1 && whose != here {
            let letter = Letter::Datagram(from, datagram.to_vec());
            return self.post.send(now, here, whose, letter);
        }
        self.shards[here].datagram(now, Route::udp(from), datagram, &mut self.outbox);
        self.settle(now, here);
    }

    pub fn next_wake(&self) -> Option<Time> {
        let ticks = self.shards.iter().map(Shard::next_tick);
        ticks.chain(self.post.next_arrival()).min()
    }

    pub fn wake(&mut self, now: Time) {
        while let Some((to, letter)) = self.post.take_arrived(now) {
            let (shard, out) = (&mut self.shards[to], &mut self.outbox);
            match letter {
                Letter::Word(from, word) => shard.hear(now, from, word, out),
                Letter::Datagram(from, mut datagram) => {
                    shard.datagram(now, Route::udp(from), &mut datagram, out);
                }
                Letter::Contested(route) => shard.contested(now, route),
            }
            self.settle(now, to);
        }
        for place in 0..self.shards.len() {
            self.shards[place].tick(now, &mut self.outbox);
            self.settle(now, place);
        }
    }

    /// How many peers it holds.
    pub fn peers(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.stats().peers as usize)
            .sum()
    }

    /// How many routes lead to another shard than the kernel may think.
    pub fn routes(&self) -> usize {
        self.directory.len()
    }

    /// What it has sent since the last call, in order.
    pub fn take_sent(&mut self) -> Carried {
        std::mem::take(&mut *self.carried.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What it has told since the last call, in order.
    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    fn settle(&mut self, now: Time, place: usize) {
        let shard = &mut self.shards[place];
        while let Some(job) = shard.take_job() {
            shard.finish_job(now, job.run(), &mut self.outbox);
        }
        while shard.serve(now, &mut self.outbox) {}
        self.outbox.flush();
        while let Some(event) = shard.pop_event() {
            self.news.push(event);
        }
        let own = ShardNumber::new(place).expect("few shards");
        while let Some(errand) = shard.take_errand() {
            match errand {
                Errand::Tell(to, word) => {
                    for to in to.iter() {
                        let letter = Letter::Word(own, word.clone());
                        self.post.send(now, place, to.place(), letter);
                    }
                }
                Errand::Claimed(route) => {
                    if let Err(owner) = self.directory.claim(route, own) {
                        let letter = Letter::Contested(route);
                        self.post.send(now, place, owner.place(), letter);
                        shard.route_refused(route);
                    }
                }
                Errand::Released(route) => self.directory.release(route, own),
            }
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
