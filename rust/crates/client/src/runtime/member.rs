//! One peer with its socket, shared between who holds the client and the thread that drives it.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use super::Runtime;
use super::socket::Socket;
use super::stream::Stream;
use super::system::EventFd;
use crate::peer::{Transmit, Transport, Way};
use crate::{ClientOptions, Identity, Peer, Received, State, SystemEntropy, limits};

/// Datagrams read of one socket before the others get their turn.
const MOST_READ_AT_ONCE: usize = 64;

/// A peer, its sockets, and the descriptor that tells of it.
#[derive(Debug)]
pub struct Member {
    number: u64,
    socket_fd: RawFd,
    event: EventFd,
    state: AtomicU8,
    driven: Mutex<Driven>,
    runtime: Weak<Runtime>,
}

/// What one thread at a time has to do with.
#[derive(Debug)]
struct Driven {
    peer: Peer,
    socket: Socket,
    streams: HashMap<SocketAddr, Stream>,
}

impl Member {
    pub fn new(number: u64, options: ClientOptions, runtime: Weak<Runtime>) -> io::Result<Member> {
        let peer = Peer::new(
            options,
            Identity::shared()?,
            Box::new(SystemEntropy),
            Instant::now(),
        )
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no line, or too many"))?;
        let socket = Socket::open()?;
        Ok(Member {
            number,
            socket_fd: socket.as_raw_fd(),
            event: EventFd::new()?,
            state: AtomicU8::new(State::New as u8),
            driven: Mutex::new(Driven {
                peer,
                socket,
                streams: HashMap::new(),
            }),
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
        let mut driven = self.lock();
        let result = action(&mut driven.peer, Instant::now());
        self.settle(&mut driven);
        result
    }

    /// Read what came, up to a fair share, and send what that calls for; when to be back.
    pub fn read(&self, buffer: &mut [u8]) -> Option<Instant> {
        let mut driven = self.lock();
        let had = driven.peer.waiting();
        driven.read_socket(buffer);
        driven.read_streams();
        self.settle(&mut driven);
        let has = driven.peer.waiting();
        if has > 0 && has != had {
            self.event.signal();
        }
        driven.peer.next_timeout()
    }

    /// Do what is due; when to be back.
    pub fn tick(&self, now: Instant) -> Option<Instant> {
        let mut driven = self.lock();
        driven.peer.handle_timeout(now);
        self.settle(&mut driven);
        driven.peer.next_timeout()
    }

    /// When there is something to do.
    pub fn deadline(&self) -> Option<Instant> {
        self.lock().peer.next_timeout()
    }

    pub fn received(&self, most: usize) -> Vec<Received> {
        let mut driven = self.lock();
        self.event.clear();
        let packets = driven.peer.received(most);
        if driven.peer.waiting() > 0 {
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
        self.socket_fd
    }

    /// Be driven no longer.
    pub fn leave(&self) {
        if let Some(runtime) = self.runtime.upgrade() {
            runtime.leave(self.number);
        }
    }

    fn settle(&self, driven: &mut Driven) {
        while let Some(Transmit { to, datagram }) = driven.peer.poll_transmit() {
            match to.transport {
                Transport::Udp => driven.socket.send(to.address, &datagram),
                Transport::Tcp => self.send_by_stream(driven, to.address, &datagram),
            }
        }
        let state = driven.peer.state();
        if state.is_over() {
            driven.streams.clear();
        }
        if self.state.swap(state as u8, Ordering::AcqRel) != state as u8 {
            self.event.signal();
        }
    }

    /// Send, or lose it; a connection that breaks is opened anew by the next check.
    fn send_by_stream(&self, driven: &mut Driven, to: SocketAddr, datagram: &[u8]) {
        if !driven.streams.contains_key(&to)
            && let Some(runtime) = self.runtime.upgrade()
            && let Ok(stream) = Stream::open(to)
            && runtime.watch(stream.as_raw_fd(), self.number).is_ok()
        {
            driven.streams.insert(to, stream);
        }
        if driven
            .streams
            .get_mut(&to)
            .is_some_and(|stream| stream.send(datagram).is_err())
        {
            driven.streams.remove(&to);
        }
    }

    /// A peer whose holder panicked is still whole: nothing of it is left half done between two calls.
    fn lock(&self) -> MutexGuard<'_, Driven> {
        self.driven.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Driven {
    fn read_socket(&mut self, buffer: &mut [u8]) {
        for _ in 0..MOST_READ_AT_ONCE {
            let Some((length, from)) = self.socket.receive(buffer) else {
                break;
            };
            if let Some(datagram) = buffer.get_mut(..length) {
                self.peer
                    .handle_datagram(Way::udp(from), datagram, Instant::now());
            }
        }
    }

    fn read_streams(&mut self) {
        let Driven { peer, streams, .. } = self;
        streams.retain(|from, stream| {
            let take = |datagram: &mut [u8]| {
                peer.handle_datagram(Way::tcp(*from), datagram, Instant::now());
            };
            stream.receive(take).and_then(|()| stream.flush()).is_ok()
        });
    }
}

/// Room for any datagram that is worth reading.
pub fn a_buffer() -> Vec<u8> {
    vec![0; limits::MOST_DATAGRAM_BYTES]
}
