//! DTLS 1.2, passive, without a cookie: both ends come to the same SRTP keys.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that meets a surprise stops"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use arengo_core::handshake::{HandshakeEnd, Progress};
use arengo_core::srtp::SrtpContexts;
use arengo_core::{Identity, Time};
use arengo_wire::srtp::Profile;
use dimpl::{Config, Dtls, Output, SrtpProfile};

struct Joined {
    end: Option<HandshakeEnd>,
    server: Option<SrtpContexts>,
    client: Option<SrtpContexts>,
    client_flights: usize,
}

fn join(expect: impl FnOnce(&dimpl::DtlsCertificate) -> [u8; 32]) -> Joined {
    let epoch = Instant::now();
    let identity = Identity::generate(epoch).unwrap();
    let certificate = dimpl::certificate::generate_self_signed_certificate().unwrap();
    let mut server = identity.handshake(Time::ZERO, expect(&certificate));
    let mut client = Dtls::new_12(Arc::new(Config::default()), certificate, epoch);
    client.set_active(true);
    let mut joined = Joined {
        end: None,
        server: None,
        client: None,
        client_flights: 0,
    };
    let mut buffer = [0; 2048];
    for step in 0..10 {
        let now = Time::from_micros(step * 1000);
        client
            .handle_timeout(epoch + Duration::from_millis(step))
            .unwrap();
        let mut up = Vec::new();
        loop {
            match client.poll_output(&mut buffer) {
                Output::Packet(packet) => up.push(packet.to_vec()),
                Output::KeyingMaterial(material, profile) => {
                    assert_eq!(profile, SrtpProfile::AEAD_AES_256_GCM);
                    let contexts = SrtpContexts::of_client(Profile::AeadAes256Gcm, &material);
                    joined.client = Some(contexts.unwrap());
                }
                Output::Timeout(_) => break,
                _ => {}
            }
        }
        joined.client_flights += usize::from(!up.is_empty());
        let mut progress = Progress::default();
        for datagram in up {
            server.input(now, &datagram, &mut progress);
        }
        joined.end = joined.end.or(progress.end);
        joined.server = joined.server.or(progress.keys);
        for datagram in progress.datagrams {
            client.handle_packet(&datagram).unwrap();
        }
    }
    joined
}

#[test]
fn a_passive_handshake_takes_two_flights_and_what_one_end_seals_the_other_opens() {
    let joined = join(|certificate| certificate.fingerprint().try_into().unwrap());
    let server = joined.server.expect("the server has keys");
    let mut client = joined.client.expect("the client has keys");
    assert_eq!(joined.client_flights, 2, "no cookie round trip");
    assert_eq!(joined.end, None);

    let plain = [0x80, 111, 0, 7, 0, 0, 0, 1, 0, 0, 0, 9, 1, 2, 3];
    let mut sealed = [0; 64];
    let len = server
        .outbound
        .seal_rtp(&plain, 12, 9, 7, &mut sealed)
        .unwrap();
    let opened = client
        .inbound
        .open_rtp(&mut sealed[..len], 12, 9, 7)
        .unwrap();
    assert_eq!(&sealed[..opened.len], &plain);
}

#[test]
fn a_certificate_other_than_the_offers_ends_the_handshake_without_keys() {
    let joined = join(|_| [7; 32]);
    assert!(joined.server.is_none());
    assert_eq!(joined.end, Some(HandshakeEnd::Failed));
}
