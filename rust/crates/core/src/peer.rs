//! One peer of a shard: who it is, where it is, and how far it has come.

use arengo_wire::rtcp::NtpTime;
use arengo_wire::sdp::{IceCredentials, Negotiated};

use crate::capture::CaptureClock;
use crate::handshake::{Handshake, Progress};
use crate::ice::IceAgent;
use crate::level::LevelTracker;
use crate::limits::SLOTS;
use crate::loudness::LoudnessMeter;
use crate::overdue::Overdue;
use crate::pace::Pace;
use crate::recovery::Recovery;
use crate::redundancy::{LossWatch, Redundancy};
use crate::reports::Reception;
use crate::route::Route;
use crate::srtp::{Inbound, Outbound};
use crate::time::Time;

/// A peer of a shard, by its place in the slab and how often that place was used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PeerKey {
    /// Place in the slab.
    pub index: u32,
    /// How often the place was used before.
    pub generation: u32,
}

/// A peer that has been answered and now joins a shard.
pub struct NewPeer {
    /// The service's number for it, never used twice.
    pub id: u64,
    /// The service's number for its space.
    pub space: u64,
    /// The CSRC under which others hear it; not 0.
    pub voice: u32,
    /// Our ICE name and password.
    pub ice: IceCredentials,
    /// What the offer and the answer agreed on.
    pub negotiated: Negotiated,
    /// The passive end of its DTLS association.
    pub handshake: Box<dyn Handshake>,
}

/// What a receiving line is called in packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Payload type of Opus.
    pub payload_type: u8,
    /// Number of the level extension; 0 for none.
    pub level_extension: u8,
    /// Payload type of RED, where it was agreed on.
    pub red: Option<u8>,
}

/// The receiving lines of a listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    lines: [Line; SLOTS],
    count: usize,
}

impl Lines {
    /// The lines that were agreed on, slot 0 first.
    #[must_use]
    pub fn of(negotiated: &Negotiated) -> Self {
        let mut lines = Self::default();
        for (to, slot) in lines.lines.iter_mut().zip(&negotiated.slots) {
            // A one-byte extension header holds numbers up to 14; listeners with higher ones do without.
            let level_extension = slot.level_extension.filter(|id| (1..=14).contains(id));
            *to = Line {
                payload_type: slot.payload_type,
                level_extension: level_extension.unwrap_or(0),
                red: slot.red,
            };
            lines.count += 1;
        }
        lines
    }

    /// How many.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Whether packets may carry earlier frames again, on all of them.
    #[must_use]
    pub fn take_red(&self) -> bool {
        let lines = self.lines.get(..self.count).unwrap_or_default();
        !lines.is_empty() && lines.iter().all(|line| line.red.is_some())
    }

    /// The line of *slot*.
    #[must_use]
    pub fn line(&self, slot: usize) -> Option<Line> {
        self.lines.get(..self.count)?.get(slot).copied()
    }
}

/// The sending side of a peer.
pub struct Publisher {
    /// Payload type of Opus.
    pub payload_type: u8,
    /// Payload type of RED, where it was agreed on.
    pub red: Option<u8>,
    /// Whether it sends again what we ask for.
    pub nack: bool,
    /// Number of the level extension.
    pub level_extension: Option<u8>,
    /// The one stream, once an authenticated packet has named it.
    pub ssrc: Option<u32>,
    /// Whether its voice goes through.
    pub allowed: bool,
    /// How fast its packets come.
    pub pace: Pace,
    /// How loud it is, heard or not.
    pub level: LevelTracker,
    /// Its RTP clock against ours.
    pub capture: CaptureClock,
    /// What its packets lost on their way.
    pub recovery: Recovery,
    /// When its next packet is overdue.
    pub overdue: Overdue,
    /// Whether it stands in the list of those for whose packets the shard waits.
    pub is_awaited: bool,
    /// How loud its speech is.
    pub loudness: LoudnessMeter,
    /// What receiver reports tell it.
    pub reception: Reception,
}

impl Publisher {
    /// Whether it is asked again for what was lost.
    pub(crate) const fn may_be_asked(&self) -> bool {
        self.nack && self.allowed
    }

    pub(crate) fn of(negotiated: &Negotiated) -> Option<Box<Self>> {
        let mic = negotiated.mic.as_ref()?;
        Some(Box::new(Self {
            payload_type: mic.payload_type,
            red: mic.red,
            nack: mic.nack,
            level_extension: mic.level_extension,
            ssrc: None,
            allowed: false,
            pace: Pace::default(),
            level: LevelTracker::default(),
            capture: CaptureClock::default(),
            recovery: Recovery::default(),
            overdue: Overdue::default(),
            is_awaited: false,
            loudness: LoudnessMeter::default(),
            reception: Reception::default(),
        }))
    }
}

