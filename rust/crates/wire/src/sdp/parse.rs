//! Reading a description.

use super::{
    Candidate, Codec, Description, Direction, ExtensionMap, Fingerprint, IceCredentials, Media,
    MediaKind, Refused, Setup, Source, Why,
};
use crate::limits::{
    SDP_ATTRIBUTES, SDP_BYTES, SDP_FORMATS, SDP_LINE_BYTES, SDP_LINES, SDP_MID_BYTES, SDP_SECTIONS,
};

impl Description {
    /// Reads *text*; unknown lines and attributes are passed over, bounds are those in [`crate::limits`].
    pub fn parse(text: &str) -> Result<Self, Refused> {
        if text.len() > SDP_BYTES {
            return Err(Refused::new(
                Why::TooLarge,
                "the description is larger than 64 KiB",
            ));
        }
        let mut lines = text
            .lines()
            .map(str::trim_end)
            .filter(|line| !line.is_empty());
        if lines.next() != Some("v=0") {
            return Err(Refused::malformed("a session description begins with v=0"));
        }
        let mut description = Self::default();
        let mut section = Section::default();
        for (number, line) in lines.enumerate() {
            if number >= SDP_LINES {
                return Err(Refused::new(
                    Why::TooManyLines,
                    "the description has too many lines",
                ));
            }
            if line.len() > SDP_LINE_BYTES {
                return Err(Refused::new(
                    Why::TooLarge,
                    "a line is longer than 2,048 bytes",
                ));
            }
            match line.split_once('=') {
                Some(("m", value)) => {
                    section.finish(&mut description)?;
                    if description.media.len() >= SDP_SECTIONS {
                        let detail = "the description has more than 16 media sections";
                        return Err(Refused::new(Why::TooManyLines, detail));
                    }
                    description.media.push(media_line(value)?);
                    section = Section::default();
                }
                Some(("a", value)) => {
                    let (key, value) = value.split_once(':').unwrap_or((value, ""));
                    section.attribute(key, value.trim(), &mut description)?;
                }
                Some((key, _)) if key.len() == 1 => {}
                _ => return Err(Refused::malformed("a line is not of the form letter=value")),
            }
        }
        section.finish(&mut description)?;
        unique_mids(&description)?;
        Ok(description)
    }
}

/// What is gathered over the lines of the session part or of one media section.
#[derive(Default)]
struct Section {
    ufrag: Option<String>,
    password: Option<String>,
    names: Vec<Codec>,
    parameters: Vec<(u8, String)>,
    /// Payload types with `nack`; None for all.
    nacks: Vec<Option<u8>>,
}

impl Section {
    fn attribute(&mut self, key: &str, value: &str, to: &mut Description) -> Result<(), Refused> {
        match (key, to.media.last_mut()) {
            ("ice-ufrag", _) => self.ufrag = Some(credential(value, 4)?),
            ("ice-pwd", _) => self.password = Some(credential(value, 22)?),
            ("fingerprint", Some(media)) => push(&mut media.fingerprints, fingerprint(value)?),
            ("fingerprint", None) => push(&mut to.fingerprints, fingerprint(value)?),
            ("setup", Some(media)) => media.setup = Some(setup(value)?),
            ("setup", None) => to.setup = Some(setup(value)?),
            ("extmap", Some(media)) => push(&mut media.extensions, extension_map(value)?),
            ("extmap", None) => push(&mut to.extensions, extension_map(value)?),
            ("sendrecv" | "sendonly" | "recvonly" | "inactive", Some(media)) => {
                media.direction = direction(key);
            }
            ("sendrecv" | "sendonly" | "recvonly" | "inactive", None) => {
                to.direction = direction(key);
            }
            ("ice-lite", None) => to.ice_lite = true,
            ("group", None) => {
                if let Some(mids) = value
                    .strip_prefix("BUNDLE")
                    .filter(|_| to.bundle.is_empty())
                {
                    let mids = mids.split_ascii_whitespace().take(SDP_SECTIONS);
                    to.bundle = mids.map(str::to_owned).collect();
                }
            }
            (_, Some(media)) => self.media_attribute(key, value, media)?,
            (_, None) => {}
        }
        Ok(())
    }

