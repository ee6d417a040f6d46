//! What a client makes of loss, beside a server of a few lines under the same keys.

use std::ops::Range;
use std::time::{Duration, Instant};

use arengo_core::srtp::{Inbound, Outbound, SRTCP_OVERHEAD, SRTP_OVERHEAD, SrtpContexts};
use arengo_wire::red;
use arengo_wire::rtcp::{self, Compound, Packet};
use arengo_wire::rtp::{Header, HeaderFields};
use arengo_wire::sdp::{AnswerLine, Direction, IceCredentials, RemoteAnswer, Setup};
use arengo_wire::srtp::Profile;

use super::{Media, SelfDescription};
use crate::peer::association::Exported;
use crate::peer::pacer::Paced;
use crate::{ClientOptions, Received, Tally};

const OPUS: u8 = 111;
const RED: u8 = 63;
const CLIENT: u32 = 7;
const SLOT: u32 = 1_000;
const FRAME: u32 = 960;

/// A client with one line each way, and the server's keys.
struct Pair {
    now: Instant,
    client: Media,
    outbound: Outbound,
    inbound: Inbound,
}

fn an_answer() -> RemoteAnswer {
    let line = |direction, ssrcs| AnswerLine {
        mid: String::new(),
        direction,
        payload_type: Some(OPUS),
        red: Some(RED),
        nack: true,
        level_extension: None,
        mid_extension: None,
        ssrcs,
    };
    RemoteAnswer {
        ice: IceCredentials {
            ufrag: String::new(),
            password: String::new(),
        },
        ice_lite: true,
        setup: Setup::Passive,
        fingerprint: [0; 32],
        candidates: Vec::new(),
        lines: vec![
            line(Direction::RecvOnly, Vec::new()),
            line(Direction::SendOnly, vec![SLOT]),
        ],
    }
}

fn a_pair(red: Option<usize>, nack: bool) -> Pair {
    let now = Instant::now();
    let exported = Exported {
        profile: Profile::AeadAes128Gcm,
        material: (0..56).collect(),
    };
    let myself = SelfDescription {
        ssrc: CLIENT,
        cname: "client".to_owned(),
    };
    let options = ClientOptions {
        send: true,
        receive_lines: 1,
        red,
        nack,
    };
    let SrtpContexts { outbound, inbound } =
        SrtpContexts::of_server(exported.profile, &exported.material).unwrap();
    Pair {
        now,
        client: Media::new(&exported, myself, options, &an_answer(), now).unwrap(),
        outbound,
        inbound,
    }
}

/// What frame *number* sounds like.
fn opus(number: u64) -> Vec<u8> {
    vec![0xf8, number as u8, 3]
}

impl Pair {
    /// The packet *number* of the server, by the *payload_type* of its *payload*; what the client hears of it.
    fn hears(&mut self, number: u64, payload_type: u8, payload: &[u8]) -> Vec<Received> {
        let mut datagram = self.a_packet(number, payload_type, payload);
        let mut heard = Vec::new();
        let is_over = self
            .client
            .open(&mut datagram, self.now, |packet| heard.push(packet));
        assert!(!is_over);
        heard
    }

    fn a_packet(&self, number: u64, payload_type: u8, payload: &[u8]) -> Vec<u8> {
        let header = HeaderFields {
            marker: false,
            payload_type,
            sequence: number as u16,
            timestamp: number as u32 * FRAME,
            ssrc: SLOT,
            csrcs: &[42],
            elements: &[],
        };
        let mut plain = vec![0; 200];
        let header_len = header.write(&mut plain).unwrap().len;
        plain.truncate(header_len);
        plain.extend(payload);
        let mut sealed = vec![0; plain.len() + SRTP_OVERHEAD];
        let length = self
            .outbound
            .seal_rtp(&plain, header_len, SLOT, number, &mut sealed)
            .unwrap();
        sealed.truncate(length);
        sealed
    }

    /// The server sends *numbers* but for the *lost*, each with copies of the frames so far *back*.
    fn hears_red(&mut self, numbers: Range<u64>, lost: &[u64], back: &[u64]) -> Vec<Received> {
        let mut heard = Vec::new();
        for number in numbers.filter(|number| !lost.contains(number)) {
            heard.extend(self.hears(number, RED, &a_red_payload(number, back)));
        }
        heard
    }

