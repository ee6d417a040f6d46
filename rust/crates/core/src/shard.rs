//! The router: a datagram, a command or time in; datagrams, events and handshake work out.
//!
//! Rule 1: what one peer sends has no effect on another's sound, but for its voice while that is allowed.
//! Rule 2: nothing about a datagram is believed before it is authenticated.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use arengo_wire::demux::{Kind, classify};

use crate::entropy::{Entropy, random_u32};
use crate::events::{Event, EventQueue};
use crate::handshake::HandshakeJob;
use crate::ice::IceAgent;
use crate::limits;
use crate::listeners::Seat;
use crate::neighbours::{Allowed, Errand, ShardNumber, WordKind};
use crate::outbox::Outbox;
use crate::pace::Pace;
use crate::peer::{Association, Engine, Lines, Link, NewPeer, Peer, PeerKey, Publisher, WallClock};
use crate::redundancy::{History, LossWatch, Redundancy};
use crate::reports::{self, COMPOUND};
use crate::route::Route;
use crate::slab::Slab;
use crate::space::{Origin, Publication, Space};
use crate::srtp::SRTCP_OVERHEAD;
use crate::stats::Stats;
use crate::tap::Tap;
use crate::time::Time;

mod abroad;
mod asking;
mod joining;
mod media;
mod merging;
mod serving;
mod ticking;
mod voices;

pub use merging::MergingMode;

/// How a shard is run.
#[derive(Clone, Copy, Debug)]
pub struct ShardOptions {
    /// Peers at most.
    pub max_peers: usize,
    /// A peer of whom nothing authenticated came for this long is closed.
    pub idle_timeout: Duration,
    /// Audiences of so many are sent merged packets; None: none ever is, 0: every one.
    pub merge_from: Option<u32>,
    /// Whether the service wants to know how loud people are, ten times a second.
    pub tells_levels: bool,
    /// The clock on the wall, for sender reports.
    pub wall: WallClock,
    /// Which of the node's shards this is.
    pub number: ShardNumber,
    /// How many shards the node has.
    pub shards: usize,
}

/// Why a peer was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// There are as many peers as there may be.
    Peers,
    /// The peer's number or its ICE name is in use already.
    Known,
}

impl std::fmt::Display for Full {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Peers => "no room for another peer",
            Self::Known => "the peer is here already",
        })
    }
}

impl std::error::Error for Full {}

/// Peers, spaces, and what goes between them.
pub struct Shard {
    options: ShardOptions,
    entropy: Box<dyn Entropy>,
    peers: Slab<Peer>,
    /// At the places of `peers`: what fan-out needs of those who are connected.
    links: Vec<Option<Link>>,
    seats: Vec<Option<Seat>>,
    spaces: Slab<Space>,
    peer_ids: HashMap<u64, PeerKey>,
    space_ids: HashMap<u64, u32>,
    routes: HashMap<Route, PeerKey>,
    ufrags: HashMap<String, PeerKey>,
    taps: HashMap<u64, Vec<u64>>,
    /// Peers whose handshake is not complete.
    joining: Vec<PeerKey>,
    jobs: VecDeque<HandshakeJob>,
    errands: VecDeque<Errand>,
    events: EventQueue,
    tap: Tap,
    stats: Stats,
    /// How much of its time the thread is busy, thousandths.
    busy: u16,
    /// Spaces for whose audience something waits, whose turn is next first.
    to_serve: VecDeque<u32>,
    /// When packets came whose last copy has been made since the last look.
    served: Vec<Time>,
    generation: u32,
    handling: Option<PeerKey>,
    /// When a voice may have to be ended if no more packets come; None while nobody is heard.
    voices_due: Option<Time>,
    /// Publishers whose next packet is awaited, because they lose some, and when the first of those is overdue.
    awaited: Vec<PeerKey>,
    awaited_due: Option<Time>,
    next_sweep: Time,
    sweep_part: usize,
}

