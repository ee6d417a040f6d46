//! The face of the driver.

use std::net::IpAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use arengo_core::neighbours::ShardNumber;
use arengo_core::{Event, Identity, Request, ShardOptions, Time, WallClock, accept_offer};

use crate::candidates::{addresses, candidates};
use crate::driver::{self, Command, Driver, Setup, SystemEntropy};
use crate::error::{OfferError, StartError};
use crate::handshakes::HandshakeThreads;
use crate::limits::{COMMANDS, REPLY, SHARDS};
use crate::mailbox::Mailbox;
use crate::neighbourhood::Neighbourhood;
use crate::placement::Placement;
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
    /// Media threads, each with a shard and a socket; None: one for each core, up to [`crate::limits::SHARDS`].
    pub shards: Option<usize>,
    /// Peers of one space that live together on one shard; new ones are spread from here on.
    pub spread_from: usize,
    /// Audiences of so many are sent packets of 60 ms; None: none ever is, 0: every one.
    pub merge_from: Option<u32>,
    /// Whether [`Event::Levels`] are told.
    pub tells_levels: bool,
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
    max_peers: usize,
    threads: Vec<MediaThread>,
    neighbours: Arc<Neighbourhood>,
    shared: Arc<Shared>,
    running: Mutex<Option<Running>>,
}

/// The way to a media thread.
struct MediaThread {
    commands: SyncSender<Command>,
    wake: Arc<EventFd>,
}

/// What ends when the core is shut down.
struct Running {
    media: Vec<JoinHandle<()>>,
    handshakes: HandshakeThreads,
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
        let count = shards(options.shards);
        let mut sockets = sockets::udp_shared(options.bind, options.udp_port, count)?;
        let mut listener = options
            .tcp_port
            .map(|port| sockets::tcp(options.bind, port))
            .transpose()?;
        let udp_port = sockets
            .first()
            .map_or(Ok(0), |udp| udp.local_addr().map(|address| address.port()))?;
        let tcp_port = listener
            .as_ref()
            .map(|l| l.local_addr())
            .transpose()?
            .map(|a| a.port());

