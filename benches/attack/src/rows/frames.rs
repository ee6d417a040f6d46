//! Row 1: anonymous WebSockets that write 2 MB/s of empty frames, before or after `hello`, and never read.

use std::io::{ErrorKind, Write};
use std::time::{Duration, Instant};

use arengo_bench_channel::Failure;
use arengo_bench_channel::frames::text;

use crate::channel::upgraded;
use crate::report::Finding;
use crate::scene::{Scene, address};

const BYTES_PER_S: usize = 2_000_000;
const CHUNK: usize = 20_004;
/// How long to flood a socket that the server does not close.
const LONGEST: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_millis(500);

/// For each kind of flood: what goes first, and the empty masked frame that follows without end.
const KINDS: [(&[u8], [u8; 6]); 3] = [
    (&[], [0x8a, 0x80, 1, 2, 3, 4]),                       // pongs
    (&[], [0x89, 0x80, 1, 2, 3, 4]),                       // pings
    (&[0x01, 0x80, 1, 2, 3, 4], [0x00, 0x80, 1, 2, 3, 4]), // continuations of one text
];

pub fn attack(scene: &Scene) -> Result<Vec<Finding>, Failure> {
    let (mut sockets, mut closed, mut bytes) = (0, 0, 0);
    std::thread::scope(|scope| {
        let floods: Vec<_> = KINDS
            .iter()
            .zip(1..)
            .map(|(kind, number)| scope.spawn(move || flood(scene, *kind, number)))
            .collect();
        for flood in floods {
            let (s, c, b) = flood.join().unwrap_or_default();
            (sockets, closed, bytes) = (sockets + s, closed + c, bytes + b);
        }
    });
    let kept = format!("flooding sockets that stayed open, of {sockets}");
    Ok(vec![
        Finding::none(1, kept, sockets - closed),
        Finding::noted(1, "written to flooding sockets", bytes as f64 / 1e6, "MB"),
    ])
}

/// Flood one socket after another: how many there were, how many the server closed, and the bytes written.
fn flood(scene: &Scene, kind: (&[u8], [u8; 6]), number: u8) -> (u32, u32, usize) {
    let (mut sockets, mut closed, mut bytes) = (0, 0, 0);
    while scene.pause(AGAIN) {
        sockets += 1;
        let says_hello = sockets % 2 == 0;
        match flood_one(scene, kind, number, says_hello, &mut bytes) {
            Ok(false) if !scene.is_over() => {}
            _ => closed += 1,
        }
    }
    (sockets, closed, bytes)
}

/// Flood one socket; returns whether the server closed it.
fn flood_one(
    scene: &Scene,
    (first, frame): (&[u8], [u8; 6]),
    number: u8,
    says_hello: bool,
    bytes: &mut usize,
) -> Result<bool, Failure> {
    let mut stream = upgraded(scene.server.address, address(1, number), &scene.other, None)?;
    if says_hello {
        stream.write_all(&text(r#"{"type":"hello"}"#))?;
    }
    stream.write_all(first)?;
    stream.set_nonblocking(true)?;
    let chunk = frame.repeat(CHUNK / frame.len());
    let (began, mut sent) = (Instant::now(), 0);
    while began.elapsed() < LONGEST && !scene.is_over() {
        if sent < (began.elapsed().as_secs_f64() * BYTES_PER_S as f64) as usize {
            // The last write may have ended within a frame.
            let rest = chunk.get(sent % frame.len()..).unwrap_or_default();
            match stream.write(rest) {
                Ok(count) => (sent, *bytes) = (sent + count, *bytes + count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(_) => return Ok(true),
            }
        } else {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    Ok(false)
}
