//! SRTP framing against the published vectors of RFC 3711 appendix B and RFC 7714 §16 and §17.
#![expect(clippy::expect_used, reason = "a test may fail loudly")]

use aes::cipher::{BlockEncrypt, KeyInit};
use aes_gcm::aead::{Aead, Payload};
use arengo_wire::rtp::Header;
use arengo_wire::srtp::{
    AesEcb, KeyingMaterial, Profile, ReplayWindow, Replayed, SrtcpLayout, cm_rtcp_iv, cm_rtp_iv,
    derive, gcm_rtcp_nonce, gcm_rtp_nonce, srtcp_trailer,
};

struct Aes128(aes::Aes128);

impl Aes128 {
    fn new(key: &str) -> Self {
        Self(aes::Aes128::new_from_slice(&bytes(key)).expect("16 bytes"))
    }
}

impl AesEcb for Aes128 {
    fn encrypt_block(&self, block: &mut [u8; 16]) {
        self.0.encrypt_block(block.into());
    }
}

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

fn array<const N: usize>(hex: &str) -> [u8; N] {
    bytes(hex).try_into().expect("as long as it says")
}

const GCM_KEY: &str = "000102030405060708090a0b0c0d0e0f";
const GCM_KEY_256: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const GCM_SALT: &str = "517569642070726f2071756f";
const RTP: &str = "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 \
                   20646976 69736120 696e2070 61727465 73207472 6573";

#[test]
fn keys_derive_as_in_rfc_3711_appendix_b_3() {
    let master = Aes128::new("E1F97A0D3E018BE0D64FA32C06DE4139");
    let keys = derive(
        Profile::AesCm128HmacSha1_80,
        &master,
        &bytes("0EC675AD498AFEEBB6960B3AABE6"),
    );
    assert_eq!(keys.rtp.key(), bytes("C61E7A93744F39EE10734AFE3FF7A087"));
    assert_eq!(keys.rtp.salt(), bytes("30CBBC08863D8C85D49DB34A9AE1"));
    assert_eq!(
        keys.rtp.auth(),
        bytes("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4")
    );
    assert_ne!(keys.rtcp.key(), keys.rtp.key());
    assert_eq!((keys.rtcp.salt().len(), keys.rtcp.auth().len()), (14, 20));
}

#[test]
fn the_key_stream_of_aes_cm_is_that_of_rfc_3711_appendix_b_2() {
    let session = Aes128::new("2B7E151628AED2A6ABF7158809CF4F3C");
    let mut block = cm_rtp_iv(&array("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"), 0, 0);
    assert_eq!(block, array("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000"));
    session.encrypt_block(&mut block);
    assert_eq!(block, array("E03EAD0935C95E80E166B16DD92B4EB4"));
}

#[test]
fn the_counter_block_of_aes_cm_mixes_ssrc_and_index() {
    let iv = cm_rtp_iv(&[0; 14], 0x1122_3344, 0x0000_AABB_CCDD_EEFF);
    assert_eq!(iv, array("00000000 11223344 aabbccddeeff 0000"));
    assert_eq!(
        cm_rtcp_iv(&[0; 14], 1, 0x8000_0002),
        cm_rtp_iv(&[0; 14], 1, 2)
    );
}

#[test]
fn a_packet_seals_as_in_rfc_7714_16_1() {
    let packet = bytes(RTP);
    let header = Header::parse(&packet).expect("well formed");
    let nonce = gcm_rtp_nonce(&array(GCM_SALT), header.ssrc, u64::from(header.sequence));
    assert_eq!(nonce, array("51753c6580c2726f20718414"));
    let (aad, msg) = packet.split_at(header.len);
    let expected_128 = bytes(
        "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833\
         899d7f27beb16a9152cf765ee4390cce",
    );
    let cipher = aes_gcm::Aes128Gcm::new_from_slice(&bytes(GCM_KEY)).expect("16 bytes");
    assert_eq!(
        cipher
            .encrypt(&nonce.into(), Payload { msg, aad })
            .expect("sealed"),
        expected_128
    );
    let expected_256 = bytes(
        "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b\
         7aa3db36dfffd6b0f9bb7878d7a76c13",
    );
    let cipher = aes_gcm::Aes256Gcm::new_from_slice(&bytes(GCM_KEY_256)).expect("32 bytes");
    assert_eq!(
        cipher
            .encrypt(&nonce.into(), Payload { msg, aad })
            .expect("sealed"),
        expected_256
    );
}

#[test]
fn a_control_packet_opens_as_in_rfc_7714_17_1() {
    let sealed = bytes(
        "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda\
         4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4",
    );
    let layout = SrtcpLayout::parse(Profile::AeadAes128Gcm, &sealed).expect("long enough");
    assert_eq!(
        (layout.ssrc, layout.encrypted, layout.index),
        (0x4D61_7273, true, 0x5D4)
    );
    let nonce = gcm_rtcp_nonce(&array(GCM_SALT), layout.ssrc, layout.index);
    assert_eq!(nonce, array("517524055203726f207170bb"));
    let part = |range| sealed.get(range).expect("within");
    let aad = [part(0..8), part(layout.trailer.clone())].concat();
    let msg = [part(layout.sealed.clone()), part(layout.tag.clone())].concat();
    let cipher = aes_gcm::Aes128Gcm::new_from_slice(&bytes(GCM_KEY)).expect("16 bytes");
    let plain = cipher
        .decrypt(
            &nonce.into(),
            Payload {
                msg: &msg,
                aad: &aad,
            },
        )
        .expect("authentic");
    let expected = "4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef deadbeef";
    assert_eq!(plain, bytes(expected));
    assert_eq!(part(layout.trailer.clone()), srtcp_trailer(true, 0x5D4));
    let again =
        SrtcpLayout::for_plain(Profile::AeadAes128Gcm, 8 + plain.len(), 0x5D4).expect("a header");
    assert_eq!(again.packet_len(), sealed.len());
    assert_eq!(
        SrtcpLayout {
            ssrc: layout.ssrc,
            ..again
        },
        layout
    );
}

