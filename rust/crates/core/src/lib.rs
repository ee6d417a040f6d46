//! The media core of Arengo, without sockets, threads or a clock.
//!
//! A [`Shard`] takes datagrams, commands and time as arguments; what it sends goes into an [`Outbox`], what it has to
//! say waits as [`Event`]s, and costly handshake work is handed out as [`handshake::HandshakeJob`]s.
//!
//! One turn of a driver:
//!
//! 1. [`Shard::datagram`] for everything that has arrived, commands as they come, [`Shard::tick`] when [`Shard::next_tick`] is past;
//! 2. [`Shard::take_job`] until there is none: run each wherever it does no harm, give it back by [`Shard::finish_job`];
//! 3. [`Outbox::flush`]: the stage has what it is sent;
//! 4. [`Shard::serve`], a slice for audiences, and [`Outbox::flush`] again; while more waits, the next turn comes at once;
//! 5. [`Shard::pop_event`] and [`Shard::drain_tap`] for the service, [`Shard::take_errand`] for other shards where there are some.
//!
//! A shard never reads a clock and has no chance of its own: the same inputs give the same plaintexts in the same order.
#![forbid(unsafe_code)]

mod answer;
mod audience;
mod capture;
pub mod crypto;
pub mod directory;
mod entropy;
mod events;
mod fanout;
pub mod handshake;
mod ice;
pub mod lending;
pub mod level;
pub mod limits;
mod listeners;
pub mod loudness;
pub mod merging;
pub mod neighbours;
mod outbox;
mod overdue;
mod pace;
mod peer;
mod recovery;
mod redundancy;
mod reports;
mod route;
mod shard;
mod slab;
mod space;
pub mod srtp;
mod stats;
mod tap;
mod time;
pub mod timeline;

pub use answer::{Request, accept_offer};
pub use entropy::Entropy;
pub use events::{Event, EventQueue, Levels};
pub use handshake::Identity;
pub use outbox::{Batch, Outbox, Run, Runs, Sink};
pub use pace::Pace;
pub use peer::{NewPeer, PeerKey, WallClock};
pub use route::{Route, Transport};
pub use shard::{Full, Shard, ShardOptions};
pub use stats::Stats;
pub use tap::Tapped;
pub use time::Time;

/// The SSRC of each slot, the same for every listener: the letters `ARN` and the slot's number.
pub const SLOT_SSRCS: [u32; limits::SLOTS] = [0x4152_4e01, 0x4152_4e02, 0x4152_4e03];
