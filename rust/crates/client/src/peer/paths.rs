//! ICE towards a server, lite or full (RFC 8445): which of its addresses answers, and whether it still does.
//!
//! Who offers controls, and towards a lite server this side does in any case. A controlling side takes the first way
//! that answers, and nominates with each of its checks; a controlled one takes what the server nominates.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use arengo_core::Entropy;
use arengo_core::crypto::StunIntegrity;
use arengo_wire::stun::{
    BINDING, BindingRequest, Class, IceRole, Message, TransactionId, write_success,
};

use crate::entropy::number;
use crate::limits;

/// Checks whose answers are still believed.
const MOST_PENDING: usize = 4 * limits::MOST_CANDIDATES;

/// Priority of a peer-reflexive candidate (RFC 8445 section 5.1.2.1: type preference 110, one address, component 1).
const PEER_REFLEXIVE: u32 = (110 << 24) | (65_535 << 8) | 255;

/// How datagrams travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    Udp,
    /// Over a connection that this side opens, each behind its length (RFC 6544).
    Tcp,
}

/// An address of the server, and how it is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Way {
    pub transport: Transport,
    pub address: SocketAddr,
}

impl Way {
    pub fn udp(address: SocketAddr) -> Way {
        Way {
            transport: Transport::Udp,
            address,
        }
    }

    pub fn tcp(address: SocketAddr) -> Way {
        Way {
            transport: Transport::Tcp,
            address,
        }
    }
}

/// What checks are signed with, of either side.
pub struct Credentials {
    /// The server's fragment, a colon, and ours.
    pub username: String,
    /// Of the server's password.
    pub integrity: StunIntegrity,
    /// Our fragment, a colon, and the server's.
    pub own_username: String,
    /// Of our password.
    pub own_integrity: StunIntegrity,
}

/// Which side nominates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Controlling,
    Controlled,
}

/// The ways to a server, and the one in use.
pub struct Paths {
    candidates: Vec<Way>,
    credentials: Credentials,
    role: Role,
    tie_breaker: Option<u64>,
    selected: Option<Way>,
    /// Those that have answered a check of ours.
    proved: Vec<Way>,
    /// The server's choice, where it has one.
    nominated: Option<Way>,
    pending: VecDeque<(TransactionId, Way)>,
    began: Instant,
    heard: Instant,
    next_check: Instant,
}

impl Paths {
    pub fn new(candidates: Vec<Way>, credentials: Credentials, role: Role, now: Instant) -> Paths {
        Paths {
            candidates,
            credentials,
            role,
            tie_breaker: None,
            selected: None,
            proved: Vec::new(),
            nominated: None,
            pending: VecDeque::new(),
            began: now,
            heard: now,
            next_check: now,
        }
    }

    /// Where to send, once an address has answered.
    pub fn selected(&self) -> Option<Way> {
        self.selected
    }

    /// Whether the answer named this address.
    pub fn is_known(&self, address: Way) -> bool {
        self.candidates.contains(&address)
    }

