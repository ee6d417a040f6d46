//! ICE-TCP against those who would rather not listen.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets a surprise stops"
)]

mod door;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use door::{Door, PATIENCE, framed};

/// Whether the other end closes the connection, whatever it says before.
fn is_closed(mut stream: &TcpStream) -> bool {
    let deadline = Instant::now() + PATIENCE;
    let mut buffer = [0; 4096];
    while Instant::now() < deadline {
        match stream.read(&mut buffer) {
            Ok(0) => return true,
            Ok(_) => {}
            // A reset is as good an end as an orderly one.
            Err(error) => return error.kind() != ErrorKind::WouldBlock,
        }
    }
    false
}

/// Whether something comes, as an answer to a check does.
fn is_answered(mut stream: &TcpStream) -> bool {
    stream.read(&mut [0; 16]).is_ok_and(|count| count > 0)
}

/// Wait until the counters say so.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

#[test]
fn a_check_is_answered_however_slowly_it_comes_and_whatever_empty_frames_are_before_it() {
    let door = Door::open(1);
    let mut stream = door.connect();
    stream.write_all(&[0; 2_000]).unwrap();
    for byte in framed(&door.a_check(1)) {
        stream.write_all(&[byte]).unwrap();
    }
    assert!(is_answered(&stream));
}

#[test]
fn a_check_that_was_shown_once_proves_no_other_connection() {
    for shards in [1, 2] {
        let door = Door::open(shards);
        let check = framed(&door.a_check(1));
        let (mut first, mut second) = (door.connect(), door.connect());
        first.write_all(&check).unwrap();
        assert!(is_answered(&first));
        second.write_all(&check).unwrap();
        assert!(is_closed(&second), "{shards} shards");
        until("it is counted", || {
            door.media.stats().core.stun_replayed == 1
        });
    }
}

#[test]
fn half_a_frame_keeps_no_connection_open() {
    let door = Door::open(1);
    let mut stream = door.connect();
    stream.write_all(&framed(&door.a_check(1))[..50]).unwrap();
    assert!(is_closed(&stream));
    until("it is counted", || door.media.stats().tcp_rejected == 1);
}

#[test]
fn a_connection_that_floods_after_a_good_check_is_closed() {
    for shards in [1, 2] {
        let door = Door::open(shards);
        let mut stream = door.connect();
        stream.write_all(&framed(&door.a_check(1))).unwrap();
        assert!(is_answered(&stream));
        // It may be closed while this is written.
        let _ = stream.write_all(&[0, 1, 0x80].repeat(20_000));
        assert!(is_closed(&stream), "{shards} shards");
    }
}

#[test]
fn a_peer_keeps_as_many_connections_as_it_has_routes() {
    for shards in [1, 2] {
        let door = Door::open(shards);
        let streams: Vec<_> = (0..40)
            .map(|number| {
                let mut stream = door.connect();
                stream.write_all(&framed(&door.a_check(number))).unwrap();
                assert!(is_answered(&stream));
                stream
            })
            .collect();
        until("the rest is closed", || {
            door.media.stats().tcp_connections == 8
        });
        assert!(streams.iter().take(32).all(is_closed));
    }
}

#[test]
fn a_connection_is_closed_after_its_peer_has_gone() {
    for shards in [1, 2] {
        let door = Door::open(shards);
        let mut stream = door.connect();
        stream.write_all(&framed(&door.a_check(1))).unwrap();
        assert!(is_answered(&stream));
        door.media.close_space(1, "ended".to_owned());
        assert!(is_closed(&stream), "{shards} shards");
    }
}

#[test]
fn idle_connections_from_an_address_keep_nobody_else_there_out() {
    let door = Door::open(1);
    let idle: Vec<_> = (0..600).map(|_| door.connect()).collect();
    let mut stream = door.connect();
    stream.write_all(&framed(&door.a_check(1))).unwrap();
    assert!(is_answered(&stream));
    until("most are closed", || {
        door.media.stats().tcp_connections <= 65
    });
    assert!(door.media.stats().tcp_rejected >= 536);
    drop(idle);
}

#[test]
fn connections_that_come_and_go_leave_nothing_behind() {
    let door = Door::open(2);
    for number in 0..500_u16 {
        let mut stream = door.connect();
        if number % 25 == 0 {
            stream
                .write_all(&framed(&door.a_check((number / 25) as u8)))
                .unwrap();
            assert!(is_answered(&stream));
        }
    }
    until("none is left", || {
        let stats = door.media.stats();
        (stats.tcp_connections, stats.routes) == (0, 0)
    });
}
