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
    /// STUN messages not answered: malformed, of nobody, with a wrong password, replayed, or from another's address.
    pub stun_rejected: u64,
    /// Of those, checks that had been seen before, from elsewhere or too often.
    pub stun_replayed: u64,
    /// Checks, signed by their peer, from an address that another peer holds, or one too many for their peer.
    pub routes_refused: u64,
    /// Nominations of an address that its peer had not proved yet, while another was in use.
    pub moves_unproved: u64,
    /// Datagrams not sent because their address is unproved and has had its share.
    pub drops_unproved: u64,
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
    /// Publishers' packets with copies that do not make sense.
    pub drops_red: u64,
    /// Packets lost on their way from a publisher that came back as a copy.
    pub recovered: u64,
    /// Packets of publishers that were asked for again, each time counted.
    pub asked_again: u64,
    /// Listeners who get earlier frames again now.
    pub listeners_protected: u64,
    /// Publishers' packets passed on.
    pub forwarded: u64,
}

impl std::ops::AddAssign for Stats {
    fn add_assign(&mut self, other: Self) {
        // Every field by its name, so that a new one cannot be forgotten.
        let Self {
            peers,
            spaces,
            packets_in,
            packets_out,
            bytes_in,
            bytes_out,
            drops_srtp_auth,
            drops_replay,
            drops_unknown,
            drops_pace,
            handshakes,
            handshake_failures,
            stun,
            stun_rejected,
            stun_replayed,
            routes_refused,
            moves_unproved,
            drops_unproved,
            drops_tap,
            events_dropped,
            listeners_merged,
            packets_merged,
            drops_merging,
            drops_late,
            drops_red,
            recovered,
            asked_again,
            listeners_protected,
            forwarded,
        } = other;
        self.peers += peers;
        self.spaces += spaces;
        self.packets_in += packets_in;
        self.packets_out += packets_out;
        self.bytes_in += bytes_in;
        self.bytes_out += bytes_out;
        self.drops_srtp_auth += drops_srtp_auth;
        self.drops_replay += drops_replay;
        self.drops_unknown += drops_unknown;
        self.drops_pace += drops_pace;
        self.handshakes += handshakes;
        self.handshake_failures += handshake_failures;
        self.stun += stun;
        self.stun_rejected += stun_rejected;
        self.stun_replayed += stun_replayed;
        self.routes_refused += routes_refused;
        self.moves_unproved += moves_unproved;
        self.drops_unproved += drops_unproved;
        self.drops_tap += drops_tap;
        self.events_dropped += events_dropped;
        self.listeners_merged += listeners_merged;
        self.packets_merged += packets_merged;
        self.drops_merging += drops_merging;
        self.drops_late += drops_late;
        self.drops_red += drops_red;
        self.recovered += recovered;
        self.asked_again += asked_again;
        self.listeners_protected += listeners_protected;
        self.forwarded += forwarded;
    }
}
