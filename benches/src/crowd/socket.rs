//! One UDP socket for all participants: which of them a datagram is for, and when it came, is told by the kernel.
//!
//! The socket is bound to every address. IP_PKTINFO names the address that a datagram was sent to, and chooses the one
//! that a datagram is sent from; SO_TIMESTAMPNS says when it came, however late it is read. Nobody ever waits on the
//! socket, so that sending to it wakes nobody up.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

use crate::namespace;

/// Datagrams taken by one system call.
const BATCH: usize = 512;
const MOST_BYTES: usize = 2_048;
/// Room for an address and a time, with their heads: 32 bytes each.
const CONTROL: usize = 128;
/// Asked of the kernel beyond its limit for everybody: a tenth of a second of the largest audience.
const RECEIVE_BUFFER: libc::c_int = 256 << 20;

/// A datagram that came.
pub struct Arrived<'a> {
    pub guest: usize,
    pub from: SocketAddrV4,
    /// Nanoseconds of the wall clock.
    pub at: u64,
    pub datagram: &'a mut [u8],
}

/// The socket and the buffers of its system calls.
pub struct Socket {
    socket: UdpSocket,
    port: u16,
    buffers: Vec<u8>,
    controls: Vec<Control>,
    names: Vec<libc::sockaddr_in>,
    vectors: Vec<libc::iovec>,
    messages: Vec<libc::mmsghdr>,
}

#[repr(C, align(16))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL]);

// SAFETY: the pointers in the headers point into vectors that the structure owns and that never grow.
unsafe impl Send for Socket {}

