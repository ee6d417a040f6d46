//! What one end seals the other opens, under every profile; anything else it does not.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets a surprise stops"
)]

use arengo_core::srtp::{OpenError, SrtpContexts};
use arengo_wire::srtp::Profile;

const PROFILES: [Profile; 3] = [
    Profile::AeadAes128Gcm,
    Profile::AeadAes256Gcm,
    Profile::AesCm128HmacSha1_80,
];
const SSRC: u32 = 0xcafe_0001;

fn both_ends(profile: Profile) -> (SrtpContexts, SrtpContexts) {
    let exported: Vec<u8> = (0..profile.keying_material_len())
        .map(|n| n as u8)
        .collect();
    let server = SrtpContexts::of_server(profile, &exported).unwrap();
    (server, SrtpContexts::of_client(profile, &exported).unwrap())
}

fn rtp(payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 111, 0, 0, 0, 0, 3, 0xc0];
    packet.extend_from_slice(&SSRC.to_be_bytes());
    packet.extend_from_slice(payload);
    packet
}

fn sealed_rtp(from: &SrtpContexts, index: u64) -> Vec<u8> {
    let mut sealed = vec![0; 200];
    let len = from
        .outbound
        .seal_rtp(&rtp(b"a voice"), 12, SSRC, index, &mut sealed)
        .unwrap();
    sealed.truncate(len);
    sealed
}

#[test]
fn sound_comes_out_as_it_went_in() {
    for profile in PROFILES {
        let (server, mut client) = both_ends(profile);
        for index in [0xfffe_u64, 0xffff, 0x1_0000, 0x1_0001] {
            let mut sealed = sealed_rtp(&server, index);
            assert_eq!(sealed.len(), rtp(b"a voice").len() + profile.tag_len());
            let opened = client
                .inbound
                .open_rtp(&mut sealed, 12, SSRC, index as u16)
                .unwrap();
            assert_eq!(opened.index, index, "{profile:?} counts the rollover");
            assert_eq!(&sealed[12..opened.len], b"a voice");
        }
    }
}

#[test]
fn a_settled_key_seals_as_before() {
    for profile in PROFILES {
        let (mut server, _) = both_ends(profile);
        let before = sealed_rtp(&server, 0x1_0002);
        server.outbound.settle();
        assert_eq!(sealed_rtp(&server, 0x1_0002), before, "{profile:?}");
        server.outbound.settle();
        assert_eq!(sealed_rtp(&server, 0x1_0002), before, "{profile:?}");
    }
}

#[test]
fn a_changed_bit_anywhere_is_noticed() {
    for profile in PROFILES {
        let (server, mut client) = both_ends(profile);
        let sealed = sealed_rtp(&server, 7);
        for at in 12..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 4;
            let outcome = client.inbound.open_rtp(&mut changed, 12, SSRC, 7);
            assert_eq!(outcome, Err(OpenError::Forged), "{profile:?}, byte {at}");
        }
        let mut louder = sealed.clone();
        louder[1] ^= 0x80;
        assert_eq!(
            client.inbound.open_rtp(&mut louder, 12, SSRC, 7),
            Err(OpenError::Forged)
        );
        assert!(
            client
                .inbound
                .open_rtp(&mut sealed.clone(), 12, SSRC, 7)
                .is_ok()
        );
    }
}

#[test]
fn what_was_opened_once_is_not_opened_again() {
    for profile in PROFILES {
        let (server, mut client) = both_ends(profile);
        let sealed = sealed_rtp(&server, 7);
        assert!(
            client
                .inbound
                .open_rtp(&mut sealed.clone(), 12, SSRC, 7)
                .is_ok()
        );
        let again = client.inbound.open_rtp(&mut sealed.clone(), 12, SSRC, 7);
        assert_eq!(again, Err(OpenError::Replayed));
    }
}

#[test]
fn reports_come_out_as_they_went_in_and_once() {
    for profile in PROFILES {
        let (mut server, mut client) = both_ends(profile);
        let mut plain = vec![0x80, 201, 0, 1];
        plain.extend_from_slice(&SSRC.to_be_bytes());
        plain.extend_from_slice(&[0x80, 203, 0, 0]);
        for _ in 0..3 {
            let mut sealed = vec![0; 100];
            let len = server.outbound.seal_rtcp(&plain, &mut sealed).unwrap();
            sealed.truncate(len);
            assert_ne!(
                sealed[8..12],
                plain[8..12],
                "what follows the header is sealed"
            );
            let mut opened = sealed.clone();
            let len = client.inbound.open_rtcp(&mut opened).unwrap();
            assert_eq!(opened[..len], plain, "{profile:?}");
            assert_eq!(
                client.inbound.open_rtcp(&mut sealed),
                Err(OpenError::Replayed)
            );
        }
    }
}

#[test]
fn bytes_too_short_to_be_a_packet_are_forged() {
    for profile in PROFILES {
        let (_, mut client) = both_ends(profile);
        for length in 0..24 {
            let mut bytes = vec![0x80; length];
            assert_eq!(
                client.inbound.open_rtp(&mut bytes, 12, SSRC, 0),
                Err(OpenError::Forged)
            );
            assert_eq!(client.inbound.open_rtcp(&mut bytes), Err(OpenError::Forged));
        }
    }
}
