//! Ten thousand readers of one space on one thread: they say hello, ping now and then, and count what they are told.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use arengo_bench_channel::epoll::Epoll;
use arengo_bench_channel::frames::{after, number, quoted, read, text, upgrade};

use crate::offer::OFFER;

/// A client pings so often.
const PING_EVERY: Duration = Duration::from_secs(20);
/// Readers behind one source address: fewer than the guests that the server takes from one.
const BEHIND_ONE_ADDRESS: usize = 1_000;
const HELLO: &str = r#"{"type":"hello"}"#;
/// Events of the bench are titles with a number, so that each is known again.
const TITLE: &[u8] = br#""title":"e"#;

/// Whose channel, and where.
pub struct Target {
    pub server: SocketAddrV4,
    pub space: String,
}

/// What the crowd has been told since the last [`Crowd::forget`].
#[derive(Default)]
pub struct Heard {
    pub frames: usize,
    pub bytes: usize,
    /// From the first byte of the connection to the welcome, microseconds.
    pub joins: Vec<u32>,
    pub welcome_bytes: usize,
    /// For each event: from the command to every reader, microseconds.
    pub events: Vec<Vec<u32>>,
    /// The host's pings: how long the server's loop takes to look, microseconds.
    pub pongs: Vec<u32>,
    /// Offers answered with 201, from the connection to the answer, microseconds.
    pub answers: Vec<u32>,
    /// Offers that were answered with anything else.
    pub refused: usize,
    /// Channels that the server closed.
    pub closed: usize,
}

enum Step {
    Upgrading,
    Greeting,
    In,
    /// An HTTP request with an offer.
    Asking,
    Gone,
}

struct Seat {
    socket: Socket,
    step: Step,
    began: Instant,
    /// The beginning of a frame or answer whose end is still to come.
    rest: Vec<u8>,
    has_offer: bool,
}

/// The readers; number 0 is the host.
pub struct Crowd {
    target: Target,
    epoll: Epoll,
    seats: Vec<Seat>,
    ready: Vec<usize>,
    buffer: Vec<u8>,
    pub heard: Heard,
    sent: Vec<Instant>,
    pings: VecDeque<Instant>,
    under_way: usize,
    next_ping: usize,
    last_ping: Instant,
}

impl Crowd {
    /// Nobody but the host, who is known by *token*, and is in when this returns.
    pub fn with_host(target: Target, token: &str) -> io::Result<Crowd> {
        let mut crowd = Crowd {
            target,
            epoll: Epoll::new()?,
            seats: Vec::new(),
            ready: Vec::new(),
            buffer: vec![0; 1 << 18],
            heard: Heard::default(),
            sent: Vec::new(),
            pings: VecDeque::new(),
            under_way: 0,
            next_ping: 0,
            last_ping: Instant::now(),
        };
        crowd.dial(Some(token), false)?;
        crowd.until(Duration::from_secs(10), |crowd| crowd.under_way == 0)?;
        Ok(crowd)
    }

    /// Let one more reader come, a guest; with an offer of sound once they are in, or without.
    pub fn join(&mut self, has_offer: bool) -> io::Result<()> {
        self.dial(None, has_offer)
    }

    /// Readers who have not been welcomed and offers that have not been answered.
    pub fn under_way(&self) -> usize {
        self.under_way
    }

    /// Let the host change the title, and note when.
    pub fn tell(&mut self) -> io::Result<()> {
        let number = self.sent.len();
        let command = format!(
            r#"{{"type":"do","id":{number},"command":{{"kind":"change_settings","title":"e{number}"}}}}"#
        );
        self.sent.push(Instant::now());
        self.heard.events.push(Vec::new());
        self.say(0, &command)
    }

