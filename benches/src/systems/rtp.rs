//! The end of a WebRTC path: the client crate's peer, with most packets of sound counted from outside.

use std::net::{SocketAddr, SocketAddrV4};
use std::time::Instant;

use arengo_client::{Peer, State, Way};

use super::{Glance, Heard, Protocol, Standing, Wire};

/// SRTP: header in clear, reports told apart by RFC 5761.
pub const RTP: Protocol = Protocol {
    glance,
    sequence_bits: 16,
    has_timestamps: true,
    sample: 50,
};

fn glance(datagram: &[u8]) -> Glance {
    match datagram {
        [128..=191, kind, s1, s0, t3, t2, t1, t0, i3, i2, i1, i0, ..]
            if !(192..=223).contains(kind) =>
        {
            Glance::Sound {
                stream: u32::from_be_bytes([*i3, *i2, *i1, *i0]),
                sequence: u16::from_be_bytes([*s1, *s0]),
                timestamp: u32::from_be_bytes([*t3, *t2, *t1, *t0]),
            }
        }
        _ => Glance::Other,
    }
}

/// A WebRTC participant, once there is an answer.
pub struct RtpWire {
    peer: Peer,
}

impl RtpWire {
    pub fn new(peer: Peer) -> RtpWire {
        RtpWire { peer }
    }
}

impl Wire for RtpWire {
    fn take(
        &mut self,
        from: SocketAddrV4,
        datagram: &mut [u8],
        unopened: u64,
        now: Instant,
    ) -> Option<Heard> {
        if let Glance::Sound { stream, .. } = glance(datagram) {
            self.peer.count_unopened(stream, unopened);
        }
        let from = Way::udp(SocketAddr::V4(from));
        self.peer.handle_datagram(from, datagram, now);
        let opened = self.peer.received(1).pop()?;
        Some(Heard { opus: opened.opus })
    }

    fn wake(&mut self, now: Instant) {
        self.peer.handle_timeout(now);
    }

    fn next_wake(&self) -> Option<Instant> {
        self.peer.next_timeout()
    }

    fn next_datagram(&mut self) -> Option<(SocketAddrV4, Vec<u8>)> {
        while let Some(transmit) = self.peer.poll_transmit() {
            if let SocketAddr::V4(to) = transmit.to.address {
                return Some((to, transmit.datagram));
            }
        }
        None
    }

    fn say(&mut self, opus: &[u8], at: Instant) {
        // One packet and one level; a talker is equally loud all the time, so that every server passes all of it on.
        // The peer paces what it sends by the time that it is told: by the clock instead, a packet said a little sooner
        // after its due time than the first one was would wait for the next.
        let _lengths_match = self.peer.send_opus(&[opus], &[LEVEL_DBOV], at);
        self.peer.handle_timeout(at);
    }

    fn standing(&self) -> Standing {
        match self.peer.state() {
            State::New | State::Checking => Standing::Connecting,
            State::Connected => Standing::Connected,
            State::Closed | State::Failed => Standing::Over,
        }
    }

    fn close(&mut self, now: Instant) {
        self.peer.close(now);
    }

    fn profile(&self) -> Option<&'static str> {
        self.peer.profile()
    }
}

const LEVEL_DBOV: i32 = -20;
