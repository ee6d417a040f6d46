//! A shard, and people who speak its wire formats: real STUN and SRTP, handshakes cut short.
//!
//! A person's DTLS engine gives keys on the first datagram, so that a test is about what it is about.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    dead_code,
    reason = "a test that meets a surprise stops; not every test uses everything"
)]

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arengo_core::crypto::StunIntegrity;
use arengo_core::handshake::{Handshake, HandshakeEnd, Progress};
use arengo_core::neighbours::ShardNumber;
use arengo_core::srtp::SrtpContexts;
use arengo_core::{
    Batch, Entropy, Event, NewPeer, Outbox, Route, SLOT_SSRCS, Shard, ShardOptions, Sink, Time,
    WallClock,
};
use arengo_wire::opus::Frames;
use arengo_wire::red;
use arengo_wire::rtcp::{Compound, ReportBlock};
use arengo_wire::rtp::{AudioLevel, Element, Header, HeaderFields};
use arengo_wire::sdp::{IceCredentials, Mic, Negotiated, Slot};
use arengo_wire::srtp::Profile;
use arengo_wire::stun::{BindingRequest, Class, IceRole, Message, TransactionId, write_success};

pub const FRAME: Duration = Duration::from_millis(20);
pub const SPACE: u64 = 7;
pub const LOUD: u8 = 20;
pub const QUIET: u8 = 45;
pub const SILENT: u8 = 127;
/// What a person's DTLS engine says at the end.
pub const CLOSE_NOTIFY: &[u8] = &[21, 0xfe, 0xfd, 1];
pub const OPUS: u8 = 111;
pub const RED: u8 = 63;
const LEVEL: u8 = 3;

struct CountingEntropy {
    state: u8,
    fails: Arc<AtomicBool>,
}

impl Entropy for CountingEntropy {
    fn fill(&mut self, bytes: &mut [u8]) {
        assert!(
            !self.fails.load(Ordering::Relaxed),
            "chance fails, as the test wants"
        );
        for byte in bytes {
            self.state = self.state.wrapping_mul(37).wrapping_add(11);
            *byte = self.state;
        }
    }
}

/// Keys on the first datagram; `bye` ends, and `hello` is answered by a flight as long as ours.
struct ShortHandshake {
    material: Vec<u8>,
}

impl Handshake for ShortHandshake {
    fn input(&mut self, _now: Time, datagram: &[u8], progress: &mut Progress) {
        if datagram.ends_with(b"bye") {
            progress.end = Some(HandshakeEnd::Bye);
        } else if datagram.ends_with(b"hello") {
            progress.datagrams.push(vec![22; 640]);
        } else {
            let keys = SrtpContexts::of_server(Profile::AeadAes128Gcm, &self.material).unwrap();
            progress.keys = Some(keys);
        }
    }

    fn wake(&mut self, _now: Time, _progress: &mut Progress) {}

    fn close(&mut self, progress: &mut Progress) {
        progress.datagrams.push(CLOSE_NOTIFY.to_vec());
    }
}

type Sent = Rc<RefCell<Vec<(Route, Vec<u8>)>>>;

struct Collector(Sent);

impl Sink for Collector {
    fn flush(&mut self, batch: Batch<'_>) {
        self.0
            .borrow_mut()
            .extend(batch.iter().map(|(to, datagram)| (to, datagram.to_vec())));
    }
}

/// One packet as a listener hears it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub slot: usize,
    pub voice: u32,
    pub sequence: u16,
    pub index: u64,
    pub timestamp: u32,
    pub marker: bool,
    pub level: u8,
    pub opus: Vec<u8>,
    /// Earlier frames that came with it, each with how much older it is.
    pub copies: Vec<(u16, Vec<u8>)>,
}

impl Heard {
    pub fn is_silence(&self) -> bool {
        self.opus == [0xF8, 0xFF, 0xFE] || self.opus == [0xF8]
    }
}

/// A frame of 20 ms as a listener hears it, out of a packet of one or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardFrame {
    pub slot: usize,
    pub voice: u32,
    pub index: u64,
    pub timestamp: u32,
    pub of: usize,
    /// Without the table of contents.
    pub frame: Vec<u8>,
}

impl HeardFrame {
    pub fn is_silence(&self) -> bool {
        self.frame == [0xFF, 0xFE] || self.frame.is_empty()
    }

    /// Which of its speaker's packets it was, as [`World::packet`] writes it; None for silence.
    pub fn number(&self) -> Option<u16> {
        (self.frame.len() == 7).then(|| u16::from_be_bytes([self.frame[1], self.frame[2]]))
    }
}

