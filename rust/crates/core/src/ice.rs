//! The lite agent of one peer: which of its addresses have proved themselves, and which is in use (RFC 8445 §2.5).

use std::time::Duration;

use arengo_wire::sdp::IceCredentials;
use arengo_wire::stun::Message;

use crate::crypto::StunIntegrity;
use crate::limits::ROUTES_PER_PEER;
use crate::route::Route;
use crate::time::Time;

/// A nominated route that has been quiet for this long gives way to one that carries media.
const QUIET_FOR_MEDIA: Duration = Duration::from_secs(3);
/// And for this long, to one that is merely checked: browsers check what they do not use, too.
const QUIET_FOR_CHECKS: Duration = Duration::from_secs(8);

#[derive(Clone, Copy, Debug)]
struct Checked {
    route: Route,
    heard: Time,
}

/// Credentials, checked addresses and the nominated one.
pub struct IceAgent {
    local_ufrag: String,
    remote_ufrag: String,
    /// The code itself is made for each check: it is a kilobyte, and checks come every few seconds.
    password: String,
    /// At most [`ROUTES_PER_PEER`].
    checked: Vec<Checked>,
    nominated: Option<Route>,
}

impl IceAgent {
    /// An agent that answers to *local* and knows its peer as *remote_ufrag*.
    #[must_use]
    pub fn new(local: &IceCredentials, remote_ufrag: &str) -> Self {
        Self {
            local_ufrag: local.ufrag.clone(),
            remote_ufrag: remote_ufrag.to_owned(),
            password: local.password.clone(),
            checked: Vec::new(),
            nominated: None,
        }
    }

    /// The name that checks for this agent carry first.
    #[must_use]
    pub fn local_ufrag(&self) -> &str {
        &self.local_ufrag
    }

    /// What signs the answer to *request*; None unless it is a check of this agent's peer: right names, right code.
    #[must_use]
    pub fn believe(&self, request: &Message<'_>) -> Option<StunIntegrity> {
        let is_theirs = request.fingerprint_matches() != Some(false)
            && request.ufrags() == Some((self.local_ufrag.as_str(), self.remote_ufrag.as_str()));
        // Making the code costs as much as signing with it: the same one serves both ways.
        let integrity = is_theirs.then(|| StunIntegrity::new(&self.password))?;
        request.verify_integrity(&integrity).ok()?;
        Some(integrity)
    }

    /// Note a believed check from *route*; the route that had to make room for it, if one had.
    pub fn check(&mut self, now: Time, route: Route, nominates: bool) -> Option<Route> {
        let lost = if self.note(now, route) {
            None
        } else {
            self.add(now, route)
        };
        if nominates || self.is_quiet(now, QUIET_FOR_CHECKS) {
            self.nominated = Some(route);
        }
        lost
    }

    /// Note an authenticated packet from *route*; false when the route is not a checked one.
    pub fn hear(&mut self, now: Time, route: Route) -> bool {
        let known = self.note(now, route);
        if known && self.nominated != Some(route) && self.is_quiet(now, QUIET_FOR_MEDIA) {
            self.nominated = Some(route);
        }
        known
    }

    fn note(&mut self, now: Time, route: Route) -> bool {
        let mut known = false;
        for checked in self
            .checked
            .iter_mut()
            .filter(|checked| checked.route == route)
        {
            checked.heard = now;
            known = true;
        }
        known
    }

    /// Forget *route*: its connection is gone, or another peer has proved to be there.
    pub fn lose(&mut self, route: Route) {
        self.checked.retain(|checked| checked.route != route);
        if self.nominated == Some(route) {
            self.nominated = self.latest();
        }
    }

    /// Where to send.
    #[must_use]
    pub const fn nominated(&self) -> Option<Route> {
        self.nominated
    }

    /// Every checked route.
    pub fn routes(&self) -> impl Iterator<Item = Route> + '_ {
        self.checked.iter().map(|checked| checked.route)
    }

    fn add(&mut self, now: Time, route: Route) -> Option<Route> {
        let fresh = Checked { route, heard: now };
        if self.checked.len() < ROUTES_PER_PEER {
            self.checked.reserve_exact(1);
            self.checked.push(fresh);
            return None;
        }
        let nominated = self.nominated;
        let oldest = self
            .checked
            .iter_mut()
            .filter(|checked| Some(checked.route) != nominated)
            .min_by_key(|checked| checked.heard)?;
        Some(std::mem::replace(oldest, fresh).route)
    }

    fn is_quiet(&self, now: Time, patience: Duration) -> bool {
        !self.checked.iter().any(|checked| {
            Some(checked.route) == self.nominated && now.since(checked.heard) < patience
        })
    }

    fn latest(&self) -> Option<Route> {
        self.checked
            .iter()
            .max_by_key(|checked| checked.heard)
            .map(|checked| checked.route)
    }
}
