//! The rules of offer and answer, one at a time, on small offers.
#![expect(clippy::expect_used, reason = "a test may fail loudly")]

use arengo_wire::limits::{SDP_BYTES, SDP_LINES};
use arengo_wire::sdp::{
    Answer, AnswerParameters, Candidate, CandidateKind, Description, Direction, IceCredentials,
    OfferParameters, Refused, RemoteAnswer, RemoteOffer, Repair, SendLine, Setup, Transport, Why,
    answer, offer,
};

const FINGERPRINT: &str = "AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:\
                           AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA";

fn ice() -> IceCredentials {
    IceCredentials {
        ufrag: "serv".into(),
        password: "passwordpasswordpassword".into(),
    }
}

fn answered_with(offer: &str, slot_ssrcs: &[u32], may_send: bool) -> Result<Answer, Refused> {
    let ice = ice();
    let with = AnswerParameters {
        ice: &ice,
        fingerprint: FINGERPRINT,
        candidates: &[],
        may_send,
        may_receive: true,
        slot_ssrcs,
        cname: "arengo",
        session_id: 1,
    };
    answer(&Description::parse(offer)?, &with)
}

fn answered(offer: &str) -> Result<Answer, Refused> {
    answered_with(offer, &[1, 2, 3], true)
}

fn why(offer: &str) -> Why {
    answered(offer).expect_err("refused").why
}

/// One session with transport on session level, and *sections* as they are given.
fn an_offer(bundle: &str, sections: &[String]) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {bundle}\r\na=setup:actpass\r\n\
         a=fingerprint:sha-256 {FINGERPRINT}\r\na=ice-ufrag:peer\r\na=ice-pwd:peerpeerpeerpeerpeerpeer\r\n{}",
        sections.concat()
    )
}

fn a_line(mid: &str, direction: &str) -> String {
    format!(
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:{mid}\r\na={direction}\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n"
    )
}

fn one_line(direction: &str) -> String {
    an_offer("a", &[a_line("a", direction)])
}

fn directions(answer: &Answer) -> Vec<Direction> {
    let read = Description::parse(&answer.sdp).expect("we read what we write");
    read.media
        .iter()
        .filter_map(|media| media.direction)
        .collect()
}

use Direction::{Inactive, RecvOnly, SendOnly};

#[test]
fn one_line_both_ways_is_a_microphone_when_the_peer_may_speak_and_a_slot_when_not() {
    let offer = one_line("sendrecv");
    assert_eq!(
        directions(&answered_with(&offer, &[1], true).expect("answered")),
        [RecvOnly]
    );
    assert_eq!(
        directions(&answered_with(&offer, &[1], false).expect("answered")),
        [SendOnly]
    );
}

#[test]
fn there_is_one_microphone_and_a_second_line_both_ways_gets_a_slot() {
    let lines = ["a", "b"].map(|mid| a_line(mid, "sendrecv"));
    assert_eq!(
        directions(&answered(&an_offer("a b", &lines)).expect("answered")),
        [RecvOnly, SendOnly]
    );
    let lines = ["a", "b"].map(|mid| a_line(mid, "sendonly"));
    assert_eq!(
        directions(&answered(&an_offer("a b", &lines)).expect("answered")),
        [RecvOnly, Inactive]
    );
}

#[test]
fn lines_beyond_the_slots_are_inactive() {
    let lines = ["a", "b", "c", "d"].map(|mid| a_line(mid, "recvonly"));
    let answer = answered_with(&an_offer("a b c d", &lines), &[7, 8], true).expect("answered");
    assert_eq!(
        directions(&answer),
        [SendOnly, SendOnly, Inactive, Inactive]
    );
    let slots: Vec<_> = answer
        .negotiated
        .slots
        .iter()
        .map(|slot| slot.ssrc)
        .collect();
    assert_eq!(slots, [7, 8]);
}

#[test]
fn a_microphone_leaves_pauses_out_unless_its_offer_says_that_it_sends_music() {
    let answer_to = |parameters: &str| {
        let line = a_line("a", "sendonly") + &format!("a=fmtp:111 {parameters}\r\n");
        answered(&an_offer("a", &[line])).expect("answered").sdp
    };
    let speech = "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1\r\n";
    assert!(answer_to("minptime=10;useinbandfec=1").contains(speech));
    let music = "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=0;stereo=1\r\n";
    assert!(answer_to("minptime=10;sprop-stereo=1;usedtx=0").contains(music));
}

