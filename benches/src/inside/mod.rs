//! The core beside the floor, packet by packet, in this process.
//!
//! One person talks, in packets of 20 ms, to 100, 1,000 and 3,000 listeners over loopback. The core is the product's own,
//! on its own thread with its own sockets; the floor ([`floor`]) sends packets of the same size to the same sockets.
//! Both take turns packet by packet, so that whatever else the machine does befalls both. Cost is the CPU time of the
//! sending thread; a round is a number of packets, and the row is the median of the rounds.

mod clock;
pub mod floor;
mod room;

use std::error::Error;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

use clock::{ThreadClock, median};
use floor::Floor;
use room::Room;

/// One talker heard by many: the CPU of the sending thread for each delivered packet.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub listeners: usize,
    /// Earlier frames that each packet carries again, for listeners who lose packets.
    pub copies: usize,
    pub datagrams_each: usize,
    /// Bytes of a datagram's payload, as sealed.
    pub bytes: usize,
    pub floor_us: f64,
    pub core_us: f64,
}

impl Row {
    pub fn ratio(&self) -> f64 {
        self.core_us / self.floor_us
    }
}

/// Listeners, packets in a round, and copies in each packet.
const SIZES: [(usize, usize, usize); 5] = [
    (100, 60, 0),
    (1_000, 20, 0),
    (1_000, 20, 1),
    (1_000, 20, 2),
    (3_000, 10, 0),
];
const FRAME: Duration = Duration::from_millis(20);

/// 20 ms of Opus as large as speech at 32 kbit/s.
const OPUS: [u8; 80] = {
    let mut opus = [0x55; 80];
    opus[0] = 0xf8;
    opus
};
/// Fixed header, one CSRC, one extension block of one word: as the core sends it.
const HEADER: usize = 12 + 4 + 8;

/// Measure every size, in so many rounds.
pub fn run(rounds: usize) -> Result<Vec<Row>, Box<dyn Error>> {
    let rows = SIZES
        .iter()
        .map(|&(listeners, packets, copies)| measure(listeners, packets, copies, rounds));
    rows.collect()
}

fn measure(
    listeners: usize,
    packets: usize,
    copies: usize,
    rounds: usize,
) -> Result<Row, Box<dyn Error>> {
    let mut room = Room::open(listeners, copies)?;
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let plain = a_packet();
    let mut floor = Floor::new(socket, &room.addresses()?, HEADER);
    // A first round for caches, neighbours and full buffers; it does not count.
    a_round(&mut room, &mut floor, &plain, packets)?;
    let (mut of_core, mut of_floor) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (core, bare) = a_round(&mut room, &mut floor, &plain, packets)?;
        of_core.push(core);
        of_floor.push(bare);
    }
    if room.refused() > 0 {
        eprintln!(
            "arengo-bench: the kernel refused {} datagrams of the core",
            room.refused()
        );
    }
    Ok(Row {
        listeners,
        copies,
        datagrams_each: rounds * packets * listeners,
        bytes: plain.len() + 16,
        floor_us: median(of_floor),
        core_us: median(of_core),
    })
}

/// µs of CPU for each datagram: of the core, and of the floor.
fn a_round(
    room: &mut Room,
    floor: &mut Floor,
    plain: &[u8],
    packets: usize,
) -> Result<(f64, f64), Box<dyn Error>> {
    let (core_clock, own_clock) = (ThreadClock::of("arengo-media")?, ThreadClock::own());
    let (mut core, mut bare) = (Duration::ZERO, Duration::ZERO);
    let (mut core_made, mut bare_made) = (0, 0);
    for _ in 0..packets {
        let next = Instant::now() + FRAME;
        let before = core_clock.read();
        core_made += room.say(&OPUS)?;
        core += core_clock.read().saturating_sub(before);
        let before = own_clock.read();
        bare_made += floor.send(plain) as u64;
        bare += own_clock.read().saturating_sub(before);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let each = |time: Duration, made: u64| time.as_secs_f64() * 1e6 / made.max(1) as f64;
    Ok((each(core, core_made), each(bare, bare_made)))
}

/// An RTP packet like those of the core, unsealed.
fn a_packet() -> Vec<u8> {
    let mut packet = vec![0x91, 111];
    packet.resize(16, 7);
    packet.extend([0xbe, 0xde, 0, 1, 0x10, 20, 0, 0]);
    packet.extend(OPUS);
    packet
}

/// A socket for each listener is more than many shells allow at first.
pub fn raise_file_limit() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the structure lives through both calls; a limit that cannot be raised shows when sockets run out.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
        }
    }
}
