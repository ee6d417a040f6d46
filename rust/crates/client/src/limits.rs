//! Every limit of a client, in one place.

use std::time::Duration;

/// Lines that a client may offer to receive on.
pub const MOST_RECEIVE_LINES: usize = 16;

/// Opus packets that wait to be sent; at 20 ms each, an hour. More are refused by not being queued.
pub const MOST_QUEUED: usize = 180_000;

/// Received packets that wait to be fetched; at three lines of 20 ms, about 27 s. The oldest make room.
pub const MOST_RECEIVED: usize = 4_096;

/// Bytes of an Opus packet: what fits a datagram beside header, extensions and tag.
pub const MOST_OPUS_BYTES: usize = 1_200;

/// Packets that are kept to be sent again, and packets of a line whose time is remembered: 1.3 s at 20 ms each.
pub const MOST_REMEMBERED: usize = 64;

/// Candidates of an answer that are tried; more are ignored.
pub const MOST_CANDIDATES: usize = 16;

/// Datagrams that wait for the socket; more are dropped, it is audio.
pub const MOST_TRANSMITS: usize = 256;

/// Bytes of a datagram that is read.
pub const MOST_DATAGRAM_BYTES: usize = 2_048;

/// Bytes that wait for a slow connection; more are dropped.
pub const MOST_STREAM_BACKLOG: usize = 64 * 1024;

/// How long UDP is tried alone; then the answer's TCP candidates are tried beside it.
pub const UDP_ALONE: Duration = Duration::from_millis(500);

/// The length of a packet whose own header does not tell, and of silence.
pub const FRAME: Duration = Duration::from_millis(20);

/// A sender that was kept from sending for longer than this goes on with now instead of catching up.
pub const MOST_CATCH_UP: Duration = Duration::from_millis(200);

/// Between connectivity checks of the first second, and after it.
pub const CHECK_EAGERLY: Duration = Duration::from_millis(100);
pub const CHECK_PATIENTLY: Duration = Duration::from_millis(500);

/// Between consent checks (RFC 7675 has 5 s; half of it notices sooner), and when one went unanswered.
pub const CONSENT: Duration = Duration::from_millis(2_500);
pub const CONSENT_RETRY: Duration = Duration::from_millis(500);

/// Without any authenticated answer for this long a path is given up for the others that the answer named.
pub const PATH_SILENCE: Duration = Duration::from_secs(5);

/// Without any authenticated answer for this long a client has failed.
pub const SILENCE: Duration = Duration::from_secs(15);

/// Between reports (RFC 3550 section 6.2).
pub const REPORT: Duration = Duration::from_secs(5);
