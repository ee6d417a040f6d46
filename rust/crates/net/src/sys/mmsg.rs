//! Many datagrams by one system call.

use std::io;
use std::mem;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::RawFd;
use std::ptr;

/// A socket address as the kernel writes and reads it; large enough for both families.
#[derive(Clone, Copy)]
struct RawAddress {
    storage: libc::sockaddr_in6,
    len: libc::socklen_t,
}

const IN6: libc::socklen_t = mem::size_of::<libc::sockaddr_in6>() as libc::socklen_t;
const IN4: libc::socklen_t = mem::size_of::<libc::sockaddr_in>() as libc::socklen_t;

impl RawAddress {
    const fn empty() -> Self {
        // SAFETY: all zeros is a valid sockaddr_in6.
        Self {
            storage: unsafe { mem::zeroed() },
            len: IN6,
        }
    }

    fn set(&mut self, address: SocketAddr) {
        match address {
            SocketAddr::V6(v6) => {
                self.storage.sin6_family = libc::AF_INET6 as libc::sa_family_t;
                self.storage.sin6_port = v6.port().to_be();
                self.storage.sin6_flowinfo = v6.flowinfo();
                self.storage.sin6_addr.s6_addr = v6.ip().octets();
                self.storage.sin6_scope_id = v6.scope_id();
                self.len = IN6;
            }
            SocketAddr::V4(v4) => {
                // SAFETY: all zeros is a valid sockaddr_in.
                let mut raw: libc::sockaddr_in = unsafe { mem::zeroed() };
                raw.sin_family = libc::AF_INET as libc::sa_family_t;
                raw.sin_port = v4.port().to_be();
                raw.sin_addr.s_addr = u32::from(*v4.ip()).to_be();
                // SAFETY: a sockaddr_in is smaller than a sockaddr_in6 and not more strictly aligned.
                unsafe { ptr::write((&raw mut self.storage).cast(), raw) };
                self.len = IN4;
            }
        }
    }

    /// The address; an IPv4 one mapped into IPv6 comes out as IPv4.
    fn address(&self) -> Option<SocketAddr> {
        match i32::from(self.storage.sin6_family) {
            libc::AF_INET6 if self.len >= IN6 => {
                let ip = Ipv6Addr::from(self.storage.sin6_addr.s6_addr);
                let port = u16::from_be(self.storage.sin6_port);
                let scope = self.storage.sin6_scope_id;
                Some(match ip.to_ipv4_mapped() {
                    Some(v4) => SocketAddr::V4(SocketAddrV4::new(v4, port)),
                    None => SocketAddr::V6(SocketAddrV6::new(ip, port, 0, scope)),
                })
            }
            libc::AF_INET if self.len >= IN4 => {
                // SAFETY: the family says sockaddr_in, which is smaller and not more strictly aligned.
                let raw: libc::sockaddr_in = unsafe { ptr::read((&raw const self.storage).cast()) };
                let ip = Ipv4Addr::from(u32::from_be(raw.sin_addr.s_addr));
                Some(SocketAddr::V4(SocketAddrV4::new(
                    ip,
                    u16::from_be(raw.sin_port),
                )))
            }
            _ => None,
        }
    }
}

const NO_HEADER: libc::mmsghdr = libc::mmsghdr {
    // SAFETY: all zeros is a valid msghdr: null pointers with lengths of zero.
    msg_hdr: unsafe { mem::zeroed() },
    msg_len: 0,
};
const NO_BUFFER: libc::iovec = libc::iovec {
    iov_base: ptr::null_mut(),
    iov_len: 0,
};

/// Buffers to receive many datagrams at once.
pub struct Receiver {
    cells: Box<[u8]>,
    cell: usize,
    addresses: Vec<RawAddress>,
    buffers: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
}

impl Receiver {
    /// Room for *count* datagrams of at most *cell* bytes; longer ones come marked as too long.
    #[must_use]
    pub fn new(count: usize, cell: usize) -> Self {
        Self {
            cells: vec![0; count * cell].into_boxed_slice(),
            cell,
            addresses: vec![RawAddress::empty(); count],
            buffers: vec![NO_BUFFER; count],
            headers: vec![NO_HEADER; count],
        }
    }

