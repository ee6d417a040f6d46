//! Why a description is not taken.

use std::fmt;

/// The reason by kind; [`Self::code`] is for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Malformed,
    VideoRefused,
    NoAudio,
    NoOpus,
    NoFingerprint,
    NoIce,
    TooLarge,
    TooManyLines,
    NotBundled,
}

impl Why {
    /// The stable code, as `SdpRefused` carries it to Python.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "sdp_malformed",
            Self::VideoRefused => "sdp_video_refused",
            Self::NoAudio => "sdp_no_audio",
            Self::NoOpus => "sdp_no_opus",
            Self::NoFingerprint => "sdp_no_fingerprint",
            Self::NoIce => "sdp_no_ice",
            Self::TooLarge => "sdp_too_large",
            Self::TooManyLines => "sdp_too_many_lines",
            Self::NotBundled => "sdp_not_bundled",
        }
    }
}

/// A refusal: a stable code, and a sentence for people that quotes nothing of the description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    pub why: Why,
    pub detail: &'static str,
}

impl Refused {
    pub(super) const fn new(why: Why, detail: &'static str) -> Self {
        Self { why, detail }
    }

    pub(super) const fn malformed(detail: &'static str) -> Self {
        Self::new(Why::Malformed, detail)
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.why.code()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.detail)
    }
}

impl std::error::Error for Refused {}
