//! One function for each fuzz target: feed bytes to a parser, read all that it tells, check what must hold.

use std::collections::BTreeSet;

use arengo_wire::sdp::{
    self, AnswerParameters, Candidate, Description, IceCredentials, RemoteAnswer,
};
use arengo_wire::srtp::{Profile, ReplayWindow, SrtcpLayout};
use arengo_wire::{
    demux, opus as opus_packet, red as redundant, rfc4571 as framing, rtcp as control,
    rtp as media, stun as binding,
};

/// A target by its name.
pub type Body = fn(&[u8]);

/// Every target.
pub const ALL: [(&str, Body); 9] = [
    ("stun", stun),
    ("rtp", rtp),
    ("rtcp", rtcp),
    ("srtp", srtp),
    ("sdp_offer", sdp_offer),
    ("sdp_answer", sdp_answer),
    ("rfc4571", rfc4571),
    ("opus", opus),
    ("red", red),
];

struct Sum;

impl binding::HmacSha1 for Sum {
    fn sign(&self, parts: &[&[u8]]) -> [u8; 20] {
        [parts
            .iter()
            .copied()
            .flatten()
            .fold(0, |sum: u8, byte| sum.wrapping_add(*byte)); 20]
    }
}

pub fn stun(data: &[u8]) {
    let _ = demux::classify(data);
    let Ok(message) = binding::Message::parse(data) else {
        return;
    };
    let _ = (
        message.class(),
        message.method(),
        message.attributes().count(),
    );
    let _ = (
        message.username(),
        message.ufrags(),
        message.priority(),
        message.role(),
    );
    let _ = (
        message.use_candidate(),
        message.error_code(),
        message.has_unknown_required(),
    );
    let _ = (
        message.verify_integrity(&Sum),
        message.fingerprint_matches(),
    );
    if let Some(address) = message.xor_mapped_address() {
        let mut out = [0; 128];
        let len = binding::write_success(message.transaction(), address, &Sum, &mut out)
            .unwrap_or_default();
        let again = binding::Message::parse(&out[..len]).map(|again| again.xor_mapped_address());
        assert_eq!(again, Ok(Some(address)));
    }
}

pub fn rtp(data: &[u8]) {
    let Ok(header) = media::Header::parse(data) else {
        return;
    };
    assert!(header.len <= data.len());
    let csrcs: Vec<u32> = header.csrcs(data).collect();
    let elements: Vec<media::Element<'_>> = header.elements(data).collect();
    for element in &elements {
        assert!(header.element(data, element.id).is_some());
        let _ = media::AudioLevel::parse(element.data).map(media::AudioLevel::to_byte);
    }
    if let Ok(payload) = header.payload(data) {
        assert!(payload.start == header.len && data.get(payload).is_some());
    }
    let fields = media::HeaderFields {
        marker: header.marker,
        payload_type: header.payload_type,
        sequence: header.sequence,
        timestamp: header.timestamp,
        ssrc: header.ssrc,
        csrcs: &csrcs,
        elements: &elements,
    };
    let mut out = vec![0; data.len() + 64];
    if let Ok(layout) = fields.write(&mut out) {
        let again = media::Header::parse(&out[..layout.len]).expect("we read what we write");
        assert_eq!(
            (again.sequence, again.ssrc, again.len),
            (header.sequence, header.ssrc, layout.len)
        );
        assert!(again.csrcs(&out).eq(csrcs) && again.elements(&out).eq(elements.iter().copied()));
    }
}