#[test]
fn a_line_without_direction_goes_both_ways() {
    let offer = one_line("x-nothing");
    assert_eq!(
        directions(&answered_with(&offer, &[1], false).expect("answered")),
        [SendOnly]
    );
}

#[test]
fn a_line_that_offers_no_opus_is_rejected_beside_one_that_does() {
    let g722 = "m=audio 9 UDP/TLS/RTP/SAVPF 9\r\na=mid:b\r\na=rtcp-mux\r\na=rtpmap:9 G722/8000\r\n"
        .to_owned();
    let answer =
        answered(&an_offer("a b", &[a_line("a", "recvonly"), g722.clone()])).expect("answered");
    let read = Description::parse(&answer.sdp).expect("we read what we write");
    assert_eq!(read.media.last().map(|media| media.port), Some(0));
    assert_eq!(read.bundle, ["a"]);
    assert_eq!(why(&an_offer("b", &[g722])), Why::NoOpus);
}

#[test]
fn a_rejected_section_at_the_head_of_the_bundle_hands_its_place_on() {
    let data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\n".to_owned();
    let answer = answered(&an_offer("d a", &[data, a_line("a", "recvonly")])).expect("answered");
    let read = Description::parse(&answer.sdp).expect("we read what we write");
    assert_eq!(read.bundle, ["a"]);
    assert_eq!(
        RemoteAnswer::parse(&answer.sdp)
            .expect("a client understands it")
            .lines
            .len(),
        2
    );
}

#[test]
fn a_stopped_video_line_is_answered_but_not_refused() {
    let video = "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\na=inactive\r\n".to_owned();
    let answer = answered(&an_offer("a", &[a_line("a", "recvonly"), video])).expect("answered");
    assert!(answer.sdp.contains("m=video 0 UDP/TLS/RTP/SAVPF 96\r\n"));
}

#[test]
fn video_is_refused_in_whatever_direction() {
    for direction in ["sendrecv", "sendonly", "recvonly", "inactive"] {
        let video = format!("m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\na={direction}\r\n");
        assert_eq!(
            why(&an_offer("a v", &[a_line("a", "recvonly"), video])),
            Why::VideoRefused
        );
    }
    let bundled = "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\na=bundle-only\r\n".to_owned();
    assert_eq!(
        why(&an_offer("a v", &[a_line("a", "recvonly"), bundled])),
        Why::VideoRefused
    );
}

#[test]
fn an_offer_without_audio_says_so() {
    assert_eq!(why(&an_offer("", &[])), Why::NoAudio);
    let stopped = a_line("a", "recvonly").replace("audio 9", "audio 0");
    assert_eq!(why(&an_offer("a", &[stopped])), Why::NoAudio);
}

#[test]
fn several_lines_must_share_one_transport_and_its_port() {
    let lines = ["a", "b"].map(|mid| a_line(mid, "recvonly"));
    assert_eq!(why(&an_offer("a", &lines)), Why::NotBundled);
    assert_eq!(
        why(&one_line("recvonly").replace("a=rtcp-mux\r\n", "")),
        Why::NotBundled
    );
}

#[test]
fn one_line_needs_neither_bundle_nor_mid() {
    let offer = one_line("recvonly")
        .replace("a=group:BUNDLE a\r\n", "")
        .replace("a=mid:a\r\n", "");
    let answer = answered(&offer).expect("answered");
    assert!(!answer.sdp.contains("BUNDLE") && !answer.sdp.contains("a=mid"));
    assert_eq!(
        answer
            .negotiated
            .slots
            .first()
            .map(|slot| slot.mid.as_str()),
        Some("")
    );
}

#[test]
fn without_credentials_there_is_no_ice() {
    assert_eq!(
        why(&one_line("recvonly").replace("a=ice-ufrag:peer\r\n", "")),
        Why::NoIce
    );
    let neither = one_line("recvonly")
        .replace("a=ice-ufrag:peer\r\n", "")
        .replace("a=ice-pwd:peerpeerpeerpeerpeerpeer\r\n", "");
    assert_eq!(why(&neither), Why::NoIce);
    assert_eq!(
        why(&one_line("recvonly").replace("ufrag:peer", "ufrag:p")),
        Why::Malformed
    );
}

