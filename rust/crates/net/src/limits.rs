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
/// ICE-TCP connections at once; when there are more, the oldest that has shown no check gives way. An attacker would have
/// to open thirteen thousand a second to close others before a check over a slow path arrives.
pub const TCP_CONNECTIONS: usize = 4096;
/// Of those that have shown no check, so many from one address, or one IPv6 network of 64 bits; then the oldest gives way.
pub const TCP_UNPROVED_EACH: usize = 64;
/// A TCP connection that has not shown an authenticated check in this time is closed, and one whose peer has left it.
pub const TCP_PROOF: Duration = Duration::from_secs(5);
/// Connections accepted in a row before others have their turn.
pub const TCP_ACCEPTS: usize = 64;
/// A connection's frames come at most this fast for long, and so many of them at once: a voice and its reports pass, and
/// what a stalled path gives out after four seconds. A connection that brings more is closed.
pub const TCP_FRAME_PACE: Duration = Duration::from_millis(4);
/// See [`TCP_FRAME_PACE`].
pub const TCP_FRAME_BURST: u32 = 500;
/// Asked of the kernel for what it sends on a TCP connection: a reader that has stopped costs no more, and finds no old sound.
pub const TCP_SEND_BUFFER: usize = 64 << 10;
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
