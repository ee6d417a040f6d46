//! ICE-TCP, passive (RFC 6544): framed datagrams over connections that others open.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;

use arengo_core::{Pace, Route, Time};
use arengo_wire::rfc4571::{Deframer, PREFIX_LEN, prefix};

use crate::limits::{
    TCP_ACCEPTS, TCP_BACKLOG, TCP_CONNECTIONS, TCP_FRAME_BURST, TCP_FRAME_PACE, TCP_PROOF,
    TCP_UNPROVED_EACH, TCP_UNPROVED_FRAMES,
};
use crate::sys::poll::{Interest, Poll};

/// Tokens at and above this one are connections.
pub const FIRST_TOKEN: u64 = 1 << 32;

struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    deframer: Deframer,
    backlog: VecDeque<u8>,
    /// Since when it has to show a check, while it is unproved.
    opened: Time,
    proved: bool,
    /// How fast its frames come.
    pace: Pace,
    /// Frames handed to another shard before it said that they are good.
    handed_on: u32,
    waits_to_write: bool,
}

/// What reading a connection came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadEnd {
    /// Nothing more for now.
    Later,
    /// The connection is over or broken.
    Over,
}

/// The connections, by number; who came first has the lowest.
#[derive(Default)]
pub struct Connections {
    open: HashMap<u64, Connection>,
    /// Those that have shown no check.
    unproved: BTreeSet<u64>,
    /// The same, by network.
    unproved_each: HashMap<IpAddr, BTreeSet<u64>>,
    next: u64,
    /// Frames that found no room.
    pub dropped: u64,
    /// Connections that were one too many, showed nothing, or brought too much.
    pub rejected: u64,
    /// Times that the system had no descriptor for a connection.
    pub accept_failures: u64,
}

