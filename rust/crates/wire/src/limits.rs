//! Every bound that this crate puts on what others send.

/// Bytes of a session description; browsers' offers for a stay are about 6 KiB.
pub const SDP_BYTES: usize = 64 * 1024;
/// Text lines of a session description.
pub const SDP_LINES: usize = 2_000;
/// Bytes of one text line.
pub const SDP_LINE_BYTES: usize = 2_048;
/// Media sections (`m=` lines) of a session description.
pub const SDP_SECTIONS: usize = 16;
/// Payload formats read from one media section.
pub const SDP_FORMATS: usize = 64;
/// Attributes of one kind kept for one media section (candidates, extensions, SSRCs, fingerprints).
pub const SDP_ATTRIBUTES: usize = 64;
/// Bytes of an `a=mid` (RFC 8843 asks for no bound; the header extension holds 255).
pub const SDP_MID_BYTES: usize = 32;
/// The highest number of a header extension we take: one-byte headers (RFC 8285 §4.2).
pub const SDP_EXTENSION_ID: u8 = 14;
/// Attributes in one STUN message.
pub const STUN_ATTRIBUTES: usize = 32;
/// Bytes of a STUN USERNAME (RFC 8489 §14.3).
pub const STUN_USERNAME_BYTES: usize = 509;
/// Bytes of a frame over TCP: what fits an Ethernet datagram, as over UDP.
pub const FRAME_BYTES: usize = 1_500;
/// Samples at 48 kHz in one Opus packet: 120 ms (RFC 6716 §3.2.5).
pub const OPUS_PACKET_SAMPLES: u32 = 5_760;
/// Bytes of one Opus frame (RFC 6716 §3.2.1).
pub const OPUS_FRAME_BYTES: usize = 1_275;
/// Frames in one Opus packet: 120 ms of 2.5 ms each (RFC 6716 §3.2.5).
pub const OPUS_FRAMES: usize = 48;
/// Copies in one RED payload; browsers send one or two.
pub const RED_COPIES: usize = 4;
/// Sequence numbers read from one NACK: five seconds of packets of 20 ms.
pub const NACK_SEQUENCES: usize = 256;
