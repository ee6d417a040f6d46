//! Two whole shards against arbitrary datagrams, commands and time.

use arengo_core::directory::{Directory, named_in};
use arengo_core::neighbours::{Errand, ShardNumber};
use arengo_core::{Event, Route};
use arengo_wire::rtp::Header;
use std::time::Duration;

use crate::people::{LOUD, Person, SPACE, World, route};

const SHARDS: usize = 2;
/// People at once; more would only make a run longer.
const MOST: usize = 8;
/// Somewhere that several people may prove to be; what is sent there is nobody's.
const SHARED: u64 = 50_001;
/// Somewhere that nobody has proved to be.
const UNKNOWN: u64 = 50_002;

/// Arbitrary bytes, as choices; zeros when they are used up.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn next(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.next()) % bound.max(1)
    }

    fn some(&mut self) -> Vec<u8> {
        let len = usize::from(self.next()).min(self.0.len());
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken.to_vec()
    }
}

/// A node of two shards and its people.
struct Node {
    worlds: Vec<World>,
    directory: Directory,
    people: Vec<(usize, Person)>,
    joined: u64,
}

/// Whether bytes would go to the short engine of these people, which gives keys for anything.
fn is_handshake(datagram: &[u8]) -> bool {
    datagram
        .first()
        .is_some_and(|first| (20..=63).contains(first))
}

impl Node {
    fn open() -> Self {
        let numbers = (0..SHARDS).filter_map(ShardNumber::new);
        Self {
            worlds: numbers
                .map(|number| World::on_shard(number, SHARDS, Some(2)))
                .collect(),
            directory: Directory::default(),
            people: Vec::new(),
            joined: 0,
        }
    }

    fn join(&mut self, home: usize, speaks: bool, lines: usize) {
        if self.people.len() >= MOST {
            return;
        }
        self.joined += 1;
        let person = self.worlds[home].join(self.joined, speaks, lines);
        self.people.push((home, person));
    }

    /// One more thing happens.
    fn play(&mut self, choices: &mut Choices<'_>) {
        let what = choices.next() % 16;
        if self.people.is_empty() && what != 0 {
            return;
        }
        let who = choices.below(self.people.len());
        match what {
            0 => {
                let shape = choices.next();
                self.join(
                    usize::from(shape) % SHARDS,
                    shape & 4 != 0,
                    usize::from(shape >> 4) % 4,
                );
            }
            1 | 2 => self.anything(who, choices),
            3 | 4 => self.garbage(who, choices),
            5 => self.garbage_about(who, choices),
            6 | 7 => {
                let (home, person) = &mut self.people[who];
                self.worlds[*home].say(person, LOUD + choices.next() % 60);
            }
            8 => self.pass(Duration::from_millis(u64::from(choices.next()))),
            9 => self.pass(Duration::from_millis(u64::from(choices.next()) * 100)),
            10 => {
                let (home, person) = &self.people[who];
                self.worlds[*home].allow(person, choices.next().is_multiple_of(2));
            }
            11 => self.check(who, choices),
            12 => {
                let lost = self.somewhere(who, choices);
                let home = self.people[who].0;
                self.worlds[home].shard.route_lost(lost);
            }
            13 => {
                let (home, person) = &self.people[who];
                let World {
                    shard, outbox, now, ..
                } = &mut self.worlds[*home];
                match choices.next() % 4 {
                    0 => shard.keep_prompt(person.id, choices.next().is_multiple_of(2), outbox),
                    1 => shard.tap(SPACE, &[person.id]),
                    2 => shard.tap(SPACE, &[]),
                    _ => shard.close_peer(*now, person.id, "removed", outbox),
                }
                self.worlds[*home].pass(Duration::ZERO);
            }
            14 => {
                let (home, person) = &self.people[who];
                self.worlds[*home]
                    .receive(person.route, &mut [21, 0xfe, 0xfd, 0, b'b', b'y', b'e']);
            }
            _ => {
                let mut records = Vec::new();
                for world in &mut self.worlds {
                    world
                        .shard
                        .drain_tap(&mut records, usize::from(choices.next()));
                }
            }
        }
    }

    fn pass(&mut self, time: Duration) {
        for world in &mut self.worlds {
            world.pass(time);
        }
    }

    /// Where somebody is, where they may be, where anybody may be, or where nobody is.
    fn somewhere(&self, who: usize, choices: &mut Choices<'_>) -> Route {
        let person = &self.people[who].1;
        match choices.next() % 4 {
            0 => person.route,
            1 => Route::tcp(person.id, person.route.address),
            2 => route(SHARED),
            _ => route(UNKNOWN),
        }
    }

    /// Arbitrary bytes arrive at either shard.
    fn anything(&mut self, who: usize, choices: &mut Choices<'_>) {
        let from = self.somewhere(who, choices);
        let shard = choices.below(SHARDS);
        let mut bytes = choices.some();
        let _ = (named_in(&bytes), self.directory.find(from));
        if !is_handshake(&bytes) {
            self.worlds[shard].receive(from, &mut bytes);
        }
    }

