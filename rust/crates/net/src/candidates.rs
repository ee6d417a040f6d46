//! Which of our addresses a peer is told.

use std::net::{IpAddr, SocketAddr};

use arengo_wire::sdp::Candidate;

use crate::limits::CANDIDATE_ADDRESSES;

/// How far an address reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Everywhere,
    Site,
    Machine,
}

fn reach(ip: IpAddr) -> Reach {
    match ip {
        _ if ip.is_loopback() || ip.is_unspecified() => Reach::Machine,
        IpAddr::V4(v4) if v4.is_private() || v4.is_link_local() || is_shared(v4) => Reach::Site,
        IpAddr::V6(v6) if v6.is_unique_local() || v6.is_unicast_link_local() => Reach::Site,
        _ => Reach::Everywhere,
    }
}

/// 100.64.0.0/10: behind a carrier's NAT, or in an overlay network.
fn is_shared(ip: std::net::Ipv4Addr) -> bool {
    let [a, b, _, _] = ip.octets();
    a == 100 && b & 0xc0 == 64
}

/// The addresses to tell a peer at *requester*: what the operator has named, then this machine's own, those with
/// the longest reach first; private ones only to private requesters, loopback only to this machine.
#[must_use]
pub fn addresses(named: &[IpAddr], own: &[IpAddr], requester: Option<IpAddr>) -> Vec<IpAddr> {
    let asked_from = requester.map_or(Reach::Everywhere, |ip| reach(unmapped(ip)));
    let mut own: Vec<IpAddr> = own
        .iter()
        .copied()
        .filter(|ip| reach(*ip) <= asked_from)
        .collect();
    own.sort_by_key(|ip| (reach(*ip), ip.is_ipv6()));
    let mut told: Vec<IpAddr> = Vec::new();
    for ip in named.iter().copied().chain(own) {
        if told.len() < CANDIDATE_ADDRESSES && !told.contains(&ip) {
            told.push(ip);
        }
    }
    told
}

fn unmapped(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

/// Candidates for *addresses*: UDP, and TCP where there is a port for it.
#[must_use]
pub fn candidates(addresses: &[IpAddr], udp_port: u16, tcp_port: Option<u16>) -> Vec<Candidate> {
    let preference = |at: usize| u16::MAX - u16::try_from(at).unwrap_or(u16::MAX);
    let udp = addresses
        .iter()
        .enumerate()
        .map(|(at, ip)| Candidate::host_udp(SocketAddr::new(*ip, udp_port), preference(at)));
    let tcp = tcp_port.into_iter().flat_map(|port| {
        addresses.iter().enumerate().map(move |(at, ip)| {
            Candidate::host_tcp_passive(SocketAddr::new(*ip, port), preference(at))
        })
    });
    udp.chain(tcp).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 7));
    const PRIVATE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 1, 2, 3));
    const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn a_requester_from_afar_is_told_no_private_address() {
        assert_eq!(
            addresses(&[], &[LOCAL, PRIVATE, PUBLIC], Some(PUBLIC)),
            [PUBLIC]
        );
        assert_eq!(addresses(&[], &[LOCAL, PRIVATE, PUBLIC], None), [PUBLIC]);
    }

    #[test]
    fn a_requester_from_the_same_site_is_told_private_addresses_but_not_loopback() {
        assert_eq!(
            addresses(&[], &[LOCAL, PRIVATE, PUBLIC], Some(PRIVATE)),
            [PUBLIC, PRIVATE]
        );
    }

    #[test]
    fn a_requester_on_this_machine_is_told_everything() {
        assert_eq!(
            addresses(&[], &[LOCAL, PRIVATE], Some(LOCAL)),
            [PRIVATE, LOCAL]
        );
    }

    #[test]
    fn what_the_operator_names_comes_first_and_once() {
        assert_eq!(
            addresses(&[PUBLIC], &[PRIVATE, PUBLIC], Some(PRIVATE)),
            [PUBLIC, PRIVATE]
        );
    }

    #[test]
    fn an_address_behind_a_tcp_port_is_told_twice() {
        let told = candidates(&[PUBLIC], 7882, Some(443));
        let told: Vec<String> = told.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 2);
        assert!(
            told.iter()
                .any(|line| line.contains(" udp ") && line.contains(" 7882 "))
        );
        assert!(told.iter().any(|line| line.ends_with("tcptype passive")));
    }
}