    /// Let the host ask whether the server still listens.
    pub fn ping_as_host(&mut self) -> io::Result<()> {
        self.pings.push_back(Instant::now());
        self.say(0, r#"{"type":"ping","id":1}"#)
    }

    /// Begin to count anew.
    pub fn forget(&mut self) {
        self.heard = Heard::default();
        self.sent.clear();
    }

    /// Read for *time*.
    pub fn listen(&mut self, time: Duration) -> io::Result<()> {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            self.turn(left.min(Duration::from_millis(5)))?;
        }
        Ok(())
    }

    /// Read until *enough*; TimedOut after *patience*.
    pub fn until(&mut self, patience: Duration, enough: impl Fn(&Crowd) -> bool) -> io::Result<()> {
        let end = Instant::now() + patience;
        while !enough(self) {
            if Instant::now() > end {
                return Err(io::Error::new(
                    ErrorKind::TimedOut,
                    "the server does not get on",
                ));
            }
            self.turn(Duration::from_millis(5))?;
        }
        Ok(())
    }

    /// Read what is there, waiting at most *patience* for the first of it; ping for those whose time has come.
    pub fn turn(&mut self, patience: Duration) -> io::Result<()> {
        let mut ready = std::mem::take(&mut self.ready);
        self.epoll.wait(patience, &mut ready)?;
        for &seat in &ready {
            self.read(seat)?;
        }
        self.ready = ready;
        self.ping_in_turn()
    }

    fn dial(&mut self, token: Option<&str>, has_offer: bool) -> io::Result<()> {
        let path = format!("/api/v1/spaces/{}/channel", self.target.space);
        let request = upgrade(&path, &self.target.server.to_string(), token);
        self.connect(&request, Step::Upgrading, has_offer)
    }

