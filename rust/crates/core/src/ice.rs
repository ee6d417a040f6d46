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
    integrity: StunIntegrity,
    checked: [Option<Checked>; ROUTES_PER_PEER],
    nominated: Option<Route>,
}

impl IceAgent {
    /// An agent that answers to *local* and knows its peer as *remote_ufrag*.
    #[must_use]
    pub fn new(local: &IceCredentials, remote_ufrag: &str) -> Self {
        Self {
            local_ufrag: local.ufrag.clone(),
            remote_ufrag: remote_ufrag.to_owned(),
            integrity: StunIntegrity::new(&local.password),
            checked: [None; ROUTES_PER_PEER],
            nominated: None,
        }
    }

    /// The name that checks for this agent carry first.
    #[must_use]
    pub fn local_ufrag(&self) -> &str {
        &self.local_ufrag
    }

    /// What signs answers to checks.
    #[must_use]
    pub const fn integrity(&self) -> &StunIntegrity {
        &self.integrity
    }

    /// Whether *request* is a check of this agent's peer: right names, right code.
    #[must_use]
    pub fn believes(&self, request: &Message<'_>) -> bool {
        request.fingerprint_matches() != Some(false)
            && request.ufrags() == Some((self.local_ufrag.as_str(), self.remote_ufrag.as_str()))
            && request.verify_integrity(&self.integrity).is_ok()
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
            .flatten()
            .filter(|checked| checked.route == route)
        {
            checked.heard = now;
            known = true;
        }
        known
    }

    /// Forget *route*: its connection is gone, or another peer has proved to be there.
    pub fn lose(&mut self, route: Route) {
        for place in &mut self.checked {
            if place.is_some_and(|checked| checked.route == route) {
                *place = None;
            }
        }
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
        self.checked.iter().flatten().map(|checked| checked.route)
    }

    fn add(&mut self, now: Time, route: Route) -> Option<Route> {
        let nominated = self.nominated;
        let fresh = Some(Checked { route, heard: now });
        if let Some(free) = self.checked.iter_mut().find(|place| place.is_none()) {
            *free = fresh;
            return None;
        }
        let oldest = self
            .checked
            .iter_mut()
            .filter(|place| place.is_some_and(|checked| Some(checked.route) != nominated))
            .min_by_key(|place| place.map(|checked| checked.heard))?;
        let lost = oldest.map(|checked| checked.route);
        *oldest = fresh;
        lost
    }

    fn is_quiet(&self, now: Time, patience: Duration) -> bool {
        !self.checked.iter().flatten().any(|checked| {
            Some(checked.route) == self.nominated && now.since(checked.heard) < patience
        })
    }

    fn latest(&self) -> Option<Route> {
        self.checked
            .iter()
            .flatten()
            .max_by_key(|checked| checked.heard)
            .map(|checked| checked.route)
    }
}
