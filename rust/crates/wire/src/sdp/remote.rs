//! The headless client's side: a simple offer, and what the server made of it.

use std::fmt::Write;

use super::answer::sha256;
use super::{
    AUDIO_LEVEL_URI, Candidate, Description, Direction, IceCredentials, MID_URI, Media, MediaKind,
    Refused, Setup, Transport, Why, write,
};

/// The payload types of Opus and RED in our offers, as Chromium numbers them.
const PAYLOAD_TYPE: u8 = 111;
const RED_PAYLOAD_TYPE: u8 = 63;
/// The numbers of header extensions in our offers.
const LEVEL_EXTENSION: u8 = 1;
const MID_EXTENSION: u8 = 2;
const PROTOCOL: &str = "UDP/TLS/RTP/SAVPF";

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
    pub repair: Repair,
    /// For `o=`.
    pub session_id: u64,
}

/// What a client is ready for on all of its lines, against loss.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Repair {
    pub red: bool,
    pub nack: bool,
}

/// The sending line of an offer: payload type 111, audio level 1, mid 2.
#[derive(Debug, Clone, Copy)]
pub struct SendLine<'a> {
    pub ssrc: u32,
    pub cname: &'a str,
}

/// Writes an offer of Opus lines in one bundle; mids are `0`, `1`, … in order. RED stands first where we send.
pub fn offer(with: &OfferParameters<'_>) -> String {
    let count = usize::from(with.receive_lines) + usize::from(with.send.is_some());
    let mids: Vec<String> = (0..count).map(|number| number.to_string()).collect();
    let group: Vec<&str> = mids.iter().map(String::as_str).collect();
    let default = with
        .candidates
        .iter()
        .find(|c| c.transport == Transport::Udp)
        .map(|c| c.address);
    let red = with.repair.red.then_some(RED_PAYLOAD_TYPE);
    let mut out = write::session(with.session_id, &group, false);
    for (number, mid) in mids.iter().enumerate() {
        let send = with.send.filter(|_| number == 0);
        let formats = write::formats(PAYLOAD_TYPE, red, send.is_some());
        write::media_start(&mut out, PROTOCOL, &formats, default);
        write::mid(&mut out, Some(mid));
        write::transport(&mut out, with.ice, "actpass", with.fingerprint);
        out.push_str(if send.is_some() {
            "a=sendonly\r\n"
        } else {
            "a=recvonly\r\n"
        });
        let _ = write!(out, "a=rtpmap:{PAYLOAD_TYPE} opus/48000/2\r\n");
        let _ = write!(out, "a=fmtp:{PAYLOAD_TYPE} minptime=10;useinbandfec=1\r\n");
        write::repair(&mut out, PAYLOAD_TYPE, red, with.repair.nack);
        write::extension(&mut out, Some(LEVEL_EXTENSION), AUDIO_LEVEL_URI);
        write::extension(&mut out, Some(MID_EXTENSION), MID_URI);
        if let Some(send) = send {
            write::source(&mut out, send.ssrc, send.cname, "voice");
        }
        if number == 0 {
            write::candidates(&mut out, with.candidates);
        }
    }
    out
}

/// A server's answer, as its client needs it; a [`super::RemoteOffer`] tells the same.
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
    /// The payload type of RED, where the server takes it.
    pub red: Option<u8>,
    /// Whether lost packets may be asked for again.
    pub nack: bool,
    pub level_extension: Option<u8>,
    pub mid_extension: Option<u8>,
    /// Announced for lines on which the server sends.
    pub ssrcs: Vec<u32>,
}

impl RemoteAnswer {
    /// Reads the answer to an offer of ours.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        Self::of(&Description::parse(text)?, |said| match said {
            Some(Setup::ActPass) => Err(Refused::malformed(
                "an answer has to choose a role in a=setup",
            )),
            chosen => Ok(chosen.unwrap_or(Setup::Active)),
        })
    }

    /// What *said* tells of its author; *role* is theirs by the `a=setup` that stands there.
    pub(super) fn of(
        said: &Description,
        role: impl FnOnce(Option<Setup>) -> Result<Setup, Refused>,
    ) -> Result<Self, Refused> {
        let in_use: Vec<&Media> = said
            .media
            .iter()
            .filter(|m| m.kind == MediaKind::Audio && !m.is_rejected())
            .collect();
        let no_audio = Refused::new(Why::NoAudio, "no audio line is in use");
        let transport = said.transport(&in_use).ok_or(no_audio)?;
        let ice = said
            .look_up(transport, |media| media.ice.as_ref())
            .or(said.ice.as_ref());
        let setup = said.look_up(transport, |media| media.setup).or(said.setup);
        let fingerprints = said.look_up(transport, |media| {
            (!media.fingerprints.is_empty()).then_some(&media.fingerprints)
        });
        Ok(Self {
            ice: ice.cloned().ok_or(Refused::new(
                Why::NoIce,
                "there is no ice-ufrag and ice-pwd",
            ))?,
            ice_lite: said.ice_lite,
            setup: role(setup)?,
            fingerprint: sha256(fingerprints.unwrap_or(&said.fingerprints))?,
            candidates: transport.candidates.clone(),
            lines: said
                .media
                .iter()
                .map(|media| AnswerLine::of(said, media))
                .collect(),
        })
    }
}

impl AnswerLine {
    fn of(answer: &Description, media: &Media) -> Self {
        let opus = media.opus().filter(|_| !media.is_rejected());
        let direction = if opus.is_some() {
            answer.direction_of(media)
        } else {
            Direction::Inactive
        };
        Self {
            mid: media.mid.clone().unwrap_or_default(),
            direction,
            payload_type: opus.map(|codec| codec.payload_type),
            red: opus
                .and_then(|opus| media.red_of(opus))
                .map(|red| red.payload_type),
            nack: opus.is_some_and(|opus| opus.nack),
            level_extension: answer.extension_id(media, AUDIO_LEVEL_URI),
            mid_extension: answer.extension_id(media, MID_URI),
            ssrcs: media.sources.iter().map(|source| source.ssrc).collect(),
        }
    }
}
