//! The nonce of a packet, from its session salt, SSRC and index.

/// The nonce of AES-GCM.
pub type Nonce = [u8; 12];

/// For an RTP packet (RFC 7714 §8.1): `0 || SSRC || ROC || SEQ` XOR salt; *index* is `ROC || SEQ`, 48 bits.
#[inline]
pub fn gcm_rtp_nonce(salt: &[u8; 12], ssrc: u32, index: u64) -> Nonce {
    let numbers = (u128::from(ssrc) << 48) | u128::from(index & 0xFFFF_FFFF_FFFF);
    mix(salt, numbers)
}

/// For an RTCP packet (RFC 7714 §9.1): `0 || SSRC || 0 || index` XOR salt; *index* has 31 bits.
#[inline]
pub fn gcm_rtcp_nonce(salt: &[u8; 12], ssrc: u32, index: u32) -> Nonce {
    let numbers = (u128::from(ssrc) << 48) | u128::from(index & 0x7FFF_FFFF);
    mix(salt, numbers)
}

/// The first counter block of AES-CM for an RTP packet (RFC 3711 §4.1.1).
#[inline]
pub fn cm_rtp_iv(salt: &[u8; 14], ssrc: u32, index: u64) -> [u8; 16] {
    let salt = salt
        .iter()
        .fold(0u128, |all, byte| (all << 8) | u128::from(*byte))
        << 16;
    let numbers = (u128::from(ssrc) << 64) | (u128::from(index & 0xFFFF_FFFF_FFFF) << 16);
    (salt ^ numbers).to_be_bytes()
}

/// The first counter block of AES-CM for an RTCP packet (RFC 3711 §4.1.1); *index* has 31 bits.
#[inline]
pub fn cm_rtcp_iv(salt: &[u8; 14], ssrc: u32, index: u32) -> [u8; 16] {
    cm_rtp_iv(salt, ssrc, u64::from(index & 0x7FFF_FFFF))
}

#[inline]
fn mix(salt: &[u8; 12], numbers: u128) -> Nonce {
    let [_, _, _, _, numbers @ ..] = numbers.to_be_bytes();
    let mut nonce = *salt;
    nonce
        .iter_mut()
        .zip(numbers)
        .for_each(|(to, from)| *to ^= from);
    nonce
}