#[test]
fn without_a_sha_256_fingerprint_there_is_no_dtls() {
    assert_eq!(
        why(&one_line("recvonly").replace("sha-256", "sha-1")),
        Why::NoFingerprint
    );
    assert_eq!(
        why(&one_line("recvonly").replace("a=fingerprint", "a=x")),
        Why::NoFingerprint
    );
    assert_eq!(
        why(&one_line("recvonly").replace("AA:AA", "AA:+A")),
        Why::Malformed
    );
    assert_eq!(
        why(&one_line("recvonly").replace("AA:AA", "AA")),
        Why::Malformed
    );
}

#[test]
fn two_passive_ends_never_meet() {
    assert_eq!(
        why(&one_line("recvonly").replace("setup:actpass", "setup:passive")),
        Why::Malformed
    );
    assert!(answered(&one_line("recvonly").replace("setup:actpass", "setup:active")).is_ok());
}

#[test]
fn extensions_beyond_a_one_byte_header_or_of_one_direction_are_not_taken() {
    let level = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
    for (map, taken) in [
        ("14", Some(14)),
        ("15", None),
        ("20", None),
        ("0", None),
        ("3/sendonly", None),
    ] {
        let line = format!("{}a=extmap:{map} {level}\r\n", a_line("a", "sendonly"));
        let mic = answered(&an_offer("a", &[line]))
            .expect("answered")
            .negotiated
            .mic
            .expect("a microphone");
        assert_eq!(mic.level_extension, taken);
    }
}

#[test]
fn the_first_opus_of_the_offer_is_taken() {
    let line = a_line("a", "sendonly")
        .replace("SAVPF 111", "SAVPF 63 120 111")
        .replace(
            "a=rtpmap",
            "a=rtpmap:63 red/48000/2\r\na=rtpmap:120 OPUS/48000/2\r\na=rtpmap",
        );
    let mic = answered(&an_offer("a", &[line]))
        .expect("answered")
        .negotiated
        .mic
        .expect("a microphone");
    assert_eq!(mic.payload_type, 120);
}

/// A line with RED before Opus or behind it, as *rtpmap* and *fmtp* say.
fn a_line_with_red(direction: &str, formats: &str, rtpmap: &str, fmtp: &str) -> String {
    let line = a_line("a", direction).replace("SAVPF 111", &format!("SAVPF {formats}"));
    format!("{line}a=rtpmap:63 {rtpmap}\r\n{fmtp}")
}

/// The payload types of RED on the microphone and on the slot of *answer*, whichever there is.
fn red_of(answer: &Answer) -> Option<u8> {
    let agreed = &answer.negotiated;
    let mic = agreed.mic.as_ref().and_then(|mic| mic.red);
    mic.or_else(|| agreed.slots.first().and_then(|slot| slot.red))
}

#[test]
fn red_is_agreed_on_in_the_order_of_the_offer() {
    for direction in ["sendonly", "recvonly"] {
        for formats in ["63 111", "111 63", "9 63 0 111"] {
            let fmtp = "a=fmtp:63 111/111\r\n";
            let line = a_line_with_red(direction, formats, "red/48000/2", fmtp);
            let answer = answered(&an_offer("a", &[line])).expect("answered");
            assert_eq!(red_of(&answer), Some(63));
            let formats = formats.replace("9 ", "").replace("0 ", "");
            let lines = [
                format!(" UDP/TLS/RTP/SAVPF {formats}\r\n"),
                "a=rtpmap:111 opus/48000/2\r\n".to_owned(),
                "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n".to_owned(),
            ];
            assert!(lines.iter().all(|line| answer.sdp.contains(line)));
        }
    }
}

#[test]
fn red_that_names_no_format_may_carry_opus() {
    let line = a_line_with_red("sendonly", "63 111", "RED/48000/2", "");
    let answer = answered(&an_offer("a", &[line])).expect("answered");
    assert_eq!(red_of(&answer), Some(63));
}

#[test]
fn red_of_anything_but_that_opus_is_not_agreed_on() {
    for (rtpmap, fmtp) in [
        ("red/48000/2", "111/0"),
        ("red/48000/2", "0"),
        ("red/48000/2", "63/63"),
        ("red/48000/2", "/"),
        ("red/48000/2", "useinbandfec=1"),
        ("red/8000/2", "111/111"),
        ("red/48000", "111/111"),
        ("rtx/48000/2", "111/111"),
    ] {
        let fmtp = format!("a=fmtp:63 {fmtp}\r\n");
        let line = a_line_with_red("sendonly", "63 111", rtpmap, &fmtp);
        let with_red = answered(&an_offer("a", &[line])).expect("answered");
        let without = answered(&one_line("sendonly")).expect("answered");
        assert_eq!(with_red, without, "{rtpmap}, {fmtp}");
    }
}

