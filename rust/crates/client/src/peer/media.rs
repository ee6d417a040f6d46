//! Sound and reports once there are keys: SRTP both ways, one inbound context for each line.

use std::time::{Duration, Instant};

use arengo_core::srtp::{Inbound, Outbound, SRTCP_OVERHEAD, SRTP_OVERHEAD, SrtpContexts};
use arengo_wire::rtcp::{self, Compound, NtpTime, Packet, SenderInfo};
use arengo_wire::rtp::{AudioLevel, Element, Header, HeaderFields};
use arengo_wire::sdp::RemoteAnswer;
use arengo_wire::srtp::Profile;

use super::arrivals::Arrivals;
use super::association::Exported;
use super::pacer::{Paced, samples};
use crate::{Received, limits};

/// Louder than this, a sender says that it is a voice (RFC 6464: the judgement is the sender's own).
const VOICE_ABOVE_MINUS_DBOV: u8 = 60;

/// How others know this client.
#[derive(Debug, Clone)]
pub struct SelfDescription {
    pub ssrc: u32,
    pub cname: String,
    /// Whether its first line is one to send on.
    pub sends: bool,
}

/// What an authenticated packet was.
#[derive(Debug)]
pub enum Opened {
    Opus(Received),
    Bye,
    /// Not authentic, not ours, or nothing to tell.
    Nothing,
}

/// The sound of a connected client.
pub struct Media {
    profile: Profile,
    myself: SelfDescription,
    outbound: Outbound,
    /// Its replay window for RTP is not used: each line has its own.
    reports: Inbound,
    microphone: Option<Microphone>,
    lines: Vec<Listening>,
    began: Instant,
    next_report: Instant,
}

struct Microphone {
    payload_type: u8,
    level_extension: Option<u8>,
    mid: Option<(u8, String)>,
    packets: u32,
    octets: u32,
    /// Timestamp and moment of the last packet.
    last: Option<(u32, Instant)>,
}

struct Listening {
    line: usize,
    ssrc: u32,
    inbound: Inbound,
    arrivals: Arrivals,
}

impl Media {
    /// Begin with fresh keys; None when they are of no use.
    pub fn new(
        exported: &Exported,
        myself: SelfDescription,
        answer: &RemoteAnswer,
        now: Instant,
    ) -> Option<Media> {
        let contexts = || SrtpContexts::of_client(exported.profile, &exported.material).ok();
        let first_receiving = usize::from(myself.sends);
        let mut lines = Vec::new();
        for (line, said) in answer.lines.iter().skip(first_receiving).enumerate() {
            let Some(&ssrc) = said.ssrcs.first().filter(|_| said.direction.sends()) else {
                continue;
            };
            let inbound = contexts()?.inbound;
            lines.push(Listening {
                line,
                ssrc,
                inbound,
                arrivals: Arrivals::default(),
            });
        }
        let microphone = answer
            .lines
            .first()
            .filter(|said| myself.sends && said.direction.receives());
        let microphone = microphone.and_then(|said| {
            Some(Microphone {
                payload_type: said.payload_type?,
                level_extension: said.level_extension,
                mid: said.mid_extension.map(|id| (id, said.mid.clone())),
                packets: 0,
                octets: 0,
                last: None,
            })
        });
        let SrtpContexts { outbound, inbound } = contexts()?;
        Some(Media {
            profile: exported.profile,
            myself,
            outbound,
            reports: inbound,
            microphone,
            lines,
            began: now,
            next_report: now + limits::REPORT / 2,
        })
    }

    /// The datagram of a packet whose time has come; None where the server does not listen.
    pub fn seal(&mut self, paced: &Paced, now: Instant) -> Option<Vec<u8>> {
        let microphone = self.microphone.as_mut()?;
        let level = AudioLevel {
            minus_dbov: paced.level,
            voice: paced.level < VOICE_ABOVE_MINUS_DBOV,
        };
        let level = [level.to_byte()];
        let mut elements = Vec::with_capacity(2);
        elements.extend(
            microphone
                .level_extension
                .map(|id| Element { id, data: &level }),
        );
        // A mid that fits no one-byte element goes without; the SSRC of the offer names the line as well.
        let mid = microphone
            .mid
            .as_ref()
            .filter(|(_, mid)| (1..=16).contains(&mid.len()));
        elements.extend(mid.map(|(id, mid)| Element {
            id: *id,
            data: mid.as_bytes(),
        }));
        let mut plain = vec![0; limits::MOST_DATAGRAM_BYTES];
        let header = HeaderFields {
            marker: paced.marker,
            payload_type: microphone.payload_type,
            sequence: (paced.index & 0xffff) as u16,
            timestamp: paced.timestamp,
            ssrc: self.myself.ssrc,
            csrcs: &[],
            elements: &elements,
        };
        let header_len = header.write(&mut plain).ok()?.len;
        plain.truncate(header_len);
        plain.extend_from_slice(&paced.opus);
        let mut sealed = vec![0; plain.len() + SRTP_OVERHEAD];
        let length = self
            .outbound
            .seal_rtp(
                &plain,
                header_len,
                self.myself.ssrc,
                paced.index,
                &mut sealed,
            )
            .ok()?;
        sealed.truncate(length);
        microphone.packets = microphone.packets.wrapping_add(1);
        // RFC 3550 section 6.4.1: modulo 2^32, headers not counted.
        microphone.octets = microphone.octets.wrapping_add(paced.opus.len() as u32);
        microphone.last = Some((paced.timestamp, now));
        Some(sealed)
    }

