//! What the media threads and their callers share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use arengo_core::neighbours::ShardNumber;
use arengo_core::{Event, EventQueue, Stats};

use crate::histogram::Histogram;
use crate::limits::TAP;
use crate::sys::event_fd::EventFd;

/// Counters of the core and of the driver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MediaStats {
    /// Of the core.
    pub core: Stats,
    /// Datagrams that the kernel, or a slow TCP reader's buffer, did not take.
    pub drops_send: u64,
    /// Sends of several datagrams to one listener at once, which the kernel cut apart.
    pub sends_segmented: u64,
    /// Such sends that the kernel refused; their datagrams went one by one.
    pub segmenting_refused: u64,
    /// Events that gave way to others on their way to the service.
    pub events_dropped: u64,
    /// ICE-TCP connections now.
    pub tcp_connections: u64,
    /// ICE-TCP connections that showed no authenticated check, or were one too many, or brought too much.
    pub tcp_rejected: u64,
    /// Times that the system had no descriptor for a connection.
    pub tcp_accept_failures: u64,
    /// Times that something went wrong inside and one peer was closed for it.
    pub faults: u64,
    /// Sound and datagrams that another media thread had no room for.
    pub drops_mail: u64,
    /// Datagrams that came by another media thread's socket, and were handed over.
    pub handed_over: u64,
    /// Addresses that peers have proved, as media threads tell them to each other; 0 where there is one thread.
    pub routes: u64,
    /// Peers at most.
    pub max_peers: u64,
    /// Thousandths of the last second that the busiest media thread did not spend waiting.
    pub busy_permille: u16,
    /// From the beginning of the turn that brings a packet to the departure of the stage's copies.
    pub stage_delay: Histogram,
    /// From there to the departure of the last copy.
    pub forward_delay: Histogram,
}

impl MediaStats {
    /// What two media threads have counted, together.
    fn add(&mut self, other: &Self) {
        // Every field by its name, so that a new one cannot be forgotten.
        let Self {
            core,
            drops_send,
            sends_segmented,
            segmenting_refused,
            events_dropped,
            tcp_connections,
            tcp_rejected,
            tcp_accept_failures,
            faults,
            drops_mail,
            handed_over,
            routes,
            max_peers,
            busy_permille,
            stage_delay,
            forward_delay,
        } = other;
        self.core += *core;
        self.drops_send += drops_send;
        self.sends_segmented += sends_segmented;
        self.segmenting_refused += segmenting_refused;
        self.events_dropped += events_dropped;
        self.tcp_connections += tcp_connections;
        self.tcp_rejected += tcp_rejected;
        self.tcp_accept_failures += tcp_accept_failures;
        self.faults += faults;
        self.drops_mail += drops_mail;
        self.handed_over += handed_over;
        self.routes += routes;
        self.max_peers = self.max_peers.max(*max_peers);
        self.busy_permille = self.busy_permille.max(*busy_permille);
        self.stage_delay.add(stage_delay);
        self.forward_delay.add(forward_delay);
    }
}

/// Events, records and counters on their way out of the media threads.
pub struct Shared {
    events: Mutex<EventQueue>,
    tap: Mutex<Vec<u8>>,
    /// By shard.
    stats: Vec<Mutex<MediaStats>>,
    waiting: EventFd,
}

impl Shared {
    pub fn new(shards: usize) -> std::io::Result<Self> {
        Ok(Self {
            events: Mutex::default(),
            tap: Mutex::default(),
            stats: (0..shards).map(|_| Mutex::default()).collect(),
            waiting: EventFd::new()?,
        })
    }

    /// Readable while events wait.
    pub const fn waiting(&self) -> &EventFd {
        &self.waiting
    }

    /// Add what *next* gives, and raise the flag.
    pub fn put_events(&self, mut next: impl FnMut() -> Option<Event>) {
        let Some(first) = next() else { return };
        let mut events = unpoisoned(&self.events);
        events.push(first);
        while let Some(event) = next() {
            events.push(event);
        }
        self.waiting.raise();
    }

    /// At most *most* events, oldest first; the flag is lowered when none are left.
    pub fn take_events(&self, most: usize) -> Vec<Event> {
        let mut events = unpoisoned(&self.events);
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some(event) = events.pop()
        {
            taken.push(event);
        }
        if events.is_empty() {
            self.waiting.lower();
        }
        taken
    }

    /// Let *fill* add records while there is room.
    pub fn put_tap(&self, fill: impl FnOnce(&mut Vec<u8>, usize)) {
        fill(&mut unpoisoned(&self.tap), TAP);
    }

    /// Whole records of at most *most* bytes, oldest first.
    pub fn take_tap(&self, most: usize) -> Vec<u8> {
        let mut records = unpoisoned(&self.tap);
        if records.len() <= most {
            return std::mem::take(&mut records);
        }
        let mut end = 0;
        while let Some(length) = records.get(end..).and_then(<[u8]>::first_chunk::<4>) {
            let next = end + 4 + u32::from_be_bytes(*length) as usize;
            if next > most {
                break;
            }
            end = next;
        }
        records.drain(..end).collect()
    }

    pub fn put_stats(&self, shard: ShardNumber, stats: MediaStats) {
        if let Some(place) = self.stats.get(shard.place()) {
            *unpoisoned(place) = stats;
        }
    }

    pub fn stats(&self) -> MediaStats {
        let mut stats = MediaStats::default();
        for place in &self.stats {
            stats.add(&unpoisoned(place));
        }
        stats.events_dropped = stats.core.events_dropped + unpoisoned(&self.events).dropped();
        stats
    }
}

/// Queues and counters hold whole values at every moment, whoever panicked beside them.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
