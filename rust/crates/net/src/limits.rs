//! Every limit of the driver, with its reason.

use std::time::Duration;

/// Datagrams taken by one system call.
pub const RECEIVE_BATCH: usize = 64;
/// Receive calls in a row on one socket before others have their turn.
pub const RECEIVE_ROUNDS: usize = 8;
/// Datagrams given to one system call; at least what a batch of the core holds.
pub const SEND_BATCH: usize = 256;
/// Asked of the kernel for UDP, each way: what a flood brings while the thread sends a slice still finds room. The
/// administrator gets it, others what `net.core.{r,w}mem_max` allow.
pub const SOCKET_BUFFER: usize = 8 << 20;
/// Commands that wait for the media thread; a caller waits when there are more.
pub const COMMANDS: usize = 4096;
/// A caller waits this long for the media thread to take a peer.
pub const REPLY: Duration = Duration::from_secs(5);
/// ICE-TCP connections at once.
pub const TCP_CONNECTIONS: usize = 4096;
/// ICE-TCP connections at once from one address; a school behind one is larger, an attacker is not let in for more.
pub const TCP_CONNECTIONS_EACH: usize = 512;
/// A TCP connection that has not shown an authenticated check in this time is closed.
pub const TCP_PROOF: Duration = Duration::from_secs(5);
/// Bytes that wait for a slow TCP reader: about a second of sound; more is dropped, because it is sound.
pub const TCP_BACKLOG: usize = 64 << 10;
/// Bytes read from one TCP connection before others have their turn.
pub const TCP_READ: usize = 16 << 10;
/// Addresses told in one answer, before ports.
pub const CANDIDATE_ADDRESSES: usize = 12;
/// Threads for handshakes; one is enough for some hundred joins a second.
pub const HANDSHAKE_THREADS: usize = 2;
/// Buckets of the forward delay histogram: up to 2^23 µs, eight seconds.
pub const DELAY_BUCKETS: usize = 24;
/// Bytes of tapped packets that wait for the service beyond those in the shard.
pub const TAP: usize = 4 << 20;
/// Peers of one space that live together on one shard; from here on new ones are spread over all of them. As many as one
/// batch of datagrams serves: below that a word to another shard costs more than it saves.
pub const SPREAD_FROM: usize = 256;
/// Shards unless the operator says otherwise: more only help where a single node's network card is faster than that.
pub const SHARDS: usize = 4;
/// Words and frames that wait for another media thread before sound is dropped: what a large audience over TCP gets at once.
pub const MAIL_WORDS: usize = 8192;
/// Datagrams that wait for another media thread; each of its listeners sends about one in two seconds.
pub const MAIL_DATAGRAMS: usize = 1024;
/// Datagrams handed over by others that are taken before one's own socket has its turn.
pub const MAIL_ROUND: usize = 128;
/// Frames of a TCP connection that are handed to another shard before that has said whether the first was a good check.
pub const TCP_UNPROVED_FRAMES: u32 = 8;
/// Times that any free port is looked for again, when another process was quicker to take the one found.
pub const PORT_TRIES: usize = 8;
