//! A headless participant of a space: ICE, DTLS and SRTP, Opus in and out as it stands.
//!
//! [`Client`] is what programs use: any number of them share one background thread and have a UDP socket each.
//! [`Peer`] is the same participant without sockets, threads or a clock: datagrams and time are arguments,
//! so that a simulation can drive it (`arengo-sim`).
//!
//! ```no_run
//! use arengo_client::{Client, ClientOptions, State};
//!
//! let client = Client::new(ClientOptions {
//!     send: true,
//!     receive_lines: 3,
//!     ..ClientOptions::default()
//! })?;
//! let answer = String::from("the answer that the server gave to client.offer()");
//! client.answer(&answer)?;
//! client.send_opus(&[&b"\xf8\xff\xfe"[..]], &[-127])?;
//! for packet in client.received(64) {
//!     println!("line {} voice {} {} bytes", packet.line, packet.csrc, packet.opus.len());
//! }
//! assert_ne!(client.state(), State::Failed);
//! client.close();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod client;
mod entropy;
mod error;
mod identity;
pub mod limits;
mod options;
mod peer;
mod runtime;

pub use client::Client;
pub use entropy::SystemEntropy;
pub use error::{AnswerRefused, ClientUnavailable, LevelsMismatch, OfferRefused};
pub use identity::Identity;
pub use options::{ClientOptions, Received, State, Tally};
pub use peer::{Peer, Transmit, Transport, Way};