/// The frames of *heard*, in order.
pub fn frames(heard: &[Heard]) -> Vec<HeardFrame> {
    let mut frames = Vec::new();
    for packet in heard {
        let parsed = Frames::parse(&packet.opus).unwrap();
        for (n, frame) in parsed.as_slice().iter().enumerate() {
            frames.push(HeardFrame {
                slot: packet.slot,
                voice: packet.voice,
                index: packet.index,
                timestamp: packet.timestamp.wrapping_add(960 * n as u32),
                of: parsed.as_slice().len(),
                frame: frame.to_vec(),
            });
        }
    }
    frames
}

pub struct Person {
    pub id: u64,
    pub voice: u32,
    pub route: Route,
    pub keys: SrtpContexts,
    pub slot_keys: Vec<SrtpContexts>,
    pub ice: IceCredentials,
    /// The password of their own, which signs what they answer.
    pub password: String,
    pub ssrc: u32,
    pub index: u64,
    pub timestamp: u32,
}

pub struct World {
    pub shard: Shard,
    pub outbox: Outbox,
    pub now: Time,
    pub events: Vec<Event>,
    /// Where whoever joins next goes.
    pub space: u64,
    /// Whether whoever joins next takes RED and NACK.
    pub offers_red: bool,
    /// Makes the shard panic where it next needs chance.
    pub chance_fails: Arc<AtomicBool>,
    sent: Sent,
    /// Checks that people have sent; each is a transaction of its own.
    checks: u32,
}

impl World {
    pub fn new() -> Self {
        Self::merging_from(None)
    }

    /// Audiences of so many get merged packets.
    pub fn merging_from(merge_from: Option<u32>) -> Self {
        Self::on_shard(ShardNumber::FIRST, 1, merge_from)
    }

    /// One of several shards; what it wants done outside is for the test to do.
    pub fn on_shard(number: ShardNumber, shards: usize, merge_from: Option<u32>) -> Self {
        Self::with(ShardOptions {
            number,
            shards,
            ..Self::options(merge_from)
        })
    }

    /// A service that does not want to know how loud people are.
    pub fn without_levels() -> Self {
        Self::with(ShardOptions {
            tells_levels: false,
            ..Self::options(None)
        })
    }

    const fn options(merge_from: Option<u32>) -> ShardOptions {
        ShardOptions {
            max_peers: 5000,
            idle_timeout: Duration::from_secs(30),
            merge_from,
            tells_levels: true,
            wall: WallClock {
                at_zero: Duration::from_secs(1_700_000_000),
            },
            number: ShardNumber::FIRST,
            shards: 1,
        }
    }

    fn with(options: ShardOptions) -> Self {
        let sent = Sent::default();
        let chance_fails = Arc::new(AtomicBool::new(false));
        let entropy = CountingEntropy {
            state: 1,
            fails: Arc::clone(&chance_fails),
        };
        Self {
            shard: Shard::new(options, Box::new(entropy)),
            outbox: Outbox::new(Box::new(Collector(Rc::clone(&sent)))),
            now: Time::from_micros(1_000_000),
            events: Vec::new(),
            space: SPACE,
            offers_red: false,
            chance_fails,
            sent,
            checks: 0,
        }
    }

    /// Somebody who has been answered and has not come yet.
    pub fn answered(&mut self, id: u64, speaks: bool, lines: usize) -> Person {
        self.answered_as(id, id as u32, speaks, lines)
    }

    pub fn answered_as(&mut self, id: u64, voice: u32, speaks: bool, lines: usize) -> Person {
        let material: Vec<u8> = (0..56).map(|n| (n * 7 + id * 13) as u8).collect();
        let ice = IceCredentials {
            ufrag: format!("ours{id}"),
            password: format!("password of ours, number {id}"),
        };
        let mic = speaks.then(|| Mic {
            mid: "0".to_owned(),
            payload_type: OPUS,
            red: self.offers_red.then_some(RED),
            nack: self.offers_red,
            level_extension: Some(LEVEL),
            mid_extension: None,
            ssrcs: Vec::new(),
        });
        let slots = SLOT_SSRCS.iter().take(lines).map(|ssrc| Slot {
            mid: String::new(),
            payload_type: OPUS,
            red: self.offers_red.then_some(RED),
            nack: self.offers_red,
            ssrc: *ssrc,
            level_extension: Some(LEVEL),
            mid_extension: None,
        });
        let password = format!("password of theirs, number {id}");
        let negotiated = Negotiated {
            remote_ice: IceCredentials {
                ufrag: "theirs".to_owned(),
                password: password.clone(),
            },
            remote_fingerprint: [0; 32],
            mic,
            slots: slots.collect(),
        };
        let handshake = Box::new(ShortHandshake {
            material: material.clone(),
        });
        let new = NewPeer {
            id,
            space: self.space,
            voice,
            ice: ice.clone(),
            negotiated,
            handshake,
        };
        self.shard.add_peer(self.now, new).unwrap();
        let keys = || SrtpContexts::of_client(Profile::AeadAes128Gcm, &material).unwrap();
        Person {
            id,
            voice,
            route: route(id),
            keys: keys(),
            slot_keys: (0..3).map(|_| keys()).collect(),
            ice,
            password,
            ssrc: 0x5000_0000 + id as u32,
            index: 100,
            timestamp: (id as u32).wrapping_mul(1_000_003),
        }
    }

