//! The floor: one packet sealed for each of many listeners and sent in batches, and nothing else.
//!
//! Each listener has an AES-128-GCM key, an address and a number of its own. The loop copies the packet, patches the
//! number, seals it in place and hands batches to sendmmsg. What a server must do beside that (who may hear whom, who
//! is loudest, reports, checks) is what the ratio shows.

use std::net::{SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// Datagrams handed to the kernel at once; from 8 up the cost of each is flat (docs/media.md).
const BATCH: usize = 256;
const TAG: usize = 16;

struct Listener {
    key: LessSafeKey,
    salt: [u8; 12],
    index: u64,
    address: libc::sockaddr_in,
}

/// The bare loop, with everything allocated beforehand.
pub struct Floor {
    socket: UdpSocket,
    listeners: Vec<Listener>,
    arena: Vec<u8>,
    plain: Vec<u8>,
    header_len: usize,
    vectors: Vec<libc::iovec>,
    messages: Vec<libc::mmsghdr>,
}

impl Floor {
    /// Seal *plain*, an RTP packet with a header of *header_len*, for each of *listeners*.
    pub fn new(
        socket: UdpSocket,
        listeners: &[SocketAddrV4],
        plain: &[u8],
        header_len: usize,
    ) -> Floor {
        let make = |(number, address): (usize, &SocketAddrV4)| Listener {
            key: a_key(number),
            salt: [7; 12],
            index: 0,
            address: raw(*address),
        };
        // SAFETY: an all-zero mmsghdr is a valid one without name or data.
        let messages = (0..BATCH).map(|_| unsafe { std::mem::zeroed() }).collect();
        Floor {
            socket,
            listeners: listeners.iter().enumerate().map(make).collect(),
            arena: vec![0; BATCH * (plain.len() + TAG)],
            plain: plain.to_vec(),
            header_len,
            vectors: vec![
                libc::iovec {
                    iov_base: std::ptr::null_mut(),
                    iov_len: 0
                };
                BATCH
            ],
            messages,
        }
    }

    /// One packet to every listener; how many the kernel took.
    pub fn send_one(&mut self) -> usize {
        let mut taken = 0;
        let mut start = 0;
        while start < self.listeners.len() {
            let end = (start + BATCH).min(self.listeners.len());
            self.seal(start, end);
            taken += self.flush(start, end);
            start = end;
        }
        taken
    }

    fn seal(&mut self, start: usize, end: usize) {
        let size = self.plain.len() + TAG;
        let batch = self.listeners.get_mut(start..end).unwrap_or_default();
        for (listener, slot) in batch.iter_mut().zip(self.arena.chunks_exact_mut(size)) {
            let (packet, tag) = slot.split_at_mut(self.plain.len());
            packet.copy_from_slice(&self.plain);
            listener.index += 1;
            let [.., high, low] = listener.index.to_be_bytes();
            if let [_, _, to_high, to_low, ..] = packet {
                (*to_high, *to_low) = (high, low);
            }
            let mut nonce = listener.salt;
            for (byte, number) in nonce.iter_mut().skip(4).zip(listener.index.to_be_bytes()) {
                *byte ^= number;
            }
            let (header, payload) = packet.split_at_mut(self.header_len);
            let sealed = listener.key.seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(header),
                payload,
            );
            if let Ok(made) = sealed {
                tag.copy_from_slice(made.as_ref());
            }
        }
    }

    fn flush(&mut self, start: usize, end: usize) -> usize {
        let size = self.plain.len() + TAG;
        let batch = self.listeners.get_mut(start..end).unwrap_or_default();
        let slots = self.arena.chunks_exact_mut(size);
        let headers = self.messages.iter_mut().zip(&mut self.vectors);
        for ((listener, slot), (message, vector)) in batch.iter_mut().zip(slots).zip(headers) {
            vector.iov_base = slot.as_mut_ptr().cast();
            vector.iov_len = slot.len();
            message.msg_hdr.msg_name = std::ptr::from_mut(&mut listener.address).cast();
            message.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in>() as u32;
            message.msg_hdr.msg_iov = vector;
            message.msg_hdr.msg_iovlen = 1;
        }
        let count = end - start;
        let mut sent = 0;
        while sent < count {
            // SAFETY: the first *count* headers point into the arena, the vectors and the listeners, none of which
            // moves before the call returns.
            let result = unsafe {
                let first = self.messages.as_mut_ptr().add(sent);
                libc::sendmmsg(self.socket.as_raw_fd(), first, (count - sent) as u32, 0)
            };
            match usize::try_from(result) {
                Ok(taken) if taken > 0 => sent += taken,
                // One that the kernel refuses is lost, as a server would lose it.
                _ => sent += 1,
            }
        }
        sent
    }
}

fn a_key(number: usize) -> LessSafeKey {
    let mut bytes = [0x5a; 16];
    for (byte, part) in bytes.iter_mut().zip(number.to_be_bytes()) {
        *byte ^= part;
    }
    match UnboundKey::new(&AES_128_GCM, &bytes) {
        Ok(key) => LessSafeKey::new(key),
        Err(_) => unreachable!("sixteen bytes are a key"),
    }
}

fn raw(address: SocketAddrV4) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as u16,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from(*address.ip()).to_be(),
        },
        sin_zero: [0; 8],
    }
}

/// The IPv4 address of a socket.
pub fn v4(address: SocketAddr) -> Option<SocketAddrV4> {
    match address {
        SocketAddr::V4(v4) => Some(v4),
        SocketAddr::V6(_) => None,
    }
}
