//! Our own client beside a server written by others, and when things go wrong.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use arengo_client::{ClientOptions, Identity, OfferRefused, Peer, State, Way};
use arengo_sim::{SeededChance, a_space};
use str0m::change::{SdpAnswer, SdpOffer};
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

const SECOND: Duration = Duration::from_secs(1);
const OPUS: &[u8] = &[0xf8, 1, 2, 3];

/// Our client, and str0m as a lite server, with a perfect wire between them.
struct Pair {
    now: Instant,
    client: Peer,
    server: Rtc,
    server_wakes: Instant,
    heard: Vec<Vec<u8>>,
}

fn here(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}

/// The two, the answer passed through *tamper* on its way to the client.
fn a_pair(tamper: impl FnOnce(String) -> String) -> Pair {
    let now = Instant::now();
    let options = ClientOptions {
        send: true,
        receive_lines: 1,
        ..ClientOptions::default()
    };
    let identity = Identity::shared().unwrap();
    let mut client = Peer::new(options, identity, Box::new(SeededChance::new(1)), now).unwrap();
    let mut server = RtcConfig::new()
        .set_ice_lite(true)
        .set_rtp_mode(true)
        .build(now);
    server.add_local_candidate(Candidate::host(here(1), "udp").unwrap());
    let offer = SdpOffer::from_sdp_string(&client.offer()).unwrap();
    let answer = server.sdp_api().accept_offer(offer).unwrap();
    client.answer(&tamper(answer.to_sdp_string()), now).unwrap();
    Pair {
        now,
        client,
        server,
        server_wakes: now,
        heard: Vec::new(),
    }
}

/// The two where the server offers, lite or full, and has a line to send on.
fn an_offering_pair(lite: bool) -> (Pair, Mid) {
    let now = Instant::now();
    let options = ClientOptions {
        send: false,
        receive_lines: 1,
        ..ClientOptions::default()
    };
    let identity = Identity::shared().unwrap();
    let mut client = Peer::new(options, identity, Box::new(SeededChance::new(1)), now).unwrap();
    let mut server = RtcConfig::new()
        .clear_codecs()
        .enable_opus(true, false)
        .set_ice_lite(lite)
        .set_rtp_mode(true)
        .build(now);
    server.add_local_candidate(Candidate::host(here(1), "udp").unwrap());
    let mut change = server.sdp_api();
    let mid = change.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
    let (offer, pending) = change.apply().unwrap();
    let answer = client.answer_to(&offer.to_sdp_string(), now).unwrap();
    let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
    server.sdp_api().accept_answer(pending, answer).unwrap();
    let pair = Pair {
        now,
        client,
        server,
        server_wakes: now,
        heard: Vec::new(),
    };
    (pair, mid)
}

impl Pair {
    /// The server says *packets*, one each 20 ms; what the client heard of them.
    fn server_says(&mut self, mid: Mid, packets: u16) -> Vec<u16> {
        for sequence in 0..packets {
            let opus = self.server.codec_config().find(|_| true).unwrap().pt();
            let timestamp = 960 * u32::from(sequence);
            let packet = RtpWrite::new(
                opus,
                u64::from(sequence).into(),
                timestamp,
                self.now,
                OPUS.to_vec(),
            );
            let mut api = self.server.direct_api();
            api.stream_tx_by_mid(mid, None).unwrap().write_rtp(packet);
            self.server.handle_input(Input::Timeout(self.now)).unwrap();
            self.run_for(SECOND / 50);
        }
        let heard = self.client.received(usize::from(packets));
        assert!(heard.iter().all(|packet| packet.opus == OPUS));
        heard.iter().map(|packet| packet.sequence).collect()
    }

    fn run_for(&mut self, length: Duration) {
        let end = self.now + length;
        while self.now < end {
            self.exchange();
            let next = self
                .client
                .next_timeout()
                .unwrap_or(end)
                .min(self.server_wakes)
                .min(end);
            self.now = next.max(self.now + Duration::from_micros(100));
            self.client.handle_timeout(self.now);
            if self.server.is_alive() {
                self.server.handle_input(Input::Timeout(self.now)).unwrap();
            }
        }
        self.exchange();
    }

    /// Carry datagrams until nobody has any left.
    fn exchange(&mut self) {
        loop {
            let from_server = self.poll_server();
            for mut datagram in from_server.clone() {
                self.client
                    .handle_datagram(Way::udp(here(1)), &mut datagram, self.now);
            }
            let from_client: Vec<_> = std::iter::from_fn(|| self.client.poll_transmit()).collect();
            for transmit in &from_client {
                assert_eq!(transmit.to, Way::udp(here(1)));
                let contents = transmit.datagram.as_slice().try_into().unwrap();
                let receive = Receive {
                    proto: Protocol::Udp,
                    source: here(2),
                    destination: here(1),
                    contents,
                };
                self.server
                    .handle_input(Input::Receive(self.now, receive))
                    .unwrap();
            }
            if from_server.is_empty() && from_client.is_empty() {
                return;
            }
        }
    }

    fn poll_server(&mut self) -> Vec<Vec<u8>> {
        let mut sent = Vec::new();
        while self.server.is_alive() {
            match self.server.poll_output().unwrap() {
                Output::Timeout(at) => {
                    self.server_wakes = at;
                    break;
                }
                Output::Transmit(transmit) => sent.push(transmit.contents.to_vec()),
                Output::Event(Event::RtpPacket(packet)) => {
                    assert_eq!(packet.header.ext_vals.audio_level, Some(-30));
                    self.heard.push(packet.payload.to_vec());
                }
                Output::Event(_) => {}
            }
        }
        sent
    }
}

