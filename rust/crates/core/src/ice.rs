//! The lite agent of one peer: which addresses it has checked, which of them it has proved, and which is in use
//! (RFC 8445 §2.5).
//!
//! Rule 1: a check shows who signed it, not where it came from. Its source may be forged, and whoever has seen it can
//! send it again. Only somebody who reads what we send to an address can answer our own check there.
//! Rule 2: sound goes to proved addresses alone; an unproved one gets a few times the bytes that came from it.
//! Rule 3: a transaction counts once.

use std::collections::VecDeque;

use arengo_wire::sdp::IceCredentials;
use arengo_wire::stun::{BindingRequest, IceRole, Message, TransactionId};

use crate::crypto::StunIntegrity;
use crate::limits::{
    CHECK_HELD, PROOF_LASTS, QUIET_FOR_CHECKS, QUIET_FOR_MEDIA, ROUTE_HELD, ROUTES_PER_PEER,
    TRANSACTIONS, UNPROVED_BYTES,
};
use crate::neighbours::ShardNumber;
use crate::route::Route;
use crate::time::Time;

/// Priority of a peer-reflexive candidate (RFC 8445 §5.1.2.1: type preference 110, one address, component 1).
const PEER_REFLEXIVE: u32 = (110 << 24) | (65_535 << 8) | 255;

#[derive(Clone, Copy, Debug)]
struct Checked {
    route: Route,
    /// When something authenticated last came from there; while it is unproved, when it was first checked.
    heard: Time,
    standing: Standing,
}

#[derive(Clone, Copy, Debug)]
enum Standing {
    /// So many bytes may still be sent there, and an answer to this check of ours proves it.
    Unproved {
        credit: usize,
        challenge: TransactionId,
    },
    /// Whoever is there reads what is sent there. Answers to this check of ours may still come.
    Proved { by: TransactionId },
}

impl Checked {
    const fn is_proved(&self) -> bool {
        matches!(self.standing, Standing::Proved { .. })
    }

    const fn hear(&mut self, now: Time) {
        if self.is_proved() {
            self.heard = now;
        }
    }
}

/// A check found no room: every known address of the peer is proved and in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom;

/// Credentials, checked addresses and the one in use.
pub struct IceAgent {
    local: IceCredentials,
    remote: IceCredentials,
    /// At most [`ROUTES_PER_PEER`].
    checked: Vec<Checked>,
    in_use: Option<Route>,
    /// What the peer nominated last, until it is proved.
    wanted: Option<Route>,
    transactions: Transactions,
}

impl IceAgent {
    /// An agent that answers to *local* and knows its peer as *remote*.
    #[must_use]
    pub fn new(local: &IceCredentials, remote: &IceCredentials) -> Self {
        Self {
            local: local.clone(),
            remote: remote.clone(),
            checked: Vec::new(),
            in_use: None,
            wanted: None,
            transactions: Transactions::default(),
        }
    }

    /// The name that checks for this agent carry first.
    #[must_use]
    pub fn local_ufrag(&self) -> &str {
        &self.local.ufrag
    }

    /// What signs the answer to *request*; None unless it is a check of this agent's peer: right names, right code.
    #[must_use]
    pub fn believe(&self, request: &Message<'_>) -> Option<StunIntegrity> {
        let is_theirs = request.fingerprint_matches() != Some(false)
            && request.ufrags() == Some((&self.local.ufrag, &self.remote.ufrag));
        // The code is made for each check: it is a kilobyte, and checks come every few seconds. One serves both ways.
        let integrity = is_theirs.then(|| StunIntegrity::new(&self.local.password))?;
        request.verify_integrity(&integrity).ok()?;
        Some(integrity)
    }

    /// Whether a check with this *transaction* has been taken before.
    #[must_use]
    pub fn has_taken(&self, transaction: TransactionId) -> bool {
        self.transactions.find(transaction).is_some()
    }

    /// Whether to answer a check that has been taken before: a client repeats it from where it first sent it, and seldom.
    #[must_use]
    pub fn may_repeat(&self, transaction: TransactionId, route: Route) -> bool {
        self.find(route).is_some() && self.transactions.may_repeat(transaction)
    }

    /// Count one more answer to a believed check that has been taken before.
    pub fn repeat(&mut self, transaction: TransactionId) {
        self.transactions.repeat(transaction);
    }

