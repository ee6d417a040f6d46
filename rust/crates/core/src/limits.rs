//! Every limit of the media core that is not set by the operator, with its reason.

use std::time::Duration;

/// First retransmission of a DTLS flight; the client's own timers go on beside it (RFC 6347 §4.2.4.1 allows less than a second).
pub const DTLS_FIRST_RETRANSMIT: Duration = Duration::from_millis(400);
/// A handshake that takes longer has failed.
pub const DTLS_TIMEOUT: Duration = Duration::from_secs(20);
/// An engine stays this long after its handshake: as long as a client may want the last flight again.
pub const DTLS_STAYS: Duration = Duration::from_secs(20);
/// Whoever may have said goodbye, which nobody could open any more, is gone after this long without an authenticated
/// packet; a client that lives checks its address more often (RFC 7675 §5.1).
pub const DOUBT: Duration = Duration::from_secs(10);
/// Largest record that the DTLS engine gives out; its MTU is 1150.
pub const DTLS_OUTPUT: usize = 2048;
/// Datagrams that wait for a handshake thread, per peer; more are dropped, and the client sends them again.
pub const DTLS_WAITING: usize = 8;

/// Largest datagram that is looked at; no peer sends larger ones (Ethernet).
pub const DATAGRAM: usize = 1500;
/// Addresses that one peer may have checked at once: two families, UDP and TCP, two networks.
pub const ROUTES_PER_PEER: usize = 8;
/// An address that its peer has proved and used so lately is nobody else's. Browsers check what they use each 2.5 to
/// 6 seconds, so that one lost check gives nothing away.
pub const ROUTE_HELD: Duration = Duration::from_secs(10);
/// And one that it has only checked, for so long after the first check: enough to prove it over any path.
pub const CHECK_HELD: Duration = Duration::from_secs(2);
/// An address that was not in use for so long is proved anew before sound goes there: as long as consent to receive
/// lasts (RFC 7675 §5.1).
pub const PROOF_LASTS: Duration = Duration::from_secs(30);
/// A route in use that has been quiet for this long gives way to one that carries media.
pub const QUIET_FOR_MEDIA: Duration = Duration::from_secs(3);
/// And for this long, to one that is merely checked: browsers check what they do not use, too.
pub const QUIET_FOR_CHECKS: Duration = Duration::from_secs(8);
/// Bytes sent to an unproved address for each that came from it. A check and a ClientHello are 220 bytes at least; the
/// answer, our own check and our first DTLS flight are 800. QUIC allows 3 (RFC 9000 §8.1).
pub const UNPROVED_BYTES: usize = 4;
/// Transactions of a peer's checks that are remembered: those of two minutes and a half, where a browser checks one address.
pub const TRANSACTIONS: usize = 64;
/// Receiving lines of a listener, and slots of a space.
pub const SLOTS: usize = 3;
/// Largest Opus packet that is passed on; the header and a tag still fit a datagram on a 1280-byte path.
pub const OPUS_PACKET: usize = 1100;
/// Publishers of a space whose levels are told at once.
pub const LEVELS: usize = 16;

/// Thousandths of its time for which a media thread is busy under load; small audiences are merged then.
pub const BUSY: u16 = 700;
/// Below this a thread has room again.
pub const CALM: u16 = 500;
/// How long it must have, and the audience be small, before merging ends.
pub const CALM_FOR: Duration = Duration::from_secs(10);
/// Audiences smaller than this are not worth merging even under load.
pub const MERGE_BUSY_FROM: usize = 50;
/// Listeners who are moved to merged packets or back at once.
pub const MERGE_STEP: usize = 128;
/// Loss that a listener reports, of 256, from which each packet carries one earlier frame again: 1.2 %.
pub const LOSS_FOR_ONE: u8 = 3;
/// And from which it carries two: 3 %.
pub const LOSS_FOR_TWO: u8 = 8;
/// For how long after that, so that nobody goes to and fro.
pub const PROTECTED_FOR: Duration = Duration::from_secs(30);
/// Loss, of 256, that listeners may report of a speaker's packets which were mended late: 2 %. More is their own.
pub const MENDED_LATE: u8 = 5;
/// How long reports are gathered before speakers are asked for forward error correction, or are no longer.
pub const FEC_WINDOW: Duration = Duration::from_secs(10);
/// Of so many listeners who report, one who loses packets and cannot take copies is enough to ask.
pub const FEC_AUDIENCE: u32 = 10;
/// The largest loss that is told to speakers, of 256: 9.8 %. Their encoders spend bits on it, and from 15 % on so many
/// that a voice of 48 kbit/s sounds worse than with less, however much is lost (libopus 1.3: PESQ 4.5 at 10 %, 4.0 at 15 %).
pub const FEC_LOSS: u8 = 25;
/// Loss that a listener reports, of 256, above which they get packets as they come: 2 %.
pub const LOSS: u8 = 5;
/// For how long after that.
pub const LOSSY_FOR: Duration = Duration::from_secs(30);
/// Datagrams of a slice for audiences, after which sockets are read again: about half a millisecond.
pub const SLICE: usize = 256;
/// Packets that wait for the audience of one space; more are dropped and counted.
pub const AUDIENCE_PACKETS: usize = 256;
/// Bytes of Opus that wait for the audience of one space.
pub const AUDIENCE_BYTES: usize = 128 << 10;
/// A packet that has waited this long for the audience is dropped: players have given it up.
pub const AUDIENCE_WAIT: Duration = Duration::from_millis(200);
/// Spaces whose audiences wait at once before the list of them grows.
pub const SPACES_TO_SERVE: usize = 256;
/// Packets whose way is over that are told of between two looks.
pub const SERVED: usize = 1024;

/// A voice's packets come at most this fast for long, and so many of them at once: 5 ms frames pass, and what a stalled
/// connection gives out after four seconds; more would be multiplied by every listener.
pub const PACKET_PACE: Duration = Duration::from_millis(5);
/// See [`PACKET_PACE`].
pub const PACKET_BURST: u32 = 200;
/// A peer's own checks are answered at most this often for long, and so many of them at once: a browser with many
/// addresses begins with a volley. Checks that are not authenticated cost a look at a table and get no answer at all.
pub const CHECK_PACE: Duration = Duration::from_millis(20);
/// See [`CHECK_PACE`].
pub const CHECK_BURST: u32 = 100;

/// A tick that is due so soon is done with the packets that have come: the thread wakes up once for both.
pub const TICK_SLACK: Duration = Duration::from_millis(8);

/// How often [`crate::Shard::tick`] sweeps a part of the slab; sender reports go out at the sweep.
pub const SWEEP_TICK: Duration = Duration::from_millis(100);
/// The same where there are no peers: what the driver hangs on it is no more urgent than that.
pub const EMPTY_TICK: Duration = Duration::from_secs(1);
/// How often a space that merges is looked at: its phases are that far apart.
pub const MERGE_TICK: Duration = Duration::from_millis(20);
/// Parts of the slab: all of it is swept in five seconds.
pub const SWEEP_PARTS: usize = 50;
/// Receiver reports to a publisher: its Opus FEC follows the loss they tell.
pub const RECEIVER_REPORT: Duration = Duration::from_millis(1500);
/// A peer that has not finished its handshake after this is closed.
pub const JOIN: Duration = Duration::from_secs(30);

/// Events that wait for the service; levels give way first, and a peer has at most one of each other kind waiting.
pub const EVENTS: usize = 8192;
/// Bytes of tapped packets that wait for the service; new ones are dropped and counted.
pub const TAP: usize = 4 << 20;
