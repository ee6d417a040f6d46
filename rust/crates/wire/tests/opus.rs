//! What an Opus packet says of itself, taken apart and merged.

use arengo_wire::opus::{
    Frames, Malformed, MergeError, Packing, PadError, SILENCE_FRAME, Toc, duration_samples,
    frame_count, is_dtx, merge, pad, toc,
};

#[test]
fn the_silence_frame_is_twenty_milliseconds_of_one_frame() {
    assert_eq!(duration_samples(&SILENCE_FRAME), Ok(960));
    assert_eq!(toc(&SILENCE_FRAME).map(Toc::packing), Some(Packing::One));
    assert!(!is_dtx(&SILENCE_FRAME));
}

#[test]
fn frame_sizes_are_those_of_table_2() {
    let silk = [480, 960, 1_920, 2_880];
    let hybrid = [480, 960];
    let celt = [120, 240, 480, 960];
    let expected: Vec<u32> = [silk.repeat(3), hybrid.repeat(2), celt.repeat(4)].concat();
    let told: Vec<u32> = (0..32)
        .map(|config| Toc(config << 3).frame_samples())
        .collect();
    assert_eq!(told, expected);
}

#[test]
fn the_number_of_frames_follows_the_packing() {
    let celt_20_ms = 31 << 3;
    assert_eq!(frame_count(&[celt_20_ms, 0]), Ok(1));
    assert_eq!(frame_count(&[celt_20_ms | 1, 0, 0]), Ok(2));
    assert_eq!(frame_count(&[celt_20_ms | 2, 1, 0, 0]), Ok(2));
    assert_eq!(frame_count(&[celt_20_ms | 3, 6]), Ok(6));
    assert_eq!(duration_samples(&[celt_20_ms | 3, 3]), Ok(2_880));
}

#[test]
fn a_packet_of_no_frame_or_of_more_than_120_ms_is_malformed() {
    let celt_20_ms = 31 << 3;
    assert_eq!(frame_count(&[]), Err(Malformed::Empty));
    assert_eq!(frame_count(&[celt_20_ms | 3]), Err(Malformed::Truncated));
    assert_eq!(
        frame_count(&[celt_20_ms | 3, 0]),
        Err(Malformed::BadFrameCount)
    );
    assert_eq!(
        frame_count(&[celt_20_ms | 3, 7]),
        Err(Malformed::BadFrameCount)
    );
    assert_eq!(frame_count(&[(16 << 3) | 3, 48]), Ok(48));
    assert_eq!(
        frame_count(&[(16 << 3) | 3, 49]),
        Err(Malformed::BadFrameCount)
    );
}

#[test]
fn one_or_two_bytes_tell_of_silence() {
    assert!(is_dtx(&[0x78]) && is_dtx(&[0x78, 0]));
    assert!(!is_dtx(&[]) && !is_dtx(&[0x78, 1, 2]));
}

#[test]
fn only_frames_of_one_kind_merge() {
    assert!(Toc(0xF8).merges_with(Toc(0xFB)));
    assert!(!Toc(0xF8).merges_with(Toc(0xFC)));
    assert!(!Toc(0xF8).merges_with(Toc(0x78)));
}

/// 20 ms of full-band mono in CELT.
const KIND: u8 = 31 << 3;

fn a_packet(len: usize) -> Vec<u8> {
    let mut packet = vec![KIND];
    packet.resize(1 + len, len as u8);
    packet
}

fn merged(packets: &[&[u8]]) -> Result<Vec<u8>, MergeError> {
    let mut out = vec![0; 8_000];
    let len = merge(packets, &mut out)?;
    out.truncate(len);
    Ok(out)
}

fn frame_lengths(packet: &[u8]) -> Result<Vec<usize>, Malformed> {
    Ok(Frames::parse(packet)?
        .as_slice()
        .iter()
        .map(|frame| frame.len())
        .collect())
}

#[test]
fn every_packing_is_taken_apart() {
    assert_eq!(frame_lengths(&[KIND, 1, 2, 3]), Ok(vec![3]));
    assert_eq!(frame_lengths(&[KIND]), Ok(vec![0]));
    assert_eq!(frame_lengths(&[KIND | 1, 1, 2, 3, 4]), Ok(vec![2, 2]));
    assert_eq!(frame_lengths(&[KIND | 2, 1, 2, 3, 4]), Ok(vec![1, 2]));
    assert_eq!(frame_lengths(&[KIND | 3, 3, 1, 2, 3]), Ok(vec![1, 1, 1]));
    assert_eq!(
        frame_lengths(&[KIND | 3, 0x80 | 3, 2, 0, 1, 2, 3]),
        Ok(vec![2, 0, 1])
    );
    assert_eq!(
        frame_lengths(&[KIND | 3, 0x40 | 2, 2, 8, 9, 0, 0]),
        Ok(vec![1, 1])
    );
}

