//! A simulated space: people, the shard, and the network between them, all in simulated time.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use arengo_client::ClientOptions;
use arengo_core::Time;

use crate::acquaintance::Acquaintance;
use crate::chance::SeededChance;
use crate::digest::Digest;
use crate::network::{Datagram, Network, Weather};
use crate::participant::{Frame, Heard, Participant};
use crate::server::{Joining, News, Server};
use crate::speech::{self, Speech, Voice, Word};
use crate::stranger::Stranger;
use crate::talk::{Talk, Utterance};
use crate::watch::SealWatch;

/// One of the people of a scenario: the speakers come first, then the listeners, in the order of the builder.
pub type Who = usize;

/// Everybody must be connected after so long, whatever the seed.
const PATIENCE: Duration = Duration::from_secs(20);
const FRAME: Duration = Duration::from_millis(20);

/// Describe a space: `a_space().with_speakers(3).with_listeners(2).begin()`.
pub fn a_space() -> Scenario {
    Scenario {
        seed: 1,
        speakers: 0,
        listeners: 0,
        kind: Kind::Stranger,
        red: None,
        nack: false,
        lines: 3,
        first_sequence: 1_000,
        shards: 1,
        merge_from: None,
    }
}

/// Who plays the people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Stranger,
    Acquaintance,
}

/// What a space will be like.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    seed: u64,
    speakers: usize,
    listeners: usize,
    kind: Kind,
    red: Option<usize>,
    nack: bool,
    lines: usize,
    first_sequence: u64,
    shards: usize,
    merge_from: Option<u32>,
}

impl Scenario {
    pub fn seeded(self, seed: u64) -> Scenario {
        Scenario { seed, ..self }
    }

    /// People who may speak, and hear on three lines.
    pub fn with_speakers(self, speakers: usize) -> Scenario {
        Scenario { speakers, ..self }
    }

    pub fn with_listeners(self, listeners: usize) -> Scenario {
        Scenario { listeners, ..self }
    }

    /// Listeners offer this many lines instead of three.
    pub fn with_lines(self, lines: usize) -> Scenario {
        Scenario { lines, ..self }
    }

    /// The server has this many shards, and people live on them in turn.
    pub fn on_shards(self, shards: usize) -> Scenario {
        Scenario { shards, ..self }
    }

    /// People are our own clients instead of str0m.
    pub fn of_our_own(self) -> Scenario {
        Scenario {
            kind: Kind::Acquaintance,
            ..self
        }
    }

    /// Our own clients offer RED, and send so many copies with each packet.
    pub fn with_red(self, copies: usize) -> Scenario {
        Scenario {
            red: Some(copies),
            ..self
        }
    }

    /// Our own clients offer NACK.
    pub fn with_nack(self) -> Scenario {
        Scenario { nack: true, ..self }
    }

    /// An audience of so many gets merged packets.
    pub fn merging_from(self, audience: u32) -> Scenario {
        Scenario {
            merge_from: Some(audience),
            ..self
        }
    }

    /// The first packet of every str0m speaker has this number; above 65,535 the server cannot know the rollover.
    pub fn with_first_sequence(self, first_sequence: u64) -> Scenario {
        Scenario {
            first_sequence,
            ..self
        }
    }

    /// Everybody joins in fair weather, and speakers are let through; returns once all are connected.
    pub fn begin(self) -> Space {
        // str0m draws its identifiers and its timing from here.
        fastrand::seed(self.seed);
        let mut space = Space::empty(self);
        for _ in 0..self.speakers {
            let who = space.join(true);
            space.allow(who, true);
        }
        for _ in 0..self.listeners {
            space.join(false);
        }
        space.settle();
        space
    }
}

struct Person {
    address: SocketAddr,
    /// Whose address its checks carry instead.
    forges: Option<SocketAddr>,
    /// The last check that it sent.
    check: Vec<u8>,
    voice: u32,
    participant: Box<dyn Participant>,
    speech: Speech,
    /// What it says instead, if it talks as browsers send.
    talk: VecDeque<(Time, u32, Utterance)>,
    /// When the next 20 ms of speech are due; None for who never speaks.
    next_frame: Option<Time>,
    heard: Vec<Heard>,
    packets: usize,
    is_here: bool,
}

impl Person {
    fn next_moment(&self) -> Option<Time> {
        let wakes = [self.participant.next_wake(), self.next_frame];
        wakes.into_iter().flatten().min().filter(|_| self.is_here)
    }
}

