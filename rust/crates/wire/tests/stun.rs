//! STUN against the published vectors of RFC 5769, and against itself.
#![expect(clippy::expect_used, reason = "a test may fail loudly")]

use std::net::SocketAddr;

use arengo_wire::BufferTooSmall;
use arengo_wire::stun::{
    BINDING, BindingRequest, Class, ErrorCode, HmacSha1, IceRole, IntegrityError, Message,
    ParseError, TransactionId, write_error, write_indication, write_success,
};
use hmac::{Hmac, Mac};

struct Password(&'static str);

impl HmacSha1 for Password {
    fn sign(&self, parts: &[&[u8]]) -> [u8; 20] {
        let mut mac =
            Hmac::<sha1::Sha1>::new_from_slice(self.0.as_bytes()).expect("any key length");
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }
}

const RFC5769: Password = Password("VOkJxbRl1RmTxUk/WvJxBt");

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .filter_map(|c| c.to_digit(16))
        .map(|d| d as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |all, digit| (all << 4) | digit))
        .collect()
}

/// RFC 5769 §2.1.
fn sample_request() -> Vec<u8> {
    bytes(
        "00010058 2112a442 b7e7a701 bc34d686 fa87dfae \
         80220010 5354554e 20746573 7420636c 69656e74 \
         00240004 6e0001ff 80290008 932ff9b1 51263b36 \
         00060009 6576746a 3a683676 59202020 \
         00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2 80280004 e57a3bcf",
    )
}

const T: TransactionId = TransactionId([7; 12]);

fn written(write: impl FnOnce(&mut [u8]) -> Result<usize, BufferTooSmall>) -> Vec<u8> {
    let mut out = vec![0xAA; 256];
    let len = write(&mut out).expect("room enough");
    out.truncate(len);
    out
}

fn a_request() -> BindingRequest<'static> {
    BindingRequest {
        transaction: T,
        username: "theirs:ours",
        priority: 0x6E00_01FF,
        role: IceRole::Controlling(42),
        use_candidate: true,
    }
}

#[test]
fn the_sample_request_of_rfc_5769_is_read_and_trusted() {
    let bytes = sample_request();
    let message = Message::parse(&bytes).expect("well formed");
    assert_eq!(
        (message.class(), message.method()),
        (Class::Request, BINDING)
    );
    assert_eq!(message.ufrags(), Some(("evtj", "h6vY")));
    assert_eq!(message.priority(), Some(0x6E00_01FF));
    assert_eq!(
        message.role(),
        Some(IceRole::Controlled(0x932F_F9B1_5126_3B36))
    );
    assert!(!message.use_candidate());
    assert!(!message.has_unknown_required());
    assert_eq!(message.verify_integrity(&RFC5769), Ok(()));
    assert_eq!(message.fingerprint_matches(), Some(true));
}