pub fn rtcp(data: &[u8]) {
    let mut out = vec![0; 2 * data.len() + 512];
    for packet in control::packets(data) {
        let mut compound = control::Compound::new(&mut out);
        match packet {
            Ok(control::Packet::SenderReport {
                ssrc,
                info,
                reports,
            }) => {
                let blocks: Vec<_> = reports.collect();
                compound
                    .sender_report(ssrc, info, &blocks)
                    .expect("room enough");
                for block in blocks {
                    let _ = control::round_trip(info.ntp, block.last_sender_report, block.jitter);
                }
            }
            Ok(control::Packet::ReceiverReport { ssrc, reports }) => {
                let blocks: Vec<_> = reports.collect();
                compound
                    .receiver_report(ssrc, &blocks)
                    .expect("room enough");
            }
            Ok(control::Packet::SourceDescription(chunks)) => assert!(chunks.count() <= 31),
            Ok(control::Packet::Bye(sources)) => {
                compound
                    .bye(&sources.collect::<Vec<_>>())
                    .expect("at most 31");
            }
            Ok(control::Packet::Nack {
                sender,
                media,
                lost,
            }) => {
                let named: Vec<_> = lost.collect();
                compound.nack(sender, media, &named).expect("room enough");
                let len = compound.len();
                assert_eq!(named_in(&out[..len]), BTreeSet::from_iter(named));
                continue;
            }
            Err(_) => {}
        }
        let len = compound.len();
        if len > 0 {
            assert_eq!(control::packets(&out[..len]).next(), Some(packet));
        }
    }
}

/// The packets that the NACKs of *compound* ask for again, in whatever order.
fn named_in(compound: &[u8]) -> BTreeSet<u16> {
    let lost = control::packets(compound).filter_map(|packet| match packet {
        Ok(control::Packet::Nack { lost, .. }) => Some(lost),
        _ => None,
    });
    lost.flatten().collect()
}

pub fn srtp(data: &[u8]) {
    for profile in [
        Profile::AeadAes128Gcm,
        Profile::AeadAes256Gcm,
        Profile::AesCm128HmacSha1_80,
    ] {
        if let Some(layout) = SrtcpLayout::parse(profile, data) {
            assert_eq!(layout.packet_len(), data.len());
            for part in [&layout.sealed, &layout.tag, &layout.trailer] {
                assert!(data.get(part.clone()).is_some());
            }
        }
    }
    let mut window = ReplayWindow::new();
    for number in data.chunks_exact(2) {
        let sequence = u16::from_be_bytes([number[0], number[1]]);
        let index = window.estimate(sequence);
        assert_eq!(index & 0xFFFF, u64::from(sequence));
        if let Some(highest) = window.highest() {
            assert!(index.abs_diff(highest) <= 0x8000 || highest < 0x8000);
        }
        if window.check(index).is_ok() {
            window.accept(index);
            assert!(window.check(index).is_err());
        }
    }
    for number in data.chunks_exact(8) {
        let index = number
            .iter()
            .fold(0, |all, byte| (all << 8) | u64::from(*byte));
        let _ = window.check(index);
        window.accept(index);
        let _ = window.estimate(index as u16);
    }
}

pub fn sdp_offer(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(offer) = Description::parse(&text) else {
        return;
    };
    let ice = IceCredentials {
        ufrag: "arengo".into(),
        password: "secretsecretsecretsecret".into(),
    };
    let candidates = [Candidate::host_udp(([192, 0, 2, 1], 7882).into(), 1)];
    for (may_send, may_receive) in [(true, true), (false, true), (true, false), (false, false)] {
        let with = AnswerParameters {
            ice: &ice,
            fingerprint: &["AB"; 32].join(":"),
            candidates: &candidates,
            may_send,
            may_receive,
            slot_ssrcs: &[1, 2, 3],
            cname: "arengo",
            session_id: 1,
        };
        let Ok(answer) = sdp::answer(&offer, &with) else {
            return;
        };
        let read = RemoteAnswer::parse(&answer.sdp).expect("a client understands every answer");
        assert_eq!(read.lines.len(), offer.media.len());
        let agreed = answer.negotiated;
        assert_eq!(
            read.lines
                .iter()
                .filter(|line| line.direction.sends())
                .count(),
            agreed.slots.len()
        );
        let repair: Vec<_> = read
            .lines
            .iter()
            .filter(|line| line.direction.sends())
            .map(|line| (line.red, line.nack))
            .collect();
        assert!(
            agreed
                .slots
                .iter()
                .map(|slot| (slot.red, slot.nack))
                .eq(repair)
        );
        assert_eq!(
            read.lines.iter().any(|line| line.direction.receives()),
            agreed.mic.is_some()
        );
        assert!((may_send || agreed.mic.is_none()) && (may_receive || agreed.slots.is_empty()));
    }
}