/// A space in progress.
pub struct Space {
    scenario: Scenario,
    epoch: Instant,
    now: Time,
    chance: SeededChance,
    server: Server,
    network: Network,
    people: Vec<Person>,
    at: HashMap<SocketAddr, Who>,
    /// Who has something to do, and when; one entry each at most.
    agenda: BTreeSet<(Time, Who)>,
    /// The entry of each.
    due: Vec<Option<Time>>,
    news: Vec<(Time, News)>,
    digest: Digest,
    watch: SealWatch,
    /// Bytes that came from each address, and that were sent there.
    traffic: HashMap<SocketAddr, (usize, usize)>,
}

impl Space {
    fn empty(scenario: Scenario) -> Space {
        let epoch = Instant::now();
        Space {
            scenario,
            epoch,
            now: Time::ZERO,
            chance: SeededChance::new(scenario.seed),
            server: Server::new(epoch, scenario.seed, scenario.shards, scenario.merge_from),
            network: Network::new(scenario.seed),
            people: Vec::new(),
            at: HashMap::new(),
            agenda: BTreeSet::new(),
            due: Vec::new(),
            news: Vec::new(),
            digest: Digest::default(),
            watch: SealWatch::default(),
            traffic: HashMap::new(),
        }
    }

    /// One more person joins, and is on the way to being connected.
    pub fn join(&mut self, speaks: bool) -> Who {
        let who = self.people.len();
        let lines = if speaks { 3 } else { self.scenario.lines };
        self.join_with(who, speaks, lines)
    }

    /// One more listener joins, with so many lines.
    pub fn join_with_lines(&mut self, lines: usize) -> Who {
        self.join_with(self.people.len(), false, lines)
    }

