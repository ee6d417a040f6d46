//! What a datagram on the one shared port is (RFC 7983).

use crate::bytes::u8_at;

/// The protocol of a datagram, judged by its first two bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Stun,
    Dtls,
    Rtp,
    Rtcp,
    Unknown,
}

/// Tells protocols apart: STUN 0..3, DTLS 20..63, RTP and RTCP 128..191 (RFC 7983 §7), RTCP by packet type (RFC 5761 §4).
#[inline]
pub fn classify(datagram: &[u8]) -> Kind {
    match (u8_at(datagram, 0), u8_at(datagram, 1)) {
        (Some(0..=3), Some(_)) => Kind::Stun,
        (Some(20..=63), Some(_)) => Kind::Dtls,
        (Some(128..=191), Some(192..=223)) => Kind::Rtcp,
        (Some(128..=191), Some(_)) => Kind::Rtp,
        _ => Kind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_the_protocol() {
        assert_eq!(classify(&[0, 1]), Kind::Stun);
        assert_eq!(classify(&[22, 254]), Kind::Dtls);
        assert_eq!(classify(&[0x80, 111]), Kind::Rtp);
        assert_eq!(classify(&[0x90, 0x80 | 111]), Kind::Rtp);
        assert_eq!(classify(&[0x80, 200]), Kind::Rtcp);
        assert_eq!(classify(&[0x40, 0]), Kind::Unknown);
        assert_eq!(classify(&[0x80]), Kind::Unknown);
        assert_eq!(classify(&[]), Kind::Unknown);
    }
}