#[test]
fn packets_whose_lengths_do_not_add_up_are_malformed() {
    assert_eq!(frame_lengths(&[KIND | 1, 1, 2, 3]), Err(Malformed::Uneven));
    assert_eq!(frame_lengths(&[KIND | 2, 9, 1]), Err(Malformed::Truncated));
    assert_eq!(frame_lengths(&[KIND | 2]), Err(Malformed::Truncated));
    assert_eq!(frame_lengths(&[KIND | 2, 252]), Err(Malformed::Truncated));
    assert_eq!(frame_lengths(&[KIND | 3, 3, 1, 2]), Err(Malformed::Uneven));
    assert_eq!(
        frame_lengths(&[KIND | 3, 0x40 | 1, 200]),
        Err(Malformed::Truncated)
    );
    assert_eq!(
        frame_lengths(&a_packet(1_276)),
        Err(Malformed::FrameTooLong)
    );
}

#[test]
fn three_packets_become_one_of_sixty_milliseconds() {
    for lengths in [[40, 40, 40], [40, 3, 0], [1_275, 252, 251]] {
        let packets = lengths.map(a_packet);
        let packet = merged(&[&packets[0], &packets[1], &packets[2]]).expect("of one kind");
        assert_eq!(duration_samples(&packet), Ok(2_880));
        let frames = Frames::parse(&packet).expect("well formed");
        assert!(
            frames
                .as_slice()
                .iter()
                .zip(&packets)
                .all(|(frame, packet)| Some(*frame) == packet.get(1..))
        );
    }
}

#[test]
fn equal_frames_need_no_lengths() {
    let packet = merged(&[&a_packet(40), &a_packet(40)]).expect("of one kind");
    assert_eq!(packet.len(), 2 + 80);
}

#[test]
fn what_is_merged_merges_again() {
    let two = merged(&[&a_packet(4), &a_packet(5)]).expect("of one kind");
    let three = merged(&[&two, &a_packet(6)]).expect("of one kind");
    assert_eq!(frame_lengths(&three), Ok(vec![4, 5, 6]));
}

#[test]
fn packets_of_different_kinds_do_not_merge() {
    let stereo = [KIND | 4, 1, 2, 3];
    assert_eq!(merged(&[&a_packet(3), &stereo]), Err(MergeError::Different));
    assert_eq!(merged(&[&a_packet(3), &[]]), Err(MergeError::Different));
}

#[test]
fn no_packet_grows_beyond_120_milliseconds_or_its_buffer() {
    let packet = a_packet(3);
    assert_eq!(
        merged(&[packet.as_slice(); 7]),
        Err(MergeError::BadDuration)
    );
    assert_eq!(merged(&[]), Err(MergeError::BadDuration));
    assert_eq!(
        merge(&[&packet, &packet], &mut [0; 7]),
        Err(MergeError::BufferTooSmall)
    );
    assert_eq!(merge(&[&packet, &packet], &mut [0; 8]), Ok(8));
}

/// A packet of every packing, with frames of every kind of length.
fn of_every_packing() -> Vec<Vec<u8>> {
    let long: Vec<u8> = (0..600).map(|n| n as u8).collect();
    vec![
        vec![KIND],
        vec![KIND, 1, 2, 3],
        [vec![KIND], long.clone()].concat(),
        vec![KIND | 1, 1, 2, 3, 4],
        vec![KIND | 2, 1, 2, 3, 4],
        vec![KIND | 3, 3, 1, 2, 3],
        vec![KIND | 3, 0x80 | 3, 2, 0, 1, 2, 3],
        vec![KIND | 3, 0x40 | 2, 2, 8, 9, 0, 0],
        merged(&[&a_packet(252), &a_packet(251), &a_packet(300)]).unwrap_or_default(),
    ]
}

#[test]
fn a_packet_is_padded_to_every_length_from_one_byte_more_on_and_its_frames_stay_as_they_were() {
    for packet in of_every_packing() {
        for wanted in packet.len()..packet.len() + 1_100 {
            let mut out = vec![0xAA; wanted];
            pad(&packet, wanted, &mut out).expect("a length that can be had");
            let (before, after) = (Frames::parse(&packet), Frames::parse(&out));
            let (before, after) = (before.expect("well formed"), after.expect("well formed"));
            assert_eq!(before.as_slice(), after.as_slice(), "{wanted} bytes");
            assert_eq!(
                toc(&packet).map(|toc| toc.0 | 3),
                toc(&out).map(|toc| toc.0 | 3)
            );
            assert_eq!(duration_samples(&packet), duration_samples(&out));
        }
    }
}

#[test]
fn a_packet_is_not_padded_to_less_than_it_needs_nor_beyond_its_buffer() {
    let mut out = [0; 64];
    assert_eq!(pad(&[KIND, 1, 2, 3], 3, &mut out), Err(PadError::TooShort));
    assert_eq!(pad(&[KIND, 1], 65, &mut out), Err(PadError::BufferTooSmall));
    assert_eq!(
        pad(&[], 9, &mut out),
        Err(PadError::Malformed(Malformed::Empty))
    );
}

#[test]
fn what_is_padded_merges_without_its_padding() {
    let mut padded = [0; 50];
    pad(&a_packet(3), 50, &mut padded).expect("a length that can be had");
    let two = merged(&[&padded, &a_packet(4)]).expect("of one kind");
    assert_eq!(frame_lengths(&two), Ok(vec![3, 4]));
}
