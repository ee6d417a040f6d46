//! A participant written by others: str0m, with its own ICE, DTLS and SRTP.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use arengo_core::Time;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{ExtensionValues, RtpPacket, RtpWrite};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

use crate::participant::{Frame, Heard, Participant};

/// A str0m peer in RTP mode.
pub struct Stranger {
    rtc: Rtc,
    epoch: Instant,
    address: SocketAddr,
    sends: bool,
    receive_lines: usize,
    pending: Option<SdpPendingOffer>,
    microphone: Option<Mid>,
    lines: Vec<Mid>,
    connected: bool,
    next_wake: Option<Time>,
    /// Extended sequence number of the next packet; starts where the scenario says, to bring a wrap near.
    sequence: u64,
    timestamp: u32,
    was_silent: bool,
    sent: Vec<(SocketAddr, Vec<u8>)>,
    heard: VecDeque<Heard>,
}

impl Stranger {
    /// Make one; *epoch* is the instant of time zero, *first_sequence* the number of its first packet.
    pub fn new(
        epoch: Instant,
        now: Time,
        address: SocketAddr,
        sends: bool,
        receive_lines: usize,
        first_sequence: u64,
    ) -> Stranger {
        let mut rtc = RtcConfig::new()
            .clear_codecs()
            .enable_opus(true, false)
            .set_rtp_mode(true)
            .build(epoch + now.since_zero());
        let candidate = Candidate::host(address, "udp").expect("a host address");
        rtc.add_local_candidate(candidate);
        Stranger {
            rtc,
            epoch,
            address,
            sends,
            receive_lines,
            pending: None,
            microphone: None,
            lines: Vec::new(),
            connected: false,
            next_wake: None,
            sequence: first_sequence,
            timestamp: u32::MAX - 48_000,
            was_silent: true,
            sent: Vec::new(),
            heard: VecDeque::new(),
        }
    }

    fn at(&self, now: Time) -> Instant {
        self.epoch + now.since_zero()
    }

    fn settle(&mut self, now: Time) {
        if !self.rtc.is_alive() {
            self.next_wake = None;
            return;
        }
        loop {
            match self.rtc.poll_output().expect("str0m goes on") {
                Output::Timeout(at) => {
                    // str0m names the far future when it waits for nothing.
                    let wake = at
                        .saturating_duration_since(self.epoch)
                        .max(now.since_zero() + TICK);
                    self.next_wake =
                        Some(Time::ZERO + wake.min(now.since_zero() + Duration::from_secs(60)));
                    return;
                }
                Output::Transmit(transmit) => {
                    self.sent
                        .push((transmit.destination, transmit.contents.to_vec()));
                }
                Output::Event(Event::Connected) => self.connected = true,
                Output::Event(Event::RtpPacket(packet)) => self.hear(now, &packet),
                Output::Event(_) => {}
            }
        }
    }

    fn hear(&mut self, now: Time, packet: &RtpPacket) {
        let mid = packet.header.ext_vals.mid;
        let line = self.line_of(packet, mid);
        let csrc = if packet.header.csrc_count > 0 {
            packet.header.csrc[0]
        } else {
            0
        };
        self.heard.push_back(Heard {
            at: now,
            line,
            csrc,
            sequence: *packet.seq_no,
            timestamp: packet.header.timestamp,
            opus: packet.payload.to_vec(),
            part: 0,
        });
    }

    fn line_of(&mut self, packet: &RtpPacket, mid: Option<Mid>) -> usize {
        let of_ssrc = self
            .rtc
            .direct_api()
            .stream_rx(&packet.header.ssrc)
            .map(|stream| stream.mid());
        let mid = of_ssrc.or(mid);
        self.lines
            .iter()
            .position(|line| Some(*line) == mid)
            .unwrap_or(usize::MAX)
    }
}

/// str0m may ask to be woken at once; a simulation must move on.
const TICK: Duration = Duration::from_micros(1);

impl Participant for Stranger {
    fn offer(&mut self, now: Time) -> String {
        let mut change = self.rtc.sdp_api();
        if self.sends {
            let mid = change.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
            self.microphone = Some(mid);
        }
        for _ in 0..self.receive_lines {
            let mid = change.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
            self.lines.push(mid);
        }
        let (offer, pending) = change.apply().expect("an offer with lines");
        self.pending = Some(pending);
        self.settle(now);
        offer.to_sdp_string()
    }

    fn answer(&mut self, now: Time, sdp: &str) {
        let answer = SdpAnswer::from_sdp_string(sdp).expect("an answer that str0m reads");
        let pending = self.pending.take().expect("one answer to one offer");
        self.rtc
            .sdp_api()
            .accept_answer(pending, answer)
            .expect("an answer that str0m takes");
        self.settle(now);
    }

    fn take(&mut self, now: Time, from: SocketAddr, datagram: &mut [u8]) {
        let Ok(contents) = (&*datagram).try_into() else {
            return;
        };
        let receive = Receive {
            proto: Protocol::Udp,
            source: from,
            destination: self.address,
            contents,
        };
        let at = self.at(now);
        if self.rtc.is_alive() && self.rtc.handle_input(Input::Receive(at, receive)).is_err() {
            self.rtc.disconnect();
        }
        self.settle(now);
    }

    fn wake(&mut self, now: Time) {
        let at = self.at(now);
        if self.rtc.is_alive() && self.rtc.handle_input(Input::Timeout(at)).is_err() {
            self.rtc.disconnect();
        }
        self.settle(now);
    }

    fn next_wake(&self) -> Option<Time> {
        self.next_wake
    }

    fn is_connected(&self) -> bool {
        self.connected && self.rtc.is_alive()
    }

    fn say(&mut self, now: Time, frame: Option<&Frame>) {
        let timestamp = self.timestamp;
        self.timestamp = timestamp.wrapping_add(960);
        let Some(frame) = frame else {
            self.was_silent = true;
            return;
        };
        let marker = std::mem::replace(&mut self.was_silent, false);
        self.utter(now, frame, timestamp, marker);
    }

    fn utter(&mut self, now: Time, frame: &Frame, timestamp: u32, marker: bool) {
        let at = self.at(now);
        let Some(mid) = self
            .microphone
            .filter(|_| self.connected && self.rtc.is_alive())
        else {
            return;
        };
        let opus = self
            .rtc
            .codec_config()
            .find(|params| params.spec().codec == Codec::Opus);
        let Some(payload_type) = opus.map(|params| params.pt()) else {
            return;
        };
        let mut api = self.rtc.direct_api();
        let stream = api
            .stream_tx_by_mid(mid, None)
            .expect("a stream of the microphone");
        let levels = ExtensionValues {
            audio_level: Some(frame.level),
            voice_activity: Some(frame.voice),
            ..ExtensionValues::default()
        };
        stream.write_rtp(
            RtpWrite::new(
                payload_type,
                self.sequence.into(),
                timestamp,
                at,
                frame.opus.clone(),
            )
            .marker(marker)
            .ext_vals(levels),
        );
        self.sequence += 1;
        self.wake(now);
    }

    fn leave(&mut self, now: Time) {
        self.rtc.disconnect();
        self.settle(now);
    }

    fn take_sent(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        std::mem::take(&mut self.sent)
    }

    fn take_heard(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.heard).into()
    }
}
