//! Counters of a shard since its start.

/// What has happened so far; numbers only grow, but for `peers` and `spaces`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Peers now.
    pub peers: u64,
    /// Spaces with at least one peer now.
    pub spaces: u64,
    /// Datagrams received.
    pub packets_in: u64,
    /// Datagrams made.
    pub packets_out: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes made.
    pub bytes_out: u64,
    /// SRTP or SRTCP packets whose tag was wrong.
    pub drops_srtp_auth: u64,
    /// SRTP or SRTCP packets seen before.
    pub drops_replay: u64,
    /// Datagrams of nobody, of an unknown stream, or malformed.
    pub drops_unknown: u64,
    /// Packets of publishers who send too many.
    pub drops_pace: u64,
    /// Handshakes completed.
    pub handshakes: u64,
    /// Handshakes failed.
    pub handshake_failures: u64,
    /// STUN messages received.
    pub stun: u64,
    /// STUN messages not answered: malformed, of nobody, or with a wrong password.
    pub stun_rejected: u64,
    /// Tapped packets that found no room.
    pub drops_tap: u64,
    /// Events that gave way to others.
    pub events_dropped: u64,
    /// Listeners who get merged packets now.
    pub listeners_merged: u64,
    /// Merged packets queued, each counted for every listener that it is for.
    pub packets_merged: u64,
    /// Packets that came after the merged one that they belonged to had gone, counted for each phase.
    pub drops_merging: u64,
    /// Packets that had waited too long for an audience, each counted once for all of it.
    pub drops_late: u64,
    /// Publishers' packets passed on.
    pub forwarded: u64,
}

impl std::ops::AddAssign for Stats {
    fn add_assign(&mut self, other: Self) {
        self.peers += other.peers;
        self.spaces += other.spaces;
        self.packets_in += other.packets_in;
        self.packets_out += other.packets_out;
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
        self.drops_srtp_auth += other.drops_srtp_auth;
        self.drops_replay += other.drops_replay;
        self.drops_unknown += other.drops_unknown;
        self.drops_pace += other.drops_pace;
        self.handshakes += other.handshakes;
        self.handshake_failures += other.handshake_failures;
        self.stun += other.stun;
        self.stun_rejected += other.stun_rejected;
        self.drops_tap += other.drops_tap;
        self.events_dropped += other.events_dropped;
        self.forwarded += other.forwarded;
    }
}
