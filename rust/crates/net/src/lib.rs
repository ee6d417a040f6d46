//! The media core on real sockets: one UDP port for everybody, ICE-TCP beside it, threads and timers.
//!
//! [`Media`] is the face; behind it one thread drives a shard of `arengo-core` and a few do handshakes. Calls hand a
//! command to the media thread and do not wait for it, but for [`Media::accept_offer`], which waits until the peer is
//! taken, so that its first check finds it.
#![deny(unsafe_code)]

mod candidates;
mod driver;
mod error;
mod handshakes;
mod histogram;
pub mod limits;
mod load;
mod media;
mod outlet;
mod shared;
mod sockets;
mod sys;
mod tcp;

pub use error::{OfferError, StartError};
pub use media::{Media, MediaOptions, Offer};
pub use shared::MediaStats;
