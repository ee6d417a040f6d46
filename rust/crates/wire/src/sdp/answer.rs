//! The server's answer, and what was agreed.

use super::{Candidate, Description, IceCredentials, Refused};

/// What the server brings to an answer.
#[derive(Debug, Clone, Copy)]
pub struct AnswerParameters<'a> {
    pub ice: &'a IceCredentials,
    /// SHA-256 of our certificate, as in `a=fingerprint`: `AB:CD:…`.
    pub fingerprint: &'a str,
    /// The first UDP one is the default destination.
    pub candidates: &'a [Candidate],
    /// The peer may be heard, now or later.
    pub may_send: bool,
    /// The peer may hear.
    pub may_receive: bool,
    /// The SSRC of each slot; as many receiving lines as there are numbers get one, at most.
    pub slot_ssrcs: &'a [u32],
    pub cname: &'a str,
    /// For `o=`.
    pub session_id: u64,
}

/// An answer and its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub sdp: String,
    pub negotiated: Negotiated,
}

/// What both sides agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiated {
    pub remote_ice: IceCredentials,
    /// SHA-256 of the certificate that the peer must show.
    pub remote_fingerprint: [u8; 32],
    /// The line on which the peer sends, where it offered one and may.
    pub mic: Option<Mic>,
    /// The lines on which the peer receives, slot 0 first; one alone gets the dominant speaker.
    pub slots: Vec<Slot>,
}

/// The line on which a peer sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mic {
    /// Empty when the offer names no mid.
    pub mid: String,
    pub payload_type: u8,
    /// Number of the audio level element.
    pub level_extension: Option<u8>,
    /// Number of the mid element.
    pub mid_extension: Option<u8>,
    /// The SSRCs that the offer announces; often none.
    pub ssrcs: Vec<u32>,
}

/// A line on which a peer receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Empty when the offer names no mid.
    pub mid: String,
    pub payload_type: u8,
    pub ssrc: u32,
    /// Number of the audio level element.
    pub level_extension: Option<u8>,
    /// Number of the mid element.
    pub mid_extension: Option<u8>,
}

/// Answers *offer*: one bundle, ice-lite, DTLS passive, Opus and nothing else.
pub fn answer(offer: &Description, with: &AnswerParameters<'_>) -> Result<Answer, Refused> {
    let _ = (offer, with);
    Err(Refused::malformed("not a session description"))
}
