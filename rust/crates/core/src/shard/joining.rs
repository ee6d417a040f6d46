//! From the first check to keys: STUN and DTLS.

use std::borrow::Cow;

use arengo_wire::limits::STUN_USERNAME_BYTES;
use arengo_wire::stun::{self, Class, Message, TransactionId};

use super::Shard;
use crate::entropy::random_u32;
use crate::events::Event;
use crate::handshake::{Handshake, HandshakeDone, HandshakeEnd, HandshakeJob, Progress};
use crate::ice::{self, NoRoom, challenged};
use crate::limits;
use crate::listeners::{Member, Section};
use crate::outbox::Outbox;
use crate::peer::{Engine, Link, PeerKey};
use crate::route::{Route, Transport};
use crate::srtp::SrtpContexts;
use crate::time::Time;

/// Room for an answer to a check, or for a check of ours with the longest names.
const STUN_MESSAGE: usize = STUN_USERNAME_BYTES + 128;

impl Shard {
    pub(super) fn stun(&mut self, now: Time, from: Route, datagram: &[u8], out: &mut Outbox) {
        self.stats.stun += 1;
        let taken = Message::parse(datagram).ok().and_then(|message| {
            match (message.class(), message.method()) {
                // A keep-alive proves nothing and wants no answer.
                (Class::Indication, _) => Some(()),
                (Class::SuccessResponse, stun::BINDING) => self.take_answer(now, from, &message),
                (Class::Request, stun::BINDING) => {
                    self.take_check(now, from, (&message, datagram.len()), out)
                }
                _ => None,
            }
        });
        if taken.is_none() {
            self.stats.stun_rejected += 1;
        }
    }