/// Everything about a peer that fan-out does not touch.
pub struct Peer {
    pub(crate) id: u64,
    pub(crate) generation: u32,
    /// Place of its space in the shard's slab.
    pub(crate) space: u32,
    pub(crate) voice: u32,
    pub(crate) lines: Lines,
    pub(crate) ice: IceAgent,
    pub(crate) dtls: Association,
    pub(crate) inbound: Option<Inbound>,
    /// Whether the service wants packets to reach it as they come.
    pub(crate) prompt: bool,
    /// Until when packets reach it as they come because it has lost some.
    pub(crate) lossy_until: Time,
    /// What it loses, and which copies it gets for it.
    pub(crate) losses: LossWatch,
    pub(crate) redundancy: Redundancy,
    /// In memory of its own: most peers only listen.
    pub(crate) publisher: Option<Box<Publisher>>,
    /// How fast its checks come.
    pub(crate) checks: Pace,
    pub(crate) joined: Time,
    /// When an authenticated packet last came.
    pub(crate) heard: Time,
    /// Since when somebody at its address has said, unproved, that it is over; None once it is heard again.
    pub(crate) doubted: Option<Time>,
}

/// The DTLS side of a peer.
pub struct Association {
    pub(crate) engine: Engine,
    pub(crate) waiting: Vec<Vec<u8>>,
    pub(crate) wake: Option<Time>,
    /// Where flights go.
    pub(crate) route: Option<Route>,
    /// When keys came.
    pub(crate) up: Option<Time>,
}

/// Where the engine of an association is.
///
/// It is the heaviest part of a peer by far and has nothing to do once the client holds its last flight, so it is
/// let go then; the goodbye that only it could seal is kept.
pub enum Engine {
    /// Here.
    Home(Box<dyn Handshake>),
    /// With a job.
    Away,
    /// Let go; these datagrams say `close_notify`.
    Retired(Vec<Vec<u8>>),
}

impl Engine {
    /// The engine, for a job; it is away then.
    pub(crate) fn take(&mut self) -> Option<Box<dyn Handshake>> {
        match std::mem::replace(self, Self::Away) {
            Self::Home(engine) => Some(engine),
            other => {
                *self = other;
                None
            }
        }
    }

    /// Let the engine go, if it is here.
    pub(crate) fn retire(&mut self) {
        if let Self::Home(_) = self {
            *self = Self::Retired(self.goodbye());
        }
    }

    /// The datagrams that say `close_notify`; none while the engine is away.
    pub(crate) fn goodbye(&mut self) -> Vec<Vec<u8>> {
        match self {
            Self::Home(engine) => {
                let mut progress = Progress::default();
                engine.close(&mut progress);
                progress.datagrams
            }
            Self::Away => Vec::new(),
            Self::Retired(goodbye) => std::mem::take(goodbye),
        }
    }
}

/// What fan-out needs of a connected peer, kept together: about 300 bytes and the cipher's state.
pub struct Link {
    /// Where to.
    pub(crate) route: Route,
    /// What seals.
    pub(crate) outbound: Outbound,
    /// Per slot: the slot's index less this listener's own.
    pub(crate) offsets: [u64; SLOTS],
    /// Per slot: this listener's own numbers up to this one are spent, or were never theirs.
    pub(crate) floors: [u64; SLOTS],
    /// What the audience's queue numbered lower is not for this listener.
    pub(crate) since: u64,
    /// Per slot: where this listener's numbering began.
    pub(crate) starts: [u64; SLOTS],
    /// Per slot: the slot's octets before this listener came, or that were its own voice.
    pub(crate) octets: [u64; SLOTS],
}

/// The clock on the wall, for reports.
#[derive(Clone, Copy, Debug)]
pub struct WallClock {
    /// Since the Unix epoch, at [`Time::ZERO`].
    pub at_zero: std::time::Duration,
}

impl WallClock {
    /// Time on the wall.
    #[must_use]
    pub fn ntp(&self, now: Time) -> NtpTime {
        NtpTime::from_unix(self.at_zero + now.since_zero())
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub fn unix_micros(&self, now: Time) -> u64 {
        u64::try_from((self.at_zero + now.since_zero()).as_micros()).unwrap_or(u64::MAX)
    }
}
