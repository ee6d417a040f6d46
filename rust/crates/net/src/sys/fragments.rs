//! Datagrams are never cut into fragments on their way.

use std::mem;
use std::os::fd::RawFd;

/// Have what *fd* sends never be fragmented; false where the kernel does not do it for a family that *fd* speaks.
///
/// Packets fit a path of 1,280 bytes (`OPUS_PACKET`), so none needs it. A kernel that may have to fragment a datagram
/// draws a number for it, which is a thirtieth of what sending costs, and believes what anybody says of how small the
/// path is.
pub fn never(fd: RawFd, is_ipv6: bool) -> bool {
    let v4 = set(
        fd,
        libc::IPPROTO_IP,
        libc::IP_MTU_DISCOVER,
        libc::IP_PMTUDISC_PROBE,
    );
    let v6 = !is_ipv6
        || set(
            fd,
            libc::IPPROTO_IPV6,
            libc::IPV6_MTU_DISCOVER,
            libc::IPV6_PMTUDISC_PROBE,
        );
    v4 && v6
}

fn set(fd: RawFd, level: libc::c_int, option: libc::c_int, value: libc::c_int) -> bool {
    // SAFETY: the value is an int that lives through the call, and its length is told.
    let done = unsafe {
        libc::setsockopt(
            fd,
            level,
            option,
            (&raw const value).cast(),
            mem::size_of_val(&value) as libc::socklen_t,
        )
    };
    done == 0
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test that meets a surprise stops; it calls the system itself"
)]
mod tests {
    use std::net::Ipv4Addr;
    use std::os::fd::AsRawFd;

    use super::*;
    use crate::sockets;

    fn told(fd: RawFd, level: libc::c_int, option: libc::c_int) -> libc::c_int {
        let mut value: libc::c_int = -1;
        let mut len = mem::size_of_val(&value) as libc::socklen_t;
        // SAFETY: the value lives through the call and is as long as it is told.
        let done =
            unsafe { libc::getsockopt(fd, level, option, (&raw mut value).cast(), &raw mut len) };
        assert_eq!(done, 0);
        value
    }

    #[test]
    fn what_the_media_port_sends_is_never_fragmented_in_either_family() {
        for bind in [None, Some(Ipv4Addr::LOCALHOST.into())] {
            let socket = sockets::udp(bind, 0).unwrap();
            let fd = socket.as_raw_fd();
            let v4 = told(fd, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER);
            assert_eq!(v4, libc::IP_PMTUDISC_PROBE);
            if socket.local_addr().unwrap().is_ipv6() {
                let v6 = told(fd, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER);
                assert_eq!(v6, libc::IPV6_PMTUDISC_PROBE);
            }
        }
    }
}