    fn media_attribute(
        &mut self,
        key: &str,
        value: &str,
        media: &mut Media,
    ) -> Result<(), Refused> {
        match key {
            "mid" => media.mid = Some(mid(value)?),
            "bundle-only" => media.bundle_only = true,
            "rtcp-mux" => media.rtcp_mux = true,
            "end-of-candidates" => media.end_of_candidates = true,
            "ptime" => media.ptime = value.parse().ok(),
            "msid" => media.msid = Some(value.to_owned()),
            "rtpmap" => push(&mut self.names, rtpmap(value)?),
            "fmtp" => {
                if let Some((number, parameters)) = value.split_once(' ')
                    && let Ok(number) = number.parse()
                {
                    push(&mut self.parameters, (number, parameters.trim().to_owned()));
                }
            }
            "rtcp-fb" => {
                let named = value.split_once(' ');
                let number = named.and_then(|(number, feedback)| match (number, feedback.trim()) {
                    ("*", "nack") => Some(None),
                    (number, "nack") => number.parse().ok().map(Some),
                    _ => None,
                });
                if let Some(number) = number {
                    push(&mut self.nacks, number);
                }
            }
            "candidate" => {
                if let Some(candidate) = Candidate::parse(value) {
                    push(&mut media.candidates, candidate);
                }
            }
            "ssrc" => source(value, &mut media.sources)?,
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self, to: &mut Description) -> Result<(), Refused> {
        let ice = match (self.ufrag.take(), self.password.take()) {
            (Some(ufrag), Some(password)) => Some(IceCredentials { ufrag, password }),
            (None, None) => None,
            _ => {
                return Err(Refused::new(
                    Why::NoIce,
                    "ice-ufrag and ice-pwd come together",
                ));
            }
        };
        let Some(media) = to.media.last_mut() else {
            to.ice = ice;
            return Ok(());
        };
        media.ice = ice;
        for format in media
            .formats
            .iter()
            .filter_map(|format| format.parse::<u8>().ok())
        {
            let Some(mut codec) = self
                .names
                .iter()
                .find(|c| c.payload_type == format)
                .cloned()
            else {
                continue;
            };
            if let Some((_, parameters)) =
                self.parameters.iter().find(|(number, _)| *number == format)
            {
                codec.parameters.clone_from(parameters);
            }
            let is_named = |number: &Option<u8>| number.is_none_or(|number| number == format);
            codec.nack = self.nacks.iter().any(is_named);
            media.codecs.push(codec);
        }
        Ok(())
    }
}

/// Appends unless the bound on attributes of one kind is reached; what is beyond it is passed over.
fn push<T>(to: &mut Vec<T>, value: T) {
    if to.len() < SDP_ATTRIBUTES {
        to.push(value);
    }
}

fn media_line(value: &str) -> Result<Media, Refused> {
    const BAD: Refused = Refused::malformed("an m= line is not kind, port, protocol and formats");
    let mut words = value.split_ascii_whitespace();
    let kind = match words.next().ok_or(BAD)? {
        "audio" => MediaKind::Audio,
        "video" => MediaKind::Video,
        "application" => MediaKind::Application,
        "text" => MediaKind::Other("text"),
        "message" => MediaKind::Other("message"),
        "image" => MediaKind::Other("image"),
        _ => {
            return Err(Refused::malformed(
                "an m= line is of a kind that is not registered",
            ));
        }
    };
    let port = words.next().ok_or(BAD)?;
    let port = port
        .split_once('/')
        .map_or(port, |(port, _)| port)
        .parse()
        .map_err(|_| BAD)?;
    let protocol = words
        .next()
        .filter(|word| word.split('/').all(is_token))
        .ok_or(BAD)?;
    let formats: Vec<String> = words.take(SDP_FORMATS).map(str::to_owned).collect();
    if formats.is_empty() || !formats.iter().all(|format| is_token(format)) {
        return Err(BAD);
    }
    Ok(Media {
        kind,
        port,
        protocol: protocol.to_owned(),
        formats,
        mid: None,
        direction: None,
        bundle_only: false,
        rtcp_mux: false,
        ice: None,
        fingerprints: Vec::new(),
        setup: None,
        codecs: Vec::new(),
        extensions: Vec::new(),
        sources: Vec::new(),
        msid: None,
        ptime: None,
        candidates: Vec::new(),
        end_of_candidates: false,
    })
}

/// RFC 8866 §9: what may stand in a description as one word.
fn is_token(word: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_graphic() && !br#""(),/:;<=>?@[\]"#.contains(&byte);
    !word.is_empty() && word.bytes().all(allowed)
}

fn mid(value: &str) -> Result<String, Refused> {
    if value.len() <= SDP_MID_BYTES && is_token(value) {
        Ok(value.to_owned())
    } else {
        Err(Refused::malformed(
            "an a=mid is not a token of at most 32 characters",
        ))
    }
}

fn unique_mids(description: &Description) -> Result<(), Refused> {
    let mids: Vec<&str> = description
        .media
        .iter()
        .filter_map(|media| media.mid.as_deref())
        .collect();
    let repeats = mids
        .iter()
        .enumerate()
        .any(|(at, mid)| mids.iter().take(at).any(|other| other == mid));
    if repeats {
        Err(Refused::malformed("two media sections have the same mid"))
    } else {
        Ok(())
    }
}

fn credential(value: &str, least: usize) -> Result<String, Refused> {
    let graphic = value
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b':');
    if graphic && (least..=256).contains(&value.len()) {
        Ok(value.to_owned())
    } else {
        Err(Refused::malformed(
            "ice-ufrag has 4 to 256 characters, ice-pwd 22 to 256",
        ))
    }
}

