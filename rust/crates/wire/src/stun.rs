//! STUN for ICE: binding requests, responses and indications (RFC 8489, RFC 8445).
//!
//! A [`Message`] borrows the datagram; nothing allocates. MESSAGE-INTEGRITY is computed by a caller's [`HmacSha1`].

use std::fmt;
use std::net::SocketAddr;

use crate::bytes::{array_at, u16_at, u32_at, u64_at};
use crate::limits::{STUN_ATTRIBUTES, STUN_USERNAME_BYTES};

mod address;
mod crc32;
mod write;

pub use write::{BindingRequest, write_error, write_indication, write_success};

/// The magic cookie of every message (RFC 8489 §5).
pub const MAGIC_COOKIE: u32 = 0x2112_A442;
/// The only method that ICE uses.
pub const BINDING: u16 = 0x001;
/// Bytes of the fixed header.
pub const HEADER_LEN: usize = 20;

const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const ERROR_CODE: u16 = 0x0009;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const PRIORITY: u16 = 0x0024;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLED: u16 = 0x8029;
const ICE_CONTROLLING: u16 = 0x802A;
const FINGERPRINT_XOR: u32 = 0x5354_554E;

/// HMAC-SHA1 under a key that the implementor holds (for ICE: the UTF-8 bytes of a password).
pub trait HmacSha1 {
    /// The code over the concatenation of *parts*.
    fn sign(&self, parts: &[&[u8]]) -> [u8; 20];
}

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Request,
    Indication,
    SuccessResponse,
    ErrorResponse,
}

/// The number that ties a response to its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TransactionId(pub [u8; 12]);

/// The part an agent takes in ICE, with its tie-breaker (RFC 8445 §7.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IceRole {
    Controlling(u64),
    Controlled(u64),
}

/// The refusals this side knows how to write (RFC 8489 §14.8, RFC 8445 §7.3.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    BadRequest,
    Unauthenticated,
    RoleConflict,
}

impl ErrorCode {
    /// The number on the wire.
    pub fn number(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthenticated => 401,
            Self::RoleConflict => 487,
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::BadRequest => "Bad Request",
            Self::Unauthenticated => "Unauthenticated",
            Self::RoleConflict => "Role Conflict",
        }
    }
}

/// Why bytes are not a STUN message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseError {
    /// Too short, other first bits, or no magic cookie.
    NotStun,
    /// The length in the header is not that of the datagram.
    WrongLength,
    /// An attribute reaches beyond the message, or FINGERPRINT is not the last one.
    BadAttribute,
    TooManyAttributes,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotStun => "not a STUN message",
            Self::WrongLength => "STUN length does not match the datagram",
            Self::BadAttribute => "malformed STUN attribute",
            Self::TooManyAttributes => "too many STUN attributes",
        })
    }
}

impl std::error::Error for ParseError {}

/// Why a message is not to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntegrityError {
    Missing,
    Wrong,
}

/// One type, length, value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute<'a> {
    pub kind: u16,
    pub value: &'a [u8],
}

/// A well-formed STUN message, borrowed from its datagram.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    bytes: &'a [u8],
    class: Class,
    method: u16,
    transaction: TransactionId,
    integrity_at: Option<usize>,
    fingerprint_at: Option<usize>,
}

