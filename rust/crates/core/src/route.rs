//! Where a peer is reached.

use std::net::SocketAddr;

/// How datagrams travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Over the UDP port.
    Udp,
    /// Over an ICE-TCP connection (RFC 6544), by the number that the driver gave it; numbers are not used twice.
    Tcp(u64),
}

/// A remote address and the way to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    /// How.
    pub transport: Transport,
    /// Where; never an IPv4 address mapped into IPv6.
    pub address: SocketAddr,
}

impl Route {
    /// Over UDP to *address*.
    #[must_use]
    pub const fn udp(address: SocketAddr) -> Self {
        Self {
            transport: Transport::Udp,
            address,
        }
    }

    /// Over the TCP connection *number*, whose other end is *address*.
    #[must_use]
    pub const fn tcp(number: u64, address: SocketAddr) -> Self {
        Self {
            transport: Transport::Tcp(number),
            address,
        }
    }
}