impl Shard {
    /// A shard without peers.
    #[must_use]
    pub fn new(options: ShardOptions, entropy: Box<dyn Entropy>) -> Self {
        Self {
            options,
            entropy,
            peers: Slab::default(),
            links: Vec::new(),
            seats: Vec::new(),
            spaces: Slab::default(),
            peer_ids: HashMap::new(),
            space_ids: HashMap::new(),
            routes: HashMap::new(),
            ufrags: HashMap::new(),
            taps: HashMap::new(),
            joining: Vec::new(),
            jobs: VecDeque::new(),
            errands: VecDeque::new(),
            events: EventQueue::default(),
            tap: Tap::default(),
            stats: Stats::default(),
            busy: 0,
            to_serve: VecDeque::with_capacity(limits::SPACES_TO_SERVE),
            served: Vec::with_capacity(limits::SERVED),
            generation: 0,
            handling: None,
            voices_due: None,
            awaited: Vec::new(),
            awaited_due: None,
            next_sweep: Time::ZERO,
            sweep_part: 0,
        }
    }

    /// Take a peer that has been answered; nothing of it is heard until [`Shard::allow_publish`].
    pub fn add_peer(&mut self, now: Time, new: NewPeer) -> Result<(), Full> {
        if self.peers.len() >= self.options.max_peers {
            return Err(Full::Peers);
        }
        if self.peer_ids.contains_key(&new.id) || self.ufrags.contains_key(&new.ice.ufrag) {
            return Err(Full::Known);
        }
        let space = self.space_of(new.space);
        self.generation = self.generation.wrapping_add(1);
        let ufrag = new.ice.ufrag.clone();
        let index = self.peers.insert(Peer {
            id: new.id,
            generation: self.generation,
            space,
            voice: new.voice,
            lines: Lines::of(&new.negotiated),
            ice: IceAgent::new(&new.ice, &new.negotiated.remote_ice),
            dtls: Association {
                engine: Engine::Home(new.handshake),
                waiting: Vec::new(),
                wake: None,
                route: None,
                up: None,
            },
            inbound: None,
            prompt: false,
            lossy_until: Time::ZERO,
            losses: LossWatch::default(),
            redundancy: Redundancy::None,
            publisher: Publisher::of(&new.negotiated),
            checks: Pace::default(),
            joined: now,
            heard: now,
            doubted: None,
        });
        let places = self.peers.places() as usize;
        self.links.resize_with(places, || None);
        self.seats.resize_with(places, || None);
        let key = PeerKey {
            index,
            generation: self.generation,
        };
        self.peer_ids.insert(new.id, key);
        self.ufrags.insert(ufrag, key);
        self.joining.push(key);
        self.next_sweep = self.next_sweep.min(now + limits::SWEEP_TICK);
        if let Some(space) = self.spaces.get_mut(space) {
            space.peers += 1;
        }
        Ok(())
    }

    /// Take a datagram that came from *from*; it is opened in place.
    pub fn datagram(&mut self, now: Time, from: Route, datagram: &mut [u8], out: &mut Outbox) {
        self.stats.packets_in += 1;
        self.stats.bytes_in += datagram.len() as u64;
        match classify(datagram) {
            Kind::Stun => self.stun(now, from, datagram, out),
            Kind::Dtls => self.dtls(now, from, datagram),
            Kind::Rtp => self.rtp(now, from, datagram, out),
            Kind::Rtcp => self.rtcp(now, from, datagram, out),
            Kind::Unknown => self.stats.drops_unknown += 1,
        }
        self.handling = None;
    }

    /// Whether a peer of this shard has checked *route*: what a new TCP connection has to show soon.
    #[must_use]
    pub fn knows(&self, route: Route) -> bool {
        self.routes.contains_key(&route)
    }

    /// The TCP connection of *route* is gone.
    pub fn route_lost(&mut self, route: Route) {
        if let Some(key) = self.routes.remove(&route) {
            self.released(route);
            self.forget_route(key, route);
        }
    }

