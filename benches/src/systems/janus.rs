//! Janus from Debian: its Streaming plugin, fed with plain RTP, and its VideoRoom.
//!
//! In both Janus offers and the listener answers. `installed` is the package with its configuration, where each
//! listener has a thread of their own and packets are sealed by NSS; `tuned` has a few threads for all (`event_loops`)
//! and a libsrtp on OpenSSL. In both, signalling goes over the Unix socket, which the package has switched off.
//!
//! Janus drops a listener's first DTLS flight, which comes before it has made anything to take it; the first packet
//! waits for the repeat, a quarter of a second later.

mod api;
mod messages;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use arengo_client::{ClientOptions, Identity, Peer, SystemEntropy};

use self::api::Api;
use self::messages::{Description, streaming, videoroom};
use super::{Guest, Heard, Protocol, RTP, RtpWire, START, Server, Site, Standing, System, Wire};
use crate::Failure;
use crate::process::Child;

const PROGRAM: &str = "/usr/bin/janus";
const INSTALLED: &str = "/etc/janus";
const TRANSPORT: &str = "janus.transport.pfunix.jcfg";
const TRANSPORT_SETTINGS: &str = include_str!("../../peers/janus.transport.pfunix.jcfg");
/// For the one CPU that servers are measured on.
const EVENT_LOOPS: usize = 1;
/// The first port of the mountpoints; the second of each pair would be RTCP.
const FIRST_PORT: u16 = 20_000;
/// A listener waits a quarter of a second for their DTLS to begin.
const AT_ONCE: usize = 32;
/// Talkers of a space at most.
const MOST_TALKERS: usize = 8;
const PAYLOAD_TYPE: u8 = 111;
/// 20 ms at 48 kHz.
const FRAME: u32 = 960;

/// Janus with one of its plugins, as it comes or tuned.
pub struct Janus {
    name: &'static str,
    plugin: Plugin,
    is_tuned: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Plugin {
    Streaming,
    VideoRoom,
}

impl Janus {
    /// Every combination, in the order of the tables.
    pub const ALL: [Janus; 4] = [
        Janus::of("janus-streaming", Plugin::Streaming, false),
        Janus::of("janus-streaming", Plugin::Streaming, true),
        Janus::of("janus-videoroom", Plugin::VideoRoom, false),
        Janus::of("janus-videoroom", Plugin::VideoRoom, true),
    ];

    const fn of(name: &'static str, plugin: Plugin, is_tuned: bool) -> Janus {
        Janus {
            name,
            plugin,
            is_tuned,
        }
    }
}

impl System for Janus {
    fn name(&self) -> &'static str {
        self.name
    }

    fn config(&self) -> &'static str {
        if self.is_tuned { "tuned" } else { "installed" }
    }

    fn missing(&self, site: &Site) -> Option<String> {
        let library = libsrtp(site).join("libsrtp2.so.1");
        let needed = [Path::new(PROGRAM), &library];
        let needed = if self.is_tuned {
            &needed[..]
        } else {
            &needed[..1]
        };
        let missing = needed.iter().find(|path| !path.exists())?;
        Some(format!(
            "{} is missing: make bench-peers",
            missing.display()
        ))
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }

    fn start(&self, site: &Site) -> Result<Arc<dyn Server>, Failure> {
        let socket = site.folder.join("janus.sock");
        let folder = self.configure(site, &socket)?;
        let mut command = Command::new(PROGRAM);
        command.arg("--configs-folder").arg(&folder);
        if self.is_tuned {
            command.env("LD_LIBRARY_PATH", libsrtp(site));
        }
        let mut child = Child::spawn(command, site, "janus")?;
        let mut api = None;
        child.wait_until(START, || {
            api = Api::open(&socket).ok();
            api.is_some()
        })?;
        Ok(Arc::new(JanusServer {
            plugin: self.plugin,
            address: site.server,
            api: api.ok_or("no session")?,
            spaces: Mutex::default(),
            child,
        }))
    }
}

