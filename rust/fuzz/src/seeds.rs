//! Well-formed inputs for every target, made by our own writers or kept beside the tests of `arengo-wire`.

use arengo_wire::opus::SILENCE_FRAME;
use arengo_wire::rtcp::{Compound, NtpTime, ReportBlock, SenderInfo};
use arengo_wire::rtp::{Element, HeaderFields};
use arengo_wire::stun::{self, BindingRequest, ErrorCode, HmacSha1, IceRole, TransactionId};
use arengo_wire::{BufferTooSmall, red as redundant, rfc4571};

macro_rules! sdp {
    ($($path:literal),* $(,)?) => {
        vec![$(include_bytes!(concat!("../../crates/wire/tests/", $path, ".sdp")).to_vec()),*]
    };
}

/// Seeds by the name of their target.
pub fn all() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    vec![
        ("stun", stun()),
        ("rtp", rtp()),
        ("rtcp", rtcp()),
        (
            "srtp",
            vec![
                b"\xFF\xFE\xFF\xFF\x00\x00\x00\x01\x00\x01".to_vec(),
                rtcp().concat(),
            ],
        ),
        ("sdp_offer", offers()),
        ("sdp_answer", sdp!["answers/chromium", "answers/firefox"]),
        ("rfc4571", vec![frames()]),
        (
            "opus",
            vec![
                SILENCE_FRAME.to_vec(),
                b"\xFB\x03abcabcabc".to_vec(),
                b"\xFA\x03abcde".to_vec(),
            ],
        ),
        ("red", red()),
    ]
}

fn offers() -> Vec<Vec<u8>> {
    sdp![
        "offers/aiortc_whep_three",
        "offers/aiortc_whip",
        "offers/chromium_app",
        "offers/chromium_data_channel",
        "offers/chromium_whep",
        "offers/firefox_app",
        "offers/firefox_whep",
        "offers/gstreamer_whip",
        "offers/obs_audio",
        "offers/obs_with_video",
        "offers/safari_app",
    ]
}

fn written(write: impl FnOnce(&mut [u8]) -> Result<usize, BufferTooSmall>) -> Vec<u8> {
    let mut out = vec![0; 512];
    let len = write(&mut out).unwrap_or_default();
    out.truncate(len);
    out
}

struct Zero;

impl HmacSha1 for Zero {
    fn sign(&self, _: &[&[u8]]) -> [u8; 20] {
        [0; 20]
    }
}

fn stun() -> Vec<Vec<u8>> {
    let transaction = TransactionId([3; 12]);
    let request = BindingRequest {
        transaction,
        username: "here:there",
        priority: 1,
        role: IceRole::Controlling(2),
        use_candidate: true,
    };
    let ipv4 = ([192, 0, 2, 1], 7882).into();
    let ipv6 = ([0x2001, 0xDB8, 0, 0, 0, 0, 0, 1], 7882).into();
    vec![
        written(|out| request.write(&Zero, out)),
        written(|out| stun::write_success(transaction, ipv4, &Zero, out)),
        written(|out| stun::write_success(transaction, ipv6, &Zero, out)),
        written(|out| stun::write_error(transaction, ErrorCode::RoleConflict, None, out)),
        written(|out| stun::write_indication(transaction, out)),
    ]
}

fn rtp() -> Vec<Vec<u8>> {
    let elements = [
        Element {
            id: 1,
            data: &[0x90],
        },
        Element { id: 4, data: b"0" },
    ];
    let header = |csrcs, elements| {
        let fields = HeaderFields {
            marker: false,
            payload_type: 111,
            sequence: 65_535,
            timestamp: 960,
            ssrc: 5,
            csrcs,
            elements,
        };
        let mut packet = written(|out| fields.write(out).map(|layout| layout.len));
        packet.extend(SILENCE_FRAME);
        packet
    };
    let two_byte = b"\x90\x6F\0\x01\0\0\0\x01\0\0\0\x02\x10\0\0\x02\x14\0\x15\x02ab\0\0".to_vec();
    vec![header(&[], &[]), header(&[1, 2], &elements), two_byte]
}

fn rtcp() -> Vec<Vec<u8>> {
    let block = ReportBlock {
        ssrc: 1,
        fraction_lost: 2,
        cumulative_lost: -3,
        highest_sequence: 4,
        jitter: 5,
        last_sender_report: 6,
        delay_since_last_sender_report: 7,
    };
    let info = SenderInfo {
        ntp: NtpTime(1 << 40),
        rtp_timestamp: 1,
        packets: 2,
        octets: 3,
    };
    let whole = |out: &mut [u8]| {
        let mut compound = Compound::new(out);
        compound.sender_report(1, info, &[block])?;
        compound.receiver_report(2, &[block, block])?;
        compound.cname(1, "cname")?;
        compound.nack(1, 2, &[65_535, 0, 9, 700])?;
        compound.bye(&[1, 2])?;
        Ok(compound.len())
    };
    vec![written(whole)]
}

fn frames() -> Vec<u8> {
    let mut stream = vec![9];
    for frame in [&b"one"[..], b"", b"three"] {
        stream.extend(written(|out| rfc4571::write_frame(frame, out)));
    }
    stream
}

fn red() -> Vec<Vec<u8>> {
    let copies: [(u16, &[u8]); 2] = [(2_880, b"oldest"), (960, &SILENCE_FRAME)];
    [&copies[..], &copies[1..], &[]]
        .map(|copies| {
            let write = |out: &mut [u8]| {
                redundant::write(copies, b"primary", 111, out).map_err(|_| BufferTooSmall)
            };
            written(write)
        })
        .to_vec()
}