pub fn sdp_answer(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(answer) = RemoteAnswer::parse(&text) {
        assert!(!answer.lines.is_empty());
        for candidate in answer.candidates {
            let text = candidate.to_string();
            assert_eq!(
                text.strip_prefix("candidate:").and_then(Candidate::parse),
                Some(candidate)
            );
        }
    }
}

pub fn rfc4571(data: &[u8]) {
    let Some((&size, stream)) = data.split_first() else {
        return;
    };
    assert_eq!(frames(stream, usize::from(size) + 1), frames(stream, 1));
}

fn frames(stream: &[u8], size: usize) -> Result<Vec<Vec<u8>>, framing::FrameTooLong> {
    let mut deframer = framing::Deframer::new();
    let mut frames = Vec::new();
    for mut piece in stream.chunks(size) {
        while !piece.is_empty() {
            let taken = deframer.push(piece);
            assert!(taken > 0);
            piece = &piece[taken..];
            while let Some(frame) = deframer.next_frame()? {
                frames.push(frame.to_vec());
            }
        }
    }
    Ok(frames)
}

pub fn opus(data: &[u8]) {
    let _ = (opus_packet::is_dtx(data), opus_packet::toc(data));
    let (Ok(count), Ok(samples)) = (
        opus_packet::frame_count(data),
        opus_packet::duration_samples(data),
    ) else {
        return;
    };
    assert!((1..=48).contains(&count) && (120..=5_760).contains(&samples));
    let Ok(frames) = opus_packet::Frames::parse(data) else {
        return;
    };
    assert_eq!(frames.as_slice().len(), usize::from(count));
    let mut out = vec![0; 2 * data.len() + 128];
    let len = opus_packet::merge(&[data], &mut out).expect("one packet merges with nothing");
    let again = opus_packet::Frames::parse(&out[..len]).expect("we read what we write");
    assert_eq!(again.as_slice(), frames.as_slice());
    let wanted = data.len() + usize::from(data.first().copied().unwrap_or(0)) * 3;
    let mut out_padded = vec![0; wanted];
    opus_packet::pad(data, wanted, &mut out_padded).expect("a length that can be had");
    let padded = opus_packet::Frames::parse(&out_padded).expect("we read what we write");
    assert_eq!(padded.as_slice(), frames.as_slice());
    if let Ok(len) = opus_packet::merge(&[data, &out[..len]], &mut vec![0; 4 * data.len() + 256]) {
        assert!(2 * samples <= 5_760 && len >= 2);
    }
}

pub fn red(data: &[u8]) {
    let mut changed = data.to_vec();
    let is_well_formed = redundant::set_payload_type(&mut changed, 111);
    let Ok(red) = redundant::parse(data) else {
        assert!(!is_well_formed && changed == data);
        return;
    };
    assert!(is_well_formed && !red.primary.data.is_empty());
    let copies: Vec<(u16, &[u8])> = red
        .copies()
        .iter()
        .map(|copy| (copy.offset, copy.data))
        .collect();
    assert!(red.copies_of(111).count() <= copies.len());
    let mut out = vec![0; data.len()];
    let len = redundant::write(&copies, red.primary.data, 111, &mut out);
    assert_eq!(len, Ok(data.len()), "nothing of the input is left out");
    assert_eq!(out, changed);
}
