//! Session descriptions: lenient in, strict out (RFC 8866, RFC 9429, RFC 9725).
//!
//! [`Description::parse`] reads an offer or an answer; [`answer()`] is the server's side, [`offer()`] and
//! [`RemoteAnswer`] are the headless client's, and [`RemoteOffer`] is its side where a server offers.

mod answer;
mod candidate;
mod description;
mod parse;
mod refused;
mod remote;
mod remote_offer;
mod write;

pub use answer::{Answer, AnswerParameters, Mic, Negotiated, Slot, answer};
pub use candidate::{Candidate, CandidateKind, Transport};
pub use description::{
    Codec, Description, Direction, ExtensionMap, Fingerprint, IceCredentials, Media, MediaKind,
    Setup, Source,
};
pub use refused::{Refused, Why};
pub use remote::{AnswerLine, OfferParameters, RemoteAnswer, Repair, SendLine, offer};
pub use remote_offer::RemoteOffer;

/// RFC 6464: how loud a packet is.
pub const AUDIO_LEVEL_URI: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
/// RFC 9143 §15: which media section a packet belongs to.
pub const MID_URI: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