#[test]
fn the_sample_responses_of_rfc_5769_tell_both_address_families() {
    let ipv4 = bytes(
        "0101003c 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 \
         00200008 0001a147 e112a643 00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7 80280004 c07d4c96",
    );
    let ipv6 = bytes(
        "01010048 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 \
         00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9 \
         00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41 80280004 c8fb0b4c",
    );
    for (bytes, address) in [
        (ipv4, "192.0.2.1:32853"),
        (ipv6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
    ] {
        let message = Message::parse(&bytes).expect("well formed");
        assert_eq!(message.class(), Class::SuccessResponse);
        assert_eq!(
            message.xor_mapped_address(),
            Some(address.parse::<SocketAddr>().expect("address"))
        );
        assert_eq!(message.verify_integrity(&RFC5769), Ok(()));
        assert_eq!(message.fingerprint_matches(), Some(true));
    }
}

#[test]
fn a_changed_bit_is_not_trusted() {
    let mut bytes = sample_request();
    if let Some(byte) = bytes.get_mut(45) {
        *byte ^= 1;
    }
    let message = Message::parse(&bytes).expect("still well formed");
    assert_eq!(
        message.verify_integrity(&RFC5769),
        Err(IntegrityError::Wrong)
    );
    assert_eq!(message.fingerprint_matches(), Some(false));
}

#[test]
fn another_password_is_not_trusted() {
    let bytes = sample_request();
    let message = Message::parse(&bytes).expect("well formed");
    assert_eq!(
        message.verify_integrity(&Password("other")),
        Err(IntegrityError::Wrong)
    );
}

#[test]
fn what_stands_behind_the_integrity_is_not_believed() {
    let mut bytes = written(|out| a_request().write(&RFC5769, out));
    bytes.truncate(bytes.len() - 8);
    bytes.extend([0x00, 0x20, 0, 8, 0, 1, 0, 0, 1, 2, 3, 4]);
    let length = u16::try_from(bytes.len() - 20)
        .expect("short")
        .to_be_bytes();
    bytes.splice(2..4, length);
    let message = Message::parse(&bytes).expect("well formed");
    assert_eq!(message.verify_integrity(&RFC5769), Ok(()));
    assert_eq!(message.xor_mapped_address(), None);
}

#[test]
fn a_request_we_write_is_read_back() {
    let bytes = written(|out| a_request().write(&RFC5769, out));
    let message = Message::parse(&bytes).expect("well formed");
    assert_eq!(message.username(), Some("theirs:ours"));
    assert_eq!(message.transaction(), T);
    assert_eq!(message.role(), Some(IceRole::Controlling(42)));
    assert!(message.use_candidate());
    assert_eq!(message.verify_integrity(&RFC5769), Ok(()));
    assert_eq!(message.fingerprint_matches(), Some(true));
}

#[test]
fn a_success_response_tells_the_address_back() {
    for address in ["203.0.113.9:5004", "[2001:db8::1]:443"] {
        let address: SocketAddr = address.parse().expect("address");
        let bytes = written(|out| write_success(T, address, &RFC5769, out));
        let message = Message::parse(&bytes).expect("well formed");
        assert_eq!(message.class(), Class::SuccessResponse);
        assert_eq!(message.xor_mapped_address(), Some(address));
        assert_eq!(message.verify_integrity(&RFC5769), Ok(()));
    }
}

#[test]
fn an_error_response_carries_its_number_and_integrity_only_with_a_key() {
    for code in [
        ErrorCode::BadRequest,
        ErrorCode::Unauthenticated,
        ErrorCode::RoleConflict,
    ] {
        let bare = written(|out| write_error(T, code, None, out));
        let message = Message::parse(&bare).expect("well formed");
        assert_eq!(
            (message.class(), message.error_code()),
            (Class::ErrorResponse, Some(code.number()))
        );
        assert_eq!(
            message.verify_integrity(&RFC5769),
            Err(IntegrityError::Missing)
        );
        let signed = written(|out| write_error(T, code, Some(&RFC5769), out));
        let message = Message::parse(&signed).expect("well formed");
        assert_eq!(message.verify_integrity(&RFC5769), Ok(()));
    }
}

#[test]
fn an_indication_has_a_fingerprint_and_nothing_else() {
    let bytes = written(|out| write_indication(T, out));
    let message = Message::parse(&bytes).expect("well formed");
    assert_eq!(message.class(), Class::Indication);
    assert_eq!(message.attributes().count(), 1);
    assert_eq!(message.fingerprint_matches(), Some(true));
}

#[test]
fn a_buffer_too_small_is_said_not_overrun() {
    let whole = written(|out| a_request().write(&RFC5769, out)).len();
    for room in 0..whole {
        assert_eq!(
            a_request().write(&RFC5769, &mut vec![0; room]),
            Err(BufferTooSmall)
        );
    }
}

#[test]
fn a_message_cut_short_anywhere_is_refused() {
    let bytes = sample_request();
    for len in 0..bytes.len() {
        let error = Message::parse(bytes.get(..len).expect("shorter")).expect_err("cut short");
        let expected = if len < 20 {
            ParseError::NotStun
        } else {
            ParseError::WrongLength
        };
        assert_eq!(error, expected);
    }
}

#[test]
fn an_attribute_reaching_beyond_the_message_is_refused() {
    let bytes = bytes("00010004 2112a442 000000000000000000000000 00060009");
    assert_eq!(
        Message::parse(&bytes).expect_err("too long"),
        ParseError::BadAttribute
    );
}

#[test]
fn an_attribute_behind_the_fingerprint_is_refused() {
    let mut bytes = written(|out| write_indication(T, out));
    bytes.extend([0x00, 0x25, 0, 0]);
    bytes.splice(2..4, 12u16.to_be_bytes());
    assert_eq!(
        Message::parse(&bytes).expect_err("misplaced"),
        ParseError::BadAttribute
    );
}

#[test]
fn more_attributes_than_anybody_needs_are_refused() {
    let mut bytes = bytes("00010200 2112a442 000000000000000000000000");
    bytes.extend(bytes_of_empty_attributes(128));
    assert_eq!(
        Message::parse(&bytes).expect_err("too many"),
        ParseError::TooManyAttributes
    );
}

fn bytes_of_empty_attributes(count: usize) -> impl Iterator<Item = u8> {
    std::iter::repeat_n([0x00, 0x25, 0, 0], count).flatten()
}

#[test]
fn an_unknown_attribute_that_must_be_understood_is_noticed() {
    let bytes = bytes("00010004 2112a442 000000000000000000000000 7ff00000");
    assert!(
        Message::parse(&bytes)
            .expect("well formed")
            .has_unknown_required()
    );
}
