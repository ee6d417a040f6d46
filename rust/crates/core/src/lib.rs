//! The media core of Arengo, without sockets, threads or a clock.

pub mod crypto;
pub mod handshake;
pub mod limits;
mod shard;
pub mod srtp;
mod time;
pub use time::Time;