impl<'a> Message<'a> {
    /// Reads a whole datagram; lengths and attribute bounds are checked, integrity is not (see [`Self::verify_integrity`]).
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let kind = u16_at(bytes, 0).ok_or(ParseError::NotStun)?;
        let length = u16_at(bytes, 2).ok_or(ParseError::NotStun)?;
        let transaction = array_at(bytes, 8)
            .map(TransactionId)
            .ok_or(ParseError::NotStun)?;
        if kind & 0xC000 != 0 || u32_at(bytes, 4) != Some(MAGIC_COOKIE) {
            return Err(ParseError::NotStun);
        }
        if length % 4 != 0 || usize::from(length) + HEADER_LEN != bytes.len() {
            return Err(ParseError::WrongLength);
        }
        let (integrity_at, fingerprint_at) = check_attributes(bytes)?;
        Ok(Self {
            bytes,
            class: class_of(kind),
            method: method_of(kind),
            transaction,
            integrity_at,
            fingerprint_at,
        })
    }

    pub fn class(&self) -> Class {
        self.class
    }

    /// The method; everything but [`BINDING`] is foreign to ICE.
    pub fn method(&self) -> u16 {
        self.method
    }

    pub fn transaction(&self) -> TransactionId {
        self.transaction
    }

    /// Attributes in order; what stands between MESSAGE-INTEGRITY and FINGERPRINT is left out (RFC 8489 §14.5).
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        let end = self.integrity_at.unwrap_or(usize::MAX);
        walk(self.bytes)
            .filter(move |(at, attribute)| *at <= end || attribute.kind == FINGERPRINT)
            .map(|(_, attribute)| attribute)
    }

    /// USERNAME as it stands: for a request `receiver's ufrag:sender's ufrag`.
    pub fn username(&self) -> Option<&'a str> {
        let name = std::str::from_utf8(self.find(USERNAME)?).ok()?;
        (name.len() <= STUN_USERNAME_BYTES).then_some(name)
    }

    /// The two fragments of USERNAME: (of the receiver of the request, of its sender).
    pub fn ufrags(&self) -> Option<(&'a str, &'a str)> {
        self.username()?.split_once(':')
    }

    pub fn priority(&self) -> Option<u32> {
        u32_at(self.find(PRIORITY)?, 0)
    }

    pub fn use_candidate(&self) -> bool {
        self.find(USE_CANDIDATE).is_some()
    }

    /// The sender's role, when it says one.
    pub fn role(&self) -> Option<IceRole> {
        let controlling = self
            .find(ICE_CONTROLLING)
            .and_then(|v| u64_at(v, 0))
            .map(IceRole::Controlling);
        controlling.or_else(|| {
            self.find(ICE_CONTROLLED)
                .and_then(|v| u64_at(v, 0))
                .map(IceRole::Controlled)
        })
    }

    pub fn xor_mapped_address(&self) -> Option<SocketAddr> {
        address::read(self.find(XOR_MAPPED_ADDRESS)?, self.transaction)
    }

    /// ERROR-CODE: the number, 300 to 699.
    pub fn error_code(&self) -> Option<u16> {
        let value = self.find(ERROR_CODE)?;
        let class = u16::from(*value.get(2)? & 0x07);
        let number = u16::from(*value.get(3)?);
        ((3..=6).contains(&class) && number < 100).then_some(class * 100 + number)
    }

    /// Whether an attribute is there that must be understood and is not (RFC 8489 §15).
    pub fn has_unknown_required(&self) -> bool {
        const KNOWN: [u16; 6] = [
            USERNAME,
            MESSAGE_INTEGRITY,
            ERROR_CODE,
            XOR_MAPPED_ADDRESS,
            PRIORITY,
            USE_CANDIDATE,
        ];
        const FAMILIAR: [u16; 6] = [0x0001, 0x000A, 0x0014, 0x0015, 0x001C, 0x001D];
        self.attributes()
            .any(|a| a.kind < 0x8000 && !KNOWN.contains(&a.kind) && !FAMILIAR.contains(&a.kind))
    }

    /// Checks MESSAGE-INTEGRITY in constant time (RFC 8489 §14.5).
    pub fn verify_integrity(&self, hmac: &dyn HmacSha1) -> Result<(), IntegrityError> {
        let at = self.integrity_at.ok_or(IntegrityError::Missing)?;
        let claimed: [u8; 20] = array_at(self.bytes, at + 4).ok_or(IntegrityError::Missing)?;
        let length = u16::try_from(at + 24 - HEADER_LEN).map_err(|_| IntegrityError::Wrong)?;
        let head = self.bytes.get(..2).unwrap_or_default();
        let rest = self.bytes.get(4..at).unwrap_or_default();
        let computed = hmac.sign(&[head, &length.to_be_bytes(), rest]);
        let difference = claimed
            .iter()
            .zip(computed)
            .fold(0u8, |all, (a, b)| all | (a ^ b));
        if difference == 0 {
            Ok(())
        } else {
            Err(IntegrityError::Wrong)
        }
    }

    /// Whether FINGERPRINT matches; None where there is none (RFC 8489 §14.7).
    pub fn fingerprint_matches(&self) -> Option<bool> {
        let at = self.fingerprint_at?;
        let claimed = u32_at(self.bytes, at + 4)?;
        Some(crc32::of(self.bytes.get(..at)?) ^ FINGERPRINT_XOR == claimed)
    }

    fn find(&self, kind: u16) -> Option<&'a [u8]> {
        self.attributes().find(|a| a.kind == kind).map(|a| a.value)
    }
}

fn class_of(kind: u16) -> Class {
    match kind & 0x0110 {
        0x0000 => Class::Request,
        0x0010 => Class::Indication,
        0x0100 => Class::SuccessResponse,
        _ => Class::ErrorResponse,
    }
}

fn method_of(kind: u16) -> u16 {
    (kind & 0x000F) | ((kind & 0x00E0) >> 1) | ((kind & 0x3E00) >> 2)
}

/// Every attribute with the offset of its type field; ends at the first that is not whole.
fn walk(bytes: &[u8]) -> impl Iterator<Item = (usize, Attribute<'_>)> {
    let mut at = HEADER_LEN;
    std::iter::from_fn(move || {
        let kind = u16_at(bytes, at)?;
        let length = usize::from(u16_at(bytes, at + 2)?);
        let value = bytes.get(at + 4..at + 4 + length)?;
        let here = at;
        at += 4 + length.next_multiple_of(4);
        Some((here, Attribute { kind, value }))
    })
}

fn check_attributes(bytes: &[u8]) -> Result<(Option<usize>, Option<usize>), ParseError> {
    let (mut integrity_at, mut fingerprint_at) = (None, None);
    let mut end = HEADER_LEN;
    for (count, (at, attribute)) in walk(bytes).enumerate() {
        if count >= STUN_ATTRIBUTES {
            return Err(ParseError::TooManyAttributes);
        }
        if fingerprint_at.is_some() {
            return Err(ParseError::BadAttribute);
        }
        match (attribute.kind, attribute.value.len()) {
            (MESSAGE_INTEGRITY, 20) => integrity_at = integrity_at.or(Some(at)),
            (FINGERPRINT, 4) => fingerprint_at = Some(at),
            (MESSAGE_INTEGRITY | FINGERPRINT, _) => return Err(ParseError::BadAttribute),
            _ => {}
        }
        end = at + 4 + attribute.value.len().next_multiple_of(4);
    }
    if end == bytes.len() {
        Ok((integrity_at, fingerprint_at))
    } else {
        Err(ParseError::BadAttribute)
    }
}
