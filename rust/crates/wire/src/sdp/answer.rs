//! The server's answer, and what was agreed.

use std::fmt::Write;

use super::{
    AUDIO_LEVEL_URI, Candidate, Codec, Description, Direction, Fingerprint, IceCredentials,
    MID_URI, Media, MediaKind, Refused, Setup, Transport, Why, write,
};

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
    /// The payload type of RED, where it was agreed on.
    pub red: Option<u8>,
    /// Whether lost packets may be asked for again.
    pub nack: bool,
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
    /// The payload type of RED, where it was agreed on.
    pub red: Option<u8>,
    /// Whether lost packets may be asked for again.
    pub nack: bool,
    pub ssrc: u32,
    /// Number of the audio level element.
    pub level_extension: Option<u8>,
    /// Number of the mid element.
    pub mid_extension: Option<u8>,
}

/// Answers *offer*: one bundle, ice-lite, DTLS passive, Opus and RED of it, in the order of the offer, and nothing else.
///
/// | offered | and the peer may | answered |
/// |---|---|---|
/// | `sendonly`, `sendrecv` | send, no other line is its microphone | `recvonly` |
/// | `recvonly`, `sendrecv` | receive, a slot is left | `sendonly` |
/// | anything | | `inactive` |
/// | `m=application`, audio without Opus | | port 0 |
/// | `m=video` in use | | refused |
pub fn answer(offer: &Description, with: &AnswerParameters<'_>) -> Result<Answer, Refused> {
    let lines = usable_lines(offer)?;
    let transport = bundled_transport(offer, &lines)?;
    let mut negotiated = Negotiated {
        remote_ice: remote_ice(offer, transport)?,
        remote_fingerprint: remote_fingerprint(offer, transport)?,
        mic: None,
        slots: Vec::new(),
    };
    let mut sections = String::new();
    for media in &offer.media {
        let in_use = lines.iter().any(|line| std::ptr::eq(*line, media));
        match media.opus().filter(|_| in_use) {
            Some(opus) => {
                let line = agree(offer, media, opus, with, &mut negotiated);
                write_line(&mut sections, media, opus, &line, with);
            }
            None => write_rejected(&mut sections, media),
        }
    }
    let in_group = |mid: &&String| lines.iter().any(|line| line.mid.as_ref() == Some(mid));
    let group: Vec<&str> = offer
        .bundle
        .iter()
        .filter(in_group)
        .map(String::as_str)
        .collect();
    let mut sdp = write::session(with.session_id, &group, true);
    sdp.push_str(&sections);
    Ok(Answer { sdp, negotiated })
}

/// The audio sections that can carry Opus.
fn usable_lines(offer: &Description) -> Result<Vec<&Media>, Refused> {
    let of_kind = |kind| {
        offer
            .media
            .iter()
            .filter(move |media| media.kind == kind && !media.is_rejected())
    };
    if of_kind(MediaKind::Video).next().is_some() {
        return Err(Refused::new(
            Why::VideoRefused,
            "this is a place for voices: offer no video",
        ));
    }
    if of_kind(MediaKind::Audio).next().is_none() {
        return Err(Refused::new(Why::NoAudio, "the offer has no audio line"));
    }
    let lines: Vec<&Media> = of_kind(MediaKind::Audio)
        .filter(|media| media.opus().is_some())
        .collect();
    if lines.is_empty() {
        return Err(Refused::new(
            Why::NoOpus,
            "no audio line offers opus/48000/2",
        ));
    }
    Ok(lines)
}

/// The section that tells of the one transport; all lines must share it, RTCP included.
fn bundled_transport<'a>(
    offer: &'a Description,
    lines: &[&'a Media],
) -> Result<&'a Media, Refused> {
    let bundled = |line: &&Media| {
        line.mid
            .as_ref()
            .is_some_and(|mid| offer.bundle.contains(mid))
    };
    if lines.len() > 1 && !lines.iter().all(bundled) {
        return Err(Refused::new(
            Why::NotBundled,
            "several lines need a=group:BUNDLE with all of their mids",
        ));
    }
    let transport = offer
        .transport(lines)
        .ok_or(Refused::new(Why::NoAudio, "the offer has no audio line"))?;
    if !transport.rtcp_mux && !lines.iter().any(|line| line.rtcp_mux) {
        return Err(Refused::new(
            Why::NotBundled,
            "RTCP needs to share the port: offer a=rtcp-mux",
        ));
    }
    Ok(transport)
}

fn remote_ice(offer: &Description, transport: &Media) -> Result<IceCredentials, Refused> {
    let ice = offer
        .look_up(transport, |media| media.ice.as_ref())
        .or(offer.ice.as_ref());
    ice.cloned().ok_or(Refused::new(
        Why::NoIce,
        "the offer has no ice-ufrag and ice-pwd",
    ))
}