    /// Take a believed check from *route*; *challenge* names our own check of a route that needs one.
    ///
    /// Returns the route that had to make room, if one had.
    pub fn check(
        &mut self,
        now: Time,
        route: Route,
        (transaction, nominates): (TransactionId, bool),
        challenge: TransactionId,
    ) -> Result<Option<Route>, NoRoom> {
        let fresh = Checked {
            route,
            heard: now,
            standing: Standing::Unproved {
                credit: 0,
                challenge,
            },
        };
        let is_in_use = self.in_use == Some(route);
        let lost = if let Some(known) = self.find_mut(route) {
            if known.is_proved() && !is_in_use && now.since(known.heard) >= PROOF_LASTS {
                *known = fresh;
            }
            known.hear(now);
            None
        } else {
            self.add(fresh)?
        };
        self.transactions.take(transaction);
        if nominates || self.is_quiet(now, QUIET_FOR_CHECKS) {
            self.wanted = Some(route);
            self.use_wanted();
        }
        Ok(lost)
    }

    /// Write our own check of *route*, signed for the peer; None where it is proved already.
    pub fn write_challenge(&self, route: Route, out: &mut [u8]) -> Option<usize> {
        let Standing::Unproved { challenge, .. } = self.find(route)?.standing else {
            return None;
        };
        let request = BindingRequest {
            transaction: challenge,
            username: &format!("{}:{}", self.remote.ufrag, self.local.ufrag),
            priority: PEER_REFLEXIVE,
            // The peer controls, as towards every lite agent: the tie-breaker breaks no tie (RFC 8445 §6.1.1).
            role: IceRole::Controlled(0),
            use_candidate: false,
        };
        let integrity = StunIntegrity::new(&self.remote.password);
        request.write(&integrity, out).ok()
    }

    /// Take an answer from *route* to a check of ours; false unless it is one, signed by the peer.
    pub fn answered(&mut self, now: Time, route: Route, answer: &Message<'_>) -> bool {
        let asked = self.find(route).map(|known| known.standing);
        match asked {
            Some(Standing::Proved { by }) => answer.transaction() == by,
            Some(Standing::Unproved { challenge, .. }) => {
                let integrity = StunIntegrity::new(&self.remote.password);
                let is_theirs = answer.transaction() == challenge
                    && answer.fingerprint_matches() != Some(false)
                    && answer.verify_integrity(&integrity).is_ok();
                if is_theirs {
                    self.prove(now, route);
                }
                is_theirs
            }
            None => false,
        }
    }

    /// The peer has shown that it reads what is sent to *route*.
    pub fn prove(&mut self, now: Time, route: Route) {
        let Some(known) = self.find_mut(route) else {
            return;
        };
        known.heard = now;
        if let Standing::Unproved { challenge, .. } = known.standing {
            known.standing = Standing::Proved { by: challenge };
        }
        self.use_wanted();
        self.in_use = self.in_use.or(Some(route));
    }

    /// Note an authenticated packet from *route*; a peer that has moved without a word is followed to proved routes.
    pub fn hear(&mut self, now: Time, route: Route) {
        let Some(known) = self.find_mut(route) else {
            return;
        };
        known.hear(now);
        if known.is_proved() && self.in_use != Some(route) && self.is_quiet(now, QUIET_FOR_MEDIA) {
            self.in_use = Some(route);
        }
    }

    /// Note *bytes* that came from *route*, authenticated or not.
    pub fn receive(&mut self, route: Route, bytes: usize) {
        if let Some(Standing::Unproved { credit, .. }) = self.standing_mut(route) {
            *credit = credit.saturating_add(bytes.saturating_mul(UNPROVED_BYTES));
        }
    }

    /// Whether *bytes* may be sent to *route*; if so they count.
    pub fn may_send(&mut self, route: Route, bytes: usize) -> bool {
        match self.standing_mut(route) {
            Some(Standing::Proved { .. }) => true,
            Some(Standing::Unproved { credit, .. }) => {
                let left = credit.checked_sub(bytes);
                *credit = left.unwrap_or(*credit);
                left.is_some()
            }
            None => false,
        }
    }

    /// Whether *route* is this peer's and nobody else's: proved and used lately, or checked a moment ago.
    #[must_use]
    pub fn holds(&self, now: Time, route: Route) -> bool {
        self.find(route).is_some_and(|known| {
            let patience = if known.is_proved() {
                ROUTE_HELD
            } else {
                CHECK_HELD
            };
            now.since(known.heard) < patience
        })
    }

    /// Whether *route* is proved.
    #[must_use]
    pub fn is_proved(&self, route: Route) -> bool {
        self.find(route).is_some_and(Checked::is_proved)
    }

    /// Forget *route*: its connection is gone, or it is another peer's now.
    pub fn lose(&mut self, route: Route) {
        self.checked.retain(|checked| checked.route != route);
        self.wanted = self.wanted.filter(|wanted| *wanted != route);
        if self.in_use == Some(route) {
            let proved = self.checked.iter().filter(|checked| checked.is_proved());
            self.in_use = proved
                .max_by_key(|checked| checked.heard)
                .map(|checked| checked.route);
        }
    }