    /// Answer a check that its peer has signed, and ask back where the route is unproved; silence for all others, so that
    /// nobody is helped to guess or to reflect.
    fn take_check(
        &mut self,
        now: Time,
        from: Route,
        (message, bytes): (&Message<'_>, usize),
        out: &mut Outbox,
    ) -> Option<()> {
        let key = *self.ufrags.get(message.ufrags()?.0)?;
        self.handling = Some(key);
        let transaction = message.transaction();
        let peer = self.peer_mut(key)?;
        let is_repeated = peer.ice.has_taken(transaction);
        if is_repeated && !peer.ice.may_repeat(transaction, from) {
            self.stats.stun_replayed += 1;
            return None;
        }
        let integrity = peer.ice.believe(message)?;
        if is_repeated {
            peer.ice.repeat(transaction);
        } else {
            let check = (transaction, message.use_candidate());
            self.take_fresh_check(now, from, key, check)?;
        }
        let mut buffer = [0; STUN_MESSAGE];
        let len = stun::write_success(transaction, from.address, &integrity, &mut buffer).ok()?;
        let ice = &mut self.peer_mut(key)?.ice;
        ice.receive(from, bytes);
        self.send_checked(key, from, buffer.get(..len).unwrap_or_default(), out);
        let challenge = self.peer_mut(key)?.ice.write_challenge(from, &mut buffer);
        if let Some(len) = challenge {
            self.send_checked(key, from, buffer.get(..len).unwrap_or_default(), out);
        }
        Some(())
    }

    /// Let a believed check have its effect, unless its peer sends too many, or its address is another's.
    fn take_fresh_check(
        &mut self,
        now: Time,
        from: Route,
        key: PeerKey,
        check: (TransactionId, bool),
    ) -> Option<()> {
        let chance = self.chance();
        let challenge = ice::challenge(self.options.number, key.index, chance);
        let is_held = self.is_held(now, from, key);
        let peer = self.peer_mut(key)?;
        if !peer
            .checks
            .allows(now, limits::CHECK_PACE, limits::CHECK_BURST)
        {
            return None;
        }
        peer.heard = now;
        peer.doubted = None;
        let checked = match is_held {
            true => Err(NoRoom),
            false => peer.ice.check(now, from, check, challenge),
        };
        let Ok(lost) = checked else {
            self.stats.routes_refused += 1;
            return None;
        };
        let in_use = peer.ice.in_use();
        self.stats.moves_unproved +=
            u64::from(check.1 && in_use.is_some_and(|route| route != from));
        if let Some(lost) = lost
            && self.routes.get(&lost) == Some(&key)
        {
            self.routes.remove(&lost);
            self.released(lost);
        }
        self.claim(from, key);
        self.follow_nomination(key);
        Some(())
    }

    /// Take an answer to a check of ours: its route is proved.
    fn take_answer(&mut self, now: Time, from: Route, message: &Message<'_>) -> Option<()> {
        let (_, index) = challenged(message.transaction())?;
        let generation = self.peers.get(index)?.generation;
        let key = PeerKey { index, generation };
        self.handling = Some(key);
        let is_theirs = self.peer_mut(key)?.ice.answered(now, from, message);
        self.follow_nomination(key);
        is_theirs.then_some(())
    }

    /// Whether *route* is held by another peer than *key*.
    fn is_held(&self, now: Time, route: Route, key: PeerKey) -> bool {
        let owner = self.routes.get(&route).filter(|owner| **owner != key);
        owner
            .and_then(|owner| self.peer(*owner))
            .is_some_and(|owner| owner.ice.holds(now, route))
    }

    /// Datagrams from *route* are for *key*; whoever had it holds it no longer. NATs hand addresses on.
    fn claim(&mut self, route: Route, key: PeerKey) {
        match self.routes.insert(route, key) {
            None => self.claimed(route),
            Some(before) if before != key => self.forget_route(before, route),
            Some(_) => {}
        }
    }

    /// Another shard's peer has checked *route*: give it up unless its owner here holds it, so that the next check finds it
    /// free.
    pub fn contested(&mut self, now: Time, route: Route) {
        let owner = self.routes.get(&route).and_then(|owner| self.peer(*owner));
        if !owner.is_some_and(|owner| owner.ice.holds(now, route)) {
            self.route_lost(route);
        }
    }

    /// Another shard has a peer at *route*, which was claimed for one of this shard.
    pub fn route_refused(&mut self, route: Route) {
        self.stats.routes_refused += 1;
        self.route_lost(route);
    }

    fn chance(&mut self) -> [u8; 7] {
        let mut chance = [0; 7];
        self.entropy.fill(&mut chance);
        chance
    }

    /// Send to a route that may be unproved what it may still have.
    fn send_checked(&mut self, key: PeerKey, to: Route, datagram: &[u8], out: &mut Outbox) {
        let may = self
            .peer_mut(key)
            .is_some_and(|peer| peer.ice.may_send(to, datagram.len()));
        if may {
            self.send(to, datagram, out);
        } else {
            self.stats.drops_unproved += 1;
        }
    }

    /// Send where the peer has nominated.
    pub(super) fn follow_nomination(&mut self, key: PeerKey) {
        let nominated = self.peer_mut(key).and_then(|peer| peer.ice.in_use());
        if let (Some(route), Some(Some(link))) = (nominated, self.links.get_mut(key.index as usize))
        {
            link.route = route;
        }
    }

    pub(super) fn dtls(&mut self, now: Time, from: Route, datagram: &[u8]) {
        let Some(key) = self.routes.get(&from).copied() else {
            self.stats.drops_unknown += 1;
            return;
        };
        self.handling = Some(key);
        let Some(peer) = self.peer_mut(key) else {
            return;
        };
        if let Engine::Retired(_) = peer.dtls.engine {
            // Nothing here can open it. A goodbye is what it would be: whoever said it, silence will prove it.
            peer.doubted = peer.doubted.or(Some(now));
            return;
        }
        peer.ice.receive(from, datagram.len());
        // Flights go where the first one went, whatever becomes of that route, until another is proved: whoever completes
        // the handshake has read them there.
        if peer.dtls.route.is_none() || peer.ice.is_proved(from) {
            peer.dtls.route = Some(from);
        }
        if peer.dtls.waiting.len() < limits::DTLS_WAITING {
            peer.dtls.waiting.push(datagram.to_vec());
            self.dispatch(now, key);
        } else {
            self.stats.drops_unknown += 1;
        }
    }

    /// Hand the engine out with what waits for it, if it is at home.
    pub(super) fn dispatch(&mut self, now: Time, key: PeerKey) {
        let Some(peer) = self.peer_mut(key) else {
            return;
        };
        if let Some(engine) = peer.dtls.engine.take() {
            let datagrams = std::mem::take(&mut peer.dtls.waiting);
            self.jobs.push_back(HandshakeJob {
                peer: key,
                engine,
                datagrams,
                at: now,
            });
        }
    }

    /// Handshake work to be run; never more than one piece for a peer.
    pub fn take_job(&mut self) -> Option<HandshakeJob> {
        self.jobs.pop_front()
    }

    /// Take back a piece of handshake work.
    pub fn finish_job(&mut self, now: Time, done: HandshakeDone, out: &mut Outbox) {
        let HandshakeDone {
            peer: key,
            engine,
            progress,
        } = done;
        self.handling = Some(key);
        self.settle_job(now, key, engine, progress, out);
        self.handling = None;
    }

    fn settle_job(
        &mut self,
        now: Time,
        key: PeerKey,
        engine: Box<dyn Handshake>,
        progress: Progress,
        out: &mut Outbox,
    ) {
        let Some(peer) = self.peer_mut(key) else {
            return;
        };
        peer.dtls.engine = Engine::Home(engine);
        peer.dtls.wake = progress.wake;
        let has_more = !peer.dtls.waiting.is_empty();
        if let Some(route) = peer.dtls.route {
            for datagram in &progress.datagrams {
                self.send_checked(key, route, datagram, out);
            }
        }
        if let Some(keys) = progress.keys {
            self.connect(now, key, keys);
        }
        match progress.end {
            Some(HandshakeEnd::Bye) => self.close(now, key, Cow::Borrowed("bye"), out),
            Some(HandshakeEnd::Failed) => {
                self.stats.handshake_failures += 1;
                self.close(now, key, Cow::Borrowed("dtls"), out);
            }
            None if has_more => self.dispatch(now, key),
            None => {}
        }
    }

    fn connect(&mut self, now: Time, key: PeerKey, mut keys: SrtpContexts) {
        let Some(peer) = self.peer_mut(key) else {
            return;
        };
        let Some(flights) = peer.dtls.route else {
            return;
        };
        peer.ice.prove(now, flights);
        let route = peer.ice.in_use().unwrap_or(flights);
        peer.inbound = Some(keys.inbound);
        peer.dtls.up = Some(now);
        peer.heard = now;
        let (id, place, voice, lines) = (peer.id, peer.space, peer.voice, peer.lines);
        let Some(space) = self.spaces.get_mut(place) else {
            return;
        };
        keys.outbound.settle();
        let mut link = Link {
            route,
            outbound: keys.outbound,
            offsets: [0; limits::SLOTS],
            floors: [0; limits::SLOTS],
            since: 0,
            starts: [0; limits::SLOTS],
            octets: [0; limits::SLOTS],
        };
        if let Some(voices) = lines
            .count()
            .checked_sub(1)
            .and_then(|n| space.voices.get(n))
        {
            for slot in 0..voices.slots() {
                // Below 2^15, so that the listener's rollover counter begins at 0 (RFC 3711 §3.3.1).
                let start = u64::from(random_u32(self.entropy.as_mut()) & 0x7fff);
                voices.introduce(&mut link, slot, start, voice);
            }
        }
        if let Some(place) = self.links.get_mut(key.index as usize) {
            *place = Some(link);
        }
        self.seat(key.index);
        self.joining.retain(|joining| *joining != key);
        self.stats.handshakes += 1;
        let over_tcp = matches!(route.transport, Transport::Tcp(_));
        self.events.push(Event::Connected { peer: id, over_tcp });
    }

    /// Give a connected listener its place in its class: on stage, or in the audience with packets as they come.
    pub(super) fn seat(&mut self, index: u32) {
        let Some(peer) = self.peers.get(index) else {
            return;
        };
        let space = self.spaces.get(peer.space);
        let section = if space.is_some_and(|space| space.publications.has_voice(peer.voice)) {
            Section::Stage(peer.redundancy)
        } else {
            Section::Plain(peer.redundancy)
        };
        self.seat_in(index, section);
    }

    /// Give a connected listener a place in *section* of its class.
    pub(super) fn seat_in(&mut self, index: u32, section: Section) {
        let Some(peer) = self.peers.get(index).filter(|peer| peer.lines.count() > 0) else {
            return;
        };
        let member = Member {
            index,
            voice: peer.voice,
        };
        if let (Some(space), Some(place), Some(Some(link))) = (
            self.spaces.get_mut(peer.space),
            self.seats.get_mut(index as usize),
            self.links.get_mut(index as usize),
        ) {
            link.since = space.audience.next();
            *place = Some(space.listeners.add(peer.lines, section, member));
            self.stats.listeners_merged += u64::from(section.phase().is_some());
            self.stats.listeners_protected += u64::from(section.is_protected());
        }
    }

    /// Move the listeners whose own voice is *voice* to the stage or to the audience, as it is allowed now.
    pub(super) fn reseat_voice(&mut self, place: u32, voice: u32, out: &mut Outbox) {
        let Some(space) = self.spaces.get(place) else {
            return;
        };
        for index in space.listeners.of_voice(voice) {
            self.leave_phase(index, out);
            self.unseat(index);
            self.seat(index);
        }
    }

    /// Take a listener out of its class.
    pub(super) fn unseat(&mut self, index: u32) {
        let Some(seat) = self.seats.get_mut(index as usize).and_then(Option::take) else {
            return;
        };
        self.stats.listeners_merged -= u64::from(seat.section().phase().is_some());
        self.stats.listeners_protected -= u64::from(seat.section().is_protected());
        let place = self.peers.get(index).map_or(u32::MAX, |peer| peer.space);
        let Some(space) = self.spaces.get_mut(place) else {
            return;
        };
        let moved = space.listeners.remove(seat, space.audience.served_up_to());
        for (index, seat) in moved.into_iter().flatten() {
            if let Some(place) = self.seats.get_mut(index as usize) {
                *place = Some(seat);
            }
        }
    }
}
