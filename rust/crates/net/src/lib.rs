//! The media core on real sockets: one UDP port for everybody, ICE-TCP beside it, threads and timers.
//!
//! [`Media`] is the face; behind it media threads drive a shard of `arengo-core` each, with a socket each on the same
//! port, and a few threads do handshakes. Calls hand a command to a media thread and do not wait for it, but for [`Media::accept_offer`], which waits until the peer is
//! taken, so that its first check finds it.
#![deny(unsafe_code)]

mod candidates;
mod driver;
mod error;
mod handshakes;
mod histogram;
pub mod limits;
mod load;
mod mailbox;
mod media;
mod neighbourhood;
mod outlet;
mod placement;
mod shared;
mod sockets;
mod sys;
mod tcp;

pub use error::{OfferError, StartError};
pub use media::{Media, MediaOptions, Offer};
pub use shared::MediaStats;
