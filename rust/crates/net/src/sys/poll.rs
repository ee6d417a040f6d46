//! epoll, level-triggered.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// What a descriptor is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Nothing, for a while.
    Nothing,
    /// Something to read.
    Read,
    /// Something to read, or room to write.
    ReadAndWrite,
}

/// A descriptor that is ready.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// What it was registered as.
    pub token: u64,
    /// It can be written to.
    pub writable: bool,
}

/// Waits for many descriptors.
pub struct Poll {
    epoll: OwnedFd,
}

/// Descriptors told of at once.
const EVENTS: usize = 256;

impl Poll {
    /// A set without descriptors.
    pub fn new() -> io::Result<Self> {
        // SAFETY: epoll_create1 takes no pointers.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is open, and owned by nobody else.
        let epoll = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self { epoll })
    }

    /// Wait for *fd* from now on, as *token*; it leaves the set when it is closed.
    pub fn add(&self, fd: RawFd, token: u64, interest: Interest) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, token, interest)
    }

    /// Wait for something else of *fd*.
    pub fn change(&self, fd: RawFd, token: u64, interest: Interest) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, fd, token, interest)
    }

    fn control(&self, what: i32, fd: RawFd, token: u64, interest: Interest) -> io::Result<()> {
        let events = match interest {
            Interest::Nothing => 0,
            Interest::Read => libc::EPOLLIN,
            Interest::ReadAndWrite => libc::EPOLLIN | libc::EPOLLOUT,
        };
        let mut event = libc::epoll_event {
            events: events as u32,
            u64: token,
        };
        // SAFETY: the event lives until the call returns, and the kernel keeps no pointer to it.
        let done = unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), what, fd, &raw mut event) };
        if done < 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(())
        }
    }

    /// Wait until something is ready, at most *timeout*, and put it into *ready*; an interrupted wait finds nothing.
    pub fn wait(&self, timeout: Duration, ready: &mut Vec<Ready>) {
        ready.clear();
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; EVENTS];
        let millis = i32::try_from(timeout.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
        // SAFETY: the buffer has room for as many events as the call is told.
        let found = unsafe {
            libc::epoll_wait(
                self.epoll.as_raw_fd(),
                events.as_mut_ptr(),
                EVENTS as i32,
                millis,
            )
        };
        let found = usize::try_from(found).unwrap_or(0);
        ready.extend(events.iter().take(found).map(|event| Ready {
            token: event.u64,
            writable: event.events & libc::EPOLLOUT as u32 != 0,
        }));
    }
}
