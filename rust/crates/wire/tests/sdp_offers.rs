//! Offers of real clients, and what they are answered.
#![expect(clippy::expect_used, reason = "a test may fail loudly")]

use arengo_wire::sdp::{
    Answer, AnswerParameters, Candidate, Description, Direction, IceCredentials, Media, Negotiated,
    Refused, RemoteAnswer, Why, answer,
};

const FINGERPRINT: &str = "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:\
                           10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F";
const SLOTS: [u32; 3] = [1001, 1002, 1003];

#[derive(Clone, Copy)]
enum Peer {
    Speaker,
    Listener,
    Participant,
}

fn answered(offer: &str, peer: Peer) -> Result<Answer, Refused> {
    let ice = IceCredentials {
        ufrag: "arengo".into(),
        password: "secretsecretsecretsecret".into(),
    };
    let candidates = [
        Candidate::host_udp("203.0.113.5:7882".parse().expect("address"), 10),
        Candidate::host_tcp_passive("203.0.113.5:443".parse().expect("address"), 10),
    ];
    let with = AnswerParameters {
        ice: &ice,
        fingerprint: FINGERPRINT,
        candidates: &candidates,
        may_send: matches!(peer, Peer::Speaker | Peer::Participant),
        may_receive: matches!(peer, Peer::Listener | Peer::Participant),
        slot_ssrcs: &SLOTS,
        cname: "arengo",
        session_id: 7,
    };
    answer(&Description::parse(offer)?, &with)
}

/// What every answer has to be, whatever the offer.
fn check_against(offer: &str, answer: &Answer) -> Description {
    let offer = Description::parse(offer).expect("it was answered");
    let read = Description::parse(&answer.sdp).expect("we read what we write");
    assert!(read.ice_lite);
    assert_eq!(read.media.len(), offer.media.len());
    for (answered, offered) in read.media.iter().zip(&offer.media) {
        assert_eq!((answered.kind, &answered.mid), (offered.kind, &offered.mid));
        assert_eq!(answered.protocol, offered.protocol);
        check_line(answered, offered);
    }
    assert!(
        answer
            .sdp
            .split("\r\n")
            .all(|line| !line.contains(['\r', '\n']))
    );
    assert!(!answer.sdp.contains("transport-cc"));
    RemoteAnswer::parse(&answer.sdp).expect("a client understands it");
    read
}

fn check_line(answered: &Media, offered: &Media) {
    if answered.is_rejected() {
        return;
    }
    // aiortc takes those of the last line of a bundle.
    assert!(answered.end_of_candidates);
    assert_eq!(answered.candidates.len(), 2);
    // Opus, and RED of it where it was offered, in the order of the offer.
    let opus = offered.opus().expect("it was answered");
    let wanted = [Some(opus), offered.red_of(opus)];
    let formats = |media: &Media| -> Vec<String> {
        let numbers = wanted
            .iter()
            .flatten()
            .map(|codec| codec.payload_type.to_string());
        let numbers: Vec<_> = numbers.collect();
        let agreed = media
            .formats
            .iter()
            .filter(|format| numbers.contains(format));
        agreed.cloned().collect()
    };
    assert_eq!(answered.formats, formats(offered));
    assert_eq!(answered.codecs.len(), answered.formats.len());
    assert!(answered.rtcp_mux && answered.ice.is_some() && !answered.fingerprints.is_empty());
    for extension in &answered.extensions {
        let known = |map: &&_| *map == extension;
        assert!(offered.extensions.iter().any(|map| known(&map)));
    }
    assert_eq!(
        answered.sources.is_empty(),
        answered.direction != Some(Direction::SendOnly)
    );
}

fn directions(description: &Description) -> Vec<Direction> {
    description
        .media
        .iter()
        .filter_map(|media| media.direction)
        .collect()
}

use Direction::{Inactive, RecvOnly, SendOnly};

macro_rules! offer {
    ($name:literal) => {
        include_str!(concat!("offers/", $name, ".sdp"))
    };
}

#[test]
fn the_app_in_chromium_gets_a_microphone_and_three_slots() {
    for offer in [offer!("chromium_app"), offer!("chromium_before_gathering")] {
        let answer = answered(offer, Peer::Participant).expect("answered");
        let read = check_against(offer, &answer);
        assert_eq!(directions(&read), [RecvOnly, SendOnly, SendOnly, SendOnly]);
        assert_eq!(read.bundle, ["0", "1", "2", "3"]);
        let agreed = answer.negotiated;
        assert_eq!(agreed.remote_ice.ufrag.len(), 4);
        let mic = agreed.mic.expect("a microphone");
        assert_eq!(
            (mic.mid.as_str(), mic.payload_type, mic.level_extension),
            ("0", 111, Some(1))
        );
        assert_eq!(mic.mid_extension, Some(4));
        assert_eq!(mic.ssrcs.len(), 1);
        let slots: Vec<_> = agreed
            .slots
            .iter()
            .map(|slot| (slot.mid.as_str(), slot.ssrc))
            .collect();
        assert_eq!(slots, [("1", 1001), ("2", 1002), ("3", 1003)]);
    }
}

#[test]
fn every_line_of_chromium_gets_red_and_no_nack() {
    let answer = answered(offer!("chromium_app"), Peer::Participant).expect("answered");
    let Negotiated { mic, slots, .. } = answer.negotiated;
    let mic = mic.map(|mic| (mic.red, mic.nack));
    let lines: Vec<_> = slots.iter().map(|slot| (slot.red, slot.nack)).collect();
    assert_eq!(mic, Some((Some(63), false)));
    assert_eq!(lines, [(Some(63), false); 3]);
    let lines = "m=audio 7882 UDP/TLS/RTP/SAVPF 111 63\r\n";
    assert_eq!(answer.sdp.matches(lines).count(), 4);
}