fn remote_fingerprint(offer: &Description, transport: &Media) -> Result<[u8; 32], Refused> {
    let setup = offer
        .look_up(transport, |media| media.setup)
        .or(offer.setup);
    if setup == Some(Setup::Passive) {
        return Err(Refused::malformed(
            "an offer with a=setup:passive cannot be answered by a server",
        ));
    }
    let here = offer.look_up(transport, |media| {
        (!media.fingerprints.is_empty()).then_some(&media.fingerprints)
    });
    sha256(here.unwrap_or(&offer.fingerprints))
}

/// The SHA-256 among *fingerprints*.
pub(super) fn sha256(fingerprints: &[Fingerprint]) -> Result<[u8; 32], Refused> {
    let found = fingerprints
        .iter()
        .find_map(|fingerprint| match fingerprint {
            Fingerprint::Sha256(bytes) => Some(*bytes),
            Fingerprint::Other => None,
        });
    found.ok_or(Refused::new(
        Why::NoFingerprint,
        "the description has no a=fingerprint by sha-256",
    ))
}

/// What one line came to.
struct Line {
    direction: Direction,
    red: Option<u8>,
    level_extension: Option<u8>,
    mid_extension: Option<u8>,
    /// Slot number and SSRC.
    slot: Option<(usize, u32)>,
}

fn agree(
    offer: &Description,
    media: &Media,
    opus: &Codec,
    with: &AnswerParameters<'_>,
    negotiated: &mut Negotiated,
) -> Line {
    let offered = offer.direction_of(media);
    let mid = media.mid.clone().unwrap_or_default();
    let level_extension = offer.extension_id(media, AUDIO_LEVEL_URI);
    let mid_extension = offer
        .extension_id(media, MID_URI)
        .filter(|id| Some(*id) != level_extension);
    let payload_type = opus.payload_type;
    let red = media.red_of(opus).map(|codec| codec.payload_type);
    let nack = opus.nack;
    let mut line = Line {
        direction: Direction::Inactive,
        red,
        level_extension,
        mid_extension,
        slot: None,
    };
    let slot = negotiated.slots.len();
    if offered.sends() && with.may_send && negotiated.mic.is_none() {
        line.direction = Direction::RecvOnly;
        let ssrcs = media.sources.iter().map(|source| source.ssrc).collect();
        negotiated.mic = Some(Mic {
            mid,
            payload_type,
            red,
            nack,
            level_extension,
            mid_extension,
            ssrcs,
        });
    } else if let Some(&ssrc) = with
        .slot_ssrcs
        .get(slot)
        .filter(|_| offered.receives() && with.may_receive)
    {
        line.direction = Direction::SendOnly;
        line.slot = Some((slot, ssrc));
        negotiated.slots.push(Slot {
            mid,
            payload_type,
            red,
            nack,
            ssrc,
            level_extension,
            mid_extension,
        });
    }
    line
}

fn write_line(
    out: &mut String,
    media: &Media,
    opus: &Codec,
    line: &Line,
    with: &AnswerParameters<'_>,
) {
    let number = opus.payload_type;
    let default = with
        .candidates
        .iter()
        .find(|c| c.transport == Transport::Udp)
        .map(|c| c.address);
    let formats = write::formats(number, line.red, media.prefers_red(opus));
    write::media_start(out, &media.protocol, &formats, default);
    write::mid(out, media.mid.as_deref());
    write::transport(out, with.ice, "passive", with.fingerprint);
    let _ = write!(out, "a={}\r\n", line.direction);
    let _ = write!(out, "a=rtpmap:{number} opus/48000/2\r\na=fmtp:{number} ");
    if line.direction == Direction::RecvOnly {
        // `stereo=1` alone is what the offerer would like to hear; Firefox always says so.
        let stereo = opus.parameter("sprop-stereo") == Some("1");
        // An offer that says `usedtx=0` sends music, whose quiet places are no pauses.
        let dtx = u8::from(opus.parameter("usedtx") != Some("0"));
        let _ = write!(out, "minptime=10;useinbandfec=1;usedtx={dtx}");
        out.push_str(if stereo {
            ";stereo=1\r\na=ptime:20\r\n"
        } else {
            "\r\na=ptime:20\r\n"
        });
    } else {
        out.push_str("useinbandfec=1\r\n");
    }
    write::repair(out, number, line.red, opus.nack);
    write::extension(out, line.level_extension, AUDIO_LEVEL_URI);
    write::extension(out, line.mid_extension, MID_URI);
    if let Some((slot, ssrc)) = line.slot {
        write::source(out, ssrc, with.cname, &format!("slot-{slot}"));
    }
    // Once would do in a bundle (RFC 8843 §7.1.3), but aiortc reads those of the last line, and browsers do not mind.
    write::candidates(out, with.candidates);
}

pub(super) fn write_rejected(out: &mut String, media: &Media) {
    let kind = match media.kind {
        MediaKind::Audio => "audio",
        MediaKind::Video => "video",
        MediaKind::Application => "application",
        MediaKind::Other(name) => name,
    };
    let format = media.formats.first().map_or("0", String::as_str);
    let _ = write!(
        out,
        "m={kind} 0 {} {format}\r\nc=IN IP4 0.0.0.0\r\n",
        media.protocol
    );
    write::mid(out, media.mid.as_deref());
    out.push_str("a=inactive\r\n");
}