impl Connections {
    /// Take some of what waits on *listener*; false when the system cannot give more connections now.
    pub fn accept(&mut self, now: Time, listener: &TcpListener, poll: &Poll) -> bool {
        for _ in 0..TCP_ACCEPTS {
            match listener.accept() {
                Ok((stream, address)) => self.take(now, stream, unmapped(address), poll),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return true,
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    _ => {
                        self.accept_failures += 1;
                        return false;
                    }
                },
            }
        }
        true
    }

    fn take(&mut self, now: Time, stream: TcpStream, address: SocketAddr, poll: &Poll) {
        self.make_room(address.ip());
        let token = FIRST_TOKEN + self.next;
        let is_ready = self.open.len() < TCP_CONNECTIONS
            && stream.set_nonblocking(true).is_ok()
            && stream.set_nodelay(true).is_ok()
            && poll.add(stream.as_raw_fd(), token, Interest::Read).is_ok();
        if !is_ready {
            self.rejected += 1;
            return;
        }
        self.next += 1;
        let connection = Connection {
            stream,
            address,
            deframer: Deframer::new(),
            backlog: VecDeque::new(),
            opened: now,
            proved: true,
            pace: Pace::default(),
            handed_on: 0,
            waits_to_write: false,
        };
        self.open.insert(token, connection);
        self.doubt(token, now);
    }

    /// Close the oldest connection that has shown no check, of the network of *ip* or of all, if there are too many.
    fn make_room(&mut self, ip: IpAddr) {
        let of_network = self.unproved_each.get(&network(ip));
        let crowded = of_network.filter(|unproved| unproved.len() >= TCP_UNPROVED_EACH);
        let of_all = Some(&self.unproved).filter(|_| self.open.len() >= TCP_CONNECTIONS);
        if let Some(oldest) = crowded.or(of_all).and_then(BTreeSet::first).copied() {
            self.rejected += 1;
            self.close(oldest);
        }
    }

    /// How many are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// The other end of *number*.
    #[must_use]
    pub fn address(&self, number: u64) -> Option<SocketAddr> {
        self.open.get(&number).map(|connection| connection.address)
    }

    /// Read once from *number* into its deframer, at most *budget* bytes less; what is left of the budget.
    pub fn fill(&mut self, number: u64, budget: &mut usize) -> Option<ReadEnd> {
        let connection = self.open.get_mut(&number)?;
        if *budget == 0 {
            return Some(ReadEnd::Later);
        }
        match connection.stream.read(connection.deframer.space()) {
            Ok(0) => Some(ReadEnd::Over),
            Ok(count) => {
                connection.deframer.filled(count);
                *budget = budget.saturating_sub(count);
                None
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Some(ReadEnd::Later),
            Err(error) if error.kind() == ErrorKind::Interrupted => None,
            Err(_) => Some(ReadEnd::Over),
        }
    }

    /// The next whole frame of *number*, copied to *frame*; an error when the stream makes no sense.
    pub fn next_frame(&mut self, number: u64, frame: &mut Vec<u8>) -> Result<bool, io::Error> {
        frame.clear();
        let Some(connection) = self.open.get_mut(&number) else {
            return Ok(false);
        };
        match connection.deframer.next_frame() {
            Ok(Some(bytes)) => {
                frame.extend_from_slice(bytes);
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(_) => Err(ErrorKind::InvalidData.into()),
        }
    }

    /// Whether the connection has shown an authenticated check.
    #[must_use]
    pub fn is_proved(&self, number: u64) -> bool {
        self.open
            .get(&number)
            .is_some_and(|connection| connection.proved)
    }

    /// The connection has shown an authenticated check; false when there is none of that number.
    pub fn prove(&mut self, number: u64) -> bool {
        let Some(connection) = self.open.get_mut(&number) else {
            return false;
        };
        if !std::mem::replace(&mut connection.proved, true) {
            self.forget_unproved(number);
        }
        true
    }

    /// From *now* on the connection has to show a check.
    fn doubt(&mut self, number: u64, now: Time) {
        if let Some(connection) = self.open.get_mut(&number) {
            (connection.proved, connection.opened) = (false, now);
            let network = network(connection.address.ip());
            self.unproved.insert(number);
            self.unproved_each
                .entry(network)
                .or_default()
                .insert(number);
        }
    }

    fn forget_unproved(&mut self, number: u64) {
        self.unproved.remove(&number);
        let Some(connection) = self.open.get(&number) else {
            return;
        };
        let network = network(connection.address.ip());
        if let Some(unproved) = self.unproved_each.get_mut(&network) {
            unproved.remove(&number);
            if unproved.is_empty() {
                self.unproved_each.remove(&network);
            }
        }
    }

    /// Count a frame of *number*; false when they come too fast.
    pub fn allows_frame(&mut self, number: u64, now: Time) -> bool {
        self.open.get_mut(&number).is_some_and(|connection| {
            let pace = &mut connection.pace;
            pace.allows(now, TCP_FRAME_PACE, TCP_FRAME_BURST)
        })
    }

    /// A frame goes to another shard, which will tell of an authenticated check; false when it was one too many before that.
    pub fn hand_on(&mut self, number: u64) -> bool {
        self.open.get_mut(&number).is_some_and(|connection| {
            connection.handed_on = connection.handed_on.saturating_add(1);
            connection.proved || connection.handed_on <= TCP_UNPROVED_FRAMES
        })
    }

    /// Connections that have shown nothing for too long; *knows* tells whose route leads to a peer.
    ///
    /// One whose peer has gone, or uses other routes, has to show a check again.
    pub fn unproved(&mut self, now: Time, knows: impl Fn(Route) -> bool) -> Vec<u64> {
        let left = |(number, connection): &(&u64, &Connection)| {
            connection.proved && !knows(Route::tcp(**number, connection.address))
        };
        let left: Vec<u64> = self.open.iter().filter(left).map(|(n, _)| *n).collect();
        for number in left {
            self.doubt(number, now);
        }
        let is_late = |number: &&u64| {
            let connection = self.open.get(number);
            connection.is_some_and(|connection| now.since(connection.opened) >= TCP_PROOF)
        };
        self.unproved.iter().filter(is_late).copied().collect()
    }

    /// Close *number*; its other end.
    pub fn close(&mut self, number: u64) -> Option<SocketAddr> {
        self.forget_unproved(number);
        let connection = self.open.remove(&number)?;
        Some(connection.address)
    }

    /// Queue a frame for *number* and send what the kernel takes; a frame without room is dropped whole.
    pub fn send(&mut self, number: u64, frame: &[u8], poll: &Poll) {
        let Some((connection, prefix)) = self.open.get_mut(&number).zip(prefix(frame.len())) else {
            self.dropped += 1;
            return;
        };
        if connection.backlog.len() + PREFIX_LEN + frame.len() > TCP_BACKLOG {
            self.dropped += 1;
            return;
        }
        connection.backlog.extend(prefix);
        connection.backlog.extend(frame);
        if !connection.waits_to_write {
            connection.flush(number, poll);
        }
    }

    /// The kernel has room again for *number*.
    pub fn writable(&mut self, number: u64, poll: &Poll) {
        if let Some(connection) = self.open.get_mut(&number) {
            connection.flush(number, poll);
        }
    }
}

impl Connection {
    /// Write the backlog; a broken stream shows itself when it is read.
    fn flush(&mut self, token: u64, poll: &Poll) {
        while !self.backlog.is_empty() {
            let (front, _) = self.backlog.as_slices();
            match self.stream.write(front) {
                Ok(count) if count > 0 => drop(self.backlog.drain(..count)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => break,
            }
        }
        let waits = !self.backlog.is_empty();
        if waits != self.waits_to_write {
            let interest = if waits {
                Interest::ReadAndWrite
            } else {
                Interest::Read
            };
            self.waits_to_write = waits
                && poll
                    .change(self.stream.as_raw_fd(), token, interest)
                    .is_ok();
        }
    }
}

/// Whose connections are counted together: an IPv4 address, or the 64 bits that a subscriber has of IPv6.
fn network(ip: IpAddr) -> IpAddr {
    const HOST: u128 = u64::MAX as u128;
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !HOST).into(),
    }
}

