//! The recording tap: Opus packets of chosen publishers, untouched, as one run of bytes.
//!
//! A record, all numbers big-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 4 | length of the rest of the record |
//! | 8 | space |
//! | 8 | peer |
//! | 4 | voice |
//! | 8 | time of arrival, µs since the Unix epoch |
//! | 4 | the publisher's RTP timestamp |
//! | 8 | the publisher's packet index: sequence number and how often it has wrapped |
//! | 1 | level: the V bit and 0 to 127 minus dBov, as RFC 6464 puts it |
//! | rest | the Opus packet |

use crate::limits::TAP;

/// Bytes of a record before its Opus packet, its own length not counted.
const FIXED: usize = 8 + 8 + 4 + 8 + 4 + 8 + 1;

/// One tapped packet.
#[derive(Clone, Copy, Debug)]
pub struct Tapped<'a> {
    /// The space.
    pub space: u64,
    /// The publisher.
    pub peer: u64,
    /// Its voice.
    pub voice: u32,
    /// Arrival, µs since the Unix epoch.
    pub unix_micros: u64,
    /// The publisher's RTP timestamp.
    pub timestamp: u32,
    /// The publisher's packet index.
    pub index: u64,
    /// The level byte of RFC 6464.
    pub level: u8,
    /// The Opus packet.
    pub opus: &'a [u8],
}

/// Records that wait; bounded, so that a reader that stops costs itself and nobody else.
#[derive(Default)]
pub struct Tap {
    records: Vec<u8>,
}

impl Tap {
    /// Add a record; false when there is no room for it.
    pub fn push(&mut self, packet: &Tapped<'_>) -> bool {
        let length = FIXED + packet.opus.len();
        if self.records.len() + 4 + length > TAP {
            return false;
        }
        if self.records.capacity() == 0 {
            self.records.reserve_exact(TAP);
        }
        self.records
            .extend_from_slice(&(length as u32).to_be_bytes());
        self.records.extend_from_slice(&packet.space.to_be_bytes());
        self.records.extend_from_slice(&packet.peer.to_be_bytes());
        self.records.extend_from_slice(&packet.voice.to_be_bytes());
        self.records
            .extend_from_slice(&packet.unix_micros.to_be_bytes());
        self.records
            .extend_from_slice(&packet.timestamp.to_be_bytes());
        self.records.extend_from_slice(&packet.index.to_be_bytes());
        self.records.push(packet.level);
        self.records.extend_from_slice(packet.opus);
        true
    }

    /// Whether records wait.
    #[must_use]
    pub fn has_records(&self) -> bool {
        !self.records.is_empty()
    }

    /// Move whole records into *to* as long as it stays within *most* bytes.
    pub fn drain_into(&mut self, to: &mut Vec<u8>, most: usize) {
        let mut end = 0;
        while let Some(length) = self
            .records
            .get(end..end + 4)
            .and_then(<[u8]>::first_chunk::<4>)
        {
            let next = end + 4 + u32::from_be_bytes(*length) as usize;
            if next > most.saturating_sub(to.len()) {
                break;
            }
            end = next;
        }
        to.extend(self.records.drain(..end));
    }
}
