//! The sound of the good people: one thread drives everybody who speaks or listens, each with a socket of their own.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arengo_bench_channel::Failure;
use arengo_bench_channel::http::Response;
use arengo_client::{ClientOptions, Identity, Peer, State, SystemEntropy, Way};
use arengo_core::crypto::StunIntegrity;
use arengo_wire::stun::{BindingRequest, IceRole, TransactionId};

use crate::ear::{Ear, Heard, Sending};
use crate::socket::{Timed, wall_ns};

/// How often every socket is read.
const LOOK: Duration = Duration::from_millis(2);
/// Packets that a speaker queues at a time.
const AHEAD: usize = 25;
/// The TOC of one 20 ms CELT frame, and the length of every packet of speech.
const TOC: u8 = 0xf8;
const OPUS_BYTES: usize = 80;

/// What it takes to sign the checks of one session.
pub struct Ice {
    pub server: SocketAddrV4,
    username: String,
    integrity: StunIntegrity,
}

impl Ice {
    /// Read it from an offer and its answer.
    pub fn of(offer: &str, answer: &str) -> Option<Ice> {
        let value = |text: &str, name: &str| {
            let mut lines = text.lines().filter_map(|line| line.strip_prefix(name));
            lines.next().map(|value| value.trim().to_owned())
        };
        let ours = value(offer, "a=ice-ufrag:")?;
        let theirs = value(answer, "a=ice-ufrag:")?;
        let candidate = value(answer, "a=candidate:")?;
        let mut words = candidate.split(' ').skip(4);
        let (ip, port) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(Ice {
            server: SocketAddrV4::new(ip, port),
            username: format!("{theirs}:{ours}"),
            integrity: StunIntegrity::new(&value(answer, "a=ice-pwd:")?),
        })
    }

    /// A correctly signed check with USE-CANDIDATE; *number* makes its transaction unique.
    pub fn check(&self, number: u64) -> Vec<u8> {
        let mut transaction = [7; 12];
        transaction[..8].copy_from_slice(&number.to_be_bytes());
        let request = BindingRequest {
            transaction: TransactionId(transaction),
            username: &self.username,
            priority: 1,
            role: IceRole::Controlling(number),
            use_candidate: true,
        };
        let mut datagram = vec![0; 512];
        let length = request.write(&self.integrity, &mut datagram);
        datagram.truncate(length.unwrap_or(0));
        datagram
    }
}

/// Somebody with a media session.
pub struct Person {
    socket: Timed,
    peer: Peer,
    /// The number of their voice, which stands in every packet, and its level in dBov.
    says: Option<(u16, i32)>,
    is_quiet: bool,
    /// Whether the next packet follows a pause that they chose.
    has_paused: bool,
    is_measured: bool,
    pub lines: usize,
    pub ice: Ice,
    /// The last check that they sent, as an eavesdropper would capture it.
    pub check: Vec<u8>,
    pub ear: Ear,
}

/// Everybody, and when each voice sent its packets.
#[derive(Default)]
pub struct People {
    next: usize,
    pub all: HashMap<usize, Person>,
    pub sending: HashMap<u16, Sending>,
}

/// The thread's handle; dropping it ends the thread.
pub struct House {
    people: Arc<Mutex<People>>,
}

impl House {
    pub fn open() -> House {
        let people = Arc::new(Mutex::new(People::default()));
        let driven = Arc::downgrade(&people);
        std::thread::spawn(move || {
            while let Some(people) = driven.upgrade() {
                lock(&people).turn();
                std::thread::sleep(LOOK);
            }
        });
        House { people }
    }

    pub fn people(&self) -> MutexGuard<'_, People> {
        lock(&self.people)
    }

    /// Connect somebody who speaks as *says* and receives *lines* lines; *ask* sends their offer to the server.
    pub fn join(
        &self,
        from: Ipv4Addr,
        says: Option<(u16, i32)>,
        lines: usize,
        is_measured: bool,
        ask: impl FnOnce(&str) -> Result<Response, Failure>,
    ) -> Result<usize, Failure> {
        let options = ClientOptions {
            send: says.is_some(),
            receive_lines: lines,
            ..ClientOptions::default()
        };
        let identity = Identity::shared()?;
        let peer = Peer::new(options, identity, Box::new(SystemEntropy), Instant::now());
        let mut peer = peer.ok_or("no peer with these lines")?;
        let answer = only_loopback(&ask(&peer.offer())?.granted()?);
        let ice = Ice::of(&peer.offer(), &answer).ok_or("no ICE in the answer")?;
        peer.answer(&answer, Instant::now())?;
        let person = Person {
            socket: Timed::open(from)?,
            peer,
            says,
            is_quiet: false,
            has_paused: true,
            is_measured,
            lines,
            ice,
            check: Vec::new(),
            ear: Ear::default(),
        };
        let mut people = self.people();
        people.next += 1;
        let number = people.next;
        people.all.insert(number, person);
        Ok(number)
    }
}

impl People {
    /// Make a speaker pause or go on.
    pub fn be_quiet(&mut self, number: usize, is_quiet: bool) {
        if let Some(person) = self.all.get_mut(&number) {
            person.is_quiet = is_quiet;
            person.has_paused |= is_quiet;
            if is_quiet {
                person.peer.clear();
            }
        }
    }

