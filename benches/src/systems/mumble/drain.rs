//! Control connections of those who are inside: what the server tells on is thrown away unread.
//!
//! A server that nobody reads from would keep what it has to tell, and pay for it. MSG_TRUNC lets the kernel drop the
//! bytes without a copy.

use std::collections::HashMap;
use std::io;
use std::net::TcpStream;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

const AT_ONCE: usize = 256;
/// How soon it notices that it shall end.
const TICK_MS: i32 = 100;
const MOST_AT_ONCE: usize = 1 << 20;

/// A thread that empties connections until they end.
pub struct Drain {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    epoll: OwnedFd,
    streams: Mutex<HashMap<RawFd, Arc<TcpStream>>>,
    is_over: AtomicBool,
}

impl Drain {
    pub fn begin() -> io::Result<Drain> {
        // SAFETY: a new descriptor that nobody else owns, or -1.
        let epoll = unsafe {
            match libc::epoll_create1(libc::EPOLL_CLOEXEC) {
                -1 => return Err(io::Error::last_os_error()),
                descriptor => OwnedFd::from_raw_fd(descriptor),
            }
        };
        let shared = Arc::new(Shared {
            epoll,
            streams: Mutex::default(),
            is_over: AtomicBool::new(false),
        });
        let mine = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("drain".into())
            .spawn(move || mine.run())?;
        Ok(Drain {
            shared,
            thread: Some(thread),
        })
    }

    /// Empty *stream* from now on, until it ends.
    pub fn add(&self, stream: &Arc<TcpStream>) -> io::Result<()> {
        stream.set_nonblocking(true)?;
        let descriptor = stream.as_raw_fd();
        self.shared.streams().insert(descriptor, Arc::clone(stream));
        let mut event = libc::epoll_event {
            events: libc::EPOLLIN as u32,
            u64: descriptor as u64,
        };
        // SAFETY: both descriptors are open, and the event lives through the call.
        let result = unsafe {
            let epoll = self.shared.epoll.as_raw_fd();
            libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, descriptor, &mut event)
        };
        if result == -1 {
            self.shared.streams().remove(&descriptor);
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to do.
            let _ended = thread.join();
        }
    }
}

impl Shared {
    fn run(&self) {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; AT_ONCE];
        while !self.is_over.load(Ordering::Relaxed) {
            // SAFETY: the kernel writes at most as many events as there are.
            let count = unsafe {
                let epoll = self.epoll.as_raw_fd();
                libc::epoll_wait(epoll, events.as_mut_ptr(), AT_ONCE as i32, TICK_MS)
            };
            for event in events.iter().take(usize::try_from(count).unwrap_or(0)) {
                self.empty(event.u64 as RawFd);
            }
        }
    }

    fn empty(&self, descriptor: RawFd) {
        // SAFETY: with MSG_TRUNC a TCP socket drops the bytes instead of writing them, so that no buffer is needed.
        let dropped = unsafe {
            libc::recv(
                descriptor,
                std::ptr::null_mut(),
                MOST_AT_ONCE,
                libc::MSG_TRUNC | libc::MSG_DONTWAIT,
            )
        };
        let is_over = match dropped {
            0 => true,
            -1 => io::Error::last_os_error().kind() != io::ErrorKind::WouldBlock,
            _ => false,
        };
        if is_over {
            // The last owner closes it, which takes it out of epoll; until then it is taken out here.
            let stream = self.streams().remove(&descriptor);
            if let Some(stream) = stream {
                // SAFETY: the descriptor is open as long as the stream lives; removal takes no event.
                unsafe {
                    let epoll = self.epoll.as_raw_fd();
                    let none = std::ptr::null_mut();
                    libc::epoll_ctl(epoll, libc::EPOLL_CTL_DEL, stream.as_raw_fd(), none);
                }
            }
        }
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<RawFd, Arc<TcpStream>>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::{Ipv4Addr, TcpListener};

    #[test]
    fn a_connection_takes_more_than_its_buffers_hold_and_is_forgotten_at_its_end() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let drain = Drain::begin().unwrap();
        let stream = Arc::new(stream);
        drain.add(&stream).unwrap();
        server
            .set_write_timeout(Some(std::time::Duration::from_secs(10)))
            .unwrap();
        server.write_all(&vec![7; 32 << 20]).unwrap();
        drop(server);
        while Arc::strong_count(&stream) > 1 {
            std::thread::yield_now();
        }
    }
}