    /// Take what waits on *fd* without waiting for it; how many datagrams that was.
    pub fn receive(&mut self, fd: RawFd) -> io::Result<usize> {
        let parts = self
            .cells
            .chunks_exact_mut(self.cell)
            .zip(&mut self.addresses);
        for ((cell, address), (buffer, header)) in
            parts.zip(self.buffers.iter_mut().zip(&mut self.headers))
        {
            buffer.iov_base = cell.as_mut_ptr().cast();
            buffer.iov_len = cell.len();
            address.len = IN6;
            header.msg_hdr.msg_name = (&raw mut address.storage).cast();
            header.msg_hdr.msg_namelen = IN6;
            header.msg_hdr.msg_iov = buffer;
            header.msg_hdr.msg_iovlen = 1;
        }
        // SAFETY: every header points to one buffer and one address of this value, all alive and borrowed by nobody
        // else until the call returns; their count is what the call is told.
        let received = unsafe {
            libc::recvmmsg(
                fd,
                self.headers.as_mut_ptr(),
                self.headers.len() as libc::c_uint,
                libc::MSG_DONTWAIT,
                ptr::null_mut(),
            )
        };
        let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
        for (address, header) in self.addresses.iter_mut().zip(&self.headers).take(received) {
            address.len = header.msg_hdr.msg_namelen;
        }
        Ok(received)
    }

    /// The first *count* datagrams of the last [`Receiver::receive`] and where they came from; too long ones are left out.
    pub fn datagrams(&mut self, count: usize) -> impl Iterator<Item = (SocketAddr, &mut [u8])> {
        self.cells
            .chunks_exact_mut(self.cell)
            .zip(self.addresses.iter().zip(&self.headers))
            .take(count)
            .filter(|(_, (_, header))| header.msg_hdr.msg_flags & libc::MSG_TRUNC == 0)
            .filter_map(|(cell, (address, header))| {
                Some((address.address()?, cell.get_mut(..header.msg_len as usize)?))
            })
    }
}

/// Datagrams to one destination: all as long as the first, the last one perhaps shorter.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// Where to.
    pub to: SocketAddr,
    /// All of them, one behind the other.
    pub bytes: &'a [u8],
    /// Bytes of each.
    pub segment: usize,
    /// How many.
    pub count: usize,
}

impl<'a> Run<'a> {
    fn datagrams(self) -> impl Iterator<Item = Run<'a>> {
        self.bytes
            .chunks(self.segment.max(1))
            .map(move |datagram| Run {
                bytes: datagram,
                segment: datagram.len(),
                count: 1,
                ..self
            })
    }
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Datagrams that the kernel took.
    pub sent: usize,
    /// Datagrams that it did not.
    pub dropped: usize,
    /// Runs of more than one datagram that it took, and cut apart.
    pub segmented: usize,
    /// Runs that it did not cut: their datagrams went one by one.
    pub refused: usize,
}

/// Bytes of the control message that says how long a segment is.
// SAFETY: the macro only computes.
const CONTROL: usize = unsafe { libc::CMSG_SPACE(mem::size_of::<u16>() as u32) } as usize;

/// Room for that message, aligned as its header wants it.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; CONTROL]);

impl Control {
    /// `UDP_SEGMENT` with *segment* still to be written behind the header.
    fn new() -> Self {
        let mut control = Self([0; CONTROL]);
        // SAFETY: all zeros is a valid cmsghdr.
        let mut header: libc::cmsghdr = unsafe { mem::zeroed() };
        // SAFETY: the macro only computes.
        header.cmsg_len = unsafe { libc::CMSG_LEN(mem::size_of::<u16>() as u32) } as _;
        header.cmsg_level = libc::SOL_UDP;
        header.cmsg_type = libc::UDP_SEGMENT;
        // SAFETY: the room is longer than the header and aligned to 8, as much as the header wants.
        unsafe { ptr::write(control.0.as_mut_ptr().cast(), header) };
        control
    }

    fn set(&mut self, segment: u16) {
        let start = mem::size_of::<libc::cmsghdr>();
        if let Some(place) = self.0.get_mut(start..start + mem::size_of::<u16>()) {
            place.copy_from_slice(&segment.to_ne_bytes());
        }
    }
}

/// Whether the kernel cuts runs on *fd*, a UDP socket.
#[must_use]
pub fn segments(fd: RawFd) -> bool {
    let none: libc::c_int = 0;
    // SAFETY: the option's value lives through the call and is as long as the call is told.
    let set = unsafe {
        libc::setsockopt(
            fd,
            libc::SOL_UDP,
            libc::UDP_SEGMENT,
            (&raw const none).cast(),
            mem::size_of_val(&none) as libc::socklen_t,
        )
    };
    set == 0
}

/// How sending a batch ended.
enum End {
    Done,
    /// The kernel would not cut the run at this place.
    Refused(usize, Refusal),
}

enum Refusal {
    /// For this destination.
    This,
    /// For any: the device or the route has no way to.
    All,
}

/// Headers to send many datagrams at once.
pub struct Sender {
    addresses: Vec<RawAddress>,
    buffers: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
    controls: Vec<Control>,
    counts: Vec<usize>,
    segments: bool,
}