    /// Somebody who is connected, and allowed to speak if they do.
    pub fn join(&mut self, id: u64, speaks: bool, lines: usize) -> Person {
        self.join_as(id, id as u32, speaks, lines)
    }

    pub fn join_as(&mut self, id: u64, voice: u32, speaks: bool, lines: usize) -> Person {
        let person = self.answered_as(id, voice, speaks, lines);
        self.check(&person, person.route, true);
        self.receive(person.route, &mut [22, 0xfe, 0xfd, 0]);
        if speaks {
            self.shard
                .allow_publish(self.now, id, true, &mut self.outbox);
        }
        self.serve();
        person
    }

    pub fn check(&mut self, person: &Person, from: Route, nominates: bool) {
        self.check_with(person, from, nominates, &person.ice.password);
    }

    /// A check of *person* as it goes over the wire, to be received from wherever.
    pub fn a_check_of(&mut self, person: &Person, nominates: bool) -> Vec<u8> {
        self.a_check(&person.ice, nominates, &person.ice.password)
    }

    /// Answer the checks that *person* has been sent to *at*; how many there were.
    pub fn answer_checks(&mut self, person: &Person, at: Route) -> usize {
        self.answer_from(person, at, at)
    }

    /// The same, the answers coming from *from*, signed with what is said to be the password of *person*.
    pub fn answer_from(&mut self, person: &Person, at: Route, from: Route) -> usize {
        let mut answers = Vec::new();
        self.sent.borrow_mut().retain(|(to, datagram)| {
            let check = Message::parse(datagram).ok().filter(|message| {
                *to == at
                    && message.class() == Class::Request
                    && message.ufrags() == Some(("theirs", person.ice.ufrag.as_str()))
            });
            answers.extend(check.map(|check| an_answer(&check, person)));
            check.is_none()
        });
        for answer in &mut answers {
            self.receive(from, answer);
        }
        answers.len()
    }

    /// *person* checks *to*, and answers there.
    pub fn prove(&mut self, person: &Person, to: Route, nominates: bool) {
        self.check(person, to, nominates);
        self.answer_checks(person, to);
    }

    /// A check whose effects wait with what waits for the audience.
    pub fn check_unserved(&mut self, person: &Person) {
        let mut bytes = self.a_check(&person.ice, true, &person.ice.password);
        self.arrive(person.route, &mut bytes);
    }

    /// A check of whoever has *ice* and is at *route*.
    pub fn keep_alive(&mut self, ice: &IceCredentials, route: Route) {
        let mut bytes = self.a_check(ice, true, &ice.password);
        self.arrive(route, &mut bytes);
    }

    /// Run handshake work, and leave the audience alone.
    pub fn finish_jobs(&mut self) {
        while let Some(job) = self.shard.take_job() {
            self.shard.finish_job(self.now, job.run(), &mut self.outbox);
        }
        self.outbox.flush();
    }

    pub fn check_with(&mut self, person: &Person, from: Route, nominates: bool, password: &str) {
        let mut bytes = self.a_check(&person.ice, nominates, password);
        self.receive(from, &mut bytes);
    }

    /// A datagram comes, and what it makes for the audience waits.
    pub fn arrive(&mut self, from: Route, datagram: &mut [u8]) {
        self.shard
            .datagram(self.now, from, datagram, &mut self.outbox);
        self.outbox.flush();
    }

    /// One slice for audiences; whether more waits.
    pub fn slice(&mut self) -> bool {
        let more = self.shard.serve(self.now, &mut self.outbox);
        self.outbox.flush();
        more
    }

    pub fn receive(&mut self, from: Route, datagram: &mut [u8]) {
        self.shard
            .datagram(self.now, from, datagram, &mut self.outbox);
        while let Some(job) = self.shard.take_job() {
            self.shard.finish_job(self.now, job.run(), &mut self.outbox);
        }
        self.serve();
        self.take_events();
    }