    /// What the client asks for again.
    fn asked_again(&mut self) -> Vec<Vec<u16>> {
        let mut asked = Vec::new();
        for mut datagram in self.client.take_repairs() {
            let length = self.inbound.open_rtcp(&mut datagram).unwrap();
            for packet in rtcp::packets(&datagram[..length]) {
                if let Packet::Nack { media, lost, .. } = packet.unwrap() {
                    assert_eq!(media, SLOT);
                    asked.push(lost.collect());
                }
            }
        }
        asked
    }

    /// The client says frame *number*; the datagram.
    fn says(&mut self, number: u64) -> Vec<u8> {
        let paced = Paced {
            index: number,
            timestamp: number as u32 * FRAME,
            marker: false,
            level: 30,
            opus: opus(number),
        };
        self.client.seal(&paced, self.now).unwrap()
    }
}

fn a_red_payload(number: u64, back: &[u64]) -> Vec<u8> {
    let frames: Vec<_> = back
        .iter()
        .map(|back| (*back, opus(number - back)))
        .collect();
    let copies: Vec<(u16, &[u8])> = frames
        .iter()
        .map(|(back, opus)| (*back as u16 * FRAME as u16, &opus[..]))
        .collect();
    let mut payload = vec![0; 200];
    let length = red::write(&copies, &opus(number), OPUS, &mut payload).unwrap();
    payload.truncate(length);
    payload
}

fn frames(heard: &[Received]) -> Vec<u64> {
    for packet in heard {
        let number = u64::from(packet.timestamp / FRAME);
        assert_eq!((packet.csrc, &packet.opus), (42, &opus(number)));
    }
    heard
        .iter()
        .map(|packet| u64::from(packet.timestamp / FRAME))
        .collect()
}

#[test]
fn what_is_lost_comes_by_the_copy_in_the_next_packet_and_is_counted() {
    let mut pair = a_pair(Some(0), false);
    let heard = pair.hears_red(10..20, &[12, 15, 16], &[1]);
    assert_eq!(frames(&heard), [10, 11, 12, 13, 14, 16, 17, 18, 19]);
    let recovered: Vec<_> = heard.iter().filter(|packet| packet.recovered).collect();
    let brought: Vec<_> = recovered.iter().map(|packet| packet.sequence).collect();
    assert_eq!(brought, [13, 17]);
    let tally = Tally {
        lost: 3,
        recovered: 2,
        played: 9,
    };
    assert_eq!(pair.client.tally(), tally);
}

#[test]
fn copies_at_a_distance_fill_a_burst_out_of_order_and_each_frame_comes_once() {
    let mut pair = a_pair(Some(0), false);
    let heard = pair.hears_red(10..20, &[12, 13], &[3, 1]);
    assert_eq!(frames(&heard), [10, 11, 13, 14, 12, 15, 16, 17, 18, 19]);
    assert_eq!(pair.client.tally().recovered, 2);
}

#[test]
fn a_packet_that_comes_after_its_copy_is_heard_no_second_time() {
    let mut pair = a_pair(Some(0), false);
    pair.hears_red(10..13, &[11], &[1]);
    assert_eq!(pair.hears_red(11..12, &[], &[1]), []);
    let tally = Tally {
        lost: 0,
        recovered: 1,
        played: 3,
    };
    assert_eq!(pair.client.tally(), tally);
}

#[test]
fn plain_packets_and_those_with_copies_follow_one_another() {
    let mut pair = a_pair(Some(0), false);
    assert_eq!(frames(&pair.hears(10, OPUS, &opus(10))), [10]);
    let heard = pair.hears_red(11..13, &[11], &[2, 1]);
    assert_eq!(frames(&heard), [11, 12]);
    assert_eq!(frames(&pair.hears(13, OPUS, &opus(13))), [13]);
}

