//! The face of the driver.

use std::net::IpAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use arengo_core::{Event, Identity, Request, ShardOptions, Time, WallClock, accept_offer};

use crate::candidates::{addresses, candidates};
use crate::driver::{self, Command, Driver, Setup, SystemEntropy};
use crate::error::{OfferError, StartError};
use crate::handshakes::Handshakes;
use crate::limits::{COMMANDS, REPLY};
use crate::shared::{MediaStats, Shared};
use crate::sockets;
use crate::sys::event_fd::EventFd;
use crate::sys::interfaces;
use crate::sys::poll::{Interest, Poll};

/// How the media core is run.
#[derive(Clone, Debug)]
pub struct MediaOptions {
    /// 0: any free one.
    pub udp_port: u16,
    /// None: no ICE-TCP; 0: any free one.
    pub tcp_port: Option<u16>,
    /// Told to everybody, first.
    pub public_ips: Vec<IpAddr>,
    /// None: every address, both families where the kernel has them.
    pub bind: Option<IpAddr>,
    /// Peers at most.
    pub max_peers: usize,
    /// A peer of whom nothing authenticated came for this long is closed.
    pub idle_timeout: Duration,
}

/// An offer, and what its sender may do.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// The service's number for the peer, never used twice.
    pub peer: u64,
    /// The service's number for the space.
    pub space: u64,
    /// The CSRC under which others hear it; not 0.
    pub voice: u32,
    /// SDP.
    pub sdp: &'a str,
    /// Whether it may send, now or later.
    pub may_send: bool,
    /// Whether it may receive.
    pub may_receive: bool,
    /// Who asks; private addresses are told to private requesters alone.
    pub requester: Option<IpAddr>,
    /// Receiving lines at most.
    pub max_slots: usize,
}

