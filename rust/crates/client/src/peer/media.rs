//! Sound and reports once there are keys: SRTP both ways, one inbound context for each line.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use arengo_core::srtp::{Inbound, Outbound, SRTCP_OVERHEAD, SRTP_OVERHEAD, SrtpContexts};
use arengo_wire::red;
use arengo_wire::rtcp::{self, Compound, NtpTime, Packet, SenderInfo};
use arengo_wire::rtp::{AudioLevel, Element, Header, HeaderFields};
use arengo_wire::sdp::{AnswerLine, RemoteAnswer};
use arengo_wire::srtp::Profile;

use super::arrivals::Arrivals;
use super::association::Exported;
use super::pacer::{Paced, samples};
use super::redundancy::{Repeater, Timeline};
use crate::{ClientOptions, Received, Tally, limits};

#[cfg(test)]
mod tests;

/// Louder than this, a sender says that it is a voice (RFC 6464: the judgement is the sender's own).
const VOICE_ABOVE_MINUS_DBOV: u8 = 60;

/// How others know this client.
#[derive(Debug, Clone)]
pub struct SelfDescription {
    pub ssrc: u32,
    pub cname: String,
}

/// The sound of a connected client.
pub struct Media {
    profile: Profile,
    myself: SelfDescription,
    outbound: Outbound,
    /// What is sent because of what came: NACKs, and packets once more.
    repairs: Vec<Vec<u8>>,
    tally: Tally,
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
    /// Payload type of RED, and what goes with each packet.
    red: Option<(u8, Repeater)>,
    /// The last datagrams by their sequence numbers, where the server may ask for them again.
    sent: Option<VecDeque<(u16, Vec<u8>)>>,
    packets: u32,
    octets: u32,
    /// Timestamp and moment of the last packet.
    last: Option<(u32, Instant)>,
}

struct Listening {
    line: usize,
    ssrc: u32,
    payload_type: u8,
    /// Payload type of RED, and what was heard by either.
    red: Option<(u8, Timeline)>,
    /// Whether to ask again for what is lost.
    nack: bool,
    inbound: Inbound,
    arrivals: Arrivals,
}

