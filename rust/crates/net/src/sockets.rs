//! The UDP port and the TCP port, on both families where the kernel has them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::AsRawFd;

use socket2::{Domain, Protocol, Socket, Type};

use crate::limits::{PORT_TRIES, SOCKET_BUFFER, TCP_SEND_BUFFER};
use crate::sys::{buffers, fragments};

/// Bind a UDP socket to *port* (0: any free one) of *bind*, or of every address.
pub fn udp(bind: Option<IpAddr>, port: u16) -> io::Result<UdpSocket> {
    bind_udp(bind, port, false)
}

fn bind_udp(bind: Option<IpAddr>, port: u16, is_shared: bool) -> io::Result<UdpSocket> {
    with_fallback(bind, port, |address| {
        let socket = socket(address, Type::DGRAM, Protocol::UDP)?;
        if !buffers::force(socket.as_raw_fd(), SOCKET_BUFFER) {
            // The kernel gives what its limits allow; smaller buffers drop sooner, and nothing else.
            let _ = socket.set_recv_buffer_size(SOCKET_BUFFER);
            let _ = socket.set_send_buffer_size(SOCKET_BUFFER);
        }
        // Where the kernel does not do it, sending is dearer, and nothing else.
        let _ = fragments::never(socket.as_raw_fd(), address.is_ipv6());
        if is_shared {
            socket.set_reuse_port(true)?;
        }
        socket.bind(&address.into())?;
        Ok(socket.into())
    })
}

/// Bind so many UDP sockets to the same *port* (0: any free one) of *bind*, or of every address; the kernel gives each
/// remote address to one of them.
pub fn udp_shared(bind: Option<IpAddr>, port: u16, count: usize) -> io::Result<Vec<UdpSocket>> {
    if count == 1 {
        return Ok(vec![udp(bind, port)?]);
    }
    let mut tries = 0;
    loop {
        // Sharing is shared with any process of the same user: a socket that does not share finds out who is there.
        let free = udp(bind, port)?.local_addr()?.port();
        let sockets = (0..count).map(|_| bind_udp(bind, free, true)).collect();
        match sockets {
            Err(error) if is_taken(&error) && port == 0 && tries < PORT_TRIES => {
                tries += 1;
            }
            done => return done,
        }
    }
}

fn is_taken(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrInUse
}

/// Listen for TCP on *port* (0: any free one) of *bind*, or of every address.
pub fn tcp(bind: Option<IpAddr>, port: u16) -> io::Result<TcpListener> {
    with_fallback(bind, port, |address| {
        let socket = socket(address, Type::STREAM, Protocol::TCP)?;
        socket.set_reuse_address(true)?;
        // Connections inherit it.
        socket.set_send_buffer_size(TCP_SEND_BUFFER)?;
        socket.bind(&address.into())?;
        socket.listen(1024)?;
        Ok(socket.into())
    })
}

fn socket(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Every address means IPv6 with IPv4 mapped into it; where the kernel has no IPv6, IPv4 alone.
fn with_fallback<T>(
    bind: Option<IpAddr>,
    port: u16,
    open: impl Fn(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    match bind {
        Some(ip) => open(SocketAddr::new(ip, port)),
        None => match open(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port)) {
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
                open(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port))
            }
            done => done,
        },
    }
}
