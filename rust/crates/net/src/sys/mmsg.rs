//! Many datagrams by one system call.

use std::io;
use std::mem;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::RawFd;
use std::ptr;

/// A socket address as the kernel writes and reads it; large enough for both families.
#[derive(Clone, Copy)]
struct RawAddress {
    storage: libc::sockaddr_in6,
    len: libc::socklen_t,
}

const IN6: libc::socklen_t = mem::size_of::<libc::sockaddr_in6>() as libc::socklen_t;
const IN4: libc::socklen_t = mem::size_of::<libc::sockaddr_in>() as libc::socklen_t;

impl RawAddress {
    const fn empty() -> Self {
        // SAFETY: all zeros is a valid sockaddr_in6.
        Self {
            storage: unsafe { mem::zeroed() },
            len: IN6,
        }
    }

    fn set(&mut self, address: SocketAddr) {
        match address {
            SocketAddr::V6(v6) => {
                self.storage.sin6_family = libc::AF_INET6 as libc::sa_family_t;
                self.storage.sin6_port = v6.port().to_be();
                self.storage.sin6_flowinfo = v6.flowinfo();
                self.storage.sin6_addr.s6_addr = v6.ip().octets();
                self.storage.sin6_scope_id = v6.scope_id();
                self.len = IN6;
            }
            SocketAddr::V4(v4) => {
                // SAFETY: all zeros is a valid sockaddr_in.
                let mut raw: libc::sockaddr_in = unsafe { mem::zeroed() };
                raw.sin_family = libc::AF_INET as libc::sa_family_t;
                raw.sin_port = v4.port().to_be();
                raw.sin_addr.s_addr = u32::from(*v4.ip()).to_be();
                // SAFETY: a sockaddr_in is smaller than a sockaddr_in6 and not more strictly aligned.
                unsafe { ptr::write((&raw mut self.storage).cast(), raw) };
                self.len = IN4;
            }
        }
    }

    /// The address; an IPv4 one mapped into IPv6 comes out as IPv4.
    fn address(&self) -> Option<SocketAddr> {
        match i32::from(self.storage.sin6_family) {
            libc::AF_INET6 if self.len >= IN6 => {
                let ip = Ipv6Addr::from(self.storage.sin6_addr.s6_addr);
                let port = u16::from_be(self.storage.sin6_port);
                let scope = self.storage.sin6_scope_id;
                Some(match ip.to_ipv4_mapped() {
                    Some(v4) => SocketAddr::V4(SocketAddrV4::new(v4, port)),
                    None => SocketAddr::V6(SocketAddrV6::new(ip, port, 0, scope)),
                })
            }
            libc::AF_INET if self.len >= IN4 => {
                // SAFETY: the family says sockaddr_in, which is smaller and not more strictly aligned.
                let raw: libc::sockaddr_in = unsafe { ptr::read((&raw const self.storage).cast()) };
                let ip = Ipv4Addr::from(u32::from_be(raw.sin_addr.s_addr));
                Some(SocketAddr::V4(SocketAddrV4::new(
                    ip,
                    u16::from_be(raw.sin_port),
                )))
            }
            _ => None,
        }
    }
}

const NO_HEADER: libc::mmsghdr = libc::mmsghdr {
    // SAFETY: all zeros is a valid msghdr: null pointers with lengths of zero.
    msg_hdr: unsafe { mem::zeroed() },
    msg_len: 0,
};
const NO_BUFFER: libc::iovec = libc::iovec {
    iov_base: ptr::null_mut(),
    iov_len: 0,
};

/// Buffers to receive many datagrams at once.
pub struct Receiver {
    cells: Box<[u8]>,
    cell: usize,
    addresses: Vec<RawAddress>,
    buffers: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
}

impl Receiver {
    /// Room for *count* datagrams of at most *cell* bytes; longer ones come marked as too long.
    #[must_use]
    pub fn new(count: usize, cell: usize) -> Self {
        Self {
            cells: vec![0; count * cell].into_boxed_slice(),
            cell,
            addresses: vec![RawAddress::empty(); count],
            buffers: vec![NO_BUFFER; count],
            headers: vec![NO_HEADER; count],
        }
    }

