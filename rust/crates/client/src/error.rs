//! What can go wrong with a client, by whose fault it is.

use std::fmt;

use arengo_wire::sdp::{Refused, Why};

/// The answer makes no sense, or promises nothing that a client could use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerRefused {
    /// It is not SDP, or lacks what every answer has.
    Malformed,
    /// It was answered before, or is over.
    NotExpected,
    /// It does not have a line for each line of the offer.
    WrongLines,
    /// No `a=ice-ufrag` and `a=ice-pwd`.
    NoIce,
    /// No SHA-256 fingerprint.
    NoFingerprint,
    /// No candidate that can be reached over UDP, or over TCP that it listens on.
    NoCandidate,
}

impl AnswerRefused {
    /// A stable word for it.
    pub fn code(self) -> &'static str {
        match self {
            AnswerRefused::Malformed => "answer_malformed",
            AnswerRefused::NotExpected => "answer_not_expected",
            AnswerRefused::WrongLines => "answer_wrong_lines",
            AnswerRefused::NoIce => "answer_no_ice",
            AnswerRefused::NoFingerprint => "answer_no_fingerprint",
            AnswerRefused::NoCandidate => "answer_no_candidate",
        }
    }
}

impl From<Refused> for AnswerRefused {
    fn from(refused: Refused) -> Self {
        match refused.why {
            Why::NoIce => AnswerRefused::NoIce,
            Why::NoFingerprint => AnswerRefused::NoFingerprint,
            _ => AnswerRefused::Malformed,
        }
    }
}

impl fmt::Display for AnswerRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for AnswerRefused {}

/// The offer makes no sense, or promises nothing that a client could hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferRefused {
    /// It is not SDP, or lacks what every offer has.
    Malformed,
    /// The client has begun to connect before, is over, or has a line to send on, and so offers itself.
    NotExpected,
    /// It has more lines than the client receives on.
    TooManyLines,
    /// No `a=ice-ufrag` and `a=ice-pwd`.
    NoIce,
    /// No SHA-256 fingerprint.
    NoFingerprint,
    /// No candidate that can be reached over UDP, or over TCP that it listens on.
    NoCandidate,
}

impl OfferRefused {
    /// A stable word for it.
    pub fn code(self) -> &'static str {
        match self {
            OfferRefused::Malformed => "offer_malformed",
            OfferRefused::NotExpected => "offer_not_expected",
            OfferRefused::TooManyLines => "offer_too_many_lines",
            OfferRefused::NoIce => "offer_no_ice",
            OfferRefused::NoFingerprint => "offer_no_fingerprint",
            OfferRefused::NoCandidate => "offer_no_candidate",
        }
    }
}

impl From<Refused> for OfferRefused {
    fn from(refused: Refused) -> Self {
        match refused.why {
            Why::NoIce => OfferRefused::NoIce,
            Why::NoFingerprint => OfferRefused::NoFingerprint,
            _ => OfferRefused::Malformed,
        }
    }
}

impl fmt::Display for OfferRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for OfferRefused {}

/// The machine gives no socket, thread or certificate for a client.
#[derive(Debug)]
pub struct ClientUnavailable(pub std::io::Error);

impl fmt::Display for ClientUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no client can be made: {}", self.0)
    }
}

impl std::error::Error for ClientUnavailable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl From<std::io::Error> for ClientUnavailable {
    fn from(error: std::io::Error) -> Self {
        ClientUnavailable(error)
    }
}

/// There must be one level for each packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelsMismatch;

impl fmt::Display for LevelsMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one level for each packet")
    }
}

impl std::error::Error for LevelsMismatch {}
