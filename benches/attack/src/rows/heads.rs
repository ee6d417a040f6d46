//! Row 2: request heads that never end, over HTTP and in WebSocket handshakes.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use arengo_bench_channel::{Failure, http};

use crate::report::Finding;
use crate::scene::{Scene, address};

/// How much to send in a whole soak, in one connection, and at once.
const MOST_BYTES: usize = 600_000_000;
const MOST_EACH: usize = 100_000_000;
const BURST: usize = 20_000_000;
const CHUNK: usize = 65_536;
/// A server that takes nothing for this long has stopped reading.
const STUCK: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_millis(250);
/// How much of one head the server may take; most of it is what the kernel buffers.
const BOUND_MB: f64 = 12.0;

const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\n";

pub fn attack(scene: &Scene) -> Result<Vec<Finding>, Failure> {
    let channel = format!("GET /api/v1/spaces/{}/channel", scene.space);
    let mut forms: Vec<(String, Vec<u8>)> = Vec::new();
    for (path, more) in [("GET /healthz", ""), (&*channel, UPGRADE)] {
        let head = format!(
            "{path} HTTP/1.1\r\nHost: {}\r\n{more}",
            scene.server.address
        );
        forms.push((head.clone(), b"X-One-More: of them\r\n".repeat(CHUNK / 21)));
        forms.push((head + "X-Endless: ", vec![b'a'; CHUNK]));
        forms.push((format!("{path}?"), vec![b'a'; CHUNK]));
    }
    let (mut sent, mut most, mut connections) = (0, 0, 0);
    let mut kept: Vec<TcpStream> = Vec::new();
    let began = Instant::now();
    for (head, more) in forms.iter().cycle() {
        if !scene.pause(AGAIN) || sent >= MOST_BYTES {
            break;
        }
        connections += 1;
        let Ok(mut stream) = http::connect(scene.server.address, address(2, 1)) else {
            continue;
        };
        let before = sent;
        if stream.write_all(head.as_bytes()).is_ok()
            && fill(scene, &mut stream, more, began, &mut sent)
        {
            kept.push(stream);
        }
        most = most.max(sent - before);
    }
    while scene.pause(AGAIN) {}
    Ok(vec![
        Finding::bounded(
            2,
            "longest head".to_owned(),
            most as f64 / 1e6,
            BOUND_MB,
            "MB",
        ),
        Finding::none(
            2,
            format!("endless heads that stayed open, of {connections}"),
            kept.len(),
        ),
        Finding::noted(2, "written as heads", sent as f64 / 1e6, "MB"),
    ])
}

/// Write *more* as long as the server takes it; returns whether it took all that one connection may send, or stopped reading.
fn fill(
    scene: &Scene,
    stream: &mut TcpStream,
    more: &[u8],
    began: Instant,
    sent: &mut usize,
) -> bool {
    let per_s = MOST_BYTES as f64 / scene.length.as_secs_f64();
    let end = (*sent + MOST_EACH).min(MOST_BYTES);
    let mut taken = Instant::now();
    if stream.set_nonblocking(true).is_err() {
        return false;
    }
    while *sent < end {
        if scene.is_over() {
            return false;
        }
        let allowed = BURST + (began.elapsed().as_secs_f64() * per_s) as usize;
        if *sent > allowed {
            taken = Instant::now();
        } else {
            match stream.write(more) {
                Ok(count) => {
                    (*sent, taken) = (*sent + count, Instant::now());
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return false,
            }
        }
        if taken.elapsed() > STUCK {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    *sent < MOST_BYTES // else it is our own end, not the server's
}
