//! ICE-TCP, passive (RFC 6544): framed datagrams over connections that others open.

use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;

use arengo_core::Time;
use arengo_wire::rfc4571::{Deframer, PREFIX_LEN, prefix};

use crate::limits::{
    TCP_BACKLOG, TCP_CONNECTIONS, TCP_CONNECTIONS_EACH, TCP_PROOF, TCP_UNPROVED_FRAMES,
};
use crate::sys::poll::{Interest, Poll};

/// Tokens at and above this one are connections.
pub const FIRST_TOKEN: u64 = 1 << 32;

struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    deframer: Deframer,
    backlog: VecDeque<u8>,
    opened: Time,
    proved: bool,
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

/// The connections, by number.
#[derive(Default)]
pub struct Connections {
    open: HashMap<u64, Connection>,
    each: HashMap<IpAddr, usize>,
    next: u64,
    /// Frames that found no room.
    pub dropped: u64,
    /// Connections that were one too many, or showed nothing.
    pub rejected: u64,
}

impl Connections {
    /// Take what waits on *listener*; false when the system cannot give more connections now.
    pub fn accept(&mut self, now: Time, listener: &TcpListener, poll: &Poll) -> bool {
        loop {
            let (stream, address) = match listener.accept() {
                Ok(accepted) => accepted,
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return true,
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => continue,
                    _ => return false,
                },
            };
            let address = unmapped(address);
            let each = self.each.get(&address.ip()).copied().unwrap_or(0);
            if self.open.len() >= TCP_CONNECTIONS || each >= TCP_CONNECTIONS_EACH {
                self.rejected += 1;
                continue;
            }
            let token = FIRST_TOKEN + self.next;
            let is_ready = stream.set_nonblocking(true).is_ok()
                && stream.set_nodelay(true).is_ok()
                && poll.add(stream.as_raw_fd(), token, Interest::Read).is_ok();
            if !is_ready {
                self.rejected += 1;
                continue;
            }
            *self.each.entry(address.ip()).or_default() += 1;
            self.next += 1;
            self.open.insert(
                token,
                Connection {
                    stream,
                    address,
                    deframer: Deframer::new(),
                    backlog: VecDeque::new(),
                    opened: now,
                    proved: false,
                    handed_on: 0,
                    waits_to_write: false,
                },
            );
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
        self.open
            .get_mut(&number)
            .map(|connection| connection.proved = true)
            .is_some()
    }

    /// A frame goes to another shard, which will tell of an authenticated check; false when it was one too many before that.
    pub fn hand_on(&mut self, number: u64) -> bool {
        self.open.get_mut(&number).is_some_and(|connection| {
            connection.handed_on = connection.handed_on.saturating_add(1);
            connection.proved || connection.handed_on <= TCP_UNPROVED_FRAMES
        })
    }

    /// Connections that have shown nothing for too long.
    #[must_use]
    pub fn unproved(&self, now: Time) -> Vec<u64> {
        let late = |connection: &Connection| {
            !connection.proved && now.since(connection.opened) >= TCP_PROOF
        };
        self.open
            .iter()
            .filter(|(_, connection)| late(connection))
            .map(|(number, _)| *number)
            .collect()
    }

    /// Close *number*; its other end.
    pub fn close(&mut self, number: u64) -> Option<SocketAddr> {
        let connection = self.open.remove(&number)?;
        if let Some(each) = self.each.get_mut(&connection.address.ip()) {
            *each -= 1;
            if *each == 0 {
                self.each.remove(&connection.address.ip());
            }
        }
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
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(listener.set_nonblocking(true).is_ok() && connections.accept(now, &listener, poll));
        (there, FIRST_TOKEN + connections.next - 1)
    }

    #[test]
    fn a_connection_that_shows_no_check_in_time_is_named() {
        let (mut connections, poll) = (Connections::default(), Poll::new().unwrap());
        let (_there, number) = a_connection(&mut connections, &poll, Time::ZERO);
        let (_other, proved) = a_connection(&mut connections, &poll, Time::ZERO);
        connections.prove(proved);
        assert!(connections.unproved(Time::ZERO + TCP_PROOF / 2).is_empty());
        assert_eq!(connections.unproved(Time::ZERO + TCP_PROOF), [number]);
        connections.close(number);
        assert!(
            connections
                .unproved(Time::ZERO + Duration::from_secs(60))
                .is_empty()
        );
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
        assert!(connections.dropped > 0);
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
