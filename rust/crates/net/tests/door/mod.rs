//! A media core on loopback with one peer who has been answered, and the checks that only this peer can sign.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    dead_code,
    unsafe_code,
    reason = "a test that meets a surprise stops; not every test uses everything; limits of the process have no safe face"
)]

use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::time::Duration;

use arengo_core::crypto::StunIntegrity;
use arengo_net::{Media, MediaOptions, Offer};
use arengo_wire::rfc4571::prefix;
use arengo_wire::sdp::{IceCredentials, OfferParameters, Repair, offer};
use arengo_wire::stun::{BindingRequest, IceRole, TransactionId};

/// Far longer than any of this takes, however busy the machine is.
pub const PATIENCE: Duration = Duration::from_secs(20);
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub struct Door {
    pub media: Media,
    username: String,
    password: String,
}

impl Door {
    /// On so many shards; the peer lives on the last one, and connections on the first.
    pub fn open(shards: usize) -> Door {
        allow_descriptors(4_096);
        let media = Media::start(MediaOptions {
            udp_port: 0,
            tcp_port: Some(0),
            public_ips: Vec::new(),
            bind: Some(LOCAL),
            max_peers: 10,
            idle_timeout: Duration::from_secs(30),
            shards: Some(shards),
            spread_from: 1,
            merge_from: None,
            tells_levels: false,
        });
        let media = media.unwrap();
        let ice = IceCredentials {
            ufrag: "abcd".to_owned(),
            password: "aPasswordOfEnoughCharacters".to_owned(),
        };
        let sdp = offer(&OfferParameters {
            ice: &ice,
            fingerprint: &["AB"; 32].join(":"),
            candidates: &[],
            send: None,
            receive_lines: 3,
            repair: Repair::default(),
            session_id: 1,
        });
        let answers = (1..=shards as u64).map(|peer| {
            let answer = media.accept_offer(&Offer {
                peer,
                space: 1,
                voice: 9,
                sdp: &sdp,
                may_send: false,
                may_receive: true,
                requester: Some(LOCAL),
                max_slots: 3,
            });
            answer.unwrap()
        });
        let answer = answers.last().unwrap();
        let value = |name| {
            let line = answer.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().to_owned()
        };
        Door {
            username: format!("{}:abcd", value("a=ice-ufrag:")),
            password: value("a=ice-pwd:"),
            media,
        }
    }

    pub fn connect(&self) -> TcpStream {
        let port = self.media.tcp_port().unwrap();
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// A check of the peer, the transaction of that *number*.
    pub fn a_check(&self, number: u8) -> Vec<u8> {
        let request = BindingRequest {
            transaction: TransactionId([number; 12]),
            username: &self.username,
            priority: 1,
            role: IceRole::Controlling(1),
            use_candidate: true,
        };
        let mut bytes = [0; 256];
        let len = request
            .write(&StunIntegrity::new(&self.password), &mut bytes)
            .unwrap();
        bytes[..len].to_vec()
    }
}

pub fn framed(datagram: &[u8]) -> Vec<u8> {
    [&prefix(datagram.len()).unwrap()[..], datagram].concat()
}

/// Let this process have *most* descriptors, as far as it may.
pub fn allow_descriptors(most: u64) {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the structure lives through both calls.
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        limit.rlim_cur = most.min(limit.rlim_max);
        libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
    }
}