#[test]
fn a_nack_of_opus_is_agreed_on_where_it_is_offered() {
    for (feedback, is_agreed) in [
        ("111 nack", true),
        ("* nack", true),
        ("111 transport-cc\r\na=rtcp-fb:111 nack", true),
        ("111 nack pli", false),
        ("63 nack", false),
        ("111", false),
        ("all nack", false),
        ("nack", false),
    ] {
        for direction in ["sendonly", "recvonly"] {
            let line = format!("{}a=rtcp-fb:{feedback}\r\n", a_line("a", direction));
            let answer = answered(&an_offer("a", &[line])).expect("answered");
            let agreed = &answer.negotiated;
            let mic = agreed.mic.as_ref().map(|mic| mic.nack);
            let nack = mic.or_else(|| agreed.slots.first().map(|slot| slot.nack));
            assert_eq!(nack, Some(is_agreed), "{feedback}");
            let echoed = answer.sdp.matches("a=rtcp-fb:111 nack\r\n").count();
            assert_eq!(echoed, usize::from(is_agreed), "{feedback}");
        }
    }
}

#[test]
fn what_is_no_description_is_malformed() {
    for text in [
        "",
        "v=1",
        "hello",
        "v=0\r\nnonsense",
        "v=0\r\nm=audio",
        "v=0\r\nm=audio x y 1",
        "\u{0}",
    ] {
        assert_eq!(
            Description::parse(text).expect_err("malformed").why,
            Why::Malformed
        );
    }
}

#[test]
fn a_mid_cannot_smuggle_lines_into_the_answer() {
    for mid in ["a b", "a\ra=x", "", "(a)", &"x".repeat(33)] {
        let offer = an_offer("a", &[a_line(mid, "recvonly")]);
        assert_eq!(
            Description::parse(&offer)
                .map(drop)
                .map_err(|refused| refused.why),
            Err(Why::Malformed)
        );
    }
}

#[test]
fn two_sections_of_the_same_mid_are_malformed() {
    assert_eq!(
        why(&an_offer(
            "a",
            &["a", "a"].map(|mid| a_line(mid, "recvonly"))
        )),
        Why::Malformed
    );
}

#[test]
fn what_is_too_large_is_refused_before_it_is_read() {
    let large = one_line("recvonly") + &"a=x\r\n".repeat(SDP_BYTES / 5);
    assert_eq!(why(&large), Why::TooLarge);
    let long_line = one_line("recvonly") + "a=" + &"x".repeat(3_000);
    assert_eq!(why(&long_line), Why::TooLarge);
    let many_lines = one_line("recvonly") + &"a=x\r\n".repeat(SDP_LINES);
    assert_eq!(why(&many_lines), Why::TooManyLines);
    let mids: Vec<String> = (0..17).map(|n| n.to_string()).collect();
    let lines: Vec<String> = mids.iter().map(|mid| a_line(mid, "recvonly")).collect();
    assert_eq!(why(&an_offer(&mids.join(" "), &lines)), Why::TooManyLines);
}

#[test]
fn every_reason_has_its_own_code() {
    let codes = [
        (Why::Malformed, "sdp_malformed"),
        (Why::VideoRefused, "sdp_video_refused"),
        (Why::NoAudio, "sdp_no_audio"),
        (Why::NoOpus, "sdp_no_opus"),
        (Why::NoFingerprint, "sdp_no_fingerprint"),
        (Why::NoIce, "sdp_no_ice"),
        (Why::TooLarge, "sdp_too_large"),
        (Why::TooManyLines, "sdp_too_many_lines"),
        (Why::NotBundled, "sdp_not_bundled"),
    ];
    assert!(codes.iter().all(|(why, code)| why.code() == *code));
}

