//! Where the parts of an SRTCP packet stand (RFC 3711 §3.4, RFC 7714 §9.2).

use std::ops::Range;

use super::Profile;
use crate::bytes::{u8_at, u32_at};

/// The highest SRTCP index: 31 bits.
pub const MAX_SRTCP_INDEX: u32 = 0x7FFF_FFFF;

const ENCRYPTED: u32 = 0x8000_0000;
const HEADER_LEN: usize = 8;
const TRAILER_LEN: usize = 4;

/// The E flag and the index as they stand on the wire.
pub fn srtcp_trailer(encrypted: bool, index: u32) -> [u8; 4] {
    (if encrypted { ENCRYPTED } else { 0 } | (index & MAX_SRTCP_INDEX)).to_be_bytes()
}

/// The parts of an SRTCP packet.
///
/// GCM: `header, sealed, tag, trailer`; authenticated beside the sealed part are the header and the trailer.
/// AES-CM: `header, sealed, trailer, tag`; authenticated is everything before the tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SrtcpLayout {
    pub ssrc: u32,
    pub encrypted: bool,
    pub index: u32,
    /// What follows the first 8 bytes, without tag and trailer.
    pub sealed: Range<usize>,
    pub tag: Range<usize>,
    /// E flag and index, 4 bytes.
    pub trailer: Range<usize>,
}

impl SrtcpLayout {
    /// Reads a received packet; None when it is too short for *profile* or not version 2.
    pub fn parse(profile: Profile, packet: &[u8]) -> Option<Self> {
        if u8_at(packet, 0)? >> 6 != 2 {
            return None;
        }
        let plain_len = packet.len().checked_sub(TRAILER_LEN + profile.tag_len())?;
        let mut layout = Self::for_plain(profile, plain_len, 0)?;
        let trailer = u32_at(packet, layout.trailer.start)?;
        layout.ssrc = u32_at(packet, 4)?;
        layout.encrypted = trailer & ENCRYPTED != 0;
        layout.index = trailer & MAX_SRTCP_INDEX;
        Some(layout)
    }

    /// Lays out the sealing of a compound packet of *plain_len* bytes (SSRC left 0); None when it has no whole header.
    pub fn for_plain(profile: Profile, plain_len: usize, index: u32) -> Option<Self> {
        if plain_len < HEADER_LEN {
            return None;
        }
        let tag_at = if profile.is_aead() {
            plain_len
        } else {
            plain_len + TRAILER_LEN
        };
        let trailer_at = if profile.is_aead() {
            plain_len + profile.tag_len()
        } else {
            plain_len
        };
        Some(Self {
            ssrc: 0,
            encrypted: true,
            index: index & MAX_SRTCP_INDEX,
            sealed: HEADER_LEN..plain_len,
            tag: tag_at..tag_at + profile.tag_len(),
            trailer: trailer_at..trailer_at + TRAILER_LEN,
        })
    }

    /// Length of the whole packet on the wire.
    pub fn packet_len(&self) -> usize {
        self.tag.end.max(self.trailer.end)
    }
}