#[test]
fn who_offers_neither_red_nor_nack_gets_neither() {
    for offer in [
        offer!("aiortc_whep_three"),
        offer!("aiortc_whip"),
        offer!("firefox_app"),
        offer!("firefox_whep"),
        offer!("gstreamer_whip"),
        offer!("obs_audio"),
    ] {
        let answer = answered(offer, Peer::Participant).expect("answered");
        let read = check_against(offer, &answer);
        assert!(read.media.iter().all(|media| media.formats.len() == 1));
        assert!(!answer.sdp.contains("rtcp-fb"));
        let slots = answer.negotiated.slots;
        assert!(slots.iter().all(|slot| slot.red.is_none() && !slot.nack));
    }
}

#[test]
fn the_app_in_firefox_gets_a_microphone_and_three_slots() {
    let answer = answered(offer!("firefox_app"), Peer::Participant).expect("answered");
    let read = check_against(offer!("firefox_app"), &answer);
    assert_eq!(directions(&read), [RecvOnly, SendOnly, SendOnly, SendOnly]);
    assert!(read.media.iter().all(|media| media.port == 7882));
    let mic = answer.negotiated.mic.expect("a microphone");
    assert_eq!(
        (mic.payload_type, mic.level_extension, mic.mid_extension),
        (109, Some(1), Some(3))
    );
    assert!(!answer.sdp.contains("stereo"));
}

#[test]
fn the_app_in_safari_gets_a_microphone_and_three_slots() {
    let answer = answered(offer!("safari_app"), Peer::Participant).expect("answered");
    let read = check_against(offer!("safari_app"), &answer);
    assert_eq!(directions(&read), [RecvOnly, SendOnly, SendOnly, SendOnly]);
}

#[test]
fn one_receiving_line_gets_one_slot() {
    for offer in [offer!("chromium_whep"), offer!("firefox_whep")] {
        let answer = answered(offer, Peer::Listener).expect("answered");
        let read = check_against(offer, &answer);
        assert_eq!(directions(&read), [SendOnly]);
        assert_eq!(answer.negotiated.slots.len(), 1);
        assert_eq!(answer.negotiated.mic, None);
        assert_eq!(
            read.media
                .first()
                .and_then(|m| m.sources.first())
                .map(|s| s.ssrc),
            Some(1001)
        );
    }
}

#[test]
fn a_whip_offer_of_sendrecv_is_answered_recvonly() {
    let answer = answered(offer!("aiortc_whip"), Peer::Speaker).expect("answered");
    let read = check_against(offer!("aiortc_whip"), &answer);
    assert_eq!(directions(&read), [RecvOnly]);
    let mic = answer.negotiated.mic.expect("a microphone");
    assert_eq!(
        (mic.payload_type, mic.level_extension, mic.mid_extension),
        (96, Some(2), Some(1))
    );
}

#[test]
fn three_lines_of_aiortc_get_three_slots() {
    let answer = answered(offer!("aiortc_whep_three"), Peer::Listener).expect("answered");
    let read = check_against(offer!("aiortc_whep_three"), &answer);
    assert_eq!(directions(&read), [SendOnly, SendOnly, SendOnly]);
    assert_eq!(answer.negotiated.slots.len(), 3);
}

#[test]
fn obs_sends_stereo_when_it_offers_stereo() {
    let answer = answered(offer!("obs_audio"), Peer::Speaker).expect("answered");
    check_against(offer!("obs_audio"), &answer);
    assert!(
        answer
            .sdp
            .contains("a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1;stereo=1\r\n")
    );
    assert_eq!(
        answer.negotiated.mic.expect("a microphone").level_extension,
        None
    );
}

#[test]
fn gstreamer_is_answered_with_its_own_mid_and_number() {
    let answer = answered(offer!("gstreamer_whip"), Peer::Speaker).expect("answered");
    let read = check_against(offer!("gstreamer_whip"), &answer);
    assert_eq!(directions(&read), [RecvOnly]);
    assert_eq!(read.bundle, ["audio0"]);
}

#[test]
fn a_data_channel_is_rejected_and_the_voices_are_not() {
    let answer = answered(offer!("chromium_data_channel"), Peer::Participant).expect("answered");
    let read = check_against(offer!("chromium_data_channel"), &answer);
    assert_eq!(directions(&read), [RecvOnly, SendOnly, Inactive]);
    assert_eq!(read.media.last().map(|media| media.port), Some(0));
    assert_eq!(read.bundle, ["0", "1"]);
}

#[test]
fn video_is_refused_whoever_offers_it() {
    for offer in [
        offer!("chromium_video"),
        offer!("firefox_video"),
        offer!("obs_with_video"),
    ] {
        let refused = answered(offer, Peer::Participant).expect_err("video");
        assert_eq!(
            (refused.why, refused.code()),
            (Why::VideoRefused, "sdp_video_refused")
        );
    }
}

#[test]
fn who_may_not_speak_has_no_microphone() {
    for offer in [
        offer!("chromium_app"),
        offer!("firefox_app"),
        offer!("safari_app"),
    ] {
        let answer = answered(offer, Peer::Listener).expect("answered");
        let read = check_against(offer, &answer);
        assert_eq!(directions(&read), [Inactive, SendOnly, SendOnly, SendOnly]);
        assert_eq!(answer.negotiated.mic, None);
    }
}

#[test]
fn who_may_not_hear_gets_no_slot() {
    let answer = answered(offer!("chromium_app"), Peer::Speaker).expect("answered");
    let read = check_against(offer!("chromium_app"), &answer);
    assert_eq!(directions(&read), [RecvOnly, Inactive, Inactive, Inactive]);
    assert_eq!(answer.negotiated.slots, []);
}
