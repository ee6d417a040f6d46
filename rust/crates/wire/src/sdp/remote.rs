//! The headless client's side: a simple offer, and what the server made of it.

use super::{Candidate, Direction, IceCredentials, Refused, Setup};

/// What a client offers.
#[derive(Debug, Clone, Copy)]
pub struct OfferParameters<'a> {
    pub ice: &'a IceCredentials,
    /// SHA-256 of our certificate, as in `a=fingerprint`.
    pub fingerprint: &'a str,
    /// May be empty: an ice-lite server learns addresses from checks.
    pub candidates: &'a [Candidate],
    /// A sending line, always the first, mid `0`.
    pub send: Option<SendLine<'a>>,
    /// How many receiving lines follow.
    pub receive_lines: u8,
    /// For `o=`.
    pub session_id: u64,
}

/// The sending line of an offer: payload type 111, audio level 1, mid 2.
#[derive(Debug, Clone, Copy)]
pub struct SendLine<'a> {
    pub ssrc: u32,
    pub cname: &'a str,
}

/// Writes an offer of Opus lines in one bundle; mids are `0`, `1`, … in order.
pub fn offer(with: &OfferParameters<'_>) -> String {
    let _ = with;
    String::new()
}

/// A server's answer, as its client needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteAnswer {
    pub ice: IceCredentials,
    pub ice_lite: bool,
    /// What the server is: passive, or active.
    pub setup: Setup,
    pub fingerprint: [u8; 32],
    /// In the order of the answer.
    pub candidates: Vec<Candidate>,
    /// One for each line of the offer, in its order.
    pub lines: Vec<AnswerLine>,
}

/// What the server says of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerLine {
    /// Empty when the answer names no mid.
    pub mid: String,
    /// As the server says it: `recvonly` is where we send; rejected lines are inactive.
    pub direction: Direction,
    /// Of Opus; None where the line is rejected.
    pub payload_type: Option<u8>,
    pub level_extension: Option<u8>,
    pub mid_extension: Option<u8>,
    /// Announced for lines on which the server sends.
    pub ssrcs: Vec<u32>,
}

impl RemoteAnswer {
    /// Reads the answer to an offer of ours.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let _ = text;
        Err(Refused::malformed("not a session description"))
    }
}