    /// Take what waits on *fd* without waiting for it; how many datagrams that was.
    pub fn receive(&mut self, fd: RawFd) -> io::Result<usize> {
        let parts = self
            .cells
            .chunks_exact_mut(self.cell)
            .zip(&mut self.addresses);
        for ((cell, address), (buffer, header)) in
            parts.zip(self.buffers.iter_mut().zip(&mut self.headers))
        {
            buffer.iov_base = cell.as_mut_ptr().cast();
            buffer.iov_len = cell.len();
            address.len = IN6;
            header.msg_hdr.msg_name = (&raw mut address.storage).cast();
            header.msg_hdr.msg_namelen = IN6;
            header.msg_hdr.msg_iov = buffer;
            header.msg_hdr.msg_iovlen = 1;
        }
        // SAFETY: every header points to one buffer and one address of this value, all alive and borrowed by nobody
        // else until the call returns; their count is what the call is told.
        let received = unsafe {
            libc::recvmmsg(
                fd,
                self.headers.as_mut_ptr(),
                self.headers.len() as libc::c_uint,
                libc::MSG_DONTWAIT,
                ptr::null_mut(),
            )
        };
        let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
        for (address, header) in self.addresses.iter_mut().zip(&self.headers).take(received) {
            address.len = header.msg_hdr.msg_namelen;
        }
        Ok(received)
    }

    /// The first *count* datagrams of the last [`Receiver::receive`] and where they came from; too long ones are left out.
    pub fn datagrams(&mut self, count: usize) -> impl Iterator<Item = (SocketAddr, &mut [u8])> {
        self.cells
            .chunks_exact_mut(self.cell)
            .zip(self.addresses.iter().zip(&self.headers))
            .take(count)
            .filter(|(_, (_, header))| header.msg_hdr.msg_flags & libc::MSG_TRUNC == 0)
            .filter_map(|(cell, (address, header))| {
                Some((address.address()?, cell.get_mut(..header.msg_len as usize)?))
            })
    }
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Datagrams that the kernel took.
    pub sent: usize,
    /// Datagrams that it did not.
    pub dropped: usize,
}

/// Headers to send many datagrams at once.
pub struct Sender {
    addresses: Vec<RawAddress>,
    buffers: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
    count: usize,
}

impl Sender {
    /// Room for *count* datagrams.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self {
            addresses: vec![RawAddress::empty(); count],
            buffers: vec![NO_BUFFER; count],
            headers: vec![NO_HEADER; count],
            count,
        }
    }

    /// Send *datagrams* by *fd* without waiting; what the kernel has no room for now is dropped, because it is sound.
    pub fn send<'a>(
        &mut self,
        fd: RawFd,
        datagrams: impl Iterator<Item = (SocketAddr, &'a [u8])>,
    ) -> Sent {
        let mut outcome = Sent::default();
        let mut datagrams = datagrams.peekable();
        while datagrams.peek().is_some() {
            let mut filled = 0;
            let places = self
                .addresses
                .iter_mut()
                .zip(&mut self.buffers)
                .zip(&mut self.headers);
            for (((address, buffer), header), (to, datagram)) in
                places.zip(datagrams.by_ref().take(self.count))
            {
                address.set(to);
                buffer.iov_base = datagram.as_ptr().cast_mut().cast();
                buffer.iov_len = datagram.len();
                header.msg_hdr.msg_name = (&raw mut address.storage).cast();
                header.msg_hdr.msg_namelen = address.len;
                header.msg_hdr.msg_iov = buffer;
                header.msg_hdr.msg_iovlen = 1;
                filled += 1;
            }
            self.send_filled(fd, filled, &mut outcome);
        }
        outcome
    }

    fn send_filled(&mut self, fd: RawFd, filled: usize, outcome: &mut Sent) {
        let mut at = 0;
        while let Some(rest) = self
            .headers
            .get_mut(at..filled)
            .filter(|rest| !rest.is_empty())
        {
            // SAFETY: each of these headers points to an address and a buffer of this value, and the buffer to a
            // datagram that the caller of `send` still borrows; the kernel only reads them, until the call returns.
            let sent = unsafe {
                libc::sendmmsg(
                    fd,
                    rest.as_mut_ptr(),
                    rest.len() as libc::c_uint,
                    libc::MSG_DONTWAIT,
                )
            };
            match usize::try_from(sent) {
                Ok(sent) => {
                    outcome.sent += sent;
                    at += sent.max(1);
                }
                Err(_) => match io::Error::last_os_error().kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock => {
                        outcome.dropped += filled - at;
                        return;
                    }
                    // This destination cannot be reached; the others still can.
                    _ => {
                        outcome.dropped += 1;
                        at += 1;
                    }
                },
            }
        }
    }
}