fn direction(word: &str) -> Option<Direction> {
    match word {
        "sendrecv" => Some(Direction::SendRecv),
        "sendonly" => Some(Direction::SendOnly),
        "recvonly" => Some(Direction::RecvOnly),
        "inactive" => Some(Direction::Inactive),
        _ => None,
    }
}

fn setup(value: &str) -> Result<Setup, Refused> {
    match value {
        "actpass" => Ok(Setup::ActPass),
        "active" => Ok(Setup::Active),
        "passive" => Ok(Setup::Passive),
        _ => Err(Refused::malformed(
            "an a=setup is not actpass, active or passive",
        )),
    }
}

fn fingerprint(value: &str) -> Result<Fingerprint, Refused> {
    const BAD: Refused =
        Refused::malformed("an a=fingerprint is not a hash function and its value");
    let (function, hash) = value.split_once(' ').ok_or(BAD)?;
    if !function.eq_ignore_ascii_case("sha-256") {
        return Ok(Fingerprint::Other);
    }
    let mut bytes = [0u8; 32];
    let mut pairs = hash.trim().split(':');
    for byte in &mut bytes {
        let pair = pairs.next().filter(|pair| pair.len() == 2).ok_or(BAD)?;
        let is_hex = pair.bytes().all(|digit| digit.is_ascii_hexdigit());
        *byte = u8::from_str_radix(pair, 16)
            .ok()
            .filter(|_| is_hex)
            .ok_or(BAD)?;
    }
    if pairs.next().is_some() {
        Err(BAD)
    } else {
        Ok(Fingerprint::Sha256(bytes))
    }
}

fn rtpmap(value: &str) -> Result<Codec, Refused> {
    const BAD: Refused = Refused::malformed("an a=rtpmap is not a number, a name and a clock rate");
    let (number, encoding) = value.split_once(' ').ok_or(BAD)?;
    let mut parts = encoding.trim().split('/');
    let name = parts.next().ok_or(BAD)?;
    Ok(Codec {
        payload_type: number
            .parse()
            .ok()
            .filter(|number| *number <= 127)
            .ok_or(BAD)?,
        name: name.to_owned(),
        clock_rate: parts.next().and_then(|rate| rate.parse().ok()).ok_or(BAD)?,
        channels: parts.next().map_or(Ok(1), str::parse).map_err(|_| BAD)?,
        parameters: String::new(),
        nack: false,
    })
}

fn extension_map(value: &str) -> Result<ExtensionMap, Refused> {
    const BAD: Refused = Refused::malformed("an a=extmap is not a number and a name");
    let mut words = value.split_ascii_whitespace();
    let number = words.next().ok_or(BAD)?;
    let (number, way) = number
        .split_once('/')
        .map_or((number, None), |(n, way)| (n, Some(way)));
    Ok(ExtensionMap {
        id: number.parse().map_err(|_| BAD)?,
        direction: way.map(|way| direction(way).ok_or(BAD)).transpose()?,
        uri: words.next().ok_or(BAD)?.to_owned(),
    })
}

fn source(value: &str, sources: &mut Vec<Source>) -> Result<(), Refused> {
    let (ssrc, attribute) = value.split_once(' ').unwrap_or((value, ""));
    let ssrc = ssrc
        .parse()
        .map_err(|_| Refused::malformed("an a=ssrc is not a number"))?;
    let cname = attribute.strip_prefix("cname:").map(str::to_owned);
    match sources.iter_mut().find(|source| source.ssrc == ssrc) {
        Some(known) => known.cname = known.cname.take().or(cname),
        None => push(sources, Source { ssrc, cname }),
    }
    Ok(())
}
