//! UDP with arrival times from the kernel, and UDP with forged source addresses.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

const CONTROL: usize = 64;
const MOST_BYTES: usize = 2_048;
const IP_HEADER: usize = 20;
const UDP_HEADER: usize = 8;

/// Nanoseconds of the wall clock, which the kernel's arrival times use too.
pub fn wall_ns() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |since| since.as_nanos() as u64)
}

/// A socket that knows when the kernel received each datagram.
pub struct Timed {
    socket: UdpSocket,
    buffer: Vec<u8>,
}

#[repr(C, align(16))]
struct Control([u8; CONTROL]);

impl Timed {
    pub fn open(from: Ipv4Addr) -> io::Result<Timed> {
        let socket = UdpSocket::bind((from, 0))?;
        socket.set_nonblocking(true)?;
        let one: libc::c_int = 1;
        // SAFETY: the value outlives the call, which gets its true length.
        let done = unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_TIMESTAMPNS,
                (&raw const one).cast(),
                size_of_val(&one) as libc::socklen_t,
            )
        };
        if done < 0 {
            return Err(io::Error::last_os_error());
        }
        let buffer = vec![0; MOST_BYTES];
        Ok(Timed { socket, buffer })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Send; a full buffer drops the datagram.
    pub fn send(&self, to: SocketAddr, datagram: &[u8]) {
        let _lost = self.socket.send_to(datagram, to);
    }

    /// The next datagram and when the kernel received it, if there is one.
    pub fn receive(&mut self) -> Option<(&mut [u8], u64)> {
        let mut control = Control([0; CONTROL]);
        let mut vector = libc::iovec {
            iov_base: self.buffer.as_mut_ptr().cast(),
            iov_len: self.buffer.len(),
        };
        // SAFETY: an all-zero header is valid, and everything it points to outlives the call and has the length it says.
        // The kernel writes one control message, the time, because nothing else was requested.
        let (length, at) = unsafe {
            let mut header: libc::msghdr = std::mem::zeroed();
            header.msg_iov = &raw mut vector;
            header.msg_iovlen = 1;
            header.msg_control = control.0.as_mut_ptr().cast();
            header.msg_controllen = CONTROL;
            let length = libc::recvmsg(self.socket.as_raw_fd(), &raw mut header, 0);
            let told = libc::CMSG_FIRSTHDR(&raw const header);
            let at = match told.as_ref() {
                Some(told) if told.cmsg_type == libc::SCM_TIMESTAMPNS => {
                    let time = libc::CMSG_DATA(told)
                        .cast::<libc::timespec>()
                        .read_unaligned();
                    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
                }
                _ => wall_ns(),
            };
            (length, at)
        };
        let datagram = self.buffer.get_mut(..usize::try_from(length).ok()?)?;
        Some((datagram, at))
    }
}

/// Sends datagrams with forged source addresses; needs root.
pub struct Forger(OwnedFd);

impl Forger {
    pub fn open() -> io::Result<Forger> {
        // SAFETY: the call takes no pointers, and a result that is not negative is a new descriptor.
        unsafe {
            let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
            let fd = libc::socket(libc::AF_INET, kind, libc::IPPROTO_RAW);
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(Forger(OwnedFd::from_raw_fd(fd)))
        }
    }

    /// Send *payload* to *to* as if it came from *from*; the kernel fills in the IP checksum, and UDP carries none.
    pub fn send(&self, from: SocketAddrV4, to: SocketAddrV4, payload: &[u8]) {
        let udp = (UDP_HEADER + payload.len()) as u16;
        let mut packet = vec![0x45, 0];
        packet.extend((IP_HEADER as u16 + udp).to_be_bytes());
        packet.extend([0, 0, 0, 0, 64, libc::IPPROTO_UDP as u8, 0, 0]);
        packet.extend(from.ip().octets());
        packet.extend(to.ip().octets());
        packet.extend(from.port().to_be_bytes());
        packet.extend(to.port().to_be_bytes());
        packet.extend(udp.to_be_bytes());
        packet.extend([0, 0]);
        packet.extend(payload);
        // SAFETY: an all-zero address is valid, and it and the packet outlive the call.
        unsafe {
            let mut name: libc::sockaddr_in = std::mem::zeroed();
            name.sin_family = libc::AF_INET as libc::sa_family_t;
            name.sin_addr.s_addr = u32::from(*to.ip()).to_be();
            let length = size_of_val(&name) as libc::socklen_t;
            let bytes = packet.as_ptr().cast();
            let _lost = libc::sendto(
                self.0.as_raw_fd(),
                bytes,
                packet.len(),
                0,
                (&raw const name).cast(),
                length,
            );
        }
    }
}