impl Sender {
    /// Room for *count* runs; *segments* says whether the kernel cuts them.
    #[must_use]
    pub fn new(count: usize, segments: bool) -> Self {
        Self {
            addresses: vec![RawAddress::empty(); count],
            buffers: vec![NO_BUFFER; count],
            headers: vec![NO_HEADER; count],
            controls: vec![Control::new(); count],
            counts: vec![0; count],
            segments,
        }
    }

    /// Send *runs* by *fd* without waiting; what the kernel has no room for now is dropped, because it is sound.
    ///
    /// Where the kernel refuses to cut a run its datagrams go one by one, and from then on all do.
    pub fn send<'a>(&mut self, fd: RawFd, runs: impl Iterator<Item = Run<'a>> + Clone) -> Sent {
        let mut outcome = Sent::default();
        let mut done = 0;
        while self.segments {
            let End::Refused(at, refusal) =
                self.send_all(fd, runs.clone().skip(done), &mut outcome)
            else {
                return outcome;
            };
            done += at;
            outcome.refused += 1;
            match refusal {
                Refusal::All => self.segments = false,
                Refusal::This => {
                    let this = runs.clone().skip(done).take(1);
                    self.send_all(fd, this.flat_map(Run::datagrams), &mut outcome);
                    done += 1;
                }
            }
        }
        let rest = runs.skip(done).flat_map(Run::datagrams);
        self.send_all(fd, rest, &mut outcome);
        outcome
    }

    fn send_all<'a>(
        &mut self,
        fd: RawFd,
        runs: impl Iterator<Item = Run<'a>>,
        outcome: &mut Sent,
    ) -> End {
        let mut runs = runs.peekable();
        let mut done = 0;
        while runs.peek().is_some() {
            let filled = self.fill(&mut runs);
            if let End::Refused(at, refusal) = self.send_filled(fd, filled, outcome) {
                return End::Refused(done + at, refusal);
            }
            done += filled;
        }
        End::Done
    }

    fn fill<'a>(&mut self, runs: &mut impl Iterator<Item = Run<'a>>) -> usize {
        let mut filled = 0;
        let places = self
            .addresses
            .iter_mut()
            .zip(&mut self.buffers)
            .zip(&mut self.headers)
            .zip(self.controls.iter_mut().zip(&mut self.counts));
        for ((((address, buffer), header), (control, count)), run) in places.zip(runs) {
            address.set(run.to);
            buffer.iov_base = run.bytes.as_ptr().cast_mut().cast();
            buffer.iov_len = run.bytes.len();
            header.msg_hdr.msg_name = (&raw mut address.storage).cast();
            header.msg_hdr.msg_namelen = address.len;
            header.msg_hdr.msg_iov = buffer;
            header.msg_hdr.msg_iovlen = 1;
            *count = run.count;
            if run.count > 1 {
                control.set(run.segment as u16);
                header.msg_hdr.msg_control = (&raw mut control.0).cast();
                header.msg_hdr.msg_controllen = CONTROL as _;
            } else {
                header.msg_hdr.msg_control = ptr::null_mut();
                header.msg_hdr.msg_controllen = 0;
            }
            filled += 1;
        }
        filled
    }

    fn send_filled(&mut self, fd: RawFd, filled: usize, outcome: &mut Sent) -> End {
        let mut at = 0;
        while let Some(rest) = self
            .headers
            .get_mut(at..filled)
            .filter(|rest| !rest.is_empty())
        {
            // SAFETY: each of these headers points to an address, a buffer and perhaps a control message of this value,
            // and the buffer to datagrams that the caller of `send` still borrows; the kernel only reads them, until
            // the call returns.
            let sent = unsafe {
                libc::sendmmsg(
                    fd,
                    rest.as_mut_ptr(),
                    rest.len() as libc::c_uint,
                    libc::MSG_DONTWAIT,
                )
            };
            let counts = self.counts.get(at..filled).unwrap_or_default();
            match usize::try_from(sent) {
                Ok(sent) => {
                    for count in counts.iter().take(sent) {
                        outcome.sent += count;
                        outcome.segmented += usize::from(*count > 1);
                    }
                    at += sent.max(1);
                }
                Err(_) => {
                    let error = io::Error::last_os_error();
                    let count = counts.first().copied().unwrap_or(1);
                    match (error.raw_os_error(), error.kind()) {
                        (_, io::ErrorKind::Interrupted) => {}
                        (_, io::ErrorKind::WouldBlock) => {
                            outcome.dropped += counts.iter().sum::<usize>();
                            return End::Done;
                        }
                        (Some(libc::EIO | libc::EINVAL), _) if count > 1 => {
                            return End::Refused(at, Refusal::All);
                        }
                        (Some(libc::EMSGSIZE), _) if count > 1 => {
                            return End::Refused(at, Refusal::This);
                        }
                        // This destination cannot be reached; the others still can.
                        _ => {
                            outcome.dropped += count;
                            at += 1;
                        }
                    }
                }
            }
        }
        End::Done
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test that meets a surprise stops; it calls the system itself"
)]
mod tests {
    use std::net::UdpSocket;
    use std::os::fd::AsRawFd;
    use std::time::Duration;