    fn connect(&mut self, request: &[u8], step: Step, has_offer: bool) -> io::Result<()> {
        let began = Instant::now();
        let number = self.seats.len();
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        let house = u8::try_from(number / BEHIND_ONE_ADDRESS + 1).unwrap_or(u8::MAX);
        socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 1, 0, house), 0)).into())?;
        socket.connect(&SocketAddr::V4(self.target.server).into())?;
        socket.set_tcp_nodelay(true)?;
        (&socket).write_all(request)?;
        socket.set_nonblocking(true)?;
        self.epoll.watch(socket.as_raw_fd(), number)?;
        self.under_way += 1;
        self.seats.push(Seat {
            socket,
            step,
            began,
            rest: Vec::new(),
            has_offer,
        });
        Ok(())
    }

    fn say(&mut self, seat: usize, message: &str) -> io::Result<()> {
        match self.seats.get(seat) {
            Some(seat) => (&seat.socket).write_all(&text(message)),
            None => Ok(()),
        }
    }

    fn ping_in_turn(&mut self) -> io::Result<()> {
        let pause = PING_EVERY / u32::try_from(self.seats.len().max(1)).unwrap_or(u32::MAX);
        while self.last_ping.elapsed() >= pause {
            self.last_ping += pause;
            self.next_ping = (self.next_ping + 1) % self.seats.len().max(1);
            let is_in = self
                .seats
                .get(self.next_ping)
                .is_some_and(|s| matches!(s.step, Step::In));
            if self.next_ping != 0 && is_in {
                self.say(self.next_ping, r#"{"type":"ping","id":2}"#)?;
            } else if self.next_ping == 0 {
                self.ping_as_host()?;
            }
        }
        Ok(())
    }

    fn read(&mut self, number: usize) -> io::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let Some(seat) = self.seats.get_mut(number) else {
            return Ok(());
        };
        let mut bytes = std::mem::take(&mut seat.rest);
        let done = (&seat.socket).read(&mut buffer);
        let is_over = match done {
            Ok(0) => true,
            Ok(count) => {
                bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
                false
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(_) => true,
        };
        self.buffer = buffer;
        let used = self.take(number, &bytes)?;
        bytes.drain(..used);
        if is_over {
            self.lose(number);
        } else if let Some(seat) = self.seats.get_mut(number) {
            seat.rest = bytes;
        }
        Ok(())
    }

    /// Take in what *bytes* hold whole; how many of them that was.
    fn take(&mut self, number: usize, bytes: &[u8]) -> io::Result<usize> {
        let mut used = 0;
        let step = self.seats.get(number).map(|s| &s.step);
        match step {
            Some(Step::Asking) => return Ok(self.take_answer(number, bytes)),
            Some(Step::Gone) | None => return Ok(bytes.len()),
            Some(Step::Upgrading) => {
                let Some(rest) = after(bytes, b"\r\n\r\n") else {
                    return Ok(0);
                };
                used = bytes.len() - rest.len();
                if let Some(seat) = self.seats.get_mut(number) {
                    seat.step = Step::Greeting;
                }
                self.say(number, HELLO)?;
            }
            Some(Step::Greeting | Step::In) => {}
        }
        while let Some(frame) = read(bytes.get(used..).unwrap_or_default()) {
            used += frame.length;
            if frame.opcode == 8 {
                self.heard.closed += 1;
            } else {
                self.heard.frames += 1;
                self.heard.bytes += frame.length;
                self.hear(number, frame.payload)?;
            }
        }
        Ok(used)
    }

    fn hear(&mut self, number: usize, message: &[u8]) -> io::Result<()> {
        if message.starts_with(br#"{"type":"event""#) {
            if let Some(event) =
                after(message, TITLE).and_then(arengo_bench_channel::frames::number)
                && let (Some(sent), Some(told)) =
                    (self.sent.get(event), self.heard.events.get_mut(event))
            {
                told.push(micros(sent.elapsed()));
            }
        } else if message.starts_with(br#"{"type":"pong""#) && number == 0 {
            if let Some(sent) = self.pings.pop_front() {
                self.heard.pongs.push(micros(sent.elapsed()));
            }
        } else if message.starts_with(br#"{"type":"welcome""#) {
            self.welcome(number, message)?;
        }
        Ok(())
    }

    fn welcome(&mut self, number: usize, message: &[u8]) -> io::Result<()> {
        let Some(seat) = self.seats.get_mut(number) else {
            return Ok(());
        };
        if !matches!(seat.step, Step::Greeting) {
            return Ok(());
        }
        seat.step = Step::In;
        self.under_way -= 1;
        self.heard.joins.push(micros(seat.began.elapsed()));
        self.heard.welcome_bytes = message.len();
        if seat.has_offer
            && let Some(resume) = after(message, br#""resume":""#).and_then(quoted)
        {
            let request = format!(
                "POST /api/v1/spaces/{}/media HTTP/1.1\r\nHost: {}\r\nContent-Type: application/sdp\r\n\
                 Arengo-Resume: {resume}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{OFFER}",
                self.target.space,
                self.target.server,
                OFFER.len(),
            );
            self.connect(request.as_bytes(), Step::Asking, false)?;
        }
        Ok(())
    }

    fn take_answer(&mut self, number: usize, bytes: &[u8]) -> usize {
        if after(bytes, b"\r\n\r\n").is_none() {
            return 0;
        }
        let Some(seat) = self.seats.get_mut(number) else {
            return 0;
        };
        seat.step = Step::Gone;
        self.under_way -= 1;
        if after(bytes.get(..16).unwrap_or_default(), b" ").and_then(self::number) == Some(201) {
            self.heard.answers.push(micros(seat.began.elapsed()));
        } else {
            self.heard.refused += 1;
        }
        bytes.len()
    }

    fn lose(&mut self, number: usize) {
        let Some(seat) = self.seats.get_mut(number) else {
            return;
        };
        if !matches!(seat.step, Step::Gone | Step::In) {
            self.under_way -= 1;
            self.heard.refused += 1;
        }
        seat.step = Step::Gone;
        // Closing takes it out of the epoll.
        if let Ok(nothing) = Socket::new(Domain::IPV4, Type::STREAM, None) {
            seat.socket = nothing;
        }
    }
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}