    /// Hang up for somebody.
    pub fn leave(&mut self, number: usize) {
        if let Some(mut person) = self.all.remove(&number) {
            person.peer.close(Instant::now());
            person.send(&mut self.sending);
        }
    }

    /// Hang up for the speaker of *voice*, if there is one.
    pub fn leave_stage(&mut self, voice: u16) {
        let speaks = |person: &Person| person.says.is_some_and(|(says, _)| says == voice);
        let found = self.all.iter().find(|(_, person)| speaks(person));
        if let Some(number) = found.map(|(number, _)| *number) {
            self.leave(number);
        }
    }

    /// The address that a person sends from.
    pub fn address(&self, number: usize) -> Option<SocketAddrV4> {
        match self.all.get(&number)?.socket.address() {
            Ok(SocketAddr::V4(address)) => Some(address),
            _ => None,
        }
    }

    /// The listeners whose gaps are measured.
    pub fn listeners(&self) -> impl Iterator<Item = &Person> {
        self.all.values().filter(|person| person.is_measured)
    }

    /// When any listener last heard *voice*, and how many have heard it.
    pub fn heard(&self, voice: u16) -> (u64, usize) {
        let heard = self
            .listeners()
            .filter_map(|person| person.ear.voices.get(&voice));
        heard.fold((0, 0), |(last, count), heard| {
            (last.max(heard.last), count + 1)
        })
    }

    /// Start measuring gaps from now.
    pub fn begin(&mut self) {
        for heard in self.heard_mut() {
            heard.begin();
        }
        for sending in self.sending.values_mut() {
            sending.longest_ns = 0;
        }
    }

    /// Count silences that have not ended as gaps.
    pub fn end(&mut self) {
        let now = wall_ns();
        let sending = std::mem::take(&mut self.sending);
        for heard in self.heard_mut() {
            heard.look(now, &sending);
        }
        self.sending = sending;
    }

    fn heard_mut(&mut self) -> impl Iterator<Item = &mut Heard> {
        let ears = self.all.values_mut().map(|person| &mut person.ear);
        ears.flat_map(|ear| ear.voices.values_mut().chain([&mut ear.line]))
    }

    fn turn(&mut self) {
        let now = Instant::now();
        for person in self.all.values_mut() {
            person.read(&self.sending);
            person.speak(now);
            if person.peer.next_timeout().is_some_and(|at| at <= now) {
                person.peer.handle_timeout(now);
            }
            person.send(&mut self.sending);
        }
    }
}

impl Person {
    pub fn state(&self) -> State {
        self.peer.state()
    }

    /// Read everything that came; the answer named only one address that it can come from.
    fn read(&mut self, sending: &HashMap<u16, Sending>) {
        let way = Way::udp(SocketAddr::V4(self.ice.server));
        while let Some((datagram, at)) = self.socket.receive() {
            self.peer.handle_datagram(way, datagram, Instant::now());
            for packet in self.peer.received(usize::MAX) {
                if let ([TOC, high, low, ..], OPUS_BYTES) = (&*packet.opus, packet.opus.len()) {
                    let voice = u16::from_be_bytes([*high, *low]);
                    let heard = self.ear.voices.entry(voice).or_default();
                    heard.hear(voice, at, sending);
                    self.ear.line.hear(voice, at, sending);
                }
            }
        }
    }

    fn speak(&mut self, now: Instant) {
        let Some((voice, level)) = self.says.filter(|_| !self.is_quiet) else {
            return;
        };
        if self.peer.state() == State::Connected && self.peer.queued() < AHEAD {
            let [high, low] = voice.to_be_bytes();
            let mut packet = [0x55; OPUS_BYTES];
            packet[..3].copy_from_slice(&[TOC, high, low]);
            let _lengths_match = self.peer.send_opus(&[packet; AHEAD], &[level; AHEAD], now);
        }
    }

    fn send(&mut self, sending: &mut HashMap<u16, Sending>) {
        while let Some(transmit) = self.peer.poll_transmit() {
            self.socket.send(transmit.to.address, &transmit.datagram);
            match (&*transmit.datagram, self.says) {
                ([0, 1, ..], _) => self.check = transmit.datagram,
                ([128..=191, kind, ..], Some((voice, _))) if !(192..=223).contains(kind) => {
                    let is_meant = std::mem::take(&mut self.has_paused);
                    sending.entry(voice).or_default().sent(wall_ns(), is_meant);
                }
                _ => {}
            }
        }
    }
}

/// Drop the candidates of other interfaces, so that an attack knows which addresses a session uses.
fn only_loopback(answer: &str) -> String {
    let is_other = |line: &str| line.starts_with("a=candidate:") && !line.contains(" 127.0.0.1 ");
    let lines = answer.lines().filter(|line| !is_other(line));
    lines.map(|line| format!("{line}\r\n")).collect()
}

fn lock(people: &Mutex<People>) -> MutexGuard<'_, People> {
    people.lock().unwrap_or_else(PoisonError::into_inner)
}
