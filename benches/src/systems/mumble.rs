//! mumble-server from Debian: everybody in one channel, voice over UDP.
//!
//! A control connection (TLS) lets a guest in and tells them the key of their voice datagrams; then a ping over UDP
//! shows the server where to send. Once inside, guests of the bench say nothing more: Mumble's own client pings both
//! ways every five seconds, which the server is spared here.
//!
//! The server tells everybody inside of everybody who comes, so that joining is quadratic: this, not the voice, sets
//! how large an audience can be measured in reasonable time.

mod control;
mod drain;
mod messages;
mod ocb2;
mod voice;

use std::collections::VecDeque;
use std::net::{SocketAddrV4, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;

use self::drain::Drain;
use self::ocb2::Crypt;
use super::{Glance, Guest, Heard, Protocol, START, Server, Site, Standing, System, Wire};
use crate::Failure;
use crate::process::Child;

const PROGRAM: &str = "/usr/sbin/murmurd";
const PORT: u16 = 64_738;
const SETTINGS: &str = include_str!("../../peers/mumble-server.ini");
/// A ping with the longest number; speech is longer, for pauses are left out.
const LONGEST_PING: usize = ocb2::OVERHEAD + 10;
const PING_AGAIN: Duration = Duration::from_millis(500);

/// Numbers in clear are the low byte of a counter for each listener; whose voice it is and when it was said is sealed.
const VOICE: Protocol = Protocol {
    glance,
    sequence_bits: 8,
    has_timestamps: false,
    sample: 50,
};

fn glance(datagram: &[u8]) -> Glance {
    match datagram {
        [counter, rest @ ..] if rest.len() >= LONGEST_PING => Glance::Sound {
            stream: 0,
            sequence: u16::from(*counter),
            timestamp: 0,
        },
        _ => Glance::Other,
    }
}

/// The last of so many waits a tenth of a second for the server to tell all others, and all of them take minutes.
const MOST: usize = 4_000;

/// mumble-server as installed, with its limits lifted.
pub struct Mumble;

impl System for Mumble {
    fn name(&self) -> &'static str {
        "mumble"
    }

    fn config(&self) -> &'static str {
        "installed"
    }

    fn missing(&self, _site: &Site) -> Option<String> {
        let is_there = Path::new(PROGRAM).exists();
        (!is_there).then(|| format!("{PROGRAM} is missing: make bench-peers"))
    }

    fn most(&self) -> usize {
        MOST
    }

    fn start(&self, site: &Site) -> Result<Arc<dyn Server>, Failure> {
        let settings = SETTINGS
            .replace("{folder}", &site.folder.display().to_string())
            .replace("{address}", &site.server.to_string())
            .replace("{port}", &PORT.to_string())
            .replace("{users}", &site.most.to_string());
        let file = site.folder.join("mumble-server.ini");
        std::fs::write(&file, settings)?;
        let mut command = Command::new(PROGRAM);
        command.arg("-fg").arg("-ini").arg(&file);
        let mut child = Child::spawn(command, site, "mumble")?;
        let address = SocketAddrV4::new(site.server, PORT);
        child.wait_until(START, || TcpStream::connect(address).is_ok())?;
        Ok(Arc::new(MumbleServer {
            child,
            address,
            tls: control::tls()?,
            drain: Drain::begin()?,
        }))
    }
}

struct MumbleServer {
    child: Child,
    address: SocketAddrV4,
    tls: Arc<ClientConfig>,
    drain: Drain,
}

impl Server for MumbleServer {
    fn pids(&self) -> Vec<u32> {
        vec![self.child.pid()]
    }

    fn protocol(&self) -> Protocol {
        VOICE
    }

    fn open(&self, space: usize) -> Result<(), Failure> {
        match space {
            0 => Ok(()),
            _ => Err("mumble-server is measured with the one channel that it has at first".into()),
        }
    }

    fn join(&self, guest: &Guest) -> Result<Box<dyn Wire>, Failure> {
        let name = format!("guest{}", guest.number);
        let admitted = control::join(&self.tls, self.address, *guest.address.ip(), &name)?;
        let stream = Arc::new(admitted.stream);
        self.drain.add(&stream)?;
        Ok(Box::new(MumbleWire {
            server: self.address,
            crypt: admitted.crypt,
            stream,
            standing: Standing::Connecting,
            next_ping: Instant::now(),
            frame: 0,
            waiting: VecDeque::new(),
        }))
    }
}

struct MumbleWire {
    server: SocketAddrV4,
    crypt: Crypt,
    stream: Arc<TcpStream>,
    standing: Standing,
    next_ping: Instant,
    frame: u64,
    waiting: VecDeque<Vec<u8>>,
}

impl Wire for MumbleWire {
    fn take(
        &mut self,
        from: SocketAddrV4,
        datagram: &mut [u8],
        unopened: u64,
        _now: Instant,
    ) -> Option<Heard> {
        if from != self.server {
            return None;
        }
        let plain = self.crypt.open(datagram, unopened)?;
        if self.standing == Standing::Connecting {
            self.standing = Standing::Connected;
        }
        match voice::heard(&plain)? {
            voice::Heard::Ping => None,
            voice::Heard::Opus { opus, .. } => Some(Heard {
                opus: opus.to_vec(),
            }),
        }
    }

    fn wake(&mut self, now: Instant) {
        if self.standing == Standing::Connecting && now >= self.next_ping {
            self.next_ping = now + PING_AGAIN;
            self.waiting.extend(self.crypt.seal(&voice::ping(0)));
        }
    }

    fn next_wake(&self) -> Option<Instant> {
        (self.standing == Standing::Connecting).then_some(self.next_ping)
    }

    fn next_datagram(&mut self) -> Option<(SocketAddrV4, Vec<u8>)> {
        Some((self.server, self.waiting.pop_front()?))
    }

    fn say(&mut self, opus: &[u8], _at: Instant) {
        let packet = voice::speech(self.frame, opus);
        self.frame += voice::FRAMES;
        self.waiting.extend(self.crypt.seal(&packet));
    }

    fn standing(&self) -> Standing {
        self.standing
    }

    fn close(&mut self, _now: Instant) {
        self.standing = Standing::Over;
        control::leave(&self.stream);
    }

    fn profile(&self) -> Option<&'static str> {
        Some("OCB2-AES128")
    }
}

impl Drop for MumbleWire {
    fn drop(&mut self) {
        control::leave(&self.stream);
    }
}
