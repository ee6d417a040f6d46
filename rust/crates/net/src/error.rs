//! What can go wrong at the face of the driver.

use std::fmt;
use std::io;

use arengo_core::Full;
use arengo_core::handshake::IdentityError;
use arengo_wire::sdp::Refused;

/// Why an offer was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferError {
    /// The offer cannot be answered.
    Refused(Refused),
    /// The peer cannot be taken.
    Full(Full),
    /// The media thread is gone or does not answer.
    Stopped,
}

impl fmt::Display for OfferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refused) => refused.fmt(f),
            Self::Full(full) => full.fmt(f),
            Self::Stopped => f.write_str("the media core has stopped"),
        }
    }
}

impl std::error::Error for OfferError {}

impl From<Refused> for OfferError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// Why the driver did not start.
#[derive(Debug)]
pub enum StartError {
    /// A port is taken, or the system gives no descriptor or thread.
    Io(io::Error),
    /// The certificate could not be made.
    Identity(IdentityError),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Identity(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StartError {}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<IdentityError> for StartError {
    fn from(error: IdentityError) -> Self {
        Self::Identity(error)
    }
}
