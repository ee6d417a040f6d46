//! DTLS 1.2, passive, without a cookie: both ends come to the same SRTP keys.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use arengo_core::Time;
use arengo_core::handshake::{HandshakeEnd, Identity, Progress};
use dimpl::{Config, Dtls, Output};

struct Joined {
    end: Option<HandshakeEnd>,
    server_material: Option<arengo_core::srtp::SrtpKeys>,
    client_material: Option<Vec<u8>>,
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
        server_material: None,
        client_material: None,
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
                Output::KeyingMaterial(material, _) => {
                    joined.client_material = Some(material.to_vec());
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
        joined.server_material = joined.server_material.or(progress.keys);
        for datagram in progress.datagrams {
            client.handle_packet(&datagram).unwrap();
        }
    }
    joined
}

#[test]
fn a_passive_handshake_gives_both_ends_the_same_srtp_keys_in_two_flights() {
    let joined = join(|certificate| certificate.fingerprint().try_into().unwrap());
    let keys = joined.server_material.expect("the server has keys");
    let material = joined.client_material.expect("the client has keys");
    assert_eq!(joined.client_flights, 2, "no cookie round trip");
    assert_eq!(
        keys.client.key(keys.profile),
        &material[..keys.client.key(keys.profile).len()]
    );
    assert_eq!(joined.end, None);
}

#[test]
fn a_certificate_other_than_the_offers_ends_the_handshake_without_keys() {
    let joined = join(|_| [7; 32]);
    assert!(joined.server_material.is_none());
    assert_eq!(joined.end, Some(HandshakeEnd::Failed));
}