#[test]
fn what_no_browser_would_play_is_silent() {
    let mut of_another_type = a_red_payload(2, &[1]);
    assert!(red::set_payload_type(&mut of_another_type, 0));
    let mut nested = a_red_payload(2, &[1]);
    assert!(red::set_payload_type(&mut nested, RED));
    let lies = [0x80 | OPUS, 0x0F, 0x03, 0xFF, OPUS, 1, 2, 3];
    for (payload_type, payload) in [
        (RED, &of_another_type[..]),
        (RED, &nested),
        (RED, &lies),
        (RED, &[]),
        (RED, &[OPUS]),
        (OPUS, &[]),
        (96, &opus(2)),
    ] {
        let mut pair = a_pair(Some(0), false);
        pair.hears(0, OPUS, &opus(0));
        assert_eq!(pair.hears(2, payload_type, payload), []);
        assert_eq!(frames(&pair.hears(3, OPUS, &opus(3))), [3]);
    }
}

#[test]
fn who_did_not_offer_red_does_not_hear_it() {
    let mut pair = a_pair(None, false);
    assert_eq!(pair.hears_red(10..20, &[], &[1]), []);
    assert_eq!(frames(&pair.hears(20, OPUS, &opus(20))), [20]);
}

#[test]
fn a_lost_packet_is_asked_for_again_once_and_heard_when_it_comes() {
    let mut pair = a_pair(None, true);
    for number in [65_533, 65_534, 65_537, 65_538] {
        pair.hears(number, OPUS, &opus(number));
    }
    assert_eq!(pair.asked_again(), [[65_535, 0]]);
    assert_eq!(frames(&pair.hears(65_535, OPUS, &opus(65_535))), [65_535]);
    pair.hears(65_539, OPUS, &opus(65_539));
    assert_eq!(pair.asked_again(), Vec::<Vec<u16>>::new());
    assert_eq!(pair.client.tally().lost, 1);
}

#[test]
fn who_did_not_offer_nack_asks_for_nothing() {
    let mut pair = a_pair(Some(1), false);
    pair.hears_red(10..20, &[12, 15, 16], &[1]);
    assert!(pair.client.take_repairs().is_empty());
}

#[test]
fn each_packet_carries_copies_of_those_before_it() {
    let mut pair = a_pair(Some(2), false);
    for number in 10..20 {
        let mut datagram = pair.says(number);
        let header = Header::parse(&datagram).unwrap();
        assert_eq!(header.payload_type, RED);
        let opened = pair
            .inbound
            .open_rtp(&mut datagram, header.len, CLIENT, header.sequence)
            .unwrap();
        let red = red::parse(&datagram[header.len..opened.len]).unwrap();
        assert_eq!(
            (red.primary.payload_type, red.primary.data),
            (OPUS, &opus(number)[..])
        );
        let before: Vec<_> = red
            .copies_of(OPUS)
            .map(|copy| (copy.offset, copy.data.to_vec()))
            .collect();
        let wanted = [2, 1].iter().filter(|back| number >= 10 + **back);
        let wanted: Vec<_> = wanted
            .map(|back| (*back as u16 * FRAME as u16, opus(number - back)))
            .collect();
        assert_eq!(before, wanted);
    }
}

#[test]
fn without_copies_to_send_packets_are_plain() {
    for red in [None, Some(0)] {
        let datagram = a_pair(red, false).says(10);
        assert_eq!(Header::parse(&datagram).unwrap().payload_type, OPUS);
    }
}

#[test]
fn what_the_server_asks_for_is_sent_again_as_it_was() {
    for nack in [true, false] {
        let mut pair = a_pair(Some(1), nack);
        let said: Vec<_> = (65_530..65_550).map(|number| pair.says(number)).collect();
        let mut plain = vec![0; 200];
        let mut compound = Compound::new(&mut plain);
        compound.receiver_report(SLOT, &[]).unwrap();
        compound.nack(SLOT, CLIENT, &[1, 65_535, 500]).unwrap();
        compound.nack(SLOT, CLIENT + 1, &[2]).unwrap();
        let length = compound.len();
        let mut sealed = vec![0; length + SRTCP_OVERHEAD];
        let length = pair
            .outbound
            .seal_rtcp(&plain[..length], &mut sealed)
            .unwrap();
        let at = pair.now + Duration::from_millis(50);
        assert!(!pair.client.open(&mut sealed[..length], at, |_| ()));
        let wanted: &[usize] = if nack { &[5, 7] } else { &[] };
        let wanted: Vec<_> = wanted.iter().map(|place| said[*place].clone()).collect();
        assert_eq!(pair.client.take_repairs(), wanted);
    }
}