impl Socket {
    /// Open one on any free port.
    pub fn open() -> io::Result<Socket> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.set_nonblocking(true)?;
        set(
            &socket,
            libc::SOL_SOCKET,
            libc::SO_RCVBUFFORCE,
            RECEIVE_BUFFER,
        )?;
        set(
            &socket,
            libc::SOL_SOCKET,
            libc::SO_SNDBUFFORCE,
            RECEIVE_BUFFER,
        )?;
        set(&socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)?;
        set(&socket, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)?;
        let port = socket.local_addr()?.port();
        // SAFETY: all-zero headers, vectors and addresses are valid ones that name nothing.
        let mut socket = unsafe {
            Socket {
                socket,
                port,
                buffers: vec![0; BATCH * MOST_BYTES],
                controls: vec![Control([0; CONTROL]); BATCH],
                names: vec![std::mem::zeroed(); BATCH],
                vectors: vec![std::mem::zeroed(); BATCH],
                messages: vec![std::mem::zeroed(); BATCH],
            }
        };
        let parts = socket.buffers.chunks_exact_mut(MOST_BYTES);
        let parts = parts.zip(&mut socket.controls).zip(&mut socket.names);
        let headers = socket.messages.iter_mut().zip(&mut socket.vectors);
        for (((buffer, control), name), (message, vector)) in parts.zip(headers) {
            vector.iov_base = buffer.as_mut_ptr().cast();
            vector.iov_len = buffer.len();
            message.msg_hdr.msg_name = std::ptr::from_mut(name).cast();
            message.msg_hdr.msg_iov = vector;
            message.msg_hdr.msg_iovlen = 1;
            message.msg_hdr.msg_control = control.0.as_mut_ptr().cast();
        }
        Ok(socket)
    }

    /// The port of every participant.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Take what has come, one batch at most, and hand it to *each*; how many datagrams that were.
    pub fn receive(&mut self, mut each: impl FnMut(Arrived<'_>)) -> usize {
        for message in &mut self.messages {
            message.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in>() as u32;
            message.msg_hdr.msg_controllen = CONTROL;
        }
        // SAFETY: every header points into the vectors of this structure, which live on and are as long as they say.
        let count = unsafe {
            libc::recvmmsg(
                self.socket.as_raw_fd(),
                self.messages.as_mut_ptr(),
                BATCH as u32,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        let count = usize::try_from(count).unwrap_or(0);
        let came = self.messages.iter().zip(&self.names).take(count);
        for ((message, name), buffer) in came.zip(self.buffers.chunks_exact_mut(MOST_BYTES)) {
            let (to, at) = read_control(&message.msg_hdr);
            let Some(datagram) = buffer.get_mut(..message.msg_len as usize) else {
                continue;
            };
            let address = Ipv4Addr::from(u32::from_be(name.sin_addr.s_addr));
            each(Arrived {
                guest: namespace::number_of(to),
                from: SocketAddrV4::new(address, u16::from_be(name.sin_port)),
                at,
                datagram,
            });
        }
        count
    }

    /// Send *datagram* from the address of participant *guest*; whether the kernel took it.
    pub fn send(&self, guest: usize, to: SocketAddrV4, datagram: &[u8]) -> bool {
        let mut name: libc::sockaddr_in =
            // SAFETY: an all-zero address is a valid one.
            unsafe { std::mem::zeroed() };
        name.sin_family = libc::AF_INET as u16;
        name.sin_port = to.port().to_be();
        name.sin_addr.s_addr = u32::from(*to.ip()).to_be();
        let mut vector = libc::iovec {
            iov_base: datagram.as_ptr().cast_mut().cast(),
            iov_len: datagram.len(),
        };
        let mut control = Control([0; CONTROL]);
        // SAFETY: the header points to values that live through the call; the control block is aligned and has room for
        // one IP_PKTINFO, which is written where CMSG_DATA says.
        unsafe {
            let mut header: libc::msghdr = std::mem::zeroed();
            header.msg_name = (&raw mut name).cast();
            header.msg_namelen = size_of::<libc::sockaddr_in>() as u32;
            header.msg_iov = &raw mut vector;
            header.msg_iovlen = 1;
            header.msg_control = control.0.as_mut_ptr().cast();
            header.msg_controllen = libc::CMSG_SPACE(size_of::<libc::in_pktinfo>() as u32) as usize;
            let first = libc::CMSG_FIRSTHDR(&raw const header);
            (*first).cmsg_level = libc::IPPROTO_IP;
            (*first).cmsg_type = libc::IP_PKTINFO;
            (*first).cmsg_len = libc::CMSG_LEN(size_of::<libc::in_pktinfo>() as u32) as usize;
            let mut info: libc::in_pktinfo = std::mem::zeroed();
            info.ipi_spec_dst.s_addr = u32::from(namespace::participant(guest)).to_be();
            libc::CMSG_DATA(first)
                .cast::<libc::in_pktinfo>()
                .write_unaligned(info);
            libc::sendmsg(self.socket.as_raw_fd(), &raw const header, 0) >= 0
        }
    }

    /// Datagrams that came when the buffer was full, so far: loss by the bench's own fault.
    pub fn dropped(&self) -> u64 {
        /// linux/sock_diag.h: SK_MEMINFO_DROPS, and how many numbers there are.
        const DROPS: usize = 8;
        let mut numbers = [0_u32; DROPS + 1];
        let mut length = size_of_val(&numbers) as libc::socklen_t;
        // SAFETY: the numbers live through the call and are as long as it is told.
        unsafe {
            libc::getsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_MEMINFO,
                numbers.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        numbers.last().copied().unwrap_or(0).into()
    }
}

/// The address that it was sent to, and when it came.
fn read_control(header: &libc::msghdr) -> (Ipv4Addr, u64) {
    let (mut to, mut at) = (Ipv4Addr::UNSPECIFIED, 0);
    // SAFETY: the kernel has filled the control block and its length; the macros stay within it, and what they lead to
    // is as long as its type says.
    unsafe {
        let mut next = libc::CMSG_FIRSTHDR(header);
        while let Some(message) = next.as_ref() {
            let data = libc::CMSG_DATA(message);
            match (message.cmsg_level, message.cmsg_type) {
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    let info = data.cast::<libc::in_pktinfo>().read_unaligned();
                    to = Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr));
                }
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                    let time = data.cast::<libc::timespec>().read_unaligned();
                    at = time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64;
                }
                _ => {}
            }
            next = libc::CMSG_NXTHDR(header, message);
        }
    }
    (to, at)
}

fn set(socket: &UdpSocket, level: i32, option: i32, value: libc::c_int) -> io::Result<()> {
    // SAFETY: the value lives through the call and is as long as it is told.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            size_of_val(&value) as libc::socklen_t,
        )
    };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
