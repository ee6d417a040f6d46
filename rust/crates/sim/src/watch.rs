//! An eye on what the shard seals: a number used twice under one key would give the key away (RFC 7714 section 9.1).

use std::collections::BTreeMap;
use std::net::SocketAddr;

use arengo_wire::rtp::Header;

use crate::network::is_sound;

/// Numbers may come again after half their range; the rollover counter is another one then.
const HALF: u64 = 1 << 15;

/// The numbers of every stream to every listener.
#[derive(Debug, Default)]
pub struct SealWatch {
    streams: BTreeMap<(SocketAddr, u32), Stream>,
}

#[derive(Debug)]
struct Stream {
    count: u64,
    /// By sequence number: which packet of the stream last had it, 0 for none.
    last: Vec<u64>,
}

impl SealWatch {
    /// See a datagram leave; panics when its number was used a moment ago.
    pub fn see(&mut self, to: SocketAddr, datagram: &[u8]) {
        if !is_sound(datagram) {
            return;
        }
        let header = Header::parse(datagram).expect("the shard sends whole packets");
        let fresh = || Stream {
            count: HALF,
            last: vec![0; 1 << 16],
        };
        let stream = self.streams.entry((to, header.ssrc)).or_insert_with(fresh);
        stream.count += 1;
        let before =
            std::mem::replace(&mut stream.last[usize::from(header.sequence)], stream.count);
        let since = stream.count - before;
        assert!(
            since > HALF || before == 0,
            "number {} is sealed twice",
            header.sequence
        );
    }
}
