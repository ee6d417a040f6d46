//! A space channel that reads everything and pings, as a browser does, in a thread of its own.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use arengo_bench_channel::frames::{read, text, upgrade};
use arengo_bench_channel::{Failure, http};
use serde_json::{Value, json};

const PING_EVERY: Duration = Duration::from_secs(15);

/// What the server sends.
pub enum Told {
    Message(Value),
    /// The end and its code, or 0 without one.
    Closed(u16),
}

pub struct Channel {
    stream: TcpStream,
    told: Receiver<(Instant, Told)>,
    asked: u64,
    pub welcome: Value,
}

impl Channel {
    /// Open the channel of *space* and wait for the welcome.
    pub fn open(
        server: SocketAddrV4,
        from: Ipv4Addr,
        space: &str,
        token: Option<&str>,
    ) -> Result<Channel, Failure> {
        let mut stream = upgraded(server, from, space, token)?;
        stream.write_all(&text(r#"{"type":"hello"}"#))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        let (tell, told) = channel();
        let reader = stream.try_clone()?;
        std::thread::spawn(move || listen(reader, &tell));
        let mut channel = Channel {
            stream,
            told,
            asked: 0,
            welcome: Value::Null,
        };
        let welcome = channel.wait(Duration::from_secs(20), |told| is(told, "welcome"));
        channel.welcome = welcome.ok_or("no welcome on the channel")?.1;
        Ok(channel)
    }

    /// Send a command and wait for the answer: when it came, and whether it was `done`.
    pub fn command(
        &mut self,
        command: &Value,
        patience: Duration,
    ) -> Result<Option<(Instant, bool)>, Failure> {
        self.asked += 1;
        let id = self.asked;
        let message = json!({"type": "do", "id": id, "command": command});
        self.stream.write_all(&text(&message.to_string()))?;
        let answer = self.wait(patience, |told| {
            told.get("id").and_then(Value::as_u64) == Some(id)
                && (is(told, "done") || is(told, "refused"))
        });
        Ok(answer.map(|(at, told)| (at, is(&told, "done"))))
    }

    /// Wait for the end: when it came and with which code.
    pub fn closed(&self, patience: Duration) -> Option<(Instant, u16)> {
        let end = Instant::now() + patience;
        loop {
            let left = end.checked_duration_since(Instant::now())?;
            if let (at, Told::Closed(code)) = self.told.recv_timeout(left).ok()? {
                return Some((at, code));
            }
        }
    }

    fn wait(&self, patience: Duration, is_it: impl Fn(&Value) -> bool) -> Option<(Instant, Value)> {
        let end = Instant::now() + patience;
        loop {
            let left = end.checked_duration_since(Instant::now())?;
            match self.told.recv_timeout(left).ok()? {
                (at, Told::Message(told)) if is_it(&told) => return Some((at, told)),
                (_, Told::Message(_)) => {}
                (_, Told::Closed(_)) => return None,
            }
        }
    }
}

/// A channel's WebSocket before `hello`.
pub fn upgraded(
    server: SocketAddrV4,
    from: Ipv4Addr,
    space: &str,
    token: Option<&str>,
) -> Result<TcpStream, Failure> {
    let mut stream = http::connect(server, from)?;
    let path = format!("/api/v1/spaces/{space}/channel");
    stream.write_all(&upgrade(&path, &server.to_string(), token))?;
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    match head.starts_with(b"HTTP/1.1 101") {
        true => Ok(stream),
        false => Err(String::from_utf8_lossy(&head).into()),
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        let _gone = self.stream.shutdown(std::net::Shutdown::Both);
    }
}

fn is(told: &Value, kind: &str) -> bool {
    told.get("type").and_then(Value::as_str) == Some(kind)
}

fn listen(mut stream: TcpStream, tell: &Sender<(Instant, Told)>) {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 16_384]);
    let mut pinged = Instant::now();
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => bytes.extend(buffer.iter().take(count)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => break,
        }
        while let Some(frame) = read(&bytes) {
            let told = match (frame.opcode, frame.payload) {
                (8, [high, low, ..]) => Told::Closed(u16::from_be_bytes([*high, *low])),
                (8, _) => Told::Closed(0),
                (1, message) => Told::Message(serde_json::from_slice(message).unwrap_or_default()),
                _ => Told::Message(Value::Null),
            };
            // Nobody waits for news of the space, and the channel may be gone by now.
            if !matches!(&told, Told::Message(news) if news.get("id").is_none() && news.get("you").is_none())
            {
                let _unheard = tell.send((Instant::now(), told));
            }
            let length = frame.length;
            bytes.drain(..length);
        }
        if pinged.elapsed() > PING_EVERY {
            pinged = Instant::now();
            let _lost = stream.write_all(&text(r#"{"type":"ping","id":0}"#));
        }
    }
    let _unheard = tell.send((Instant::now(), Told::Closed(0)));
}