/// A running media core.
pub struct Media {
    identity: Identity,
    fingerprint: String,
    epoch: Instant,
    udp_port: u16,
    tcp_port: Option<u16>,
    public_ips: Vec<IpAddr>,
    bind: Option<IpAddr>,
    commands: SyncSender<Command>,
    wake: Arc<EventFd>,
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Media {
    /// Open the sockets and start the threads.
    pub fn start(options: MediaOptions) -> Result<Self, StartError> {
        let epoch = Instant::now();
        let since_unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let wall = WallClock {
            at_zero: since_unix.unwrap_or_default(),
        };
        let identity = Identity::generate(epoch)?;
        let udp = sockets::udp(options.bind, options.udp_port)?;
        let listener = options
            .tcp_port
            .map(|port| sockets::tcp(options.bind, port))
            .transpose()?;
        let udp_port = udp.local_addr()?.port();
        let tcp_port = listener
            .as_ref()
            .map(|l| l.local_addr())
            .transpose()?
            .map(|a| a.port());

        let poll = Poll::new()?;
        let wake = Arc::new(EventFd::new()?);
        poll.add(wake.as_raw_fd(), driver::WAKE, Interest::Read)?;
        poll.add(udp.as_raw_fd(), driver::UDP, Interest::Read)?;
        if let Some(listener) = &listener {
            poll.add(listener.as_raw_fd(), driver::LISTENER, Interest::Read)?;
        }
        let shared = Arc::new(Shared::new()?);
        let (commands, queue) = sync_channel(COMMANDS);
        let handshakes = Handshakes::start(&wake)?;
        let shard = ShardOptions {
            max_peers: options.max_peers,
            idle_timeout: options.idle_timeout,
            wall,
        };
        let thread = {
            let (wake, shared) = (Arc::clone(&wake), Arc::clone(&shared));
            thread::Builder::new()
                .name("arengo-media".to_owned())
                .spawn(move || {
                    Driver::new(Setup {
                        udp,
                        poll,
                        listener,
                        options: shard,
                        epoch,
                        commands: queue,
                        wake,
                        handshakes,
                        shared,
                    })
                    .run();
                })?
        };
        Ok(Self {
            fingerprint: identity.fingerprint(),
            identity,
            epoch,
            udp_port,
            tcp_port,
            public_ips: options.public_ips,
            bind: options.bind,
            commands,
            wake,
            shared,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// The UDP port.
    #[must_use]
    pub const fn udp_port(&self) -> u16 {
        self.udp_port
    }

    /// The ICE-TCP port.
    #[must_use]
    pub const fn tcp_port(&self) -> Option<u16> {
        self.tcp_port
    }

    /// SHA-256 of the certificate, as in `a=fingerprint`.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Answer *offer* and make the peer; it is known to the media thread when this returns.
    pub fn accept_offer(&self, offer: &Offer<'_>) -> Result<String, OfferError> {
        let own = match self.bind {
            Some(ip) if !ip.is_unspecified() => vec![ip],
            Some(IpAddr::V4(_)) => interfaces::addresses()
                .into_iter()
                .filter(IpAddr::is_ipv4)
                .collect(),
            _ => interfaces::addresses(),
        };
        let told = addresses(&self.public_ips, &own, offer.requester);
        let request = Request {
            peer: offer.peer,
            space: offer.space,
            voice: offer.voice,
            offer: offer.sdp,
            may_send: offer.may_send,
            may_receive: offer.may_receive,
            max_slots: offer.max_slots,
            candidates: &candidates(&told, self.udp_port, self.tcp_port),
        };
        let now = Time::from_duration(self.epoch.elapsed());
        let (answer, peer) = accept_offer(now, &request, &self.identity, &mut SystemEntropy)?;
        let (reply, answered) = sync_channel(1);
        self.send(Command::Add(Box::new(peer), reply))?;
        match answered.recv_timeout(REPLY) {
            Ok(Ok(())) => Ok(answer),
            Ok(Err(full)) => Err(OfferError::Full(full)),
            Err(_) => Err(OfferError::Stopped),
        }
    }

    /// Let the voice of a peer through, or end it.
    pub fn allow_publish(&self, peer: u64, allowed: bool) {
        self.tell(Command::AllowPublish(peer, allowed));
    }

    /// End a peer.
    pub fn close_peer(&self, peer: u64, why: String) {
        self.tell(Command::ClosePeer(peer, why));
    }

    /// End every peer of a space.
    pub fn close_space(&self, space: u64, why: String) {
        self.tell(Command::CloseSpace(space, why));
    }

    /// From now on record these peers of a space, and nobody else there.
    pub fn tap(&self, space: u64, peers: Vec<u64>) {
        self.tell(Command::Tap(space, peers));
    }

    /// At most *most* events, oldest first.
    #[must_use]
    pub fn drain_events(&self, most: usize) -> Vec<Event> {
        self.shared.take_events(most)
    }

    /// Whole records of tapped packets, at most *most* bytes.
    #[must_use]
    pub fn drain_tap(&self, most: usize) -> Vec<u8> {
        self.shared.take_tap(most)
    }

    /// Counters since the start.
    #[must_use]
    pub fn stats(&self) -> MediaStats {
        self.shared.stats()
    }

    /// Say BYE to every peer, close the sockets, join the threads; twice does no harm.
    pub fn shutdown(&self) {
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            self.tell(Command::Stop);
            // The thread catches its own faults; were it to end by one, there is nothing left to end.
            let _ = thread.join();
        }
    }

    fn send(&self, command: Command) -> Result<(), OfferError> {
        self.commands
            .send(command)
            .map_err(|_| OfferError::Stopped)?;
        self.wake.raise();
        Ok(())
    }

    /// A command to a core that has stopped has no one left to concern.
    fn tell(&self, command: Command) {
        let _ = self.send(command);
    }
}

impl AsRawFd for Media {
    /// An eventfd that is readable while events wait.
    fn as_raw_fd(&self) -> RawFd {
        self.shared.waiting().as_raw_fd()
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        self.shutdown();
    }
}
