//! The system calls that the standard library lacks: epoll, eventfd, and a connect that does not wait. All unsafe code of this crate is here.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// A counter that is readable while it is not zero.
#[derive(Debug)]
pub struct EventFd(OwnedFd);

impl EventFd {
    pub fn new() -> io::Result<EventFd> {
        // SAFETY: eventfd takes no pointers; a result that is not negative is a descriptor nobody else owns.
        let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
        Ok(EventFd(owned(fd)?))
    }

    /// Make it readable.
    pub fn signal(&self) {
        let one = 1_u64.to_ne_bytes();
        // SAFETY: the buffer is eight bytes long, as eventfd wants; a full counter (EAGAIN) is readable already.
        unsafe { libc::write(self.0.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }

    /// Make it unreadable until the next signal.
    pub fn clear(&self) {
        let mut count = [0_u8; 8];
        // SAFETY: the buffer is eight bytes long, as eventfd wants; EAGAIN says that it was clear.
        unsafe { libc::read(self.0.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
    }
}

impl AsRawFd for EventFd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// Descriptors waited for, each known by a number of the caller's.
#[derive(Debug)]
pub struct Epoll {
    fd: OwnedFd,
}

impl Epoll {
    pub fn new() -> io::Result<Epoll> {
        // SAFETY: epoll_create1 takes no pointers; a result that is not negative is a descriptor nobody else owns.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        Ok(Epoll { fd: owned(fd)? })
    }

    /// Wait for *fd* to be readable; closing it ends that.
    pub fn add(&self, fd: RawFd, number: u64) -> io::Result<()> {
        self.add_for(fd, number, libc::EPOLLIN)
    }

    /// Wait for *fd* to become readable or writable, told once each time.
    pub fn add_stream(&self, fd: RawFd, number: u64) -> io::Result<()> {
        self.add_for(fd, number, libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLET)
    }

    fn add_for(&self, fd: RawFd, number: u64, events: i32) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: events as u32,
            u64: number,
        };
        // SAFETY: the event lives through the call, and the kernel copies it.
        let result =
            unsafe { libc::epoll_ctl(self.fd.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &mut event) };
        if result < 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(())
        }
    }

    /// Fill *ready* with the numbers of what is readable, after at most *timeout*, rounded up to whole milliseconds.
    pub fn wait(&self, ready: &mut Vec<u64>, timeout: Option<Duration>) {
        const MOST: usize = 64;
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; MOST];
        let milliseconds = timeout.map_or(-1, |timeout| {
            i32::try_from(timeout.as_micros().div_ceil(1_000)).unwrap_or(i32::MAX)
        });
        // SAFETY: the array has room for MOST events.
        let count = unsafe {
            libc::epoll_wait(
                self.fd.as_raw_fd(),
                events.as_mut_ptr(),
                MOST as i32,
                milliseconds,
            )
        };
        ready.clear();
        // A negative count is EINTR: nothing is ready.
        let count = usize::try_from(count).unwrap_or(0);
        ready.extend(events.iter().take(count).map(|event| event.u64));
    }
}

/// Begin to connect, without waiting for it.
pub fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    let family = if to.is_ipv4() {
        libc::AF_INET
    } else {
        libc::AF_INET6
    };
    let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: socket takes no pointers; a result that is not negative is a descriptor nobody else owns.
    let stream = TcpStream::from(owned(unsafe { libc::socket(family, kind, 0) })?);
    let fd = stream.as_raw_fd();
    let result = match to {
        SocketAddr::V4(v4) => {
            let raw = libc::sockaddr_in {
                sin_family: family as libc::sa_family_t,
                sin_port: v4.port().to_be(),
                sin_addr: libc::in_addr {
                    s_addr: u32::from(*v4.ip()).to_be(),
                },
                sin_zero: [0; 8],
            };
            let length = size_of_val(&raw) as libc::socklen_t;
            // SAFETY: the address lives through the call and is as long as the call is told.
            unsafe { libc::connect(fd, (&raw const raw).cast(), length) }
        }
        SocketAddr::V6(v6) => {
            let raw = libc::sockaddr_in6 {
                sin6_family: family as libc::sa_family_t,
                sin6_port: v6.port().to_be(),
                sin6_flowinfo: v6.flowinfo(),
                sin6_addr: libc::in6_addr {
                    s6_addr: v6.ip().octets(),
                },
                sin6_scope_id: v6.scope_id(),
            };
            let length = size_of_val(&raw) as libc::socklen_t;
            // SAFETY: the address lives through the call and is as long as the call is told.
            unsafe { libc::connect(fd, (&raw const raw).cast(), length) }
        }
    };
    let error = io::Error::last_os_error();
    if result < 0 && error.raw_os_error() != Some(libc::EINPROGRESS) {
        return Err(error);
    }
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn owned(fd: RawFd) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the caller has just been given this descriptor by the kernel, and gives it away.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
