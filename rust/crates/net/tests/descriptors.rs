//! What the driver does when the system has no descriptors left. Alone in its process, whose limit it changes.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise stops")]

mod door;

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use door::{Door, PATIENCE, allow_descriptors, framed};
use socket2::{Domain, Protocol, Socket, Type};

#[test]
fn a_connection_that_finds_no_descriptor_waits_and_is_taken_later() {
    let door = Door::open(1);
    let mut stream = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
    let free = File::open("/dev/null").unwrap().as_raw_fd();
    allow_descriptors(free as u64);
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, door.media.tcp_port().unwrap()));
    stream.connect(&server.into()).unwrap();
    stream.write_all(&framed(&door.a_check(1))).unwrap();
    let (start, failures) = (Instant::now(), || door.media.stats().tcp_accept_failures);
    while failures() < 3 {
        assert!(start.elapsed() < PATIENCE, "nothing is counted");
        std::thread::park_timeout(Duration::from_millis(10));
    }
    // About one try in a second, and not as many as a thread can make.
    let tried = failures();
    assert!(tried <= 3 + start.elapsed().as_secs() * 2, "{tried} tries");
    allow_descriptors(4_096);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    assert!(stream.read(&mut [0; 16]).is_ok_and(|count| count > 0));
}
