//! Which of many sockets have something to read.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

const READY_AT_ONCE: usize = 1024;

/// A level-triggered epoll that knows sockets by number.
pub struct Epoll {
    fd: OwnedFd,
    ready: Vec<libc::epoll_event>,
}

impl Epoll {
    pub fn new() -> io::Result<Epoll> {
        // SAFETY: no pointers; the descriptor is ours alone when it is one.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: just made, and owned by nobody else.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        let ready = vec![libc::epoll_event { events: 0, u64: 0 }; READY_AT_ONCE];
        Ok(Epoll { fd, ready })
    }

    /// Tell when *socket*, from now on called *number*, can be read.
    pub fn watch(&self, socket: RawFd, number: usize) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: libc::EPOLLIN as u32,
            u64: number as u64,
        };
        // SAFETY: *event* lives through the call, and the kernel copies it.
        let done = unsafe {
            libc::epoll_ctl(
                self.fd.as_raw_fd(),
                libc::EPOLL_CTL_ADD,
                socket,
                &raw mut event,
            )
        };
        if done < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }

    /// Put the numbers of the sockets that can be read into *numbers*; waits at most *patience*.
    pub fn wait(&mut self, patience: Duration, numbers: &mut Vec<usize>) -> io::Result<()> {
        numbers.clear();
        let millis = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the buffer is as long as told and lives through the call.
        let count = unsafe {
            libc::epoll_wait(
                self.fd.as_raw_fd(),
                self.ready.as_mut_ptr(),
                READY_AT_ONCE as i32,
                millis,
            )
        };
        let Ok(count) = usize::try_from(count) else {
            let error = io::Error::last_os_error();
            return match error.kind() {
                io::ErrorKind::Interrupted => Ok(()),
                _ => Err(error),
            };
        };
        numbers.extend(self.ready.iter().take(count).map(|e| e.u64 as usize));
        Ok(())
    }
}