    /// Let the voice of a peer through, or end it within this call.
    pub fn allow_publish(&mut self, now: Time, id: u64, allowed: bool, out: &mut Outbox) {
        let Some(key) = self.peer_ids.get(&id).copied() else {
            return;
        };
        let Self {
            peers,
            spaces,
            taps,
            ..
        } = self;
        let Some(peer) = peers.get_mut(key.index) else {
            return;
        };
        let (Some(space), Some(publisher)) = (spaces.get_mut(peer.space), &mut peer.publisher)
        else {
            return;
        };
        if publisher.allowed == allowed {
            return;
        }
        publisher.allowed = allowed;
        if allowed {
            publisher.recovery.begin();
            space.publications.add(Publication {
                peer: id,
                voice: peer.voice,
                origin: Origin::Here(key.index),
                level: publisher.level,
                measured: publisher.loudness.told(),
                loss: 0,
                announced: false,
                history: History::default(),
                tapped: taps.get(&space.id).is_some_and(|ids| ids.contains(&id)),
            });
            space.audience.prepare();
            let (place, voice) = (peer.space, peer.voice);
            self.reseat_voice(place, voice, out);
            self.tell_others(place, WordKind::Allowed(Allowed { peer: id, voice }));
        } else {
            publisher.level = crate::level::LevelTracker::default();
            let place = peer.space;
            self.silence(now, place, id, out);
            self.leave_stage(place, id, out);
        }
    }

    /// End a peer; `closed` follows as an event.
    pub fn close_peer(
        &mut self,
        now: Time,
        id: u64,
        why: impl Into<Cow<'static, str>>,
        out: &mut Outbox,
    ) {
        if let Some(key) = self.peer_ids.get(&id).copied() {
            self.close(now, key, why.into(), out);
        }
    }

    /// End every peer of a space.
    pub fn close_space(&mut self, now: Time, space: u64, why: &str, out: &mut Outbox) {
        if let Some(place) = self.space_ids.get(&space).copied() {
            self.close_where(now, why, out, |peer| peer.space == place);
        }
        self.taps.remove(&space);
    }

    /// End every peer.
    pub fn close_all(&mut self, now: Time, why: &str, out: &mut Outbox) {
        self.close_where(now, why, out, |_| true);
    }

    /// Close whoever was being dealt with when something went wrong in here.
    pub fn close_poisoned(&mut self, now: Time, out: &mut Outbox) {
        if let Some(key) = self.handling.take() {
            self.close(now, key, Cow::Borrowed("fault"), out);
        }
    }

    /// From now on record the packets of these *peers* of *space*, and of nobody else there.
    pub fn tap(&mut self, space: u64, peers: &[u64]) {
        if peers.is_empty() {
            self.taps.remove(&space);
        } else {
            self.taps.insert(space, peers.to_vec());
        }
        let Some(space) = self
            .space_ids
            .get(&space)
            .and_then(|place| self.spaces.get_mut(*place))
        else {
            return;
        };
        for publication in space.publications.iter_mut() {
            publication.tapped = peers.contains(&publication.peer);
        }
    }

    /// Whether tapped records wait.
    #[must_use]
    pub fn has_tapped(&self) -> bool {
        self.tap.has_records()
    }

    /// Move tapped records, whole ones, into *to* while it stays within *most* bytes.
    pub fn drain_tap(&mut self, to: &mut Vec<u8>, most: usize) {
        self.tap.drain_into(to, most);
    }

    /// The oldest event that waits.
    pub fn pop_event(&mut self) -> Option<Event> {
        self.events.pop()
    }