    fn join_with(&mut self, who: Who, sends: bool, lines: usize) -> Who {
        let address = SocketAddr::new(
            IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10)),
            10_000 + who as u16,
        );
        let seed = self.chance.next_u64();
        let mut participant: Box<dyn Participant> = match self.scenario.kind {
            Kind::Stranger => {
                let first = self.scenario.first_sequence;
                Box::new(Stranger::new(
                    self.epoch, self.now, address, sends, lines, first,
                ))
            }
            Kind::Acquaintance => {
                let options = ClientOptions {
                    send: sends,
                    receive_lines: lines,
                    red: self.scenario.red,
                    nack: self.scenario.nack,
                };
                Box::new(Acquaintance::new(self.epoch, self.now, options, seed))
            }
        };
        let voice = 0x1000 + who as u32;
        let offer = participant.offer(self.now);
        let joining = Joining {
            peer: who as u64,
            voice,
            offer: &offer,
            may_send: sends,
            may_receive: lines > 0,
        };
        let answer = self.server.accept(self.now, joining);
        participant.answer(self.now, &answer);
        // Nobody's frames leave at the same moment as another's.
        let next_frame = sends.then(|| self.now + Duration::from_micros(1_300) * who as u32);
        let speech = Speech::of(who as u8);
        self.people.push(Person {
            address,
            forges: None,
            check: Vec::new(),
            voice,
            participant,
            speech,
            talk: VecDeque::new(),
            next_frame,
            heard: Vec::new(),
            packets: 0,
            is_here: true,
        });
        self.at.insert(address, who);
        self.due.push(None);
        self.collect(who);
        who
    }

    /// Run until everybody who is here is connected.
    pub fn settle(&mut self) {
        let limit = self.now + PATIENCE;
        while !self
            .people
            .iter()
            .all(|person| !person.is_here || person.participant.is_connected())
        {
            assert!(
                self.now < limit,
                "not everybody was connected within {PATIENCE:?}"
            );
            self.run_for(FRAME);
        }
        // Handshakes end a moment later on the server's side.
        self.run_for(FRAME * 5);
    }

    /// Change the weather for what is sent from now on.
    pub fn weather(&mut self, weather: Weather) {
        self.network.set_weather(weather);
    }

    /// Lose all that this person sends or is sent from now on.
    pub fn cut_off(&mut self, who: Who) {
        self.network.cut_off(self.people[who].address);
    }

    /// From now on checks of this person carry another's address.
    pub fn forge(&mut self, who: Who, address: SocketAddr) {
        self.people[who].forges = Some(address);
    }

    /// Somebody who has seen the last check of this person sends it again, from *address*.
    pub fn replay(&mut self, who: Who, address: SocketAddr) {
        let datagram = Datagram {
            from: address,
            to: Server::ADDRESS,
            bytes: self.people[who].check.clone(),
        };
        self.network.send(self.now, datagram);
    }

    /// A NAT gives this person another address, of which they do not hear.
    pub fn rebind(&mut self, who: Who, address: SocketAddr) {
        let before = std::mem::replace(&mut self.people[who].address, address);
        self.at.remove(&before);
        self.at.insert(address, who);
    }

    /// Where this person is.
    pub fn address_of(&self, who: Who) -> SocketAddr {
        self.people[who].address
    }

    /// Bytes that the server was sent from *address*, and that it sent there.
    pub fn traffic(&self, address: SocketAddr) -> (usize, usize) {
        self.traffic.get(&address).copied().unwrap_or_default()
    }

    /// From now on this person speaks so loudly, or not.
    pub fn says(&mut self, who: Who, voice: Voice) {
        self.people[who].speech.voice = voice;
    }

    /// From now on this person says nothing but *talk*, which begins now.
    pub fn talks(&mut self, who: Who, talk: &Talk) {
        let from = self.now;
        let says = talk.says.iter();
        self.people[who].talk = says
            .map(|said| (from + said.leaves, talk.timestamp(said.count), *said))
            .collect();
        self.people[who].next_frame = self.people[who].talk.front().map(|(at, ..)| *at);
        self.plan(who);
    }

    /// Change the weather for what this person is sent from now on, and for nobody else.
    pub fn weather_towards(&mut self, who: Who, weather: Weather) {
        let address = self.people[who].address;
        self.network.set_weather_towards(address, weather);
    }

    /// Let a voice through, or end it: what mute, stepping down and coming on stage are to the media.
    pub fn allow(&mut self, who: Who, allowed: bool) {
        self.server.allow(self.now, who as u64, allowed);
        self.deliver();
    }

    /// Remove somebody, as a host does.
    pub fn remove(&mut self, who: Who) {
        self.server.close(self.now, who as u64);
        self.people[who].is_here = false;
        self.plan(who);
        self.deliver();
    }

    /// Somebody leaves by their own will.
    pub fn leave(&mut self, who: Who) {
        self.people[who].participant.leave(self.now);
        self.people[who].is_here = false;
        self.collect(who);
    }

    /// Whether *who* thinks that sound may flow.
    pub fn is_connected(&self, who: Who) -> bool {
        self.people[who].participant.is_connected()
    }

    pub fn now(&self) -> Time {
        self.now
    }

    /// Let *length* pass.
    pub fn run_for(&mut self, length: Duration) {
        let end = self.now + length;
        while let Some(next) = self.next_moment().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.step();
        }
        self.now = end;
    }

    /// All words that reached *who* since *since*, in order of arrival.
    pub fn words(&self, who: Who, since: Time) -> Vec<Word> {
        self.people[who]
            .heard
            .iter()
            .filter(|heard| heard.at >= since)
            .filter_map(|heard| {
                let (speaker, count) = speech::read(&heard.opus)?;
                Some(Word {
                    at: heard.at,
                    line: heard.line,
                    csrc: heard.csrc,
                    who: speaker,
                    count,
                })
            })
            .collect()
    }

    /// Whose words reached *who* since *since*.
    pub fn voices(&self, who: Who, since: Time) -> BTreeSet<Who> {
        self.words(who, since)
            .iter()
            .map(|word| usize::from(word.who))
            .collect()
    }

    /// Everything that reached *who*, frame by frame, silence included.
    pub fn heard(&self, who: Who) -> &[Heard] {
        &self.people[who].heard
    }

    /// The same since the last call, once.
    pub fn take_heard(&mut self, who: Who) -> Vec<Heard> {
        std::mem::take(&mut self.people[who].heard)
    }

    /// How many packets those were.
    pub fn packets(&self, who: Who) -> usize {
        self.people[who].packets
    }

    /// The number under which others hear *who*.
    pub fn voice_of(&self, who: Who) -> u32 {
        self.people[who].voice
    }

    /// How many frames *who* has sent.
    pub fn said(&self, who: Who) -> u32 {
        self.people[who].speech.count()
    }

    /// What the shard told, and when.
    pub fn news(&self) -> &[(Time, News)] {
        &self.news
    }

    /// How many peers the shard holds.
    pub fn peers(&self) -> usize {
        self.server.peers()
    }

    /// How many routes are known to shards that the kernel may not think of.
    pub fn routes(&self) -> usize {
        self.server.routes()
    }

    /// A fingerprint of every packet that was delivered: when, to whom, on which line, which voice, number, time and
    /// bytes. Handshakes are left out: their keys come from the system's chance whatever the seed.
    pub fn digest(&self) -> u64 {
        self.digest.value()
    }

    fn next_moment(&self) -> Option<Time> {
        let people = self.agenda.first().map(|(at, _)| *at);
        let world = [self.network.next_arrival(), self.server.next_wake()];
        world.into_iter().chain([people]).flatten().min()
    }

    /// Note when *who* has something to do next.
    fn plan(&mut self, who: Who) {
        let next = self.people[who].next_moment();
        let before = std::mem::replace(&mut self.due[who], next);
        if before != next {
            before.map(|at| self.agenda.remove(&(at, who)));
            next.map(|at| self.agenda.insert((at, who)));
        }
    }

    fn step(&mut self) {
        while let Some(datagram) = self.network.take_arrived(self.now) {
            self.arrive(datagram);
        }
        if self.server.next_wake().is_some_and(|wake| wake <= self.now) {
            self.server.wake(self.now);
            self.deliver();
        }
        let due = self.agenda.range(..=(self.now, Who::MAX));
        let mut due: Vec<Who> = due.map(|(_, who)| *who).collect();
        due.sort_unstable();
        for who in due {
            self.live(who);
        }
    }

    fn arrive(&mut self, mut datagram: Datagram) {
        if datagram.to == Server::ADDRESS {
            self.traffic.entry(datagram.from).or_default().0 += datagram.bytes.len();
            self.server
                .take(self.now, datagram.from, &mut datagram.bytes);
            return self.deliver();
        }
        let Some(who) = self.at.get(&datagram.to).copied() else {
            return;
        };
        self.people[who]
            .participant
            .take(self.now, datagram.from, &mut datagram.bytes);
        self.collect(who);
    }

    /// What is due of one person: timers, and the next 20 ms of speech.
    fn live(&mut self, who: Who) {
        let person = &mut self.people[who];
        if !person.is_here {
            return;
        }
        if person
            .participant
            .next_wake()
            .is_some_and(|wake| wake <= self.now)
        {
            person.participant.wake(self.now);
        }
        while let Some((at, timestamp, said)) = person.talk.front().copied() {
            person.next_frame = Some(at);
            if at > self.now {
                break;
            }
            person.talk.pop_front();
            person.next_frame = None;
            let frame = Frame {
                opus: said.opus(who as u8),
                level: said.level,
                voice: said.voice,
            };
            person
                .participant
                .utter(self.now, &frame, timestamp, said.marker);
        }
        if let Some(at) = person.next_frame.filter(|at| *at <= self.now) {
            person.next_frame = Some(at + FRAME);
            let frame = person.speech.next();
            person.participant.say(self.now, frame.as_ref());
        }
        self.collect(who);
    }

    fn collect(&mut self, who: Who) {
        let person = &mut self.people[who];
        for (to, bytes) in person.participant.take_sent() {
            let is_check = bytes.starts_with(&[0, 1]);
            if is_check {
                person.check.clone_from(&bytes);
            }
            self.network.send(
                self.now,
                Datagram {
                    from: person.forges.filter(|_| is_check).unwrap_or(person.address),
                    to,
                    bytes,
                },
            );
        }
        for heard in person.participant.take_heard() {
            self.digest.add(&heard.at.micros().to_be_bytes());
            self.digest.add(&[who as u8, heard.line as u8]);
            self.digest.add(&heard.csrc.to_be_bytes());
            self.digest.add(&heard.sequence.to_be_bytes());
            self.digest.add(&heard.timestamp.to_be_bytes());
            self.digest.add(&heard.opus);
            person.packets += 1;
            person.heard.extend(heard.frames());
        }
        self.plan(who);
    }

    fn deliver(&mut self) {
        for (to, bytes) in self.server.take_sent() {
            self.watch.see(to, &bytes);
            self.traffic.entry(to).or_default().1 += bytes.len();
            self.network.send(
                self.now,
                Datagram {
                    from: Server::ADDRESS,
                    to,
                    bytes,
                },
            );
        }
        let now = self.now;
        self.news
            .extend(self.server.take_news().into_iter().map(|news| (now, news)));
    }
}
