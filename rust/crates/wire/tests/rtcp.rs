//! RTCP compounds, written and read.
#![expect(clippy::expect_used, reason = "a test may fail loudly")]

use std::time::Duration;

use arengo_wire::BufferTooSmall;
use arengo_wire::limits::NACK_SEQUENCES;
use arengo_wire::rtcp::{Compound, NtpTime, Packet, ParseError, ReportBlock, SenderInfo, packets};

const INFO: SenderInfo = SenderInfo {
    ntp: NtpTime(0x0102_0304_0506_0708),
    rtp_timestamp: 960,
    packets: 50,
    octets: 4_000,
};

fn a_block(ssrc: u32, cumulative_lost: i32) -> ReportBlock {
    ReportBlock {
        ssrc,
        fraction_lost: 13,
        cumulative_lost,
        highest_sequence: 0x0001_0005,
        jitter: 48,
        last_sender_report: 0x0304_0506,
        delay_since_last_sender_report: 65_536,
    }
}

fn written(write: impl FnOnce(&mut Compound<'_>) -> Result<(), BufferTooSmall>) -> Vec<u8> {
    let mut out = vec![0xAA; 1_500];
    let mut compound = Compound::new(&mut out);
    write(&mut compound).expect("room enough");
    let len = compound.len();
    out.truncate(len);
    out
}

#[test]
fn a_compound_that_we_write_is_read_back() {
    let blocks = [a_block(7, 3), a_block(8, -2)];
    let bytes = written(|compound| {
        compound.sender_report(1, INFO, &blocks)?;
        compound.cname(1, "anna")?;
        compound.bye(&[1, 2])
    });
    let mut read = packets(&bytes).map(|packet| packet.expect("well formed"));
    let Some(Packet::SenderReport {
        ssrc: 1,
        info: INFO,
        reports,
    }) = read.next()
    else {
        unreachable!("a sender report comes first")
    };
    assert_eq!(reports.collect::<Vec<_>>(), blocks);
    let Some(Packet::SourceDescription(chunks)) = read.next() else {
        unreachable!("a source description follows")
    };
    assert_eq!(chunks.collect::<Vec<_>>(), [(1, &b"anna"[..])]);
    let Some(Packet::Bye(sources)) = read.next() else {
        unreachable!("the end is said last")
    };
    assert_eq!(sources.collect::<Vec<_>>(), [1, 2]);
    assert_eq!(read.next(), None);
}

#[test]
fn every_length_of_cname_keeps_packets_whole_words() {
    for len in 0..=255 {
        let cname = "n".repeat(len);
        let bytes = written(|compound| {
            compound.receiver_report(1, &[])?;
            compound.cname(1, &cname)
        });
        assert_eq!(bytes.len() % 4, 0);
        let last = packets(&bytes)
            .last()
            .expect("two packets")
            .expect("well formed");
        let Packet::SourceDescription(mut chunks) = last else {
            unreachable!("it was written last")
        };
        assert_eq!(chunks.next(), Some((1, cname.as_bytes())));
    }
}

#[test]
fn losses_keep_their_sign_and_their_bounds() {
    for (lost, read) in [
        (-1, -1),
        (0x7F_FFFF, 0x7F_FFFF),
        (i32::MAX, 0x7F_FFFF),
        (i32::MIN, -0x80_0000),
    ] {
        let bytes = written(|compound| compound.receiver_report(1, &[a_block(2, lost)]));
        let Some(Ok(Packet::ReceiverReport { mut reports, .. })) = packets(&bytes).next() else {
            unreachable!("a receiver report was written")
        };
        assert_eq!(
            reports.next().map(|block| block.cumulative_lost),
            Some(read)
        );
    }
}

#[test]
fn kinds_of_packet_that_we_do_not_know_are_passed_over() {
    let mut bytes = written(|compound| compound.receiver_report(1, &[]));
    bytes.extend([0x8F, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]);
    bytes.extend(written(|compound| compound.bye(&[1])));
    assert_eq!(packets(&bytes).filter_map(Result::ok).count(), 2);
}

#[test]
fn padding_of_the_last_packet_is_cut_off() {
    let bytes = [0xA1, 203, 0, 2, 0, 0, 0, 9, 0, 0, 0, 4];
    let Some(Ok(Packet::Bye(sources))) = packets(&bytes).next() else {
        unreachable!("a BYE")
    };
    assert_eq!(sources.collect::<Vec<_>>(), [9]);
    for count in [0, 9, 255] {
        let bytes = [0xA1, 203, 0, 2, 0, 0, 0, 9, 0, 0, 0, count];
        assert_eq!(packets(&bytes).next(), Some(Err(ParseError::BadPadding)));
    }
}

#[test]
fn a_compound_cut_short_anywhere_ends_in_one_error() {
    let bytes = written(|compound| {
        compound.sender_report(1, INFO, &[a_block(7, 3)])?;
        compound.cname(1, "anna")
    });
    for len in 1..bytes.len() {
        let cut = bytes.get(..len).expect("shorter");
        let errors = packets(cut).filter(Result::is_err).count();
        assert_eq!(errors, usize::from(len != 52));
    }
}

#[test]
fn counts_that_promise_more_than_there_is_are_refused() {
    let report = [0x82, 201, 0, 1, 0, 0, 0, 1];
    assert_eq!(packets(&report).next(), Some(Err(ParseError::Truncated)));
    let bye = [0x9F, 203, 0, 1, 0, 0, 0, 1];
    assert_eq!(packets(&bye).next(), Some(Err(ParseError::Truncated)));
}

#[test]
fn chunks_without_a_cname_are_left_out() {
    let bytes = [
        0x82, 202, 0, 6, 0, 0, 0, 1, 2, 2, b'h', b'i', 0, 0, 0, 0, 0, 0, 0, 2, 1, 1, b'x', 0, 0, 0,
        0, 0,
    ];
    let Some(Ok(Packet::SourceDescription(chunks))) = packets(&bytes).next() else {
        unreachable!("a source description")
    };
    assert_eq!(chunks.collect::<Vec<_>>(), [(2, &b"x"[..])]);
}

#[test]
fn a_buffer_too_small_is_said() {
    let mut out = [0; 20];
    let mut compound = Compound::new(&mut out);
    assert_eq!(compound.sender_report(1, INFO, &[]), Err(BufferTooSmall));
    let too_many = vec![a_block(1, 0); 32];
    assert_eq!(
        Compound::new(&mut [0; 1_500]).receiver_report(1, &too_many),
        Err(BufferTooSmall)
    );
}

#[test]
fn ntp_time_passes_through_a_sender_report() {
    let ntp = NtpTime::from_unix(Duration::from_millis(1_790_000_000_250));
    assert_eq!(ntp.0 & 0xFFFF_FFFF, 0x4000_0000);
}

/// What a reader makes of a NACK of *sequences*, and how many pairs it took.
fn asked_again(sequences: &[u16]) -> (Vec<u16>, usize) {
    let bytes = written(|compound| compound.nack(1, 2, sequences));
    let Some(Ok(Packet::Nack {
        sender: 1,
        media: 2,
        lost,
    })) = packets(&bytes).next()
    else {
        unreachable!("a NACK was written")
    };
    (lost.collect(), (bytes.len() - 12) / 4)
}

#[test]
fn lost_packets_are_named_in_pairs_of_a_number_and_the_sixteen_after_it() {
    let bytes = written(|compound| compound.nack(1, 2, &[100, 101, 116]));
    let pair = [0, 100, 0x80, 0x01];
    assert_eq!(bytes[..4], [0x81, 205, 0, 3]);
    assert_eq!(bytes[12..], pair);
    let cases: [(&[u16], usize); 6] = [
        (&[7], 1),
        (&[7, 8, 23], 1),
        (&[7, 24], 2),
        (&[65_530, 65_535, 0, 10], 1),
        (&[9, 3, 4], 2),
        (&[0, 20_000, 40_000, 60_000], 4),
    ];
    for (sequences, pairs) in cases {
        assert_eq!(asked_again(sequences), (sequences.to_vec(), pairs));
    }
}

#[test]
fn a_packet_that_is_named_twice_running_is_asked_for_once() {
    assert_eq!(asked_again(&[7, 7, 9, 9]), (vec![7, 9], 1));
}

#[test]
fn a_nack_of_nothing_is_not_written() {
    assert_eq!(written(|compound| compound.nack(1, 2, &[])), []);
}

#[test]
fn a_nack_follows_a_report_in_a_compound() {
    let bytes = written(|compound| {
        compound.receiver_report(1, &[a_block(7, 3)])?;
        compound.nack(1, 7, &[5, 6])
    });
    let read: Vec<_> = packets(&bytes)
        .collect::<Result<_, _>>()
        .expect("well formed");
    assert!(matches!(
        read[..],
        [Packet::ReceiverReport { .. }, Packet::Nack { media: 7, .. }]
    ));
}

#[test]
fn a_nack_names_no_more_packets_than_the_limit() {
    let mut bytes = vec![0x81, 205, 0x01, 0x01, 0, 0, 0, 1, 0, 0, 0, 2];
    bytes.extend([0xFF; 4 * 255]);
    bytes.extend([0; 4 * 256]);
    let Some(Ok(Packet::Nack { lost, .. })) = packets(&bytes).next() else {
        unreachable!("a NACK")
    };
    assert_eq!(lost.count(), NACK_SEQUENCES);
}

#[test]
fn a_nack_without_both_of_its_sources_is_truncated() {
    for words in 0..2 {
        let mut bytes = vec![0x81, 205, 0, words];
        bytes.resize(4 + 4 * usize::from(words), 0);
        assert_eq!(packets(&bytes).next(), Some(Err(ParseError::Truncated)));
    }
}