    /// Where to send.
    #[must_use]
    pub const fn in_use(&self) -> Option<Route> {
        self.in_use
    }

    /// Every checked route.
    pub fn routes(&self) -> impl Iterator<Item = Route> + '_ {
        self.checked.iter().map(|checked| checked.route)
    }

    fn use_wanted(&mut self) {
        if let Some(wanted) = self.wanted.filter(|wanted| self.is_proved(*wanted)) {
            (self.in_use, self.wanted) = (Some(wanted), None);
        }
    }

    /// Unproved routes make room, the oldest first; proved ones once they would have to be proved again.
    fn add(&mut self, fresh: Checked) -> Result<Option<Route>, NoRoom> {
        if self.checked.len() < ROUTES_PER_PEER {
            self.checked.reserve_exact(1);
            self.checked.push(fresh);
            return Ok(None);
        }
        let in_use = self.in_use;
        let gives_way = |known: &&mut Checked| {
            Some(known.route) != in_use
                && (!known.is_proved() || fresh.heard.since(known.heard) >= PROOF_LASTS)
        };
        let oldest = self
            .checked
            .iter_mut()
            .filter(gives_way)
            .min_by_key(|known| (known.is_proved(), known.heard))
            .ok_or(NoRoom)?;
        Ok(Some(std::mem::replace(oldest, fresh).route))
    }

    fn is_quiet(&self, now: Time, patience: std::time::Duration) -> bool {
        self.in_use
            .and_then(|route| self.find(route))
            .is_none_or(|known| now.since(known.heard) >= patience)
    }

    fn find(&self, route: Route) -> Option<&Checked> {
        self.checked.iter().find(|known| known.route == route)
    }

    fn find_mut(&mut self, route: Route) -> Option<&mut Checked> {
        self.checked.iter_mut().find(|known| known.route == route)
    }

    fn standing_mut(&mut self, route: Route) -> Option<&mut Standing> {
        self.find_mut(route).map(|known| &mut known.standing)
    }
}

/// The transaction of a check of ours: the shard's letter and the peer's place, by which its answer is found, and chance.
#[must_use]
pub fn challenge(shard: ShardNumber, index: u32, chance: [u8; 7]) -> TransactionId {
    let mut id = [0; 12];
    let [letter, rest @ ..] = &mut id;
    *letter = shard.letter() as u8;
    let place = index.to_be_bytes();
    for (to, from) in rest.iter_mut().zip(place.iter().chain(&chance)) {
        *to = *from;
    }
    TransactionId(id)
}

/// Whose check *answered* answers: the shard, and the peer's place there.
#[must_use]
pub fn challenged(answered: TransactionId) -> Option<(ShardNumber, u32)> {
    let [letter, a, b, c, d, ..] = answered.0;
    let shard = ShardNumber::of_letter(letter)?;
    Some((shard, u32::from_be_bytes([a, b, c, d])))
}

/// The latest transactions, each as one word: most of a digest, and in the last bits how often it was answered.
#[derive(Default)]
struct Transactions(VecDeque<u32>);

impl Transactions {
    /// The bits that count; a client sends a request seven times at most (RFC 8489 §6.2.1).
    const ANSWERS: u32 = 0b111;

    fn take(&mut self, transaction: TransactionId) {
        if self.0.len() >= TRANSACTIONS {
            self.0.pop_front();
        }
        self.0.push_back(Self::digest(transaction) | 1);
    }

    fn find(&self, transaction: TransactionId) -> Option<usize> {
        let wanted = Self::digest(transaction);
        self.0
            .iter()
            .position(|taken| taken & !Self::ANSWERS == wanted)
    }

    fn may_repeat(&self, transaction: TransactionId) -> bool {
        self.find(transaction)
            .and_then(|at| self.0.get(at))
            .is_some_and(|taken| taken & Self::ANSWERS < Self::ANSWERS)
    }

    fn repeat(&mut self, transaction: TransactionId) {
        if let Some(taken) = self.find(transaction).and_then(|at| self.0.get_mut(at)) {
            let answers = Self::ANSWERS.min((*taken & Self::ANSWERS) + 1);
            *taken = *taken & !Self::ANSWERS | answers;
        }
    }

    /// Clients choose transactions by chance, or count: either way their words differ when they are laid over each other.
    fn digest(transaction: TransactionId) -> u32 {
        let words = transaction.0.chunks_exact(4);
        let word = words
            .filter_map(|word| word.first_chunk().copied())
            .map(u32::from_be_bytes)
            .fold(0, |all, word| all ^ word);
        // What a counter changes first must not fall to the bits that count.
        word.rotate_left(8) & !Self::ANSWERS
    }
}
