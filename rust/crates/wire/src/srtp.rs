//! SRTP framing without its ciphers: profiles, key derivation, nonces, indices and replay (RFC 3711, RFC 7714, RFC 5764).
//!
//! Sealing and opening are the caller's; what is here says under which key and nonce, over which bytes.

mod index;
mod keys;
mod nonce;
mod srtcp;

pub use index::{ReplayWindow, Replayed};
pub use keys::{AesEcb, KeyingMaterial, MasterKey, SessionKeys, StreamKeys, derive};
pub use nonce::{Nonce, cm_rtcp_iv, cm_rtp_iv, gcm_rtcp_nonce, gcm_rtp_nonce};
pub use srtcp::{MAX_SRTCP_INDEX, SrtcpLayout, srtcp_trailer};

/// The protection profiles this project speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    AeadAes128Gcm,
    AeadAes256Gcm,
    AesCm128HmacSha1_80,
}

impl Profile {
    /// The number in DTLS's use_srtp extension (RFC 5764 §4.1.2, RFC 7714 §14.2).
    pub fn dtls_number(self) -> u16 {
        match self {
            Self::AesCm128HmacSha1_80 => 0x0001,
            Self::AeadAes128Gcm => 0x0007,
            Self::AeadAes256Gcm => 0x0008,
        }
    }

    /// The profile of *number* in DTLS's use_srtp extension.
    pub fn from_dtls_number(number: u16) -> Option<Self> {
        [
            Self::AeadAes128Gcm,
            Self::AeadAes256Gcm,
            Self::AesCm128HmacSha1_80,
        ]
        .into_iter()
        .find(|profile| profile.dtls_number() == number)
    }

    /// Bytes of master and session encryption keys.
    pub const fn key_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AesCm128HmacSha1_80 => 16,
            Self::AeadAes256Gcm => 32,
        }
    }

    /// Bytes of master and session salts.
    pub const fn salt_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 12,
            Self::AesCm128HmacSha1_80 => 14,
        }
    }

    /// Bytes of the authentication tag of a packet, RTP and RTCP alike.
    pub const fn tag_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
            Self::AesCm128HmacSha1_80 => 10,
        }
    }

    /// Bytes of the session authentication key; none for the AEAD profiles.
    pub const fn auth_key_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 0,
            Self::AesCm128HmacSha1_80 => 20,
        }
    }

    /// Bytes to export from DTLS: two keys and two salts (RFC 5764 §4.2).
    pub const fn keying_material_len(self) -> usize {
        2 * (self.key_len() + self.salt_len())
    }

    /// Whether one cipher both seals and authenticates.
    pub const fn is_aead(self) -> bool {
        self.auth_key_len() == 0
    }
}