#[test]
fn aes_cm_puts_the_index_before_the_tag() {
    let layout = SrtcpLayout::for_plain(Profile::AesCm128HmacSha1_80, 52, 1).expect("a header");
    assert_eq!(
        (layout.sealed, layout.trailer, layout.tag),
        (8..52, 52..56, 56..66)
    );
}

#[test]
fn a_control_packet_too_short_for_its_profile_is_refused() {
    for profile in [
        Profile::AeadAes128Gcm,
        Profile::AeadAes256Gcm,
        Profile::AesCm128HmacSha1_80,
    ] {
        let least = 8 + profile.tag_len() + 4;
        for len in 0..least {
            assert_eq!(SrtcpLayout::parse(profile, &vec![0x80; len]), None);
        }
        assert!(SrtcpLayout::parse(profile, &vec![0x80; least]).is_some());
        assert_eq!(SrtcpLayout::parse(profile, &vec![0x00; least]), None);
    }
}

#[test]
fn exported_keys_are_cut_client_first_and_must_fit() {
    let exported: Vec<u8> = (0..60).collect();
    let material =
        KeyingMaterial::split(Profile::AesCm128HmacSha1_80, &exported).expect("60 bytes");
    assert_eq!(material.client.key.first(), Some(&0));
    assert_eq!(material.server.key.first(), Some(&16));
    assert_eq!(material.client.salt, (32..46).collect::<Vec<u8>>());
    assert_eq!(material.server.salt, (46..60).collect::<Vec<u8>>());
    assert!(KeyingMaterial::split(Profile::AeadAes128Gcm, &exported).is_none());
    assert_eq!(Profile::AeadAes128Gcm.keying_material_len(), 56);
    assert_eq!(Profile::AeadAes256Gcm.keying_material_len(), 88);
}

#[test]
fn profiles_go_by_their_numbers_in_dtls() {
    for profile in [
        Profile::AeadAes128Gcm,
        Profile::AeadAes256Gcm,
        Profile::AesCm128HmacSha1_80,
    ] {
        assert_eq!(
            Profile::from_dtls_number(profile.dtls_number()),
            Some(profile)
        );
    }
    assert_eq!(Profile::from_dtls_number(0x0002), None);
}

#[test]
fn keys_do_not_show_when_printed() {
    let keys = derive(
        Profile::AeadAes128Gcm,
        &Aes128::new(GCM_KEY),
        &bytes(GCM_SALT),
    );
    assert_eq!(format!("{keys:?}"), "SessionKeys(AeadAes128Gcm, ..)");
    let exported = [7; 56];
    let material = KeyingMaterial::split(Profile::AeadAes128Gcm, &exported).expect("56 bytes");
    assert_eq!(format!("{material:?}"), "KeyingMaterial(..)");
}

#[test]
fn the_rollover_counter_follows_the_sequence_over_the_wrap_and_back() {
    let mut window = ReplayWindow::new();
    assert_eq!(window.estimate(0xFFF0), 0xFFF0);
    window.accept(0xFFF0);
    assert_eq!(window.estimate(0x0001), 0x1_0001);
    window.accept(0x1_0001);
    assert_eq!(window.estimate(0xFFFF), 0xFFFF);
    assert_eq!(window.estimate(0x8001), 0x1_8001);
    assert_eq!(window.estimate(0x8002), 0x8002);
}

#[test]
fn before_the_first_wrap_no_rollover_is_taken_back() {
    let mut window = ReplayWindow::new();
    window.accept(5);
    assert_eq!(window.estimate(0xFFFF), 0xFFFF);
}

#[test]
fn four_wraps_in_order_are_followed() {
    let mut window = ReplayWindow::new();
    for index in (0..4 * 0x1_0000u64).step_by(97) {
        assert_eq!(window.estimate((index & 0xFFFF) as u16), index);
        assert_eq!(window.check(index), Ok(()));
        window.accept(index);
    }
}

#[test]
fn a_packet_is_taken_once_whatever_the_order() {
    let mut window = ReplayWindow::new();
    for index in [100, 103, 101, 102, 230] {
        assert_eq!(window.check(index), Ok(()));
        window.accept(index);
    }
    assert_eq!(window.check(102), Err(Replayed::TooOld));
    assert_eq!(window.check(103), Err(Replayed::Twice));
    assert_eq!(window.check(230), Err(Replayed::Twice));
    assert_eq!(window.check(104), Ok(()));
    assert_eq!(window.highest(), Some(230));
}

#[test]
fn a_leap_forgets_what_is_out_of_the_window() {
    let mut window = ReplayWindow::new();
    window.accept(10);
    window.accept(10_000);
    assert_eq!(window.check(9_999), Ok(()));
    assert_eq!(window.check(9_872), Err(Replayed::TooOld));
    window.accept(u64::MAX - 1);
    window.accept(u64::MAX);
    assert!(window.highest().is_some());
}

#[test]
fn an_unauthenticated_packet_moves_nothing() {
    let mut window = ReplayWindow::new();
    window.accept(7);
    let before = window;
    let _ = (window.estimate(60_000), window.check(60_000));
    assert_eq!(window, before);
}