impl Janus {
    /// The package's own configuration, with what differs.
    fn configure(&self, site: &Site, socket: &Path) -> Result<PathBuf, Failure> {
        let folder = site.folder.join("janus");
        std::fs::create_dir_all(&folder)?;
        for entry in std::fs::read_dir(INSTALLED)? {
            let entry = entry?;
            std::fs::copy(entry.path(), folder.join(entry.file_name()))?;
        }
        let transport = TRANSPORT_SETTINGS.replace("{socket}", &socket.display().to_string());
        std::fs::write(folder.join(TRANSPORT), transport)?;
        if self.is_tuned {
            let file = folder.join("janus.jcfg");
            let settings = std::fs::read_to_string(&file)?;
            let loops = format!("general: {{\n\tevent_loops = {EVENT_LOOPS}\n");
            let tuned = settings.replacen("general: {\n", &loops, 1);
            if tuned == settings {
                return Err(format!("{INSTALLED}/janus.jcfg has no general section").into());
            }
            std::fs::write(&file, tuned)?;
        }
        Ok(folder)
    }
}

fn libsrtp(site: &Site) -> PathBuf {
    site.peers.join("libsrtp/lib")
}

struct JanusServer {
    plugin: Plugin,
    address: Ipv4Addr,
    // Before the process, so that a session is closed that still is one.
    api: Api,
    spaces: Mutex<HashMap<usize, Space>>,
    child: Child,
}

/// What talkers have left for listeners to find.
#[derive(Default)]
struct Space {
    /// Of the Streaming plugin: where talkers send to.
    ports: Vec<u16>,
    /// Made when the first listener comes, for a mountpoint has its lines from the start.
    has_mountpoint: bool,
    /// Of the VideoRoom: who talks.
    feeds: Vec<u64>,
}

impl Server for JanusServer {
    fn pids(&self) -> Vec<u32> {
        vec![self.child.pid()]
    }

    fn protocol(&self) -> Protocol {
        RTP
    }

    fn open(&self, space: usize) -> Result<(), Failure> {
        if self.plugin == Plugin::VideoRoom {
            let handle = self.api.attach(videoroom::PLUGIN)?;
            let room = videoroom::create(id_of(space), MOST_TALKERS);
            self.api.ask(handle, &room, None)?;
        }
        self.spaces().insert(space, Space::default());
        Ok(())
    }

    fn join(&self, guest: &Guest) -> Result<Box<dyn Wire>, Failure> {
        match (self.plugin, guest.talks) {
            (Plugin::Streaming, true) => self.feed(guest),
            (Plugin::VideoRoom, true) => self.publish(guest),
            (Plugin::Streaming, false) => self.watch(guest),
            (Plugin::VideoRoom, false) => self.subscribe(guest),
        }
    }
}

impl JanusServer {
    /// Talk to a mountpoint.
    fn feed(&self, guest: &Guest) -> Result<Box<dyn Wire>, Failure> {
        let port = FIRST_PORT + 2 * (guest.space * MOST_TALKERS + guest.voice) as u16;
        let mut spaces = self.spaces();
        let space = spaces.get_mut(&guest.space).ok_or("no such space")?;
        space.ports.push(port);
        Ok(Box::new(Feed {
            to: SocketAddrV4::new(self.address, port),
            ssrc: 1 + guest.number as u32,
            said: 0,
            waiting: None,
        }))
    }

    /// Listen to a mountpoint.
    fn watch(&self, guest: &Guest) -> Result<Box<dyn Wire>, Failure> {
        let handle = self.api.attach(streaming::PLUGIN)?;
        let id = id_of(guest.space);
        let lines = {
            let mut spaces = self.spaces();
            let space = spaces.get_mut(&guest.space).ok_or("no such space")?;
            if !space.has_mountpoint {
                let mountpoint = streaming::create(id, &space.ports);
                self.api.ask(handle, &mountpoint, None)?;
                space.has_mountpoint = true;
            }
            space.ports.len()
        };
        self.listen(handle, lines, &streaming::watch(id), &streaming::start())
    }