impl Media {
    /// Begin with fresh keys; None when they are of no use.
    pub fn new(
        exported: &Exported,
        myself: SelfDescription,
        options: ClientOptions,
        answer: &RemoteAnswer,
        now: Instant,
    ) -> Option<Media> {
        let contexts = || SrtpContexts::of_client(exported.profile, &exported.material).ok();
        let first_receiving = usize::from(options.send);
        let mut lines = Vec::new();
        for (line, said) in answer.lines.iter().skip(first_receiving).enumerate() {
            let announced = said.ssrcs.first().filter(|_| said.direction.sends());
            let Some((&ssrc, payload_type)) = announced.zip(said.payload_type) else {
                continue;
            };
            let red = said.red.filter(|_| options.red.is_some());
            lines.push(Listening {
                line,
                ssrc,
                payload_type,
                red: red.map(|red| (red, Timeline::default())),
                nack: options.nack && said.nack,
                inbound: contexts()?.inbound,
                arrivals: Arrivals::default(),
            });
        }
        let microphone = answer
            .lines
            .first()
            .filter(|said| options.send && said.direction.receives());
        let SrtpContexts { outbound, inbound } = contexts()?;
        Some(Media {
            profile: exported.profile,
            myself,
            outbound,
            repairs: Vec::new(),
            tally: Tally::default(),
            reports: inbound,
            microphone: microphone.and_then(|said| Microphone::of(said, options)),
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
        let repeated = microphone.red.as_mut().and_then(|(red, repeater)| {
            let opus = microphone.payload_type;
            Some((*red, repeater.payload(opus, paced.timestamp, &paced.opus)?))
        });
        let (payload_type, payload) = match &repeated {
            Some((red, payload)) => (*red, payload),
            None => (microphone.payload_type, &paced.opus),
        };
        let mut plain = vec![0; limits::MOST_DATAGRAM_BYTES];
        let sequence = (paced.index & 0xffff) as u16;
        let header = HeaderFields {
            marker: paced.marker,
            payload_type,
            sequence,
            timestamp: paced.timestamp,
            ssrc: self.myself.ssrc,
            csrcs: &[],
            elements: &elements,
        };
        let header_len = header.write(&mut plain).ok()?.len;
        plain.truncate(header_len);
        plain.extend_from_slice(payload);
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
        microphone.octets = microphone.octets.wrapping_add(payload.len() as u32);
        microphone.last = Some((paced.timestamp, now));
        if let Some(sent) = &mut microphone.sent {
            if sent.len() == limits::MOST_REMEMBERED {
                sent.pop_front();
            }
            sent.push_back((sequence, sealed.clone()));
        }
        Some(sealed)
    }

    /// Authenticate and open what came, and hand out its sound; whether the server says BYE.
    pub fn open(
        &mut self,
        datagram: &mut [u8],
        now: Instant,
        hand_out: impl FnMut(Received),
    ) -> bool {
        let is_rtcp = matches!(datagram.get(1), Some(192..=223));
        let opened = match is_rtcp {
            true => self.open_rtcp(datagram, now),
            false => self.open_rtp(datagram, now, hand_out).map(|()| false),
        };
        opened.unwrap_or(false)
    }

    /// The datagrams that answer what was opened.
    pub fn take_repairs(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.repairs)
    }

    pub fn tally(&self) -> Tally {
        let lost = self.lines.iter().map(|line| line.arrivals.lost()).sum();
        Tally { lost, ..self.tally }
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

    /// None where it is not authentic, or not ours.
    fn open_rtp(
        &mut self,
        datagram: &mut [u8],
        now: Instant,
        mut hand_out: impl FnMut(Received),
    ) -> Option<()> {
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
        let missing = listening.arrivals.missing_before(opened.index);
        let asks_again = listening.nack && !missing.is_empty();
        listening.arrivals.note(
            opened.index,
            header.timestamp,
            now.duration_since(self.began),
        );
        let heard = Received {
            line: listening.line,
            csrc: header.csrcs(packet).next().unwrap_or(0),
            timestamp: header.timestamp,
            sequence: header.sequence,
            recovered: false,
            opus: Vec::new(),
        };
        let payload = packet.get(header.payload(packet).ok()?)?;
        let tally = &mut self.tally;
        listening.play(heard, header.payload_type, payload, |packet| {
            tally.played += 1;
            tally.recovered += u64::from(packet.recovered);
            hand_out(packet);
        });
        if asks_again {
            let missing: Vec<u16> = missing.map(|index| (index & 0xffff) as u16).collect();
            let nack = self.ask_again(header.ssrc, &missing);
            self.repairs.extend(nack);
        }
        Some(())
    }

    /// Whether the server says BYE; None where it is not authentic.
    fn open_rtcp(&mut self, datagram: &mut [u8], now: Instant) -> Option<bool> {
        let length = self.reports.open_rtcp(datagram).ok()?;
        for packet in rtcp::packets(datagram.get(..length)?).map_while(Result::ok) {
            match packet {
                // The server's lines live as long as the stay: a BYE of any is the end of all.
                Packet::Bye(_) => return Some(true),
                Packet::SenderReport { ssrc, info, .. } => {
                    if let Some(line) = self.lines.iter_mut().find(|line| line.ssrc == ssrc) {
                        line.arrivals
                            .note_sender_report(info.ntp, now.duration_since(self.began));
                    }
                }
                Packet::Nack { media, lost, .. } if media == self.myself.ssrc => {
                    let microphone = self.microphone.as_ref();
                    let sent = microphone.and_then(|microphone| microphone.sent.as_ref());
                    let asked = sent.into_iter().flatten();
                    let asked =
                        asked.filter(|(number, _)| lost.clone().any(|lost| lost == *number));
                    self.repairs
                        .extend(asked.map(|(_, datagram)| datagram.clone()));
                }
                _ => {}
            }
        }
        Some(false)
    }

    fn ask_again(&mut self, media: u32, lost: &[u16]) -> Option<Vec<u8>> {
        let ssrc = self.myself.ssrc;
        let mut plain = vec![0; limits::MOST_DATAGRAM_BYTES / 2];
        let mut compound = Compound::new(&mut plain);
        compound.receiver_report(ssrc, &[]).ok()?;
        compound.cname(ssrc, &self.myself.cname).ok()?;
        compound.nack(ssrc, media, lost).ok()?;
        let length = compound.len();
        self.seal_rtcp(plain.get(..length)?)
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
        self.seal_rtcp(plain.get(..length)?)
    }

    fn seal_rtcp(&mut self, plain: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = vec![0; plain.len() + SRTCP_OVERHEAD];
        let length = self.outbound.seal_rtcp(plain, &mut sealed).ok()?;
        sealed.truncate(length);
        Some(sealed)
    }
}

impl Listening {
    /// Hand out what was not heard before: lost packets by the copies in *payload*, then *packet* with its Opus.
    fn play(
        &mut self,
        packet: Received,
        payload_type: u8,
        payload: &[u8],
        mut hand_out: impl FnMut(Received),
    ) {
        let red = match &self.red {
            Some((red, _)) if *red == payload_type => red::parse(payload).ok(),
            _ => None,
        };
        let (kind, primary) = red.as_ref().map_or((payload_type, payload), |red| {
            (red.primary.payload_type, red.primary.data)
        });
        if kind != self.payload_type || primary.is_empty() {
            return;
        }
        if let Some((_, timeline)) = &mut self.red {
            for copy in red.iter().flat_map(|red| red.copies_of(kind)) {
                let timestamp = packet.timestamp.wrapping_sub(copy.offset.into());
                if timeline.note_copy(timestamp, copy.data) {
                    hand_out(Received {
                        timestamp,
                        recovered: true,
                        opus: copy.data.to_vec(),
                        ..packet.clone()
                    });
                }
            }
            if !timeline.note(packet.timestamp, primary) {
                return;
            }
        }
        hand_out(Received {
            opus: primary.to_vec(),
            ..packet
        });
    }
}

impl Microphone {
    fn of(said: &AnswerLine, options: ClientOptions) -> Option<Microphone> {
        let copies = options.red.filter(|copies| *copies > 0);
        Some(Microphone {
            payload_type: said.payload_type?,
            level_extension: said.level_extension,
            mid: said.mid_extension.map(|id| (id, said.mid.clone())),
            red: said.red.zip(copies.map(Repeater::new)),
            sent: (options.nack && said.nack).then(VecDeque::new),
            packets: 0,
            octets: 0,
            last: None,
        })
    }

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
