//! RTP headers, extensions and levels.
#![expect(clippy::expect_used, reason = "a test may fail loudly")]

use arengo_wire::BufferTooSmall;
use arengo_wire::rtp::{
    AudioLevel, Element, Header, HeaderFields, ParseError, SEQUENCE_AT, is_after,
};

fn fields<'a>(csrcs: &'a [u32], elements: &'a [Element<'a>]) -> HeaderFields<'a> {
    HeaderFields {
        marker: true,
        payload_type: 111,
        sequence: 0xFFFE,
        timestamp: 0x0102_0304,
        ssrc: 0xCAFE_BABE,
        csrcs,
        elements,
    }
}

fn a_packet(csrcs: &[u32], elements: &[Element<'_>], payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 128];
    let len = fields(csrcs, elements)
        .write(&mut out)
        .expect("room enough")
        .len;
    out.truncate(len);
    out.extend(payload);
    out
}

#[test]
fn a_header_that_we_write_is_read_back() {
    let level = AudioLevel {
        minus_dbov: 33,
        voice: true,
    };
    let elements = [
        Element {
            id: 1,
            data: &[level.to_byte()],
        },
        Element {
            id: 4,
            data: b"mid",
        },
    ];
    let packet = a_packet(&[9, 10], &elements, b"opus");
    let header = Header::parse(&packet).expect("well formed");
    assert!(header.marker && !header.padding);
    assert_eq!((header.payload_type, header.sequence), (111, 0xFFFE));
    assert_eq!((header.timestamp, header.ssrc), (0x0102_0304, 0xCAFE_BABE));
    assert_eq!(header.csrcs(&packet).collect::<Vec<_>>(), [9, 10]);
    assert_eq!(header.elements(&packet).collect::<Vec<_>>(), elements);
    assert_eq!(
        header.element(&packet, 1).and_then(AudioLevel::parse),
        Some(level)
    );
    assert_eq!(header.element(&packet, 2), None);
    assert_eq!(
        header.payload(&packet).map(|range| packet.get(range)),
        Ok(Some(&b"opus"[..]))
    );
}

#[test]
fn a_written_header_says_where_its_parts_stand() {
    let mut out = [0; 64];
    let element = [Element {
        id: 3,
        data: &[0x7F],
    }];
    let layout = fields(&[5], &element).write(&mut out).expect("room enough");
    assert_eq!(layout.len, 12 + 4 + 4 + 4);
    assert_eq!(layout.sequence_at, SEQUENCE_AT);
    assert_eq!(
        out.get(layout.sequence_at..layout.sequence_at + 2),
        Some(&[0xFF, 0xFE][..])
    );
    assert_eq!(out.get(layout.first_element_at), Some(&0x7F));
}

#[test]
fn a_header_without_extension_has_no_elements() {
    let packet = a_packet(&[], &[], &[]);
    let header = Header::parse(&packet).expect("well formed");
    assert_eq!(header.len, 12);
    assert_eq!(header.elements(&packet).count(), 0);
    assert_eq!(header.payload(&packet), Ok(12..12));
}

#[test]
fn fields_that_do_not_fit_the_format_are_not_written() {
    let mut out = [0; 256];
    let long = [0; 17];
    for element in [
        Element { id: 0, data: &[1] },
        Element { id: 15, data: &[1] },
        Element { id: 1, data: &[] },
        Element { id: 1, data: &long },
    ] {
        assert_eq!(fields(&[], &[element]).write(&mut out), Err(BufferTooSmall));
    }
    assert_eq!(fields(&[0; 16], &[]).write(&mut out), Err(BufferTooSmall));
    assert_eq!(fields(&[], &[]).write(&mut [0; 11]), Err(BufferTooSmall));
}

#[test]
fn two_byte_elements_may_be_empty_and_padded() {
    let mut packet = a_packet(&[], &[], &[]);
    if let Some(first) = packet.first_mut() {
        *first |= 0x10;
    }
    packet.extend([0x10, 0x00, 0, 2, 20, 0, 0, 21, 2, 7, 8, 0]);
    packet.extend(b"rest");
    let header = Header::parse(&packet).expect("well formed");
    let elements: Vec<_> = header.elements(&packet).collect();
    assert_eq!(
        elements,
        [
            Element { id: 20, data: &[] },
            Element {
                id: 21,
                data: &[7, 8]
            }
        ]
    );
    assert_eq!(header.payload(&packet), Ok(24..28));
}

#[test]
fn a_one_byte_element_of_number_fifteen_ends_the_block() {
    let mut packet = a_packet(&[], &[], &[]);
    if let Some(first) = packet.first_mut() {
        *first |= 0x10;
    }
    packet.extend([0xBE, 0xDE, 0, 2, 0x10, 1, 0xF0, 0x20, 2, 0, 0, 0]);
    let header = Header::parse(&packet).expect("well formed");
    let ids: Vec<_> = header.elements(&packet).map(|element| element.id).collect();
    assert_eq!(ids, [1]);
}

#[test]
fn an_element_reaching_beyond_its_block_is_left_out() {
    let mut packet = a_packet(&[], &[], &[]);
    if let Some(first) = packet.first_mut() {
        *first |= 0x10;
    }
    packet.extend([0xBE, 0xDE, 0, 1, 0x10, 1, 0x2F, 1]);
    packet.extend([0xAA; 32]);
    let header = Header::parse(&packet).expect("well formed");
    let ids: Vec<_> = header.elements(&packet).map(|element| element.id).collect();
    assert_eq!(ids, [1]);
}

#[test]
fn a_foreign_extension_profile_is_stepped_over() {
    let mut packet = a_packet(&[], &[], &[]);
    if let Some(first) = packet.first_mut() {
        *first |= 0x10;
    }
    packet.extend([0x12, 0x34, 0, 1, 0x10, 1, 0x10, 1]);
    packet.extend(b"rest");
    let header = Header::parse(&packet).expect("well formed");
    assert_eq!(header.elements(&packet).count(), 0);
    assert_eq!(header.payload(&packet), Ok(20..24));
}

#[test]
fn padding_is_cut_off_and_may_not_reach_into_the_header() {
    let mut packet = a_packet(&[], &[], &[1, 2, 3, 0, 0, 3]);
    if let Some(first) = packet.first_mut() {
        *first |= 0x20;
    }
    let header = Header::parse(&packet).expect("well formed");
    assert_eq!(header.payload(&packet), Ok(12..15));
    for count in [0, 7, 255] {
        if let Some(last) = packet.last_mut() {
            *last = count;
        }
        assert_eq!(header.payload(&packet), Err(ParseError::BadPadding));
    }
}

#[test]
fn a_header_cut_short_anywhere_is_refused() {
    let packet = a_packet(&[1, 2, 3], &[Element { id: 1, data: &[9] }], &[]);
    for len in 0..packet.len() {
        let cut = packet.get(..len).expect("shorter");
        assert_eq!(Header::parse(cut), Err(ParseError::Truncated));
    }
}

#[test]
fn other_versions_are_refused() {
    for first in [0x00, 0x40, 0xC0] {
        let mut packet = a_packet(&[], &[], &[]);
        if let Some(byte) = packet.first_mut() {
            *byte = first;
        }
        assert_eq!(Header::parse(&packet), Err(ParseError::WrongVersion));
    }
}

#[test]
fn sequence_numbers_compare_across_the_wrap() {
    assert!(is_after(1, 0) && is_after(0, 0xFFFF) && is_after(5, 0xFFF0));
    assert!(!is_after(0, 0) && !is_after(0xFFFF, 0) && !is_after(0x8000, 0));
}
