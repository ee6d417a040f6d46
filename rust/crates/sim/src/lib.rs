//! Spaces in simulated time: the shard, people, and a network that loses, delays and reorders.
//!
//! ```
//! use std::time::Duration;
//! use arengo_sim::{Voice, a_space};
//!
//! let mut space = a_space().seeded(7).with_speakers(1).with_listeners(1).begin();
//! space.says(0, Voice::Speaking(-20));
//! space.run_for(Duration::from_secs(1));
//! assert!(space.voices(1, arengo_sim::Time::ZERO).contains(&0));
//! ```
//!
//! One seed is one run: the network's luck, the people's identifiers and the shard's numbers are drawn from it, and
//! [`Space::digest`] is the same each time. What the seed does not reach are keys: key exchange and signatures always
//! draw from the system. Handshakes are therefore not part of the digest, and the network draws the luck of sound from
//! a source apart, so that one repeated handshake message more or less changes nothing that is compared.
//!
//! This crate is for tests alone and stops at the first surprise.

mod acquaintance;
mod chance;
mod digest;
pub mod neteq;
mod network;
mod participant;
mod server;
mod space;
mod speech;
mod stranger;
pub mod talk;
mod watch;

pub use arengo_core::Time;
pub use chance::{SeededChance, seeds};
pub use network::Weather;
pub use participant::{Frame, Heard, Participant};
pub use server::News;
pub use space::{Scenario, Space, Who, a_space};
pub use speech::{Voice, Word, read};