    /// Whether nothing authenticated has come for too long.
    pub fn is_silent(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.heard) >= limits::SILENCE
    }

    pub fn next_timeout(&self) -> Instant {
        self.next_check.min(self.heard + limits::SILENCE)
    }

    /// The checks to send at *now*.
    pub fn due(&mut self, entropy: &mut dyn Entropy, now: Instant) -> Vec<(Way, Vec<u8>)> {
        if now < self.next_check {
            return Vec::new();
        }
        let is_lost = now.saturating_duration_since(self.heard) >= limits::PATH_SILENCE;
        match self.selected {
            Some(selected) if !is_lost => {
                self.next_check = now + limits::CONSENT_RETRY;
                let mut ways = vec![selected];
                ways.extend(self.nominated.filter(|way| *way != selected));
                ways.into_iter()
                    .map(|way| self.check(way, entropy))
                    .collect()
            }
            _ => {
                let age = now.saturating_duration_since(self.began);
                let is_young = age < Duration::from_secs(1);
                let pause = if is_young {
                    limits::CHECK_EAGERLY
                } else {
                    limits::CHECK_PATIENTLY
                };
                self.next_check = now + pause;
                let has_udp = self
                    .candidates
                    .iter()
                    .any(|way| way.transport == Transport::Udp);
                let mut ways = self.candidates.clone();
                ways.retain(|way| {
                    way.transport == Transport::Udp || !has_udp || age >= limits::UDP_ALONE
                });
                ways.into_iter()
                    .map(|way| self.check(way, entropy))
                    .collect()
            }
        }
    }

    /// Take a STUN message; whether it is the authenticated answer to a check of ours.
    pub fn take(
        &mut self,
        from: Way,
        message: &[u8],
        entropy: &mut dyn Entropy,
        now: Instant,
    ) -> bool {
        let Ok(message) = Message::parse(message) else {
            return false;
        };
        let asked = (message.transaction(), from);
        let Some(at) = self.pending.iter().position(|pending| *pending == asked) else {
            return false;
        };
        let is_success = message.class() == Class::SuccessResponse;
        if !is_success
            || message
                .verify_integrity(&self.credentials.integrity)
                .is_err()
        {
            return false;
        }
        self.pending.remove(at);
        if !self.proved.contains(&from) {
            self.proved.push(from);
        }
        let is_lost = now.saturating_duration_since(self.heard) >= limits::PATH_SILENCE;
        let is_first = self.selected.is_none() && self.role == Role::Controlling;
        if is_first || is_lost || self.nominated == Some(from) {
            self.selected = Some(from);
        }
        if self.selected == Some(from) {
            self.heard = now;
            // Spread, so that many clients do not check in step (RFC 7675 section 5.1).
            let spread = 0.8 + 0.4 * f64::from(number(entropy)) / f64::from(u32::MAX);
            self.next_check = now + limits::CONSENT.mul_f64(spread);
        }
        true
    }

    /// The answer to a check of the server's; None where it is not authentic, or claims the role that is ours.
    pub fn answer(&mut self, from: Way, message: &[u8], now: Instant) -> Option<Vec<u8>> {
        let message = Message::parse(message).ok()?;
        let credentials = &self.credentials;
        let is_check = message.class() == Class::Request && message.method() == BINDING;
        let is_theirs = message.username() == Some(&credentials.own_username);
        if !is_check || !is_theirs {
            return None;
        }
        message.verify_integrity(&credentials.own_integrity).ok()?;
        let has_its_role = matches!(
            (self.role, message.role()?),
            (Role::Controlling, IceRole::Controlled(_))
                | (Role::Controlled, IceRole::Controlling(_))
        );
        if !has_its_role {
            return None;
        }
        let mut datagram = vec![0; limits::MOST_DATAGRAM_BYTES];
        let transaction = message.transaction();
        let integrity = &credentials.own_integrity;
        let length = write_success(transaction, from.address, integrity, &mut datagram).ok()?;
        datagram.truncate(length);
        let is_nominated = message.use_candidate() && self.role == Role::Controlled;
        if is_nominated && self.nominated != Some(from) && self.is_known(from) {
            self.nominated = Some(from);
            if self.proved.contains(&from) {
                self.selected = Some(from);
            } else {
                self.next_check = now;
            }
        }
        Some(datagram)
    }

    fn check(&mut self, to: Way, entropy: &mut dyn Entropy) -> (Way, Vec<u8>) {
        let tie_breaker = *self
            .tie_breaker
            .get_or_insert_with(|| u64::from(number(entropy)) << 32 | u64::from(number(entropy)));
        let mut transaction = TransactionId([0; 12]);
        entropy.fill(&mut transaction.0);
        if self.pending.len() == MOST_PENDING {
            self.pending.pop_front();
        }
        self.pending.push_back((transaction, to));
        let request = BindingRequest {
            transaction,
            username: &self.credentials.username,
            priority: PEER_REFLEXIVE,
            role: match self.role {
                Role::Controlling => IceRole::Controlling(tie_breaker),
                Role::Controlled => IceRole::Controlled(tie_breaker),
            },
            use_candidate: self.role == Role::Controlling,
        };
        let mut datagram = vec![0; limits::MOST_DATAGRAM_BYTES];
        // Two fragments are shorter than any datagram; were they not, an empty one is no check.
        let length = request
            .write(&self.credentials.integrity, &mut datagram)
            .unwrap_or(0);
        datagram.truncate(length);
        (to, datagram)
    }
}