    /// Send what waits, for everybody.
    pub fn serve(&mut self) {
        while self.shard.serve(self.now, &mut self.outbox) {}
        self.outbox.flush();
    }

    /// The next packet of *person*, minus *level* dBov, 20 ms later than the one before.
    pub fn packet(&mut self, person: &mut Person, level: u8) -> Vec<u8> {
        let sound = sound_of(person);
        self.packet_with(person, level, &sound)
    }

    pub fn packet_with(&mut self, person: &mut Person, level: u8, opus: &[u8]) -> Vec<u8> {
        self.payload_with(person, level, OPUS, opus)
    }

    /// The next packet of *person*, with copies of the sounds *before* it, the oldest first.
    pub fn redundant(&mut self, person: &mut Person, level: u8, before: &[Vec<u8>]) -> Vec<u8> {
        let count = before.len();
        let copies: Vec<(u16, &[u8])> = before
            .iter()
            .enumerate()
            .map(|(n, copy)| ((960 * (count - n)) as u16, copy.as_slice()))
            .collect();
        let mut payload = vec![0; 200];
        let sound = sound_of(person);
        let len = red::write(&copies, &sound, OPUS, &mut payload).unwrap();
        self.payload_with(person, level, RED, &payload[..len])
    }

    pub fn payload_with(
        &mut self,
        person: &mut Person,
        level: u8,
        payload_type: u8,
        payload: &[u8],
    ) -> Vec<u8> {
        let level = [AudioLevel {
            minus_dbov: level,
            voice: level < 60,
        }
        .to_byte()];
        let fields = HeaderFields {
            marker: false,
            payload_type,
            sequence: 0,
            timestamp: person.timestamp,
            ssrc: person.ssrc,
            csrcs: &[],
            elements: &[Element {
                id: LEVEL,
                data: &level,
            }],
        };
        let mut plain = vec![0; 256];
        let header_len = fields.write(&mut plain).unwrap().len;
        plain.truncate(header_len);
        plain.extend_from_slice(payload);
        let mut sealed = vec![0; 256];
        let outbound = &person.keys.outbound;
        let len = outbound
            .seal_rtp(&plain, header_len, person.ssrc, person.index, &mut sealed)
            .unwrap();
        sealed.truncate(len);
        person.index += 1;
        person.timestamp = person.timestamp.wrapping_add(960);
        sealed
    }

    /// *person* reports that *fraction_lost* of 256 packets of its first line were lost.
    pub fn report_loss(&mut self, person: &mut Person, fraction_lost: u8) {
        let mut plain = [0; 128];
        let mut compound = Compound::new(&mut plain);
        let block = ReportBlock {
            ssrc: SLOT_SSRCS[0],
            fraction_lost,
            cumulative_lost: 1,
            // Many packets after the report before, which told of less.
            highest_sequence: 100 * u32::from(fraction_lost),
            jitter: 0,
            last_sender_report: 0,
            delay_since_last_sender_report: 0,
        };
        compound.receiver_report(person.ssrc, &[block]).unwrap();
        let len = compound.len();
        let mut sealed = [0; 256];
        let len = person
            .keys
            .outbound
            .seal_rtcp(&plain[..len], &mut sealed)
            .unwrap();
        self.receive(person.route, &mut sealed[..len]);
    }

    pub fn say(&mut self, person: &mut Person, level: u8) {
        let mut packet = self.packet(person, level);
        self.receive(person.route, &mut packet);
    }

    pub fn allow(&mut self, person: &Person, allowed: bool) {
        self.shard
            .allow_publish(self.now, person.id, allowed, &mut self.outbox);
        self.serve();
        self.take_events();
    }