    use super::*;

    fn a_pair() -> (UdpSocket, UdpSocket) {
        let here = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let there = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        there
            .set_read_timeout(Some(Duration::from_secs(2)))
            .unwrap();
        (here, there)
    }

    fn received(socket: &UdpSocket, count: usize) -> Vec<Vec<u8>> {
        let mut buffer = [0; 2_000];
        (0..count)
            .map(|_| {
                let length = socket.recv(&mut buffer).unwrap();
                buffer.get(..length).unwrap_or_default().to_vec()
            })
            .collect()
    }

    /// Runs of 100, 100 and 40 bytes, of one datagram, and again of three.
    fn runs(to: SocketAddr, bytes: &[u8]) -> Vec<Run<'_>> {
        let run = |from, to_byte, segment: usize| {
            let bytes: &[u8] = bytes.get(from..to_byte).unwrap_or_default();
            Run {
                to,
                bytes,
                segment,
                count: bytes.len().div_ceil(segment),
            }
        };
        vec![run(0, 240, 100), run(240, 300, 60), run(300, 450, 50)]
    }

    #[test]
    fn runs_arrive_as_their_datagrams_whether_the_kernel_cuts_them_or_we_do() {
        let (here, there) = a_pair();
        let to = there.local_addr().unwrap();
        let bytes: Vec<u8> = (0..450_u32).map(|n| n as u8).collect();
        let runs = runs(to, &bytes);
        for cuts in [segments(here.as_raw_fd()), false] {
            let mut sender = Sender::new(2, cuts);
            let sent = sender.send(here.as_raw_fd(), runs.iter().copied());
            assert_eq!((sent.sent, sent.dropped, sent.refused), (7, 0, 0));
            assert_eq!(sent.segmented, if cuts { 2 } else { 0 });
            let got = received(&there, 7);
            let lengths: Vec<usize> = got.iter().map(Vec::len).collect();
            assert_eq!(lengths, [100, 100, 40, 60, 50, 50, 50]);
            assert_eq!(got.concat(), bytes);
        }
    }

    #[test]
    fn where_the_kernel_refuses_to_cut_everything_still_arrives_once() {
        let (here, there) = a_pair();
        // Without checksums the kernel does not cut (EINVAL): a device's refusal, on a socket of our own.
        let yes: libc::c_int = 1;
        // SAFETY: the option's value lives through the call and is as long as the call is told.
        let set = unsafe {
            libc::setsockopt(
                here.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_NO_CHECK,
                (&raw const yes).cast(),
                mem::size_of_val(&yes) as libc::socklen_t,
            )
        };
        assert_eq!(set, 0);
        let to = there.local_addr().unwrap();
        let bytes = [7; 450];
        let runs = runs(to, &bytes);
        let mut sender = Sender::new(8, segments(here.as_raw_fd()));
        let sent = sender.send(here.as_raw_fd(), runs.iter().copied());
        assert_eq!((sent.sent, sent.dropped, sent.segmented), (7, 0, 0));
        assert!(!sender.segments, "it is not asked again");
        assert_eq!(received(&there, 7).concat(), bytes);
        let again = sender.send(here.as_raw_fd(), runs.iter().copied());
        assert_eq!((again.sent, again.refused), (7, 0));
    }

    #[test]
    fn a_run_of_segments_too_long_for_the_route_goes_by_itself_and_others_are_still_cut() {
        let (here, there) = a_pair();
        let to = there.local_addr().unwrap();
        // Longer than a segment of the loopback device may be; one by one the kernel refuses them as well.
        let bytes = vec![1; 140_000];
        let long = Run {
            to,
            bytes: &bytes,
            segment: 65_535,
            count: 3,
        };
        let small = [5; 450];
        let mut list = vec![long];
        list.extend(runs(to, &small));
        let mut sender = Sender::new(8, segments(here.as_raw_fd()));
        let sent = sender.send(here.as_raw_fd(), list.iter().copied());
        assert_eq!(sent.sent + sent.dropped, 7 + 3);
        assert!(sent.sent >= 7 && sender.segments);
    }
}
