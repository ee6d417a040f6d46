//! Frames over a stream, in whatever pieces they come.
#![expect(clippy::expect_used, reason = "a test may fail loudly")]

use arengo_wire::BufferTooSmall;
use arengo_wire::limits::FRAME_BYTES;
use arengo_wire::rfc4571::{Deframer, FrameTooLong, prefix, write_frame};

fn a_stream(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut stream = Vec::new();
    for frame in frames {
        let mut out = vec![0; frame.len() + 2];
        write_frame(frame, &mut out).expect("room enough");
        stream.extend(out);
    }
    stream
}

fn read_in_pieces(stream: &[u8], size: usize) -> Vec<Vec<u8>> {
    let mut deframer = Deframer::new();
    let mut frames = Vec::new();
    for mut piece in stream.chunks(size) {
        while !piece.is_empty() {
            let taken = deframer.push(piece);
            assert!(taken > 0, "there is room whenever frames are taken");
            piece = piece.get(taken..).expect("no more than was given");
            while let Some(frame) = deframer.next_frame().expect("short frames") {
                frames.push(frame.to_vec());
            }
        }
    }
    assert_eq!(deframer.waiting(), 0);
    frames
}

#[test]
fn frames_come_out_as_they_went_in_whatever_the_pieces() {
    let frames: Vec<Vec<u8>> = [1, 2, 20, 120, 700, FRAME_BYTES, 3]
        .iter()
        .map(|len| vec![*len as u8; *len])
        .collect();
    let stream = a_stream(&frames);
    for size in [1, 2, 3, 7, 100, 1_499, 3_004, 9_000] {
        assert_eq!(read_in_pieces(&stream, size), frames);
    }
}

#[test]
fn empty_frames_are_left_out() {
    assert_eq!(
        read_in_pieces(&a_stream(&[vec![], vec![1], vec![], vec![]]), 1),
        [vec![1]]
    );
}

#[test]
fn a_frame_longer_than_a_datagram_ends_the_stream() {
    let mut deframer = Deframer::new();
    deframer.push(&prefix(FRAME_BYTES + 1).expect("fits sixteen bits"));
    assert_eq!(deframer.next_frame(), Err(FrameTooLong));
    assert_eq!(deframer.next_frame(), Err(FrameTooLong));
}

#[test]
fn the_buffer_is_bounded_when_nobody_takes_frames() {
    let mut deframer = Deframer::new();
    let stream = a_stream(&vec![vec![1; FRAME_BYTES]; 4]);
    let taken = deframer.push(&stream);
    assert_eq!(taken, 2 * (FRAME_BYTES + 2));
    assert_eq!(deframer.push(&stream), 0);
}

#[test]
fn saying_more_than_there_was_room_for_does_no_harm() {
    let mut deframer = Deframer::new();
    deframer.filled(usize::MAX);
    while let Ok(Some(_)) = deframer.next_frame() {}
    assert!(deframer.waiting() <= 2 * (FRAME_BYTES + 2));
}

#[test]
fn what_does_not_fit_is_not_written() {
    assert_eq!(write_frame(&[1, 2, 3], &mut [0; 4]), Err(BufferTooSmall));
    assert_eq!(write_frame(&[], &mut [0; 1]), Err(BufferTooSmall));
    assert_eq!(prefix(65_536), None);
}