    /// Counters since the start.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            peers: self.peers.len() as u64,
            spaces: self.spaces.len() as u64,
            events_dropped: self.events.dropped(),
            ..self.stats
        }
    }

    fn forget_route(&mut self, key: PeerKey, route: Route) {
        if let Some(peer) = self.peer_mut(key) {
            peer.ice.lose(route);
        }
        self.follow_nomination(key);
    }

    fn close_where(
        &mut self,
        now: Time,
        why: &str,
        out: &mut Outbox,
        which: impl Fn(&Peer) -> bool,
    ) {
        for index in 0..self.peers.places() {
            let Some(peer) = self.peers.get(index).filter(|peer| which(peer)) else {
                continue;
            };
            let key = PeerKey {
                index,
                generation: peer.generation,
            };
            self.close(now, key, Cow::Owned(why.to_owned()), out);
        }
    }

    fn close(&mut self, now: Time, key: PeerKey, why: Cow<'static, str>, out: &mut Outbox) {
        let Some(peer) = self.peer_mut(key) else {
            return;
        };
        let (id, place) = (peer.id, peer.space);
        self.silence(now, place, id, out);
        self.leave_stage(place, id, out);
        self.unseat(key.index);
        let link = self
            .links
            .get_mut(key.index as usize)
            .and_then(Option::take);
        let Some(mut peer) = self.peers.remove(key.index) else {
            return;
        };
        if let Some(link) = link {
            self.say_goodbye(link, &mut peer, out);
        }
        self.peer_ids.remove(&peer.id);
        self.ufrags.remove(peer.ice.local_ufrag());
        for route in peer.ice.routes() {
            if self.routes.get(&route) == Some(&key) {
                self.routes.remove(&route);
                self.released(route);
            }
        }
        self.joining.retain(|joining| *joining != key);
        self.leave_space(peer.space);
        self.events.push(Event::Closed { peer: peer.id, why });
    }

    fn say_goodbye(&mut self, mut link: Link, peer: &mut Peer, out: &mut Outbox) {
        let mut plain = [0; COMPOUND];
        let ssrcs = crate::SLOT_SSRCS
            .get(..peer.lines.count().max(1))
            .unwrap_or_default();
        if let Ok(len) = reports::write_bye(ssrcs, &mut plain) {
            self.send_rtcp(&mut link, plain.get(..len).unwrap_or_default(), out);
        }
        for datagram in peer.dtls.engine.goodbye() {
            self.send(link.route, &datagram, out);
        }
    }

    /// Take a peer off the list of those whose voice is allowed.
    fn leave_stage(&mut self, place: u32, peer: u64, out: &mut Outbox) {
        let Some(gone) = self
            .spaces
            .get_mut(place)
            .and_then(|space| space.publications.remove(peer))
        else {
            return;
        };
        self.reseat_voice(place, gone.voice, out);
        if let Origin::Here(_) = gone.origin {
            self.tell_others(place, WordKind::Silenced(peer));
        }
    }

    fn leave_space(&mut self, place: u32) {
        let Some(space) = self.spaces.get_mut(place) else {
            return;
        };
        space.peers -= 1;
        if space.peers == 0
            && let Some(space) = self.spaces.remove(place)
        {
            self.space_ids.remove(&space.id);
            self.tell_gone(space.id);
        }
    }

    fn space_of(&mut self, id: u64) -> u32 {
        if let Some(place) = self.space_ids.get(&id) {
            return *place;
        }
        let clock_base = random_u32(self.entropy.as_mut());
        let place = self.spaces.insert(Space::new(id, clock_base));
        self.space_ids.insert(id, place);
        self.tell_came(id);
        place
    }

    fn peer(&self, key: PeerKey) -> Option<&Peer> {
        self.peers
            .get(key.index)
            .filter(|peer| peer.generation == key.generation)
    }

    fn peer_mut(&mut self, key: PeerKey) -> Option<&mut Peer> {
        self.peers
            .get_mut(key.index)
            .filter(|peer| peer.generation == key.generation)
    }

    fn send(&mut self, to: Route, datagram: &[u8], out: &mut Outbox) {
        self.stats.packets_out += 1;
        self.stats.bytes_out += datagram.len() as u64;
        out.send(to, datagram);
    }

    fn send_rtcp(&mut self, link: &mut Link, plain: &[u8], out: &mut Outbox) {
        send_rtcp(link, plain, out, &mut self.stats);
    }
}

/// Seal the compound packet *plain* for *link* and queue it.
fn send_rtcp(link: &mut Link, plain: &[u8], out: &mut Outbox, stats: &mut Stats) {
    let room = out.room(plain.len() + SRTCP_OVERHEAD);
    if let Ok(len) = link.outbound.seal_rtcp(plain, room) {
        out.commit(link.route, len);
        stats.packets_out += 1;
        stats.bytes_out += len as u64;
    }
}

const _: () = assert!(limits::DATAGRAM > COMPOUND + SRTCP_OVERHEAD);