        let wakes = (0..count)
            .map(|_| EventFd::new().map(Arc::new))
            .collect::<Result<Vec<_>, _>>()?;
        let mailboxes = wakes.iter().cloned().map(Mailbox::new).collect();
        let placement = Placement::new(count, options.max_peers, options.spread_from);
        let neighbours = Arc::new(Neighbourhood::new(mailboxes, placement));
        let shared = Arc::new(Shared::new(count)?);
        let (handshakes, mut ways) = HandshakeThreads::start(&wakes)?;
        let mut threads = Vec::new();
        let mut media = Vec::new();
        for (place, wake) in wakes.into_iter().enumerate() {
            let (udp, handshakes) = (sockets.remove(0), ways.remove(0));
            let listener = listener.take();
            let poll = Poll::new()?;
            poll.add(wake.as_raw_fd(), driver::WAKE, Interest::Read)?;
            poll.add(udp.as_raw_fd(), driver::UDP, Interest::Read)?;
            if let Some(listener) = &listener {
                poll.add(listener.as_raw_fd(), driver::LISTENER, Interest::Read)?;
            }
            let (commands, queue) = sync_channel(COMMANDS);
            let setup = Setup {
                udp,
                poll,
                listener,
                options: ShardOptions {
                    max_peers: options.max_peers,
                    idle_timeout: options.idle_timeout,
                    merge_from: options.merge_from,
                    tells_levels: options.tells_levels,
                    wall,
                    number: ShardNumber::new(place).unwrap_or_default(),
                    shards: count,
                },
                epoch,
                commands: queue,
                wake: Arc::clone(&wake),
                handshakes,
                neighbours: Arc::clone(&neighbours),
                shared: Arc::clone(&shared),
            };
            let name = match place {
                0 => "arengo-media".to_owned(),
                _ => format!("arengo-media-{place}"),
            };
            let thread = thread::Builder::new()
                .name(name)
                .spawn(move || Driver::new(setup).run())?;
            media.push(thread);
            threads.push(MediaThread { commands, wake });
        }
        Ok(Self {
            fingerprint: identity.fingerprint(),
            identity,
            epoch,
            udp_port,
            tcp_port,
            public_ips: options.public_ips,
            bind: options.bind,
            max_peers: options.max_peers,
            threads,
            neighbours,
            shared,
            running: Mutex::new(Some(Running { media, handshakes })),
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

    /// How many media threads there are.
    #[must_use]
    pub const fn shards(&self) -> usize {
        self.threads.len()
    }

    /// Answer *offer* and make the peer; it is known to its media thread when this returns.
    pub fn accept_offer(&self, offer: &Offer<'_>) -> Result<String, OfferError> {
        let shard = self
            .neighbours
            .placement()
            .place(offer.peer, offer.space)
            .map_err(OfferError::Full)?;
        let answer = self.answer(offer, shard);
        if answer.is_err() {
            self.neighbours.placement().leave(offer.peer);
        }
        answer
    }

    fn answer(&self, offer: &Offer<'_>, shard: ShardNumber) -> Result<String, OfferError> {
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
            shard: (self.shards() > 1).then_some(shard),
            candidates: &candidates(&told, self.udp_port, self.tcp_port),
        };
        let now = Time::from_duration(self.epoch.elapsed());
        let (answer, peer) = accept_offer(now, &request, &self.identity, &mut SystemEntropy)?;
        let (reply, answered) = sync_channel(1);
        self.send(shard, Command::Add(Box::new(peer), reply))?;
        match answered.recv_timeout(REPLY) {
            Ok(Ok(())) => Ok(answer),
            Ok(Err(full)) => Err(OfferError::Full(full)),
            Err(_) => Err(OfferError::Stopped),
        }
    }

    /// Let the voice of a peer through, or end it.
    pub fn allow_publish(&self, peer: u64, allowed: bool) {
        self.tell_home_of(peer, Command::AllowPublish(peer, allowed));
    }

    /// Have packets reach a listener as they come, never merged, or let that go.
    pub fn keep_prompt(&self, peer: u64, is_prompt: bool) {
        self.tell_home_of(peer, Command::KeepPrompt(peer, is_prompt));
    }

    /// End a peer.
    pub fn close_peer(&self, peer: u64, why: String) {
        self.tell_home_of(peer, Command::ClosePeer(peer, why));
    }

    /// End every peer of a space.
    pub fn close_space(&self, space: u64, why: String) {
        self.tell_all(|| Command::CloseSpace(space, why.clone()));
    }

    /// From now on record these peers of a space, and nobody else there.
    pub fn tap(&self, space: u64, peers: Vec<u64>) {
        self.tell_all(|| Command::Tap(space, peers.clone()));
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
        let mut stats = self.shared.stats();
        stats.max_peers = self.max_peers as u64;
        if self.shards() > 1 {
            stats.drops_mail = self.neighbours.dropped();
            stats.handed_over = self.neighbours.handed_over();
            stats.routes = self.neighbours.routes() as u64;
            // Each shard counts its part of a space.
            stats.core.spaces = self.neighbours.placement().spaces() as u64;
        }
        stats
    }

    /// Say BYE to every peer, close the sockets, join the threads; twice does no harm.
    pub fn shutdown(&self) {
        let running = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(Running { media, handshakes }) = running {
            self.tell_all(|| Command::Stop);
            for thread in media {
                // The threads catch their own faults; were one to end by one, there is nothing left to end.
                let _ = thread.join();
            }
            handshakes.join();
        }
    }

    fn send(&self, shard: ShardNumber, command: Command) -> Result<(), OfferError> {
        let thread = self.threads.get(shard.place()).ok_or(OfferError::Stopped)?;
        thread
            .commands
            .send(command)
            .map_err(|_| OfferError::Stopped)?;
        thread.wake.raise();
        Ok(())
    }

    /// A command about a peer that is gone, or to a core that has stopped, has no one left to concern.
    fn tell_home_of(&self, peer: u64, command: Command) {
        let home = self.neighbours.placement().home_of(peer);
        if let Some(shard) = home {
            let _ = self.send(shard, command);
        }
    }

    fn tell_all(&self, command: impl Fn() -> Command) {
        for shard in (0..self.shards()).filter_map(ShardNumber::new) {
            let _ = self.send(shard, command());
        }
    }
}

/// How many media threads to start where *wanted* were asked for.
fn shards(wanted: Option<usize>) -> usize {
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    wanted
        .unwrap_or_else(|| cores().min(SHARDS))
        .clamp(1, ShardNumber::MOST)
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
