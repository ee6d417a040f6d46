//! The value of XOR-MAPPED-ADDRESS (RFC 8489 §14.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{MAGIC_COOKIE, TransactionId};
use crate::bytes::{array_at, u8_at, u16_at};

const IPV4: u8 = 1;
const IPV6: u8 = 2;
const PORT_MASK: u16 = (MAGIC_COOKIE >> 16) as u16;

pub(super) fn read(value: &[u8], transaction: TransactionId) -> Option<SocketAddr> {
    let port = u16_at(value, 2)? ^ PORT_MASK;
    let ip = match (u8_at(value, 1)?, value.len()) {
        (IPV4, 8) => IpAddr::V4(Ipv4Addr::from_bits(
            u32::from_be_bytes(array_at(value, 4)?) ^ MAGIC_COOKIE,
        )),
        (IPV6, 20) => IpAddr::V6(Ipv6Addr::from_bits(
            u128::from_be_bytes(array_at(value, 4)?) ^ mask(transaction),
        )),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// The value and its length, 8 or 20.
pub(super) fn value(address: SocketAddr, transaction: TransactionId) -> ([u8; 20], usize) {
    let mut value = [0u8; 20];
    let [_, family, port_high, port_low, rest @ ..] = &mut value;
    [*port_high, *port_low] = (address.port() ^ PORT_MASK).to_be_bytes();
    match address.ip() {
        IpAddr::V4(ip) => {
            *family = IPV4;
            let bits = (ip.to_bits() ^ MAGIC_COOKIE).to_be_bytes();
            rest.iter_mut().zip(bits).for_each(|(to, from)| *to = from);
            (value, 8)
        }
        IpAddr::V6(ip) => {
            *family = IPV6;
            *rest = (ip.to_bits() ^ mask(transaction)).to_be_bytes();
            (value, 20)
        }
    }
}

fn mask(transaction: TransactionId) -> u128 {
    let low = transaction
        .0
        .iter()
        .fold(0u128, |all, byte| (all << 8) | u128::from(*byte));
    (u128::from(MAGIC_COOKIE) << 96) | low
}
