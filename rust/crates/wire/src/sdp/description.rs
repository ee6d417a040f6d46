//! What a description says, as data.

use std::fmt;

use super::Candidate;
use crate::limits::SDP_EXTENSION_ID;

/// A whole description.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// The mids of the first `a=group:BUNDLE`, in its order; the first is the tagged one.
    pub bundle: Vec<String>,
    pub ice_lite: bool,
    /// Session level, for media sections that say nothing of their own.
    pub ice: Option<IceCredentials>,
    pub fingerprints: Vec<Fingerprint>,
    pub setup: Option<Setup>,
    pub direction: Option<Direction>,
    pub extensions: Vec<ExtensionMap>,
    pub media: Vec<Media>,
}

impl Description {
    /// What *media* says of its direction, or the session for it, or `sendrecv` (RFC 8866 §6.7).
    pub fn direction_of(&self, media: &Media) -> Direction {
        media
            .direction
            .or(self.direction)
            .unwrap_or(Direction::SendRecv)
    }

    /// The number of the extension named *uri* on *media*, when it fits a one-byte header and goes both ways.
    pub fn extension_id(&self, media: &Media, uri: &str) -> Option<u8> {
        let known = media.extensions.iter().chain(&self.extensions);
        let mut usable =
            known.filter(|map| matches!(map.direction, None | Some(Direction::SendRecv)));
        let id = u8::try_from(usable.find(|map| map.uri == uri)?.id).ok()?;
        (1..=SDP_EXTENSION_ID).contains(&id).then_some(id)
    }

    /// The section whose transport the bundle uses: the first of the group that is in use, else the first in use.
    pub(super) fn transport<'a>(&'a self, in_use: &[&'a Media]) -> Option<&'a Media> {
        let named = |mid: &String| in_use.iter().find(|media| media.mid.as_ref() == Some(mid));
        self.bundle
            .iter()
            .find_map(named)
            .or(in_use.first())
            .copied()
    }

    /// Looks for an attribute on *first*, then on any section, bundled ones leaving it to another (RFC 9143 §7.1.3).
    pub(super) fn look_up<'a, T>(
        &'a self,
        first: &'a Media,
        of: impl Fn(&'a Media) -> Option<T>,
    ) -> Option<T> {
        of(first).or_else(|| self.media.iter().find_map(of))
    }
}

/// One media section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    pub kind: MediaKind,
    /// 0: rejected, or with [`Self::bundle_only`] offered inside its bundle only.
    pub port: u16,
    /// As it stands, such as `UDP/TLS/RTP/SAVPF`.
    pub protocol: String,
    /// As they stand in the `m=` line.
    pub formats: Vec<String>,
    pub mid: Option<String>,
    pub direction: Option<Direction>,
    pub bundle_only: bool,
    pub rtcp_mux: bool,
    pub ice: Option<IceCredentials>,
    pub fingerprints: Vec<Fingerprint>,
    pub setup: Option<Setup>,
    /// In the order of preference of the `m=` line.
    pub codecs: Vec<Codec>,
    pub extensions: Vec<ExtensionMap>,
    pub sources: Vec<Source>,
    /// `a=msid`: stream and track.
    pub msid: Option<String>,
    /// Milliseconds.
    pub ptime: Option<u16>,
    /// Those with a literal address and a transport we know; names of mDNS are left out.
    pub candidates: Vec<Candidate>,
    pub end_of_candidates: bool,
}

impl Media {
    /// Whether the section is not in use: port 0 without `a=bundle-only` (RFC 9143 §6).
    pub fn is_rejected(&self) -> bool {
        self.port == 0 && !self.bundle_only
    }

    /// The Opus format that stands first.
    pub fn opus(&self) -> Option<&Codec> {
        self.codecs.iter().find(|codec| codec.is_opus())
    }

    /// The first RED format that carries *opus* and nothing else.
    pub fn red_of(&self, opus: &Codec) -> Option<&Codec> {
        self.codecs.iter().find(|codec| codec.is_red_of(opus))
    }

    /// Whether that RED format stands before *opus*.
    pub fn prefers_red(&self, opus: &Codec) -> bool {
        let mut usable = self
            .codecs
            .iter()
            .filter(|codec| codec.is_opus() || codec.is_red_of(opus));
        usable.next().is_some_and(|codec| !codec.is_opus())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    Audio,
    Video,
    Application,
    /// Another registered kind, by its name.
    Other(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        })
    }
}

/// Who opens DTLS (RFC 8842 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    ActPass,
    Active,
    Passive,
}

/// A user fragment and its password (RFC 8839 §5.4).
#[derive(Clone, PartialEq, Eq)]
pub struct IceCredentials {
    pub ufrag: String,
    pub password: String,
}

impl fmt::Debug for IceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IceCredentials({:?}, ..)", self.ufrag)
    }
}

/// The hash of a certificate (RFC 8122 §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fingerprint {
    Sha256([u8; 32]),
    /// Another hash function, which we do not take.
    Other,
}

/// A payload format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codec {
    pub payload_type: u8,
    /// As it stands in `a=rtpmap`; compare without case.
    pub name: String,
    pub clock_rate: u32,
    pub channels: u8,
    /// `a=fmtp` as it stands.
    pub parameters: String,
    /// Whether `a=rtcp-fb` says that lost packets may be asked for again (RFC 4585 §4.2).
    pub nack: bool,
}

impl Codec {
    /// Whether this is Opus as RFC 7587 §7 names it: 48 kHz and two channels, whatever is sent.
    pub fn is_opus(&self) -> bool {
        self.name.eq_ignore_ascii_case("opus") && self.clock_rate == 48_000 && self.channels == 2
    }

    /// Whether this is RED at the clock of *opus*, which is all that its parameters name; without any it says nothing of
    /// what it sends (RFC 2198 §5).
    pub fn is_red_of(&self, opus: &Self) -> bool {
        let is_red = self.name.eq_ignore_ascii_case("red")
            && (self.clock_rate, self.channels) == (opus.clock_rate, opus.channels);
        let is_opus = |number: &str| number.trim().parse() == Ok(opus.payload_type);
        is_red && (self.parameters.is_empty() || self.parameters.split('/').all(is_opus))
    }

    /// The value of a format parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.split(';').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// One `a=extmap` (RFC 8285 §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtensionMap {
    pub id: u16,
    pub direction: Option<Direction>,
    pub uri: String,
}

/// One SSRC and its CNAME, where it has one (RFC 5576).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub ssrc: u32,
    pub cname: Option<String>,
}
