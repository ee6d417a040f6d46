//! An eventfd: a descriptor that is readable while something waits.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};

/// A flag that `epoll` and an event loop can wait for.
pub struct EventFd(File);

impl EventFd {
    /// A lowered flag.
    pub fn new() -> io::Result<Self> {
        // SAFETY: eventfd takes no pointers.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is open, and owned by nobody else.
        Ok(Self(unsafe { File::from_raw_fd(fd) }))
    }

    /// Make it readable.
    pub fn raise(&self) {
        // The only failure is a counter at its maximum, which is readable all the same.
        let _ = (&self.0).write(&1_u64.to_ne_bytes());
    }

    /// Make it unreadable.
    pub fn lower(&self) {
        // The only failure is a flag that was not raised.
        let _ = (&self.0).read(&mut [0; 8]);
    }
}

impl AsRawFd for EventFd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