    pub fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.shard.next_tick() <= end {
            self.now = self.now.max(self.shard.next_tick());
            self.shard.tick(self.now, &mut self.outbox);
            while self.shard.serve(self.now, &mut self.outbox) {}
        }
        self.now = end;
        self.serve();
        self.take_events();
    }

    /// 20 ms in which each of *speakers* says something as loudly as named.
    pub fn frame(&mut self, speakers: &mut [(&mut Person, u8)]) {
        for (person, level) in speakers.iter_mut() {
            self.say(person, *level);
        }
        self.pass(FRAME);
    }

    fn take_events(&mut self) {
        while let Some(event) = self.shard.pop_event() {
            self.events.push(event);
        }
    }

    /// Forget all that has been sent.
    pub fn forget_sent(&mut self) {
        self.sent.borrow_mut().clear();
    }

    /// Where each packet of sound that nobody has looked at went, in order.
    pub fn sent_to(&mut self) -> Vec<Route> {
        let is_sound =
            |datagram: &[u8]| datagram[0] >> 6 == 2 && !(192..=223).contains(&datagram[1]);
        let sent = self.sent.borrow();
        let sound = sent.iter().filter(|(_, datagram)| is_sound(datagram));
        sound.map(|(to, _)| *to).collect()
    }

    /// Datagrams for *person* since the last look, by route.
    pub fn datagrams_for(&mut self, person: &Person) -> Vec<Vec<u8>> {
        self.datagrams_to(person.route)
    }

    pub fn datagrams_to(&mut self, route: Route) -> Vec<Vec<u8>> {
        let mut sent = self.sent.borrow_mut();
        let (to, rest): (Vec<_>, Vec<_>) = sent.drain(..).partition(|(to, _)| *to == route);
        *sent = rest;
        to.into_iter().map(|(_, datagram)| datagram).collect()
    }

    /// What *person* has heard since the last look; every packet must open.
    pub fn heard_by(&mut self, person: &mut Person) -> Vec<Heard> {
        let mut heard = Vec::new();
        for mut datagram in self.datagrams_for(person) {
            if datagram[0] >> 6 != 2 || (192..=223).contains(&datagram[1]) {
                continue;
            }
            let header = Header::parse(&datagram).unwrap();
            let slot = SLOT_SSRCS
                .iter()
                .position(|ssrc| *ssrc == header.ssrc)
                .unwrap();
            let opened = person.slot_keys[slot]
                .inbound
                .open_rtp(&mut datagram, header.len, header.ssrc, header.sequence)
                .expect("a listener opens every packet");
            let plain = &datagram[..opened.len];
            let payload = &plain[header.payload(plain).unwrap()];
            let (opus, copies) = if header.payload_type == RED {
                let red = red::parse(payload).unwrap();
                assert_eq!(red.primary.payload_type, OPUS);
                let copies = red.copies_of(OPUS);
                (
                    red.primary.data,
                    copies
                        .map(|copy| (copy.offset, copy.data.to_vec()))
                        .collect(),
                )
            } else {
                (payload, Vec::new())
            };
            heard.push(Heard {
                slot,
                voice: header.csrcs(plain).next().unwrap_or(0),
                sequence: header.sequence,
                index: opened.index,
                timestamp: header.timestamp,
                marker: header.marker,
                level: header.element(plain, LEVEL).unwrap()[0] & 0x7f,
                opus: opus.to_vec(),
                copies,
            });
        }
        heard
    }

    fn a_check(&mut self, ice: &IceCredentials, nominates: bool, password: &str) -> Vec<u8> {
        self.checks += 1;
        let mut transaction = [9; 12];
        transaction[..4].copy_from_slice(&self.checks.to_be_bytes());
        let request = BindingRequest {
            transaction: TransactionId(transaction),
            username: &format!("{}:theirs", ice.ufrag),
            priority: 1,
            role: IceRole::Controlling(1),
            use_candidate: nominates,
        };
        let mut bytes = [0; 256];
        let len = request
            .write(&StunIntegrity::new(password), &mut bytes)
            .unwrap();
        bytes[..len].to_vec()
    }

    pub fn active(&self) -> [u32; 3] {
        self.events
            .iter()
            .rev()
            .find_map(|event| match event {
                Event::Active { voices, .. } => Some(*voices),
                _ => None,
            })
            .unwrap_or_default()
    }
}

pub fn route(id: u64) -> Route {
    let [.., a, b] = id.to_be_bytes();
    Route::udp(SocketAddr::from(([198, 51, a, b], 4000)))
}

/// Whose voices are among what was heard, silence left out.
pub fn voices(heard: &[Heard]) -> Vec<u32> {
    let mut voices: Vec<u32> = heard
        .iter()
        .filter(|heard| !heard.is_silence())
        .map(|heard| heard.voice)
        .collect();
    voices.sort_unstable();
    voices.dedup();
    voices
}

/// What *person* says next: whose voice it is, and the number of the packet.
pub fn sound_of(person: &Person) -> Vec<u8> {
    let [.., high, low] = person.index.to_be_bytes();
    vec![0x78, person.voice as u8, high, low, 5, 6, 7, 8]
}

fn an_answer(check: &Message<'_>, person: &Person) -> Vec<u8> {
    let mut bytes = [0; 256];
    let server = SocketAddr::from(([192, 0, 2, 1], 7882));
    let integrity = StunIntegrity::new(&person.password);
    let len = write_success(check.transaction(), server, &integrity, &mut bytes).unwrap();
    bytes[..len].to_vec()
}
