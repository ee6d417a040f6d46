//! ICE candidates as they stand in a description (RFC 8839 §5.1, RFC 6544 §4.5).

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// An address at which an agent can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub foundation: String,
    /// 1 for RTP; 2 (RTCP) means nothing under rtcp-mux.
    pub component: u16,
    pub transport: Transport,
    pub priority: u32,
    pub address: SocketAddr,
    pub kind: CandidateKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Udp,
    TcpActive,
    TcpPassive,
    TcpSimultaneousOpen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CandidateKind {
    Host,
    ServerReflexive,
    PeerReflexive,
    Relayed,
}

impl Candidate {
    /// A host candidate over UDP; *preference* orders candidates of one agent, higher first (RFC 8445 §5.1.2).
    pub fn host_udp(address: SocketAddr, preference: u16) -> Self {
        Self::host(
            Transport::Udp,
            address,
            (126 << 24) | (u32::from(preference) << 8) | 255,
        )
    }

    /// A passive host candidate over TCP, always behind UDP (RFC 6544 §4.2); *preference* counts modulo 8192.
    pub fn host_tcp_passive(address: SocketAddr, preference: u16) -> Self {
        let local = (4 << 13) | u32::from(preference & 0x1FFF);
        Self::host(
            Transport::TcpPassive,
            address,
            (90 << 24) | (local << 8) | 255,
        )
    }

    fn host(transport: Transport, address: SocketAddr, priority: u32) -> Self {
        Self {
            foundation: foundation(transport, address.ip()),
            component: 1,
            transport,
            priority,
            address,
            kind: CandidateKind::Host,
        }
    }

    /// Reads what follows `candidate:`; None for names instead of addresses and for unknown transports.
    pub fn parse(value: &str) -> Option<Self> {
        let mut words = value.split_ascii_whitespace();
        let foundation = words.next().filter(|word| word.len() <= 32)?.to_owned();
        let component = words.next()?.parse().ok()?;
        let transport = words.next()?;
        let priority = words.next()?.parse().ok()?;
        let ip: IpAddr = words.next()?.parse().ok()?;
        let port = words.next()?.parse().ok()?;
        let mut pairs = std::iter::from_fn(|| Some((words.next()?, words.next()?)));
        let kind = match pairs.next()? {
            ("typ", "host") => CandidateKind::Host,
            ("typ", "srflx") => CandidateKind::ServerReflexive,
            ("typ", "prflx") => CandidateKind::PeerReflexive,
            ("typ", "relay") => CandidateKind::Relayed,
            _ => return None,
        };
        let transport = if transport.eq_ignore_ascii_case("udp") {
            Transport::Udp
        } else if transport.eq_ignore_ascii_case("tcp") {
            match pairs.find(|(key, _)| *key == "tcptype")?.1 {
                "active" => Transport::TcpActive,
                "passive" => Transport::TcpPassive,
                "so" => Transport::TcpSimultaneousOpen,
                _ => return None,
            }
        } else {
            return None;
        };
        Some(Self {
            foundation,
            component,
            transport,
            priority,
            address: SocketAddr::new(ip, port),
            kind,
        })
    }
}

impl fmt::Display for Candidate {
    /// What follows `a=`, from `candidate:` on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (transport, tcp_type) = match self.transport {
            Transport::Udp => ("udp", None),
            Transport::TcpActive => ("tcp", Some("active")),
            Transport::TcpPassive => ("tcp", Some("passive")),
            Transport::TcpSimultaneousOpen => ("tcp", Some("so")),
        };
        let kind = match self.kind {
            CandidateKind::Host => "host",
            CandidateKind::ServerReflexive => "srflx",
            CandidateKind::PeerReflexive => "prflx",
            CandidateKind::Relayed => "relay",
        };
        let (ip, port) = (self.address.ip(), self.address.port());
        let Self {
            foundation,
            component,
            priority,
            ..
        } = self;
        write!(
            f,
            "candidate:{foundation} {component} {transport} {priority} {ip} {port} typ {kind}"
        )?;
        tcp_type.map_or(Ok(()), |tcp_type| write!(f, " tcptype {tcp_type}"))
    }
}

/// One string for each address and transport, which is what tells foundations apart for host candidates
/// (RFC 8445 §5.1.1.3): agents hold back checks between pairs that share one.
fn foundation(transport: Transport, ip: IpAddr) -> String {
    let ip = match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    let is_udp = u8::from(transport == Transport::Udp);
    let octets = ip.octets().into_iter().chain([is_udp]);
    // FNV-1a: any hash will do.
    let hash = octets.fold(0x811C_9DC5_u32, |hash, octet| {
        (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193)
    });
    hash.to_string()
}