#[test]
fn our_client_is_heard_by_a_server_written_by_others() {
    let mut pair = a_pair(|answer| answer);
    pair.run_for(SECOND);
    assert_eq!(pair.client.state(), State::Connected);
    let packets = vec![OPUS; 50];
    pair.client
        .send_opus(&packets, &[-30; 50], pair.now)
        .unwrap();
    pair.run_for(SECOND / 2);
    let queued = pair.client.queued();
    assert!(
        (24..=26).contains(&queued),
        "{queued} wait after half the time"
    );
    pair.run_for(SECOND);
    assert_eq!(pair.heard, packets);
}

#[test]
fn our_client_hears_a_server_that_offers() {
    for lite in [false, true] {
        let (mut pair, mid) = an_offering_pair(lite);
        // Well before a first flight would be repeated: what a full agent was sent too early would be lost.
        pair.run_for(SECOND / 5);
        assert_eq!(pair.client.state(), State::Connected, "lite: {lite}");
        assert_eq!(pair.server_says(mid, 50), (0..50).collect::<Vec<_>>());
        pair.run_for(SECOND * 60);
        assert_eq!(pair.client.state(), State::Connected, "lite: {lite}");
        assert!(pair.server.is_connected(), "lite: {lite}");
    }
}

#[test]
fn our_client_answers_once_and_only_where_it_listens() {
    let (mut pair, _) = an_offering_pair(true);
    let offer = "v=0";
    let refused = pair.client.answer_to(offer, pair.now);
    assert_eq!(refused, Err(OfferRefused::NotExpected));
    let identity = Identity::shared().unwrap();
    let options = |send, receive_lines| ClientOptions {
        send,
        receive_lines,
        ..ClientOptions::default()
    };
    let a_client = |options| {
        let chance = Box::new(SeededChance::new(1));
        Peer::new(options, identity, chance, pair.now).unwrap()
    };
    let mut talker = a_client(options(true, 1));
    let refused = talker.answer_to(offer, pair.now);
    assert_eq!(refused, Err(OfferRefused::NotExpected));
    let mut listener = a_client(options(false, 1));
    let refused = listener.answer_to(offer, pair.now);
    assert_eq!(refused, Err(OfferRefused::Malformed));
    let two_lines = a_client(options(false, 2)).offer();
    let refused = listener.answer_to(&two_lines, pair.now);
    assert_eq!(refused, Err(OfferRefused::TooManyLines));
    let one_line = a_client(options(false, 1)).offer();
    let refused = listener.answer_to(&one_line, pair.now);
    assert_eq!(refused, Err(OfferRefused::NoCandidate));
    assert_eq!(listener.state(), State::New);
}

#[test]
fn our_client_stays_connected_by_its_checks_alone() {
    let mut pair = a_pair(|answer| answer);
    pair.run_for(SECOND * 60);
    assert_eq!(pair.client.state(), State::Connected);
}

#[test]
fn our_client_refuses_a_server_with_another_certificate() {
    let other = Identity::generate().unwrap();
    let mut pair = a_pair(|answer| {
        let lines =
            answer
                .split_inclusive("\r\n")
                .map(|line| match line.strip_prefix("a=fingerprint:") {
                    Some(_) => format!("a=fingerprint:sha-256 {}\r\n", other.fingerprint()),
                    None => line.to_owned(),
                });
        lines.collect()
    });
    pair.run_for(SECOND);
    assert_eq!(pair.client.state(), State::Failed);
}

#[test]
fn our_client_believes_no_answer_that_is_not_signed() {
    let mut pair = a_pair(|answer| {
        let lines =
            answer
                .split_inclusive("\r\n")
                .map(|line| match line.strip_prefix("a=ice-pwd:") {
                    Some(_) => "a=ice-pwd:not-the-password-of-this-server\r\n".to_owned(),
                    None => line.to_owned(),
                });
        lines.collect()
    });
    pair.run_for(SECOND * 10);
    assert_eq!(pair.client.state(), State::Checking);
    pair.run_for(SECOND * 6);
    assert_eq!(pair.client.state(), State::Failed);
}

#[test]
fn our_client_says_goodbye() {
    let mut pair = a_pair(|answer| answer);
    pair.run_for(SECOND);
    pair.client.close(pair.now);
    pair.run_for(SECOND);
    assert_eq!(pair.client.state(), State::Closed);
    assert!(!pair.server.is_connected() || !pair.server.is_alive());
}

#[test]
fn our_client_fails_after_fifteen_seconds_of_silence() {
    let mut space = a_space()
        .with_speakers(1)
        .with_listeners(1)
        .of_our_own()
        .begin();
    space.cut_off(1);
    space.run_for(SECOND * 12);
    assert!(space.is_connected(1));
    space.run_for(SECOND * 6);
    assert!(!space.is_connected(1));
    assert!(space.is_connected(0));
}

#[test]
fn our_client_hears_that_it_was_removed() {
    let mut space = a_space()
        .with_speakers(1)
        .with_listeners(1)
        .of_our_own()
        .begin();
    space.remove(1);
    space.run_for(SECOND / 10);
    assert!(!space.is_connected(1));
}
