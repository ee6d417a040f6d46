//! A UDP socket that reaches both families where the kernel has them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};

/// A non-blocking UDP socket on any free port.
#[derive(Debug)]
pub struct Socket {
    udp: UdpSocket,
    is_dual: bool,
}

impl Socket {
    pub fn open() -> io::Result<Socket> {
        let (udp, is_dual) = match UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)) {
            Ok(udp) => (udp, true),
            Err(_) => (UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?, false),
        };
        udp.set_nonblocking(true)?;
        Ok(Socket { udp, is_dual })
    }

    /// Send, or lose it: a full or unreachable network is for the layers above to notice, by silence.
    pub fn send(&self, to: SocketAddr, datagram: &[u8]) {
        let to = match to.ip() {
            IpAddr::V4(v4) if self.is_dual => {
                SocketAddr::new(v4.to_ipv6_mapped().into(), to.port())
            }
            _ => to,
        };
        let _lost = self.udp.send_to(datagram, to);
    }

    /// The next datagram: its length and who sent it; None when there is none.
    pub fn receive(&self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        loop {
            match self.udp.recv_from(buffer) {
                Ok((length, from)) => {
                    return Some((
                        length,
                        SocketAddr::new(from.ip().to_canonical(), from.port()),
                    ));
                }
                // What came back for something sent before (ICMP) is reported once, and is no datagram.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
                Err(_) => return None,
            }
        }
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.udp.as_raw_fd()
    }
}