#[test]
fn candidates_are_read_back_as_they_are_written() {
    let addresses = ["192.0.2.1:7882", "[2001:db8::1]:443"].map(|a| a.parse().expect("address"));
    for address in addresses {
        for candidate in [
            Candidate::host_udp(address, 5),
            Candidate::host_tcp_passive(address, 5),
        ] {
            let text = candidate.to_string();
            let value = text.strip_prefix("candidate:").expect("its name");
            assert_eq!(Candidate::parse(value), Some(candidate));
        }
    }
}

#[test]
fn candidates_of_real_clients_are_read_and_names_are_not() {
    let udp = Candidate::parse(
        "1 1 UDP 2122252543 192.0.2.7 40076 typ srflx raddr 0.0.0.0 rport 0 generation 0",
    );
    let udp = udp.expect("a candidate");
    assert_eq!(
        (udp.transport, udp.kind),
        (Transport::Udp, CandidateKind::ServerReflexive)
    );
    let tcp =
        Candidate::parse("3 1 tcp 1518280447 2001:db8::7 9 typ host tcptype active generation 0");
    assert_eq!(tcp.expect("a candidate").transport, Transport::TcpActive);
    assert_eq!(
        Candidate::parse("1 1 udp 1 4d489e0f.local 9 typ host"),
        None
    );
    assert_eq!(Candidate::parse("1 1 udp"), None);
}

#[test]
fn udp_comes_before_tcp_and_preference_decides_within() {
    let address = "192.0.2.1:1".parse().expect("address");
    let order = [
        Candidate::host_udp(address, 2),
        Candidate::host_udp(address, 1),
        Candidate::host_tcp_passive(address, 2),
        Candidate::host_tcp_passive(address, 1),
    ];
    assert!(order.is_sorted_by(|a, b| a.priority > b.priority));
}

#[test]
fn the_client_understands_the_server_and_the_server_the_client() {
    let client = IceCredentials {
        ufrag: "clie".into(),
        password: "clientclientclientclient".into(),
    };
    let text = offer(&OfferParameters {
        ice: &client,
        fingerprint: FINGERPRINT,
        candidates: &[],
        send: Some(SendLine {
            ssrc: 77,
            cname: "bot",
        }),
        receive_lines: 3,
        repair: Repair::default(),
        session_id: 9,
    });
    let answer = answered(&text).expect("answered");
    let mic = answer.negotiated.mic.as_ref().expect("a microphone");
    assert_eq!(
        (mic.mid.as_str(), mic.ssrcs.as_slice(), mic.level_extension),
        ("0", &[77][..], Some(1))
    );
    assert_eq!(answer.negotiated.remote_ice, client);
    let read = RemoteAnswer::parse(&answer.sdp).expect("understood");
    assert_eq!(
        (read.ice, read.ice_lite, read.setup),
        (ice(), true, Setup::Passive)
    );
    assert_eq!(read.fingerprint, [0xAA; 32]);
    let lines: Vec<_> = read
        .lines
        .iter()
        .map(|l| (l.direction, l.payload_type, l.ssrcs.clone()))
        .collect();
    assert_eq!(
        lines,
        [
            (RecvOnly, Some(111), vec![]),
            (SendOnly, Some(111), vec![1]),
            (SendOnly, Some(111), vec![2]),
            (SendOnly, Some(111), vec![3]),
        ]
    );
}

#[test]
fn the_client_and_the_server_agree_on_red_and_nack_where_the_client_wants_them() {
    for (red, nack) in [(true, true), (true, false), (false, true), (false, false)] {
        let text = offer(&OfferParameters {
            ice: &ice(),
            fingerprint: FINGERPRINT,
            candidates: &[],
            send: Some(SendLine {
                ssrc: 77,
                cname: "bot",
            }),
            receive_lines: 1,
            repair: Repair { red, nack },
            session_id: 9,
        });
        let answer = answered(&text).expect("answered");
        let wanted = (red.then_some(63), nack);
        let read = RemoteAnswer::parse(&answer.sdp).expect("understood");
        assert!(
            read.lines
                .iter()
                .all(|line| (line.red, line.nack) == wanted)
        );
        let mic = answer.negotiated.mic.expect("a microphone");
        assert_eq!((mic.red, mic.nack), wanted);
        let slot = answer.negotiated.slots.first().expect("a slot");
        assert_eq!((slot.red, slot.nack), wanted);
        let formats: Vec<_> = answer
            .sdp
            .lines()
            .filter(|line| line.starts_with("m="))
            .collect();
        let ends = if red {
            ["63 111", "111 63"]
        } else {
            ["111"; 2]
        };
        assert!(
            formats
                .iter()
                .zip(ends)
                .all(|(line, end)| line.ends_with(end))
        );
    }
}

