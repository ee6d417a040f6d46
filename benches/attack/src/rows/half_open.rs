//! Row 9: requests whose head or body never ends. Half of them send a byte now and then; closed ones are replaced.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use arengo_bench_channel::{Failure, http};

use crate::report::Finding;
use crate::scene::{Scene, address};

const MOST: usize = 300;
const ADDRESSES: usize = 4;
const LOOK_EVERY: Duration = Duration::from_millis(100);
const NEW_AT_A_LOOK: usize = 4;
const BYTE_EVERY: Duration = Duration::from_secs(2);
/// How long a half-open request may live.
const OLDEST_S: f64 = 40.0;

struct HalfOpen {
    stream: TcpStream,
    since: Instant,
    dripped: Instant,
    drips: bool,
}

pub fn attack(scene: &Scene) -> Result<Vec<Finding>, Failure> {
    let mut held: Vec<HalfOpen> = Vec::new();
    let (mut opened, mut closed, mut most) = (0, 0, 0);
    let mut oldest = Duration::ZERO;
    while scene.pause(LOOK_EVERY) {
        for _ in 0..NEW_AT_A_LOOK.min(MOST - held.len()) {
            opened += 1;
            held.extend(open(scene, opened).ok());
        }
        let before = held.len();
        held.retain_mut(|one| {
            let is_open = one.is_open();
            oldest = oldest.max(one.since.elapsed());
            is_open
        });
        closed += before - held.len();
        most = most.max(held.len());
    }
    let what = "oldest half-open request".to_owned();
    Ok(vec![
        Finding::bounded(9, what, oldest.as_secs_f64(), OLDEST_S, "s"),
        Finding::noted(9, "half-open requests made", opened as f64, ""),
        Finding::noted(
            9,
            "half-open requests that the server closed",
            closed as f64,
            "",
        ),
        Finding::noted(9, "half-open requests at once", most as f64, ""),
    ])
}

fn open(scene: &Scene, number: usize) -> Result<HalfOpen, Failure> {
    let from = address(9, 1 + (number % ADDRESSES) as u8);
    let mut stream = http::connect(scene.server.address, from)?;
    let begun = match number / 2 % 2 {
        0 => "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        _ => {
            "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"
        }
    };
    stream.write_all(begun.as_bytes())?;
    stream.set_nonblocking(true)?;
    let now = Instant::now();
    Ok(HalfOpen {
        stream,
        since: now,
        dripped: now,
        drips: number.is_multiple_of(2),
    })
}

impl HalfOpen {
    fn is_open(&mut self) -> bool {
        if self.drips && self.dripped.elapsed() > BYTE_EVERY {
            self.dripped = Instant::now();
            if self.stream.write(b"a").is_err() {
                return false;
            }
        }
        match self.stream.read(&mut [0; 1_024]) {
            Ok(count) => count > 0,
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        }
    }
}
