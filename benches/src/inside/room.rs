//! A real media core with one talker and many listeners, all over loopback UDP.
//!
//! Listeners shake hands for real, each with a socket of its own. Once they are connected nobody reads those sockets any
//! more: their receive buffers are as small as the kernel makes them, full, and the kernel drops what comes for them.
//! Receiving costs the sending thread the same then, whoever sends.

use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use arengo_client::{ClientOptions, Identity, Peer, State, SystemEntropy, Way};
use arengo_net::{Media, MediaOptions, Offer};

use super::floor::v4;

/// Listeners that shake hands at once.
const AT_ONCE: usize = 100;
const PATIENCE: Duration = Duration::from_secs(30);
/// Longer than any run: listeners say nothing once they are connected.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3_600);
const SPACE: u64 = 1;
const TALKER: u64 = 1;

/// One end of the wire.
struct End {
    peer: Peer,
    socket: UdpSocket,
}

/// The core with everybody connected.
pub struct Room {
    media: Media,
    talker: End,
    listeners: Vec<End>,
}

impl Room {
    /// Start a core and connect a talker and *listeners* listeners, who lose so much that they get so many *copies*.
    pub fn open(listeners: usize, copies: usize) -> Result<Room, Box<dyn Error>> {
        let media = Media::start(MediaOptions {
            udp_port: 0,
            tcp_port: None,
            public_ips: Vec::new(),
            bind: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            max_peers: listeners + 1,
            idle_timeout: IDLE_TIMEOUT,
            shards: Some(1),
            spread_from: arengo_net::limits::SPREAD_FROM,
            merge_from: None,
            tells_levels: false,
        })?;
        let talker = connect(&media, TALKER, 1)?;
        let Some(talker) = talker.into_iter().next() else {
            return Err("no talker".into());
        };
        media.allow_publish(TALKER, true);
        let mut room = Room {
            media,
            talker,
            listeners: Vec::with_capacity(listeners),
        };
        while room.listeners.len() < listeners {
            let count = AT_ONCE.min(listeners - room.listeners.len());
            let first = TALKER + 1 + room.listeners.len() as u64;
            room.listeners.extend(connect(&room.media, first, count)?);
            room.talker.drive();
        }
        if copies > 0 {
            room.lose(if copies == 1 { 50 } else { 10 })?;
        }
        for listener in &room.listeners {
            shrink(&listener.socket)?;
        }
        Ok(room)
    }

    /// Have every listener lose each packet whose turn is the *nth*, until all have reported it.
    fn lose(&mut self, nth: usize) -> Result<(), Box<dyn Error>> {
        let deadline = Instant::now() + PATIENCE;
        let mut turn = 0;
        while self.media.stats().core.listeners_protected < self.listeners.len() as u64 {
            if Instant::now() > deadline {
                return Err("not everybody who loses packets got copies in time".into());
            }
            self.say(&[0xf8; 80])?;
            turn += 1;
            for listener in &mut self.listeners {
                if turn % nth == 0 {
                    listener.forget();
                }
                listener.drive();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Where the listeners are.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddrV4>> {
        let addresses = self.listeners.iter().map(|end| end.socket.local_addr());
        Ok(addresses
            .collect::<io::Result<Vec<_>>>()?
            .into_iter()
            .filter_map(v4)
            .collect())
    }

    /// Say one packet, and return once the core has sent it to everybody; how many datagrams that made.
    pub fn say(&mut self, opus: &[u8]) -> Result<u64, Box<dyn Error>> {
        let before = self.media.stats().core.packets_out;
        let deadline = Instant::now() + PATIENCE;
        self.talker
            .peer
            .send_opus(&[opus], &[-20], Instant::now())?;
        loop {
            self.talker.drive();
            let made = self.media.stats().core.packets_out - before;
            if made >= self.listeners.len() as u64 && self.talker.peer.queued() == 0 {
                return Ok(made);
            }
            if Instant::now() > deadline {
                return Err("the core did not send to everybody".into());
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// Datagrams that the kernel refused so far.
    pub fn refused(&self) -> u64 {
        self.media.stats().drops_send
    }
}

fn connect(media: &Media, first: u64, count: usize) -> Result<Vec<End>, Box<dyn Error>> {
    let mut ends = Vec::with_capacity(count);
    for number in first..first + count as u64 {
        let is_talker = number == TALKER;
        let receive_lines = if is_talker { 0 } else { 3 };
        let options = ClientOptions {
            send: is_talker,
            receive_lines,
            red: Some(0),
            ..ClientOptions::default()
        };
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        let peer = Peer::new(
            options,
            Identity::shared()?,
            Box::new(SystemEntropy),
            Instant::now(),
        );
        let mut peer = peer.ok_or("no peer with these lines")?;
        let sdp = peer.offer();
        let answer = media.accept_offer(&Offer {
            peer: number,
            space: SPACE,
            voice: number as u32,
            sdp: &sdp,
            may_send: is_talker,
            may_receive: !is_talker,
            requester: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            max_slots: 3,
        })?;
        peer.answer(&answer, Instant::now())?;
        ends.push(End { peer, socket });
    }
    let deadline = Instant::now() + PATIENCE;
    while ends.iter().any(|end| end.peer.state() != State::Connected) {
        ends.iter_mut().for_each(End::drive);
        if Instant::now() > deadline {
            return Err("not everybody was connected in time".into());
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    // The last flight of a handshake confirms itself a moment later.
    for _ in 0..20 {
        ends.iter_mut().for_each(End::drive);
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(ends)
}

impl End {
    /// Lose what has come.
    fn forget(&self) {
        let mut buffer = [0; 2_048];
        while self.socket.recv_from(&mut buffer).is_ok() {}
    }

    fn drive(&mut self) {
        let mut buffer = [0; 2_048];
        let now = Instant::now();
        while let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
            if let Some(datagram) = buffer.get_mut(..length) {
                self.peer.handle_datagram(Way::udp(from), datagram, now);
            }
        }
        self.peer.handle_timeout(now);
        while let Some(transmit) = self.peer.poll_transmit() {
            // Loopback takes it, or the peer says it again.
            let _lost = self.socket.send_to(&transmit.datagram, transmit.to.address);
        }
    }
}

/// The smallest receive buffer there is.
fn shrink(socket: &UdpSocket) -> io::Result<()> {
    let smallest: libc::c_int = 0;
    // SAFETY: the option's value lives through the call and is as long as the call is told.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_RCVBUF,
            (&raw const smallest).cast(),
            size_of_val(&smallest) as libc::socklen_t,
        )
    };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
