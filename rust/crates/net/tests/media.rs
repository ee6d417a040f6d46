//! The driver on real sockets of this machine.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets a surprise stops"
)]

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use arengo_core::{Event, Full};
use arengo_net::{Media, MediaOptions, Offer, OfferError, StartError};
use arengo_wire::sdp::{IceCredentials, OfferParameters, Repair, SendLine, offer};

/// Far longer than any of this takes, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(20);
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn options() -> MediaOptions {
    MediaOptions {
        udp_port: 0,
        tcp_port: Some(0),
        public_ips: Vec::new(),
        bind: Some(LOCAL),
        max_peers: 2,
        idle_timeout: Duration::from_secs(30),
        shards: Some(1),
        spread_from: 256,
        merge_from: None,
        tells_levels: false,
    }
}

fn an_offer() -> String {
    let ice = IceCredentials {
        ufrag: "abcd".to_owned(),
        password: "aPasswordOfEnoughCharacters".to_owned(),
    };
    offer(&OfferParameters {
        ice: &ice,
        fingerprint: &["AB"; 32].join(":"),
        candidates: &[],
        send: Some(SendLine {
            ssrc: 1,
            cname: "me",
        }),
        receive_lines: 3,
        repair: Repair::default(),
        session_id: 1,
    })
}

fn join(media: &Media, peer: u64, sdp: &str) -> Result<String, OfferError> {
    media.accept_offer(&Offer {
        peer,
        space: 1,
        voice: 9,
        sdp,
        may_send: true,
        may_receive: true,
        requester: Some(LOCAL),
        max_slots: 3,
    })
}

/// Wait as an event loop does: for the descriptor.
fn next_event(media: &Media) -> Event {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(event) = media.drain_events(1).into_iter().next() {
            return event;
        }
        assert!(Instant::now() < until, "no event came");
        let mut poll = libc::pollfd {
            fd: media.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one entry, alive until the call returns.
        #[allow(unsafe_code, reason = "waiting as an event loop does")]
        unsafe {
            libc::poll(&raw mut poll, 1, 1000)
        };
    }
}

#[test]
fn an_answer_names_both_ports_on_the_address_it_is_bound_to() {
    let media = Media::start(options()).unwrap();
    let answer = join(&media, 1, &an_offer()).unwrap();
    assert!(answer.contains(&format!(
        " udp 2130706431 127.0.0.1 {} typ host",
        media.udp_port()
    )));
    assert!(answer.contains(&format!(
        " 127.0.0.1 {} typ host tcptype passive",
        media.tcp_port().unwrap()
    )));
    assert!(answer.contains(media.fingerprint()));
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let taken = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = Media::start(MediaOptions {
        udp_port: port,
        ..options()
    })
    .err();
    assert!(
        matches!(error, Some(StartError::Io(error)) if error.kind() == std::io::ErrorKind::AddrInUse)
    );
}

#[test]
fn several_shards_share_a_port_with_nobody_else() {
    let shards = |udp_port| MediaOptions {
        udp_port,
        tcp_port: None,
        shards: Some(3),
        ..options()
    };
    let media = Media::start(shards(0)).unwrap();
    assert_eq!(media.shards(), 3);
    for other in [
        shards(media.udp_port()),
        MediaOptions {
            shards: Some(1),
            ..shards(media.udp_port())
        },
    ] {
        let error = Media::start(other).err();
        assert!(
            matches!(error, Some(StartError::Io(error)) if error.kind() == std::io::ErrorKind::AddrInUse)
        );
    }
}

#[test]
fn an_offer_that_makes_no_sense_is_refused_by_its_code() {
    let media = Media::start(options()).unwrap();
    let Err(OfferError::Refused(refused)) = join(&media, 1, "v=0\r\nnonsense") else {
        panic!("it was answered");
    };
    assert!(refused.code().starts_with("sdp_"));
}

#[test]
fn one_peer_too_many_is_refused() {
    let media = Media::start(options()).unwrap();
    join(&media, 1, &an_offer()).unwrap();
    join(&media, 2, &an_offer()).unwrap();
    assert_eq!(
        join(&media, 3, &an_offer()),
        Err(OfferError::Full(Full::Peers))
    );
    assert_eq!(media.stats().max_peers, 2);
}

#[test]
fn a_peer_that_is_here_already_is_refused() {
    let media = Media::start(options()).unwrap();
    join(&media, 1, &an_offer()).unwrap();
    assert_eq!(
        join(&media, 1, &an_offer()),
        Err(OfferError::Full(Full::Known))
    );
}

#[test]
fn closing_raises_the_descriptor_and_says_why() {
    let media = Media::start(options()).unwrap();
    join(&media, 1, &an_offer()).unwrap();
    media.close_peer(1, "removed".to_owned());
    assert_eq!(
        next_event(&media),
        Event::Closed {
            peer: 1,
            why: "removed".into()
        }
    );
}

#[test]
fn stopping_twice_does_no_harm_and_offers_are_refused_from_then_on() {
    let media = Media::start(options()).unwrap();
    join(&media, 1, &an_offer()).unwrap();
    media.shutdown();
    media.shutdown();
    assert_eq!(
        next_event(&media),
        Event::Closed {
            peer: 1,
            why: "stopped".into()
        }
    );
    assert_eq!(join(&media, 2, &an_offer()), Err(OfferError::Stopped));
    media.allow_publish(1, true);
}

#[test]
fn a_tcp_connection_that_begins_with_anything_but_a_check_is_closed() {
    let media = Media::start(options()).unwrap();
    let address = (Ipv4Addr::LOCALHOST, media.tcp_port().unwrap());
    for noise in [
        &b"\x00\x05hello"[..],
        b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(noise).unwrap();
        // A reset is as good an end as an orderly one.
        assert!(matches!(stream.read(&mut [0; 16]), Ok(0) | Err(_)));
    }
}

#[test]
fn datagrams_of_any_kind_from_anywhere_do_no_harm() {
    let media = Media::start(options()).unwrap();
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    for first in 0..=255_u8 {
        for length in [0, 1, 13, 20, 60, 1400, 3000] {
            let datagram: Vec<u8> = (0..length).map(|n| first.wrapping_add(n as u8)).collect();
            socket
                .send_to(&datagram, (Ipv4Addr::LOCALHOST, media.udp_port()))
                .unwrap();
        }
    }
    join(&media, 1, &an_offer()).unwrap();
    media.close_peer(1, "enough".to_owned());
    assert_eq!(
        next_event(&media),
        Event::Closed {
            peer: 1,
            why: "enough".into()
        }
    );
    assert_eq!(media.stats().faults, 0);
}
