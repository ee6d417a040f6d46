//! A session with Janus over its Unix socket: one JSON object is one packet.
//!
//! Many threads may ask at once over one connection; a thread of its own reads the replies, for Janus stops when nobody does.

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use socket2::{Domain, SockAddr, Socket, Type};

use super::messages::{self, Description, Reply};
use crate::Failure;

/// Longer than any reply; an offer with three lines has 2 kB.
const MOST_BYTES: usize = 64 << 10;
/// Janus ends a session that says nothing for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// A busy Janus takes its time.
const PATIENCE: Duration = Duration::from_secs(30);

/// A session.
pub struct Api {
    line: Arc<Line>,
    session: u64,
    reader: Option<JoinHandle<()>>,
}

/// What a plugin answered.
#[derive(Debug, Clone)]
pub struct Said {
    pub data: Value,
    pub sdp: Option<String>,
}

struct Line {
    socket: Socket,
    last: AtomicU64,
    waiting: Mutex<HashMap<u64, Sender<Reply>>>,
}

impl Api {
    /// Open a session at the socket at *path*.
    pub fn open(path: &Path) -> Result<Api, Failure> {
        let socket = Socket::new(Domain::UNIX, Type::SEQPACKET, None)?;
        socket.connect(&SockAddr::unix(path)?)?;
        socket.set_read_timeout(Some(KEEP_ALIVE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let line = Arc::new(Line {
            socket,
            last: AtomicU64::new(0),
            waiting: Mutex::default(),
        });
        let (session, replies) = line.expect();
        line.send(&messages::create(session))?;
        line.read_one()?;
        let session = made(&line.reply_to(session, &replies)?)?;
        let mine = Arc::clone(&line);
        let reader = std::thread::Builder::new()
            .name("janus-api".into())
            .spawn(move || mine.read(session))?;
        Ok(Api {
            line,
            session,
            reader: Some(reader),
        })
    }

    /// A handle on *plugin*.
    pub fn attach(&self, plugin: &str) -> Result<u64, Failure> {
        let reply = self
            .line
            .ask(|number| messages::attach(number, self.session, plugin))?;
        made(&reply)
    }

    /// Ask the plugin behind *handle*, and wait for what comes of it.
    pub fn ask(
        &self,
        handle: u64,
        body: &Value,
        description: Option<Description<'_>>,
    ) -> Result<Said, Failure> {
        let reply = self
            .line
            .ask(|number| messages::message(number, self.session, handle, body, description))?;
        match reply {
            Reply::Said { data, sdp } => Ok(Said { data, sdp }),
            other => Err(unexpected(&other)),
        }
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        // The reader sees the end of the connection; one that Janus has closed has ended.
        let _closed = self.line.socket.shutdown(std::net::Shutdown::Both);
        if let Some(reader) = self.reader.take() {
            let _ended = reader.join();
        }
    }
}

impl Line {
    fn ask(&self, request: impl FnOnce(u64) -> Value) -> Result<Reply, Failure> {
        let (number, replies) = self.expect();
        let reply = self
            .send(&request(number))
            .map_err(Failure::from)
            .and_then(|()| self.reply_to(number, &replies));
        self.waiting().remove(&number);
        reply
    }

    /// A number for a request, and where its replies will come.
    fn expect(&self) -> (u64, Receiver<Reply>) {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let (sender, receiver) = channel();
        self.waiting().insert(number, sender);
        (number, receiver)
    }

    fn reply_to(&self, number: u64, replies: &Receiver<Reply>) -> Result<Reply, Failure> {
        loop {
            let reply = replies.recv_timeout(PATIENCE);
            match reply.map_err(|_| format!("Janus does not reply to request {number}"))? {
                Reply::Ack => {}
                reply => return Ok(reply),
            }
        }
    }

    fn send(&self, request: &Value) -> io::Result<()> {
        self.socket.send(request.to_string().as_bytes()).map(drop)
    }

    fn read(&self, session: u64) {
        loop {
            match self.read_one() {
                Ok(true) => {}
                Ok(false) => {
                    let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
                    if self.send(&messages::keep_alive(number, session)).is_err() {
                        break;
                    }
                }
                Err(_) => break,
            }
        }
        // Whoever waits learns that nothing comes any more.
        self.waiting().clear();
    }

    /// Whether a message came in time.
    fn read_one(&self) -> Result<bool, Failure> {
        let mut buffer = [0; MOST_BYTES];
        let length = match (&self.socket).read(&mut buffer) {
            Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(true),
            Err(error) => return Err(error.into()),
        };
        let message = buffer.get(..length).unwrap_or_default();
        if let Some((number, reply)) = messages::reply(message)?
            && let Some(waiting) = self.waiting().get(&number)
        {
            // Who does not wait any more does not need it.
            let _given_up = waiting.send(reply);
        }
        Ok(true)
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, Sender<Reply>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn made(reply: &Reply) -> Result<u64, Failure> {
    match reply {
        Reply::Made(id) => Ok(*id),
        other => Err(unexpected(other)),
    }
}

fn unexpected(reply: &Reply) -> Failure {
    match reply {
        Reply::Refused(reason) => format!("Janus refuses: {reason}").into(),
        other => format!("Janus replied {other:?}").into(),
    }
}
