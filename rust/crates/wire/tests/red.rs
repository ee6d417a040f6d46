//! RED payloads: what is written is read, and what lies is refused.
#![expect(clippy::expect_used, reason = "a test may fail loudly")]

use arengo_wire::limits::RED_COPIES;
use arengo_wire::red::{
    Block, COPY_BYTES, LONGEST_OFFSET, Malformed, WriteError, parse, set_payload_type, write,
};

const OPUS: u8 = 111;
const RED: u8 = 63;

fn written(copies: &[(u16, &[u8])], primary: &[u8]) -> Vec<u8> {
    let mut out = vec![0xAA; 8_000];
    let len = write(copies, primary, OPUS, &mut out).expect("a payload that can be written");
    out.truncate(len);
    out
}

fn refused(copies: &[(u16, &[u8])], primary: &[u8]) -> Option<WriteError> {
    write(copies, primary, OPUS, &mut [0; 8_000]).err()
}

/// The header of a copy, with whatever it says.
fn a_header(payload_type: u8, offset: u16, length: u16) -> [u8; 4] {
    let says = u32::from(offset) << 10 | u32::from(length);
    (u32::from(0x80 | payload_type) << 24 | says).to_be_bytes()
}

#[test]
fn what_is_written_is_read_back() {
    let longest = [7; COPY_BYTES];
    let copies: [(u16, &[u8]); RED_COPIES] = [
        (LONGEST_OFFSET, b"oldest"),
        (2_880, &longest),
        (960, b""),
        (0, b"x"),
    ];
    for count in 0..=copies.len() {
        let copies = copies.get(..count).expect("no more than there are");
        let payload = written(copies, b"primary");
        let red = parse(&payload).expect("well formed");
        let read: Vec<_> = red
            .copies()
            .iter()
            .map(|copy| (copy.offset, copy.data))
            .collect();
        assert_eq!(read, copies);
        assert!(red.copies().iter().all(|copy| copy.payload_type == OPUS));
        let primary = Block {
            payload_type: OPUS,
            offset: 0,
            data: b"primary",
        };
        assert_eq!(red.primary, primary);
    }
}

#[test]
fn the_bytes_are_those_of_the_standard() {
    let payload = written(&[(960, b"ab")], b"c");
    assert_eq!(payload, [0xEF, 0x0F, 0x00, 0x02, 0x6F, b'a', b'b', b'c']);
}

#[test]
fn a_payload_without_copies_is_one_byte_longer_than_its_primary() {
    assert_eq!(written(&[], b"primary"), b"\x6Fprimary");
}

#[test]
fn lengths_that_lie_are_refused() {
    for length in [4, 5, 1_023] {
        let payload = [&a_header(OPUS, 960, length)[..], &[OPUS], b"abc"].concat();
        assert_eq!(parse(&payload), Err(Malformed::Truncated));
    }
    let second_takes_all = [
        &a_header(OPUS, 1_920, 2)[..],
        &a_header(OPUS, 960, 2),
        &[OPUS],
        b"abc",
    ]
    .concat();
    assert_eq!(parse(&second_takes_all), Err(Malformed::Truncated));
}

#[test]
fn a_payload_without_a_primary_is_refused() {
    assert_eq!(parse(&[OPUS]), Err(Malformed::NoPrimary));
    let copies_take_all = [&a_header(OPUS, 960, 3)[..], &[OPUS], b"abc"].concat();
    assert_eq!(parse(&copies_take_all), Err(Malformed::NoPrimary));
    assert_eq!(refused(&[(960, b"a")], b""), Some(WriteError::NoPrimary));
}

#[test]
fn a_payload_cut_short_anywhere_in_its_headers_or_copies_is_refused() {
    let payload = written(&[(1_920, b"abc"), (960, b"de")], b"f");
    for len in 0..payload.len() - 1 {
        let cut = payload.get(..len).expect("shorter");
        assert_eq!(parse(cut), Err(Malformed::Truncated));
    }
    let never_ends = [0xFF; 4 * RED_COPIES];
    assert_eq!(parse(&never_ends), Err(Malformed::Truncated));
}

#[test]
fn more_copies_than_the_limit_are_refused() {
    let header = a_header(OPUS, 960, 0);
    let payload = [&header.repeat(RED_COPIES + 1)[..], &[OPUS], b"primary"].concat();
    assert_eq!(parse(&payload), Err(Malformed::TooManyCopies));
    let copies: [(u16, &[u8]); RED_COPIES + 1] = [(960, b"x"); RED_COPIES + 1];
    assert_eq!(refused(&copies, b"p"), Some(WriteError::TooManyCopies));
}

#[test]
fn copies_of_other_types_and_empty_ones_are_dropped() {
    let payload = [
        &a_header(RED, 2_880, 3)[..],
        &a_header(0, 1_920, 1),
        &a_header(OPUS, 1_920, 0),
        &a_header(OPUS, 960, 2),
        &[OPUS],
        b"redcab",
        b"primary",
    ]
    .concat();
    let red = parse(&payload).expect("well formed");
    let kept: Vec<_> = red
        .copies_of(OPUS)
        .map(|copy| (copy.offset, copy.data))
        .collect();
    assert_eq!(kept, [(960, &b"ab"[..])]);
    assert_eq!(red.copies().len(), 4);
}

#[test]
fn what_does_not_fit_the_header_of_a_copy_cannot_be_written() {
    let too_long = [0; COPY_BYTES + 1];
    assert_eq!(
        refused(&[(960, &too_long)], b"p"),
        Some(WriteError::CopyTooLong)
    );
    let too_far = LONGEST_OFFSET + 1;
    assert_eq!(
        refused(&[(too_far, b"x")], b"p"),
        Some(WriteError::TooFarBack)
    );
}

#[test]
fn a_buffer_too_small_is_said() {
    let payload = written(&[(960, b"ab")], b"cd");
    for len in 0..payload.len() {
        let written = write(&[(960, b"ab")], b"cd", OPUS, &mut vec![0; len]);
        assert_eq!(written, Err(WriteError::BufferTooSmall));
    }
}

#[test]
fn a_new_payload_type_changes_the_headers_and_nothing_else() {
    for copies in [
        &[][..],
        &[(960, &b"\xEF\x6F"[..])],
        &[(2_880, b"old"), (960, b"late")],
    ] {
        let mut payload = written(copies, b"\xEF\x6F\x6F");
        assert!(set_payload_type(&mut payload, 96));
        let mut wanted = vec![0; payload.len()];
        write(copies, b"\xEF\x6F\x6F", 96, &mut wanted).expect("room enough");
        assert_eq!(payload, wanted);
    }
}

#[test]
fn a_payload_that_lies_keeps_its_payload_types() {
    let whole = written(&[(1_920, b"abc"), (960, b"de")], b"f");
    for len in 0..whole.len() - 1 {
        let mut cut = whole.get(..len).expect("shorter").to_vec();
        assert!(!set_payload_type(&mut cut, 96));
        assert_eq!(Some(&cut[..]), whole.get(..len));
    }
}
