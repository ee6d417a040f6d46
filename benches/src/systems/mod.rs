//! The servers that are measured, and how a participant gets into each.
//!
//! A [`System`] is a server with a configuration; [`System::start`] gives a [`Server`], which is stopped by dropping it.
//! [`Server::join`] does the signalling of one participant, blocking, and hands out their [`Wire`]: the end of the
//! media path without sockets, which the crowd drives. Servers run inside the bench's network namespace, on the CPUs
//! of the [`Site`]; every participant has an address of their own.

mod arengo;
mod floor;
mod janus;
mod livekit;
mod mumble;
mod rtp;

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Failure;

pub use floor::serve as serve_floor;
pub use rtp::{RTP, RtpWire};

/// Where servers run.
#[derive(Debug, Clone)]
pub struct Site {
    /// The address that servers bind to and announce.
    pub server: Ipv4Addr,
    /// The CPUs that servers are pinned to ([`crate::process::Child::spawn`] does it).
    pub cpus: Vec<usize>,
    /// The root of the repository.
    pub repository: PathBuf,
    /// What `make bench-peers` has built.
    pub peers: PathBuf,
    /// An empty folder for the configuration and the logs of one start.
    pub folder: PathBuf,
    /// Participants at most, for servers that want to know.
    pub most: usize,
}

/// Somebody who joins.
#[derive(Debug, Clone, Copy)]
pub struct Guest {
    /// From 0, never used twice within one start.
    pub number: usize,
    /// Where their datagrams come from and go to; signalling should come from this IP address as well.
    pub address: SocketAddrV4,
    /// From 0.
    pub space: usize,
    pub talks: bool,
    /// Of a talker: the how manieth of their space.
    pub voice: usize,
}

/// A server with a configuration.
pub trait System: Send + Sync {
    /// `arengo`, `livekit`, `janus-streaming`, …
    fn name(&self) -> &'static str;

    /// `20 ms`, `installed`, `tuned`, …
    fn config(&self) -> &'static str;

    /// Why it cannot run here; None when it can.
    fn missing(&self, site: &Site) -> Option<String>;

    /// Whether several packets may be delivered as one.
    fn merges(&self) -> bool {
        false
    }

    /// How many may listen at most, where more would take too long to let in.
    fn most(&self) -> usize {
        usize::MAX
    }

    /// How many join at the same time; more where each of them mostly waits.
    fn at_once(&self) -> usize {
        8
    }

    /// Start it, and return when it takes participants.
    fn start(&self, site: &Site) -> Result<Arc<dyn Server>, Failure>;
}

/// A running server; dropping it stops it.
pub trait Server: Send + Sync {
    /// Its processes, as their CPU time and memory are counted.
    fn pids(&self) -> Vec<u32>;

    /// How its datagrams are read from outside.
    fn protocol(&self) -> Protocol;

    /// Make a space, before anybody joins it; numbers go up from 0.
    fn open(&self, space: usize) -> Result<(), Failure>;

    /// How long packets have taken so far until those on stage had their copies, in µs that 99 in 100 do not exceed; None
    /// where the server does not tell.
    fn stage_delay_p99_us(&self) -> Option<f64> {
        None
    }

    /// Do the signalling for *guest*; called from several threads at once, talkers of a space first.
    fn join(&self, guest: &Guest) -> Result<Box<dyn Wire>, Failure>;
}

/// How far a participant has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Connecting,
    Connected,
    Over,
}

/// One end of a media path: datagrams and time are arguments.
pub trait Wire: Send {
    /// Take a datagram: every one that [`Protocol::glance`] calls other, and a sample of those with sound.
    ///
    /// *unopened* is how many packets of the same stream came since the last one that was handed in.
    fn take(
        &mut self,
        from: SocketAddrV4,
        datagram: &mut [u8],
        unopened: u64,
        now: Instant,
    ) -> Option<Heard>;

    /// Do what is due.
    fn wake(&mut self, now: Instant);

    /// When to [`Wire::wake`].
    fn next_wake(&self) -> Option<Instant>;

    /// What is to be sent next.
    fn next_datagram(&mut self) -> Option<(SocketAddrV4, Vec<u8>)>;

    /// Say one Opus packet, which is due since *at* (talkers).
    fn say(&mut self, opus: &[u8], at: Instant);

    fn standing(&self) -> Standing;

    /// Say goodbye.
    fn close(&mut self, now: Instant);

    /// How the sound is protected, once it is known.
    fn profile(&self) -> Option<&'static str>;
}

/// A packet of sound that was opened and proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub opus: Vec<u8>,
}

/// How datagrams of a protocol are read from outside, without keys.
#[derive(Clone, Copy)]
pub struct Protocol {
    pub glance: fn(&[u8]) -> Glance,
    /// Bits of [`Glance::Sound::sequence`], at most 16.
    pub sequence_bits: u32,
    /// Whether [`Glance::Sound::timestamp`] means something; where it does not, delay is taken from opened packets alone.
    pub has_timestamps: bool,
    /// One packet in so many is opened.
    pub sample: u64,
}

/// What can be seen of a datagram from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glance {
    Sound {
        /// What its sequence numbers count: an SSRC.
        stream: u32,
        sequence: u16,
        /// In samples of 48 kHz.
        timestamp: u32,
    },
    /// Checks, handshakes, reports: the participant's own business.
    Other,
}

/// How long a server may take to start.
pub const START: Duration = Duration::from_secs(30);

/// Every system, in the order of the tables.
pub fn all() -> Vec<Box<dyn System>> {
    let mut all: Vec<Box<dyn System>> = vec![
        Box::new(floor::FloorSystem),
        Box::new(arengo::Arengo::TWENTY_MS),
        Box::new(arengo::Arengo::MERGED),
        Box::new(livekit::LiveKit::PLAIN),
        Box::new(livekit::LiveKit::BATCHING),
    ];
    for janus in janus::Janus::ALL {
        all.push(Box::new(janus));
    }
    all.push(Box::new(mumble::Mumble));
    all
}
