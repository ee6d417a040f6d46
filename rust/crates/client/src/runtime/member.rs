//! One peer with its socket, shared between who holds the client and the thread that drives it.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use super::Runtime;
use super::socket::Socket;
use super::system::EventFd;
use crate::{ClientOptions, Identity, Peer, Received, SecureChance, State, limits};

/// Datagrams read of one socket before the others get their turn.
const MOST_READ_AT_ONCE: usize = 64;

/// A peer, its socket, and the descriptor that tells of it.
#[derive(Debug)]
pub struct Member {
    number: u64,
    socket: Socket,
    event: EventFd,
    state: AtomicU8,
    peer: Mutex<Peer>,
    runtime: Weak<Runtime>,
}

impl Member {
    pub fn new(number: u64, options: ClientOptions, runtime: Weak<Runtime>) -> io::Result<Member> {
        let peer = Peer::new(
            options,
            Identity::shared()?,
            Box::new(SecureChance),
            Instant::now(),
        )
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no line, or too many"))?;
        Ok(Member {
            number,
            socket: Socket::open()?,
            event: EventFd::new()?,
            state: AtomicU8::new(State::New as u8),
            peer: Mutex::new(peer),
            runtime,
        })
    }

    /// Do something that may change what is to be sent, and when.
    pub fn act<T>(&self, action: impl FnOnce(&mut Peer, Instant) -> T) -> T {
        let result = self.with(action);
        if let Some(runtime) = self.runtime.upgrade() {
            runtime.look_at(self.number);
        }
        result
    }

    /// Do something, and send what it wants sent.
    pub fn with<T>(&self, action: impl FnOnce(&mut Peer, Instant) -> T) -> T {
        let mut peer = self.lock();
        let result = action(&mut peer, Instant::now());
        self.settle(&mut peer);
        result
    }

    /// Read what came, up to a fair share, and send what that calls for; when to be back.
    pub fn read(&self, buffer: &mut [u8]) -> Option<Instant> {
        let mut peer = self.lock();
        let had = peer.waiting();
        for _ in 0..MOST_READ_AT_ONCE {
            let Some((length, from)) = self.socket.receive(buffer) else {
                break;
            };
            if let Some(datagram) = buffer.get_mut(..length) {
                peer.handle_datagram(from, datagram, Instant::now());
            }
        }
        self.settle(&mut peer);
        if peer.waiting() > 0 && (had == 0 || peer.waiting() != had) {
            self.event.signal();
        }
        peer.next_timeout()
    }

    /// Do what is due; when to be back.
    pub fn tick(&self, now: Instant) -> Option<Instant> {
        let mut peer = self.lock();
        peer.handle_timeout(now);
        self.settle(&mut peer);
        peer.next_timeout()
    }

    /// When there is something to do.
    pub fn deadline(&self) -> Option<Instant> {
        self.lock().next_timeout()
    }

    pub fn received(&self, most: usize) -> Vec<Received> {
        let mut peer = self.lock();
        self.event.clear();
        let packets = peer.received(most);
        if peer.waiting() > 0 {
            self.event.signal();
        }
        packets
    }

    pub fn state(&self) -> State {
        State::from_number(self.state.load(Ordering::Acquire))
    }

    pub fn event_fd(&self) -> RawFd {
        self.event.as_raw_fd()
    }

    pub fn socket_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// Be driven no longer.
    pub fn leave(&self) {
        if let Some(runtime) = self.runtime.upgrade() {
            runtime.leave(self.number);
        }
    }

    fn settle(&self, peer: &mut Peer) {
        while let Some(transmit) = peer.poll_transmit() {
            self.socket.send(transmit.to, &transmit.datagram);
        }
        let state = peer.state() as u8;
        if self.state.swap(state, Ordering::AcqRel) != state {
            self.event.signal();
        }
    }

    /// A peer whose holder panicked is still whole: nothing of it is left half done between two calls.
    fn lock(&self) -> MutexGuard<'_, Peer> {
        self.peer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room for any datagram that is worth reading.
pub fn a_buffer() -> Vec<u8> {
    vec![0; limits::MOST_DATAGRAM_BYTES]
}
