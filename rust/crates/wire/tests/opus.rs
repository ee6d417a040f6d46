//! What an Opus packet says of itself.

use arengo_wire::opus::{
    Malformed, Packing, SILENCE_FRAME, Toc, duration_samples, frame_count, is_dtx, toc,
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
