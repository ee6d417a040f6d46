//! The headless client's side where the server offers: what it sends, and the answer of one who listens.

use std::fmt::Write;

use super::answer::write_rejected;
use super::{
    Codec, Description, Direction, IceCredentials, Media, MediaKind, Refused, RemoteAnswer, Repair,
    Setup, write,
};

/// A server's offer, as a client that listens needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteOffer {
    server: RemoteAnswer,
    offer: Description,
}

impl RemoteOffer {
    /// Reads an offer that leaves the client active in DTLS.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let offer = Description::parse(text)?;
        let server = RemoteAnswer::of(&offer, |said| match said {
            Some(Setup::Active) => Err(Refused::malformed(
                "an offer with a=setup:active cannot be answered by a client",
            )),
            _ => Ok(Setup::Passive),
        })?;
        Ok(Self { server, offer })
    }

    /// Where and who the server is, and what it sends on each line, as an answer of its own would say it.
    pub fn server(&self) -> &RemoteAnswer {
        &self.server
    }

    /// The answer: active in DTLS, without candidates; of what helps against loss, what both want.
    ///
    /// | offered | answered |
    /// |---|---|
    /// | `sendonly`, `sendrecv`, with Opus | `recvonly` |
    /// | `recvonly`, `inactive`, with Opus | `inactive` |
    /// | anything else | port 0 |
    pub fn answer(
        &self,
        ice: &IceCredentials,
        fingerprint: &str,
        session_id: u64,
        repair: Repair,
    ) -> String {
        let media = &self.offer.media;
        let takes = |mid: &&String| {
            let line = media.iter().find(|media| media.mid.as_ref() == Some(mid));
            line.and_then(opus_in_use).is_some()
        };
        let group: Vec<&str> = self
            .offer
            .bundle
            .iter()
            .filter(takes)
            .map(String::as_str)
            .collect();
        let mut out = write::session(session_id, &group, false);
        for media in media {
            match opus_in_use(media) {
                Some(opus) => {
                    let hears = self.offer.direction_of(media).sends();
                    let number = opus.payload_type;
                    let red = media.red_of(opus).filter(|_| repair.red);
                    let red = red.map(|red| red.payload_type);
                    let formats = write::formats(number, red, media.prefers_red(opus));
                    write::media_start(&mut out, &media.protocol, &formats, None);
                    write::mid(&mut out, media.mid.as_deref());
                    write::transport(&mut out, ice, "active", fingerprint);
                    let direction = match hears {
                        true => Direction::RecvOnly,
                        false => Direction::Inactive,
                    };
                    let _ = write!(out, "a={direction}\r\n");
                    let _ = write!(out, "a=rtpmap:{number} opus/48000/2\r\n");
                    let _ = write!(out, "a=fmtp:{number} useinbandfec=1\r\n");
                    write::repair(&mut out, number, red, repair.nack && opus.nack);
                }
                None => write_rejected(&mut out, media),
            }
        }
        out
    }
}

fn opus_in_use(media: &Media) -> Option<&Codec> {
    let is_voice = media.kind == MediaKind::Audio && !media.is_rejected();
    media.opus().filter(|_| is_voice)
}