    /// Arbitrary sound under the right key.
    fn garbage(&mut self, who: usize, choices: &mut Choices<'_>) {
        let (home, person) = &mut self.people[who];
        let mut plain = choices.some();
        if let Some(first) = plain.first_mut() {
            *first = 0x80 | (*first & 0x3f);
        }
        let is_the_stream = !choices.next().is_multiple_of(4);
        if let Some(ssrc) = plain.get_mut(8..12).filter(|_| is_the_stream) {
            ssrc.copy_from_slice(&person.ssrc.to_be_bytes());
        }
        if let Some(kind) = plain.get_mut(1).filter(|_| is_the_stream) {
            *kind = 111;
        }
        let Ok(header) = Header::parse(&plain) else {
            return;
        };
        // Under its own number, so that the rest of what this person says is not taken for old.
        let index = person.index;
        if let Some(sequence) = plain.get_mut(2..4).filter(|_| is_the_stream) {
            sequence.copy_from_slice(&(index as u16).to_be_bytes());
            person.index += 1;
        }
        let mut sealed = vec![0; plain.len() + 64];
        let seal = &person.keys.outbound;
        if let Ok(len) = seal.seal_rtp(&plain, header.len, header.ssrc, index, &mut sealed) {
            self.worlds[*home].receive(person.route, &mut sealed[..len]);
        }
    }

    /// Arbitrary reports under the right key.
    fn garbage_about(&mut self, who: usize, choices: &mut Choices<'_>) {
        let (home, person) = &mut self.people[who];
        let mut plain = vec![0x80 | (choices.next() & 0x1f), 200 + choices.next() % 4];
        plain.extend(choices.some());
        let mut sealed = vec![0; plain.len() + 64];
        if let Ok(len) = person.keys.outbound.seal_rtcp(&plain, &mut sealed) {
            self.worlds[*home].receive(person.route, &mut sealed[..len]);
        }
    }

    fn check(&mut self, who: usize, choices: &mut Choices<'_>) {
        let from = self.somewhere(who, choices);
        let how = choices.next();
        let (home, person) = &self.people[who];
        let password = if how & 1 == 0 {
            person.ice.password.as_str()
        } else {
            "guessed"
        };
        // Only where they are, so that what they are sent can be looked at.
        let nominates = how & 2 == 0 && from == person.route;
        self.worlds[*home].check_with(person, from, nominates, password);
    }

    /// Words and routes between the shards, until nobody has anything to say.
    fn settle(&mut self) {
        loop {
            let errands: Vec<_> = self
                .worlds
                .iter_mut()
                .enumerate()
                .flat_map(|(place, world)| {
                    std::iter::from_fn(|| world.shard.take_errand())
                        .map(|errand| (place, errand))
                        .collect::<Vec<_>>()
                })
                .collect();
            if errands.is_empty() {
                return;
            }
            for (place, errand) in errands {
                self.run(ShardNumber::new(place).expect("few shards"), errand);
            }
        }
    }

    fn run(&mut self, own: ShardNumber, errand: Errand) {
        match errand {
            Errand::Tell(to, word) => {
                for to in to.iter() {
                    let World {
                        shard, outbox, now, ..
                    } = &mut self.worlds[to.place()];
                    shard.hear(*now, own, word.clone(), outbox);
                    self.worlds[to.place()].pass(Duration::ZERO);
                }
            }
            Errand::Claimed(route) => {
                if let Err(owner) = self.directory.claim(route, own) {
                    let other = &mut self.worlds[owner.place()];
                    other.shard.contested(other.now, route);
                    self.worlds[own.place()].shard.route_refused(route);
                }
            }
            Errand::Released(route) => self.directory.release(route, own),
        }
    }

    /// What holds at any moment.
    fn look(&mut self) {
        self.settle();
        let is_gone = |worlds: &[World], home: usize, id: u64| {
            worlds[home]
                .events
                .iter()
                .any(|event| matches!(event, Event::Closed { peer, .. } if *peer == id))
        };
        for (home, person) in &mut self.people {
            // Every packet must open, under a number that was not used before.
            for heard in self.worlds[*home].heard_by(person) {
                assert_ne!(heard.voice, person.voice, "somebody hears themselves");
            }
        }
        let worlds = &mut self.worlds;
        self.people
            .retain(|(home, person)| !is_gone(worlds, *home, person.id));
        for (place, world) in worlds.iter_mut().enumerate() {
            let here = self
                .people
                .iter()
                .filter(|(home, _)| *home == place)
                .count();
            let stats = world.shard.stats();
            assert_eq!(stats.peers, here as u64);
            assert_eq!(stats.spaces, u64::from(here > 0));
            world.forget_sent();
            world.events.clear();
        }
    }

    /// When all have gone nothing is left.
    fn close(mut self) {
        for world in &mut self.worlds {
            world
                .shard
                .close_all(world.now, "stopped", &mut world.outbox);
            world.pass(Duration::from_millis(200));
        }
        self.settle();
        assert!(self.directory.is_empty(), "a route is left");
        for world in &mut self.worlds {
            let stats = world.shard.stats();
            assert_eq!(
                (stats.peers, stats.spaces, stats.listeners_merged),
                (0, 0, 0)
            );
            assert!(world.shard.take_job().is_none() && !world.shard.has_to_serve());
        }
    }
}

/// Two shards with people on both, and *data* says what happens.
pub fn shard(data: &[u8]) {
    let mut node = Node::open();
    for home in 0..SHARDS {
        node.join(home, true, 3);
        node.join(home, false, 3);
    }
    node.look();
    let mut choices = Choices(data);
    while !choices.0.is_empty() {
        node.play(&mut choices);
        node.look();
    }
    node.close();
}