#[test]
fn an_answer_that_chooses_no_role_or_takes_no_line_is_refused() {
    let answer = answered(&one_line("recvonly")).expect("answered").sdp;
    let undecided = answer.replace("setup:passive", "setup:actpass");
    assert_eq!(
        RemoteAnswer::parse(&undecided).expect_err("refused").why,
        Why::Malformed
    );
    let rejected = answer.replace("m=audio 9", "m=audio 0");
    assert_eq!(
        RemoteAnswer::parse(&rejected).expect_err("refused").why,
        Why::NoAudio
    );
}

#[test]
fn secrets_do_not_show_when_printed() {
    assert_eq!(format!("{:?}", ice()), "IceCredentials(\"serv\", ..)");
}

#[test]
fn candidates_of_another_address_or_transport_have_another_foundation() {
    let [here, there] = ["192.0.2.1:1", "192.0.2.2:1"].map(|a| a.parse().expect("address"));
    let foundations = [
        Candidate::host_udp(here, 1).foundation,
        Candidate::host_udp(there, 1).foundation,
        Candidate::host_tcp_passive(here, 1).foundation,
    ];
    assert!(foundations[0] != foundations[1] && foundations[0] != foundations[2]);
    assert_eq!(Candidate::host_udp(here, 9).foundation, foundations[0]);
}

/// An offer of a server with *sections*, as a client reads it.
fn remote_offer(bundle: &str, sections: &[String]) -> RemoteOffer {
    RemoteOffer::parse(&an_offer(bundle, sections)).expect("understood")
}

#[test]
fn a_listener_takes_each_line_on_which_the_server_sends_opus() {
    let data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\n".to_owned();
    let source = "a=ssrc:42 cname:janus\r\n";
    let heard = format!("{}{source}", a_line("a", "sendonly"));
    let offer = remote_offer("d a b", &[data, heard, a_line("b", "recvonly")]);
    let server = offer.server();
    assert_eq!(
        (server.ice.ufrag.as_str(), server.setup, server.fingerprint),
        ("peer", Setup::Passive, [0xAA; 32])
    );
    assert_eq!(server.lines[1].ssrcs, [42]);
    let answer = offer.answer(&ice(), FINGERPRINT, 7, Repair::default());
    let read = RemoteAnswer::parse(&answer).expect("a whole answer");
    assert_eq!(
        (read.ice, read.ice_lite, read.setup),
        (ice(), false, Setup::Active)
    );
    let lines: Vec<_> = read.lines.iter().map(|l| (&*l.mid, l.direction)).collect();
    assert_eq!(
        lines,
        [
            ("d", Direction::Inactive),
            ("a", Direction::RecvOnly),
            ("b", Direction::Inactive)
        ]
    );
    assert_eq!(read.lines[1].payload_type, Some(111));
    assert!(answer.contains("a=group:BUNDLE a b\r\n"), "{answer}");
}

#[test]
fn a_listener_takes_the_red_and_nack_of_a_server_only_where_it_wants_them() {
    let line = a_line_with_red(
        "sendonly",
        "111 63",
        "red/48000/2",
        "a=rtcp-fb:111 nack\r\n",
    );
    let offer = remote_offer("a", &[line]);
    for (red, nack) in [(true, true), (true, false), (false, true), (false, false)] {
        let answer = offer.answer(&ice(), FINGERPRINT, 7, Repair { red, nack });
        let read = RemoteAnswer::parse(&answer).expect("a whole answer");
        assert_eq!(
            (read.lines[0].red, read.lines[0].nack),
            (red.then_some(63), nack)
        );
    }
}

#[test]
fn an_offer_is_refused_that_leaves_the_client_passive_or_nothing_to_hear() {
    let text = an_offer("a", &[a_line("a", "sendonly")]);
    let active = text.replace("setup:actpass", "setup:active");
    assert_eq!(
        RemoteOffer::parse(&active).expect_err("refused").why,
        Why::Malformed
    );
    let rejected = text.replace("m=audio 9", "m=audio 0");
    assert_eq!(
        RemoteOffer::parse(&rejected).expect_err("refused").why,
        Why::NoAudio
    );
}