    /// Authenticate and open what came.
    pub fn open(&mut self, datagram: &mut [u8], now: Instant) -> Opened {
        if matches!(datagram.get(1), Some(192..=223)) {
            self.open_rtcp(datagram, now)
        } else {
            self.open_rtp(datagram, now)
                .map_or(Opened::Nothing, Opened::Opus)
        }
    }

    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Packets of a line that came without being opened.
    pub fn count_unopened(&mut self, ssrc: u32, packets: u64) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.ssrc == ssrc) {
            line.arrivals.note_unopened(packets);
        }
    }

    /// When a report is due.
    pub fn next_report(&self) -> Instant {
        self.next_report
    }

    /// The report, if one is due at *now*.
    pub fn report(&mut self, now: Instant) -> Option<Vec<u8>> {
        if now < self.next_report {
            return None;
        }
        self.next_report = now + limits::REPORT;
        self.rtcp(now, false)
    }

    /// The report that ends it all.
    pub fn bye(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.rtcp(now, true)
    }

    fn open_rtp(&mut self, datagram: &mut [u8], now: Instant) -> Option<Received> {
        let header = Header::parse(datagram).ok()?;
        let listening = self
            .lines
            .iter_mut()
            .find(|line| line.ssrc == header.ssrc)?;
        let opened = listening
            .inbound
            .open_rtp(datagram, header.len, header.ssrc, header.sequence)
            .ok()?;
        let packet = datagram.get(..opened.len)?;
        listening.arrivals.note(
            opened.index,
            header.timestamp,
            now.duration_since(self.began),
        );
        let opus = packet.get(header.payload(packet).ok()?)?.to_vec();
        Some(Received {
            line: listening.line,
            csrc: header.csrcs(packet).next().unwrap_or(0),
            timestamp: header.timestamp,
            sequence: header.sequence,
            opus,
        })
    }

    fn open_rtcp(&mut self, datagram: &mut [u8], now: Instant) -> Opened {
        let Ok(length) = self.reports.open_rtcp(datagram) else {
            return Opened::Nothing;
        };
        let compound = datagram.get(..length).unwrap_or_default();
        for packet in rtcp::packets(compound).map_while(Result::ok) {
            match packet {
                // The server's lines live as long as the stay: a BYE of any is the end of all.
                Packet::Bye(_) => return Opened::Bye,
                Packet::SenderReport { ssrc, info, .. } => {
                    if let Some(line) = self.lines.iter_mut().find(|line| line.ssrc == ssrc) {
                        line.arrivals
                            .note_sender_report(info.ntp, now.duration_since(self.began));
                    }
                }
                _ => {}
            }
        }
        Opened::Nothing
    }

    fn rtcp(&mut self, now: Instant, is_last: bool) -> Option<Vec<u8>> {
        let since_began = now.saturating_duration_since(self.began);
        let ssrc = self.myself.ssrc;
        let mut plain = vec![0; limits::MOST_DATAGRAM_BYTES / 2];
        let blocks: Vec<_> = self
            .lines
            .iter_mut()
            .filter_map(|line| line.arrivals.report(line.ssrc, since_began))
            .collect();
        let mut compound = Compound::new(&mut plain);
        match self
            .microphone
            .as_ref()
            .and_then(|microphone| microphone.info(now, since_began))
        {
            Some(info) => compound.sender_report(ssrc, info, &blocks).ok()?,
            None => compound.receiver_report(ssrc, &blocks).ok()?,
        }
        compound.cname(ssrc, &self.myself.cname).ok()?;
        if is_last {
            compound.bye(&[ssrc]).ok()?;
        }
        let length = compound.len();
        let mut sealed = vec![0; length + SRTCP_OVERHEAD];
        let length = self
            .outbound
            .seal_rtcp(plain.get(..length)?, &mut sealed)
            .ok()?;
        sealed.truncate(length);
        Some(sealed)
    }
}

impl Microphone {
    /// What it has sent; its clock is the time since the keys came (RFC 3550 section 6.4.1 allows that).
    fn info(&self, now: Instant, since_began: Duration) -> Option<SenderInfo> {
        let (timestamp, at) = self.last?;
        Some(SenderInfo {
            ntp: NtpTime::from_unix(since_began),
            rtp_timestamp: timestamp.wrapping_add(samples(now.saturating_duration_since(at))),
            packets: self.packets,
            octets: self.octets,
        })
    }
}
