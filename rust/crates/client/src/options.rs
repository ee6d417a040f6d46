//! What a client is asked for, what it hands out, and how it stands.

/// What a client sends and receives, fixed for its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClientOptions {
    /// Whether it offers a line to send Opus on.
    pub send: bool,
    /// How many lines it offers to receive on, at most [`crate::limits::MOST_RECEIVE_LINES`].
    pub receive_lines: usize,
    /// Offer RED on all lines, take lost packets from the copies that come, and send so many copies with each packet,
    /// at most [`arengo_wire::limits::RED_COPIES`]; with 0 it sends plain Opus.
    pub red: Option<usize>,
    /// Offer NACK on all lines: ask again for what is lost, and send again what is asked for.
    pub nack: bool,
}

/// What became of the packets of all lines that a client receives on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Packets that did not come, by their sequence numbers.
    pub lost: u64,
    /// Packets that were taken from a copy.
    pub recovered: u64,
    /// Packets that were handed out, recovered ones among them.
    pub played: u64,
}

/// How far a client has come; it only ever moves down this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum State {
    /// No answer yet.
    New = 0,
    /// Looking for a way to the server, or shaking hands.
    Checking = 1,
    /// Sound may flow.
    Connected = 2,
    /// Ended in good order, by either side.
    Closed = 3,
    /// The server did not answer, or was not who the answer said.
    Failed = 4,
}

impl State {
    /// The word for it: `new`, `checking`, `connected`, `closed` or `failed`.
    pub fn as_str(self) -> &'static str {
        match self {
            State::New => "new",
            State::Checking => "checking",
            State::Connected => "connected",
            State::Closed => "closed",
            State::Failed => "failed",
        }
    }

    /// Whether nothing more will come of it.
    pub fn is_over(self) -> bool {
        self >= State::Closed
    }

    pub(crate) fn from_number(number: u8) -> State {
        match number {
            0 => State::New,
            1 => State::Checking,
            2 => State::Connected,
            3 => State::Closed,
            _ => State::Failed,
        }
    }
}

/// One Opus packet, in no order but that of arrival; by RED each comes once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Which of the offered lines it came on, from 0.
    pub line: usize,
    /// The voice it carries: its first CSRC, 0 when there is none.
    pub csrc: u32,
    /// RTP timestamp, in samples of 48 kHz.
    pub timestamp: u32,
    /// RTP sequence number, for a recovered packet that of the one that brought it.
    pub sequence: u16,
    /// It was lost, and taken from a copy.
    pub recovered: bool,
    /// The Opus packet (RFC 6716).
    pub opus: Vec<u8>,
}