fn unmapped(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V6(v6) => v6
            .ip()
            .to_ipv4_mapped()
            .map_or(address, |ip| SocketAddr::new(ip.into(), v6.port())),
        SocketAddr::V4(_) => address,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that meets a surprise stops")]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;
    use crate::limits::TCP_READ;

    fn a_connection(connections: &mut Connections, poll: &Poll, now: Time) -> (TcpStream, u64) {
        let listener = crate::sockets::tcp(Some(Ipv4Addr::LOCALHOST.into()), 0).unwrap();
        let there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(connections.accept(now, &listener, poll));
        (there, FIRST_TOKEN + connections.next - 1)
    }

    const NOBODY: fn(Route) -> bool = |_| false;
    const EVERYBODY: fn(Route) -> bool = |_| true;

    /// Connections whose other ends are of one network each, by its number.
    fn crowd(connections: &mut Connections, poll: &Poll, networks: impl Iterator<Item = u16>) {
        let here = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        for network in networks {
            // The other end is closed already, which shows only when it is read.
            let stream = TcpStream::connect(here.local_addr().unwrap()).unwrap();
            drop(here.accept().unwrap());
            let ip = Ipv6Addr::new(0x2001, 0xdb8, 0, network, 0, 0, 0, connections.next as u16);
            connections.take(Time::ZERO, stream, (ip, 9).into(), poll);
        }
    }

    #[test]
    fn a_connection_that_shows_no_check_in_time_is_named() {
        let (mut connections, poll) = (Connections::default(), Poll::new().unwrap());
        let (_there, number) = a_connection(&mut connections, &poll, Time::ZERO);
        let (_other, proved) = a_connection(&mut connections, &poll, Time::ZERO);
        connections.prove(proved);
        let early = connections.unproved(Time::ZERO + TCP_PROOF / 2, EVERYBODY);
        assert!(early.is_empty());
        let late = connections.unproved(Time::ZERO + TCP_PROOF, EVERYBODY);
        assert_eq!(late, [number]);
        connections.close(number);
        let later = Time::ZERO + Duration::from_secs(60);
        assert!(connections.unproved(later, EVERYBODY).is_empty());
    }

    #[test]
    fn a_connection_that_its_peer_has_left_is_named_unless_it_shows_another_check() {
        let (mut connections, poll) = (Connections::default(), Poll::new().unwrap());
        let (_there, left) = a_connection(&mut connections, &poll, Time::ZERO);
        let (_other, again) = a_connection(&mut connections, &poll, Time::ZERO);
        connections.prove(left);
        connections.prove(again);
        let gone = Time::ZERO + Duration::from_secs(60);
        assert!(connections.unproved(gone, NOBODY).is_empty());
        connections.prove(again);
        let late = connections.unproved(gone + TCP_PROOF, EVERYBODY);
        assert_eq!(late, [left]);
    }

    #[test]
    fn connections_that_show_nothing_crowd_out_each_other_and_nobody_elses() {
        let (mut connections, poll) = (Connections::default(), Poll::new().unwrap());
        crowd(&mut connections, &poll, [1, 2].into_iter());
        let (proved, other) = (FIRST_TOKEN, FIRST_TOKEN + 1);
        connections.prove(proved);
        crowd(&mut connections, &poll, std::iter::repeat_n(1, 200));
        assert!(connections.is_proved(proved));
        assert!(connections.address(other).is_some());
        assert_eq!(connections.len(), 2 + TCP_UNPROVED_EACH);
        assert_eq!(connections.rejected, 200 - TCP_UNPROVED_EACH as u64);
        let youngest = FIRST_TOKEN + connections.next - 1;
        assert!(connections.address(youngest).is_some());
    }

    #[test]
    fn frames_that_come_too_fast_are_not_allowed_and_a_voice_is() {
        let (mut connections, poll) = (Connections::default(), Poll::new().unwrap());
        let (_there, number) = a_connection(&mut connections, &poll, Time::ZERO);
        let mut at = Time::ZERO;
        for _ in 0..5_000 {
            at = at + Duration::from_millis(5);
            assert!(connections.allows_frame(number, at));
        }
        let allowed = (0..5_000).filter(|_| connections.allows_frame(number, at));
        assert_eq!(allowed.count(), TCP_FRAME_BURST as usize);
    }

    #[test]
    fn sound_for_a_reader_that_has_stopped_is_dropped_whole_and_counted() {
        let (mut connections, poll) = (Connections::default(), Poll::new().unwrap());
        let (_there, number) = a_connection(&mut connections, &poll, Time::ZERO);
        let frame = [7; 1200];
        // More than any kernel buffers for one connection.
        for _ in 0..20_000 {
            connections.send(number, &frame, &poll);
        }
        // What the other end's kernel takes before anybody reads counts, too.
        let taken = (20_000 - connections.dropped) * frame.len() as u64;
        assert!(
            taken < 1 << 20,
            "{taken} bytes wait for somebody who reads nothing"
        );
        let backlog = connections.open.get(&number).unwrap().backlog.len();
        assert!(backlog <= TCP_BACKLOG);
    }

    #[test]
    fn frames_come_out_as_they_were_framed() {
        let (mut connections, poll) = (Connections::default(), Poll::new().unwrap());
        let (mut there, number) = a_connection(&mut connections, &poll, Time::ZERO);
        there.write_all(b"\x00\x03abc\x00\x02de\x00").unwrap();
        there.shutdown(std::net::Shutdown::Write).unwrap();
        let (mut budget, mut frame, mut frames) = (TCP_READ, Vec::new(), Vec::new());
        loop {
            let end = connections.fill(number, &mut budget);
            while connections.next_frame(number, &mut frame).unwrap() {
                frames.push(frame.clone());
            }
            if end == Some(ReadEnd::Over) {
                break;
            }
        }
        assert_eq!(frames, [b"abc".to_vec(), b"de".to_vec()]);
    }
}
