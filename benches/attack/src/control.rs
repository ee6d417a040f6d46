//! How late this machine is by itself: the gaps of a plain echo, to compare with those of the voices.

use std::collections::HashMap;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use arengo_bench_channel::Failure;

use crate::ear::{FRAME_NS, Heard, Sending};
use crate::report::Finding;
use crate::scene::Scene;
use crate::socket::{Timed, wall_ns};

/// One for each media thread of a server with two cores.
const ECHOES: u16 = 2;

/// Send to each echo every 20 ms until the soak is over, and find the longest gap in what comes back.
pub fn stream(scene: &Scene) -> Result<Finding, Failure> {
    let mut streams = Vec::new();
    for _ in 0..ECHOES {
        let echo = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let to = echo.local_addr()?;
        std::thread::spawn(move || answer(&echo));
        streams.push((Timed::open(Ipv4Addr::LOCALHOST)?, to, Heard::default()));
    }
    let mut sending: HashMap<u16, Sending> = HashMap::new();
    while !scene.is_over() {
        sending.entry(0).or_default().sent(wall_ns(), false);
        for (socket, to, _) in &streams {
            socket.send(*to, b"tick");
        }
        std::thread::sleep(Duration::from_nanos(FRAME_NS));
        for (socket, _, heard) in &mut streams {
            while let Some((_, at)) = socket.receive() {
                heard.hear(0, at, &sending);
            }
        }
    }
    for (socket, to, _) in &streams {
        socket.send(*to, &[]);
    }
    let longest = streams.iter().map(|(_, _, heard)| heard.gap_ns).max();
    let what = "longest gap of an echo without a server";
    let longest_ms = longest.unwrap_or(0) as f64 / 1e6;
    Ok(Finding::noted(0, what, longest_ms, "ms"))
}

/// Send everything back until an empty datagram comes.
fn answer(echo: &UdpSocket) {
    let mut buffer = [0; 16];
    while let Ok((length @ 1.., from)) = echo.recv_from(&mut buffer) {
        let _lost = echo.send_to(buffer.get(..length).unwrap_or_default(), from);
    }
}
