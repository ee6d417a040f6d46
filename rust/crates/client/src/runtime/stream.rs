//! ICE-TCP, active (RFC 6544): framed datagrams over a connection that this side opens.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, RawFd};

use arengo_wire::rfc4571::{Deframer, prefix};

use super::system;
use crate::limits;

/// A connection, perhaps still on its way to being one.
#[derive(Debug)]
pub struct Stream {
    tcp: TcpStream,
    deframer: Deframer,
    backlog: Vec<u8>,
}

impl Stream {
    /// Begin to connect.
    pub fn open(to: SocketAddr) -> io::Result<Stream> {
        let tcp = system::connect(to)?;
        Ok(Stream {
            tcp,
            deframer: Deframer::new(),
            backlog: Vec::new(),
        })
    }

    /// Queue a datagram behind what waits; one too many is dropped, it is audio.
    pub fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        let Some(prefix) = prefix(datagram.len()) else {
            return Ok(());
        };
        if self.backlog.len() + datagram.len() <= limits::MOST_STREAM_BACKLOG {
            self.backlog.extend(prefix);
            self.backlog.extend(datagram);
        }
        self.flush()
    }

    /// Write what waits, as far as it goes.
    pub fn flush(&mut self) -> io::Result<()> {
        while !self.backlog.is_empty() {
            match self.tcp.write(&self.backlog) {
                Ok(count) => drop(self.backlog.drain(..count)),
                // A connection on its way says one or the other.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::NotConnected
                    ) =>
                {
                    break;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Give every whole datagram that has come to *take*; an error when the connection is over.
    pub fn receive(&mut self, mut take: impl FnMut(&mut [u8])) -> io::Result<()> {
        let mut frame = Vec::new();
        loop {
            match self.tcp.read(self.deframer.space()) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.deframer.filled(count),
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::NotConnected
                    ) =>
                {
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            while let Some(next) = self.deframer.next_frame().map_err(io::Error::other)? {
                frame.clear();
                frame.extend_from_slice(next);
                take(&mut frame);
            }
        }
    }
}

impl AsRawFd for Stream {
    fn as_raw_fd(&self) -> RawFd {
        self.tcp.as_raw_fd()
    }
}
