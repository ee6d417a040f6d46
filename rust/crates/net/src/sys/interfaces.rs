//! The addresses of this machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ptr;

/// Addresses of interfaces that are up; link-local ones are left out, because peers elsewhere cannot use them.
#[must_use]
pub fn addresses() -> Vec<IpAddr> {
    let mut head: *mut libc::ifaddrs = ptr::null_mut();
    // SAFETY: on success the call points head at a list that is valid until freeifaddrs.
    if unsafe { libc::getifaddrs(&raw mut head) } != 0 {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut at = head;
    // SAFETY: each pointer of the list is null or points to an entry of it; the list is freed after the loop.
    while let Some(entry) = unsafe { at.as_ref() } {
        if entry.ifa_flags & libc::IFF_UP as u32 != 0 {
            // SAFETY: ifa_addr is null or points to an address of the family that it names.
            found.extend(unsafe { address_of(entry.ifa_addr) });
        }
        at = entry.ifa_next;
    }
    // SAFETY: head came from getifaddrs, and nothing of the list is used any more.
    unsafe { libc::freeifaddrs(head) };
    found.sort_unstable();
    found.dedup();
    found
}

/// # Safety
///
/// *address* is null or points to a socket address of the family that it names.
unsafe fn address_of(address: *const libc::sockaddr) -> Option<IpAddr> {
    // SAFETY: as the caller promises; every socket address begins with its family.
    let family = unsafe { address.as_ref() }?.sa_family;
    match i32::from(family) {
        libc::AF_INET => {
            // SAFETY: an address of this family is a sockaddr_in; the read does not ask for alignment.
            let v4 = unsafe { ptr::read_unaligned(address.cast::<libc::sockaddr_in>()) };
            let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
            (!ip.is_link_local()).then_some(IpAddr::V4(ip))
        }
        libc::AF_INET6 => {
            // SAFETY: an address of this family is a sockaddr_in6; the read does not ask for alignment.
            let v6 = unsafe { ptr::read_unaligned(address.cast::<libc::sockaddr_in6>()) };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            (!ip.is_unicast_link_local()).then_some(IpAddr::V6(ip))
        }
        _ => None,
    }
}