    /// Talk in a room.
    fn publish(&self, guest: &Guest) -> Result<Box<dyn Wire>, Failure> {
        let handle = self.api.attach(videoroom::PLUGIN)?;
        let joined = videoroom::join(id_of(guest.space));
        let joined = self.api.ask(handle, &joined, None)?;
        let feed = videoroom::feed(&joined.data).ok_or("Janus tells no feed")?;
        let mut peer = peer(true, 0)?;
        // Janus would take the active part in DTLS, which is the client's.
        let offer = peer.offer().replace("a=setup:actpass", "a=setup:active");
        let offer = Description::Offer(&offer);
        let said = self.api.ask(handle, &videoroom::publish(), Some(offer))?;
        let answer = said.sdp.ok_or("Janus gives no answer")?;
        peer.answer(&answer, Instant::now())?;
        let mut spaces = self.spaces();
        let space = spaces.get_mut(&guest.space).ok_or("no such space")?;
        space.feeds.push(feed);
        Ok(Box::new(RtpWire::new(peer)))
    }

    /// Listen to everybody who talks in a room.
    fn subscribe(&self, guest: &Guest) -> Result<Box<dyn Wire>, Failure> {
        let handle = self.api.attach(videoroom::PLUGIN)?;
        let feeds = {
            let spaces = self.spaces();
            let space = spaces.get(&guest.space).ok_or("no such space")?;
            space.feeds.clone()
        };
        let subscribe = videoroom::subscribe(id_of(guest.space), &feeds);
        self.listen(handle, feeds.len(), &subscribe, &videoroom::start())
    }

    /// Ask for an offer of *lines* lines, and answer it.
    fn listen(
        &self,
        handle: u64,
        lines: usize,
        ask: &serde_json::Value,
        start: &serde_json::Value,
    ) -> Result<Box<dyn Wire>, Failure> {
        let said = self.api.ask(handle, ask, None)?;
        let offer = said.sdp.ok_or("Janus makes no offer")?;
        let mut peer = peer(false, lines)?;
        let answer = peer.answer_to(&offer, Instant::now())?;
        self.api
            .ask(handle, start, Some(Description::Answer(&answer)))?;
        Ok(Box::new(RtpWire::new(peer)))
    }

    fn spaces(&self) -> MutexGuard<'_, HashMap<usize, Space>> {
        self.spaces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of mountpoints and rooms; the package comes with examples that have small and round numbers.
fn id_of(space: usize) -> u64 {
    900_001 + space as u64
}

fn peer(send: bool, receive_lines: usize) -> Result<Peer, Failure> {
    let options = ClientOptions {
        send,
        receive_lines,
        ..ClientOptions::default()
    };
    let identity = Identity::shared()?;
    let peer = Peer::new(options, identity, Box::new(SystemEntropy), Instant::now());
    Ok(peer.ok_or("no peer with these lines")?)
}

/// A talker of the Streaming plugin: plain RTP, as an encoder would send it.
struct Feed {
    to: SocketAddrV4,
    ssrc: u32,
    said: u32,
    waiting: Option<Vec<u8>>,
}

impl Wire for Feed {
    fn take(
        &mut self,
        _from: SocketAddrV4,
        _datagram: &mut [u8],
        _unopened: u64,
        _now: Instant,
    ) -> Option<Heard> {
        None
    }

    fn wake(&mut self, _now: Instant) {}

    fn next_wake(&self) -> Option<Instant> {
        None
    }

    fn next_datagram(&mut self) -> Option<(SocketAddrV4, Vec<u8>)> {
        Some((self.to, self.waiting.take()?))
    }

    fn say(&mut self, opus: &[u8], _at: Instant) {
        self.said = self.said.wrapping_add(1);
        let [_, _, high, low] = self.said.to_be_bytes();
        let mut packet = vec![0x80, PAYLOAD_TYPE, high, low];
        packet.extend(self.said.wrapping_mul(FRAME).to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        packet.extend(opus);
        self.waiting = Some(packet);
    }

    fn standing(&self) -> Standing {
        Standing::Connected
    }

    fn close(&mut self, _now: Instant) {}

    fn profile(&self) -> Option<&'static str> {
        // What listeners get is sealed; this is not.
        None
    }
}
