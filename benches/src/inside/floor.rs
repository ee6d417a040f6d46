//! The floor: one packet sealed for each of many listeners and sent in batches, and nothing else.
//!
//! Each listener has an AES-256-GCM key (the profile that our DTLS engine agrees on with every server), an address and
//! numbers of its own. The loop copies the packet, patches the number, seals it in place and hands batches to
//! sendmmsg. What a server must do beside that (who may hear whom, who is loudest, reports, checks) is what the ratio
//! shows.

use std::net::{SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// As the rows name it.
pub const PROFILE: &str = "AEAD_AES_256_GCM";

/// Datagrams handed to the kernel at once; from 8 up the cost of each is flat (docs/media.md).
const BATCH: usize = 256;
const TAG: usize = 16;
/// Bytes of a datagram at most.
const MOST_BYTES: usize = 1_500;
/// Talkers that have numbers of their own.
const TALKERS: usize = 4;
const SALT: [u8; 12] = [7; 12];

struct Listener {
    key: LessSafeKey,
    /// The index of the last packet, by talker.
    indices: [u64; TALKERS],
    address: libc::sockaddr_in,
}

/// The bare loop, with everything allocated beforehand.
pub struct Floor {
    socket: UdpSocket,
    listeners: Vec<Listener>,
    talkers: Vec<u32>,
    arena: Vec<u8>,
    header_len: usize,
    vectors: Vec<libc::iovec>,
    messages: Vec<libc::mmsghdr>,
}

impl Floor {
    /// A loop over *listeners* for RTP packets with a header of *header_len*.
    pub fn new(socket: UdpSocket, listeners: &[SocketAddrV4], header_len: usize) -> Floor {
        never_fragment(&socket);
        // SAFETY: an all-zero mmsghdr is a valid one without name or data.
        let messages = (0..BATCH).map(|_| unsafe { std::mem::zeroed() }).collect();
        let nothing = libc::iovec {
            iov_base: std::ptr::null_mut(),
            iov_len: 0,
        };
        let mut floor = Floor {
            socket,
            listeners: Vec::with_capacity(listeners.len()),
            talkers: Vec::new(),
            arena: vec![0; BATCH * (MOST_BYTES + TAG)],
            header_len,
            vectors: vec![nothing; BATCH],
            messages,
        };
        for (number, address) in listeners.iter().enumerate() {
            floor.add(number, *address);
        }
        floor
    }

    /// One listener more, whose key follows from *number*; telling it twice does no harm.
    pub fn add(&mut self, number: usize, address: SocketAddrV4) {
        let address = raw(address);
        let is_there = |listener: &Listener| {
            listener.address.sin_addr.s_addr == address.sin_addr.s_addr
                && listener.address.sin_port == address.sin_port
        };
        if !self.listeners.iter().any(is_there) {
            self.listeners.push(Listener {
                key: a_key(number),
                indices: [0; TALKERS],
                address,
            });
        }
    }

    /// *plain*, an RTP packet, to every listener; how many the kernel took.
    pub fn send(&mut self, plain: &[u8]) -> usize {
        let ssrc = plain.get(8..12).and_then(|ssrc| ssrc.first_chunk());
        let (Some(ssrc), true) = (ssrc, (self.header_len..=MOST_BYTES).contains(&plain.len()))
        else {
            return 0;
        };
        let ssrc = u32::from_be_bytes(*ssrc);
        let talker = self.talkers.iter().position(|known| *known == ssrc);
        let talker = talker.unwrap_or_else(|| {
            self.talkers.push(ssrc);
            self.talkers.len() - 1
        });
        let mut taken = 0;
        let mut start = 0;
        while start < self.listeners.len() {
            let end = (start + BATCH).min(self.listeners.len());
            self.seal(plain, ssrc, talker % TALKERS, start, end);
            taken += self.flush(plain.len() + TAG, start, end);
            start = end;
        }
        taken
    }

    fn seal(&mut self, plain: &[u8], ssrc: u32, talker: usize, start: usize, end: usize) {
        let batch = self.listeners.get_mut(start..end).unwrap_or_default();
        let slots = self.arena.chunks_exact_mut(plain.len() + TAG);
        for (listener, slot) in batch.iter_mut().zip(slots) {
            let (packet, tag) = slot.split_at_mut(plain.len());
            packet.copy_from_slice(plain);
            let Some(index) = listener.indices.get_mut(talker) else {
                continue;
            };
            *index += 1;
            let [.., high, low] = index.to_be_bytes();
            if let [_, _, to_high, to_low, ..] = packet {
                (*to_high, *to_low) = (high, low);
            }
            let nonce = Nonce::assume_unique_for_key(nonce(ssrc, *index));
            let (header, payload) = packet.split_at_mut(self.header_len);
            let sealed = listener
                .key
                .seal_in_place_separate_tag(nonce, Aad::from(header), payload);
            if let Ok(made) = sealed {
                tag.copy_from_slice(made.as_ref());
            }
        }
    }

    fn flush(&mut self, size: usize, start: usize, end: usize) -> usize {
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

/// The other end: one listener's key.
pub struct Receiving {
    key: LessSafeKey,
    /// SSRC and index of the last packet that was opened.
    seen: Vec<(u32, u64)>,
}

impl Receiving {
    /// The end of the listener with this number.
    pub fn new(number: usize) -> Receiving {
        Receiving {
            key: a_key(number),
            seen: Vec::new(),
        }
    }

    /// Open *datagram* in place; its payload, if it is what the floor has sealed.
    pub fn open<'a>(
        &mut self,
        datagram: &'a mut [u8],
        header_len: usize,
        sequence: u16,
    ) -> Option<&'a [u8]> {
        let ssrc = u32::from_be_bytes(*datagram.get(8..12)?.first_chunk()?);
        let seen = self.seen.iter_mut().find(|(known, _)| *known == ssrc);
        let last = seen.as_ref().map_or(0, |(_, index)| *index);
        let step = sequence.wrapping_sub(last as u16) as i16;
        let index = last.checked_add_signed(step.into())?;
        let (header, sealed) = datagram.split_at_mut_checked(header_len)?;
        let nonce = Nonce::assume_unique_for_key(nonce(ssrc, index));
        let opened = self.key.open_in_place(nonce, Aad::from(header), sealed);
        let opened = opened.ok()?;
        match seen {
            Some((_, last)) => *last = index,
            None => self.seen.push((ssrc, index)),
        }
        Some(opened)
    }
}

fn nonce(ssrc: u32, index: u64) -> [u8; 12] {
    let mut nonce = SALT;
    let number = ssrc.to_be_bytes().into_iter().chain(index.to_be_bytes());
    for (byte, part) in nonce.iter_mut().zip(number) {
        *byte ^= part;
    }
    nonce
}

fn a_key(number: usize) -> LessSafeKey {
    let mut bytes = [0x5a; 32];
    for (byte, part) in bytes.iter_mut().zip(number.to_be_bytes()) {
        *byte ^= part;
    }
    match UnboundKey::new(&AES_256_GCM, &bytes) {
        Ok(key) => LessSafeKey::new(key),
        Err(_) => unreachable!("thirty-two bytes are a key"),
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

/// A kernel that may have to fragment a datagram does more for each; the media core spares it that, and so does the floor.
fn never_fragment(socket: &UdpSocket) {
    let probe = libc::IP_PMTUDISC_PROBE;
    // SAFETY: the value is an int that lives through the call, and its length is told. A refusal costs time alone.
    unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_MTU_DISCOVER,
            (&raw const probe).cast(),
            size_of_val(&probe) as libc::socklen_t,
        );
    }
}

/// The IPv4 address of a socket.
pub fn v4(address: SocketAddr) -> Option<SocketAddrV4> {
    match address {
        SocketAddr::V4(v4) => Some(v4),
        SocketAddr::V6(_) => None,
    }
}
