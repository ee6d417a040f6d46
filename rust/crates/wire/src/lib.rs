//! Parsing and framing of everything Arengo puts on the wire.
//!
//! Rule 1: bytes and time are arguments; this crate has no socket, clock, thread, log or randomness.
//! Rule 2: no input of any kind makes it panic, and none makes it allocate beyond the bounds in [`limits`].
//! Rule 3: it holds no cryptography; callers lend it through [`stun::HmacSha1`] and [`srtp::AesEcb`].
#![forbid(unsafe_code)]

mod bytes;
pub mod demux;
pub mod limits;
pub mod opus;
pub mod red;
pub mod rfc4571;
pub mod rtcp;
pub mod rtp;
pub mod sdp;
pub mod srtp;
pub mod stun;

pub use bytes::BufferTooSmall;
