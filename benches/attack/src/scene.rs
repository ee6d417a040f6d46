//! The server and the good people in it: a live space with its host, three speakers and ten listeners.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arengo_bench_channel::server::Server;
use arengo_bench_channel::{Failure, http};
use arengo_client::State;
use serde_json::{Value, json};

use crate::channel::Channel;
use crate::house::House;

/// Levels of the three speakers, in dBov.
const LEVELS: [i32; 3] = [-24, -25, -28];
/// These listeners join as the app does, with a channel and three lines; the others by WHEP with a single line.
const BY_THE_APP: usize = 6;
pub const LISTENERS: usize = 10;
const CONNECTED: Duration = Duration::from_secs(10);

/// What the attacks and the measurements share.
pub struct Scene {
    pub server: Server,
    pub house: House,
    /// The space with the people in it, an empty public one, and a private one.
    pub space: String,
    pub other: String,
    pub hidden: String,
    pub speakers: Vec<usize>,
    pub listeners: Vec<usize>,
    /// The token of an attacker's account.
    pub stranger: String,
    pub length: Duration,
    is_over: AtomicBool,
    _channels: Mutex<Vec<Channel>>,
}

/// The address `127.0.ROW.NUMBER`; the good people use row 0.
pub fn address(row: u8, number: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, row, number)
}

impl Scene {
    /// Start *program* and connect everybody.
    pub fn set(program: &Path, length: Duration) -> Result<Scene, Failure> {
        let server = Server::start(program, &["--public-ip", "127.0.0.1"])?;
        let stranger = server.account("stranger", None)?.1;
        let everyone = json!({"who_may_speak": "everyone"});
        let mut scene = Scene {
            space: server.open_space(&everyone)?,
            other: server.open_space(&json!({}))?,
            hidden: server.open_space(&json!({"visibility": "private"}))?,
            house: House::open(),
            speakers: Vec::new(),
            listeners: Vec::new(),
            stranger,
            length,
            is_over: AtomicBool::new(false),
            _channels: Mutex::default(),
            server,
        };
        for (number, level) in (1_u8..).zip(LEVELS) {
            let token = scene.server.account(&format!("speaker{number}"), None)?.1;
            let says = (number.into(), level);
            let speaker = scene.speak(address(0, 1 + number), says, &token)?;
            scene.speakers.push(speaker);
        }
        for number in 0..LISTENERS {
            scene.listen(number, address(0, 11 + number as u8))?;
        }
        let end = Instant::now() + CONNECTED;
        while !scene.are_all_connected() {
            if Instant::now() > end {
                return Err("the sound does not connect".into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(scene)
    }

    /// Bring the account of *token* on stage by WHIP; returns the number of its session.
    pub fn speak(&self, from: Ipv4Addr, says: (u16, i32), token: &str) -> Result<usize, Failure> {
        let bearer = format!("Authorization: Bearer {token}");
        self.house.join(from, Some(says), 0, false, |offer| {
            self.offer(from, &self.space, "whip", &[bearer], offer)
        })
    }

    /// Send *offer* to a *door* of *space*.
    pub fn offer(
        &self,
        from: Ipv4Addr,
        space: &str,
        door: &str,
        headers: &[String],
        offer: &str,
    ) -> Result<http::Response, Failure> {
        let headers = [headers, &["Content-Type: application/sdp".to_owned()]].concat();
        let path = format!("/api/v1/spaces/{space}/{door}");
        http::request(self.server.address, from, "POST", &path, &headers, offer)
    }

    /// Wait for *time*; returns false once the soak is over.
    pub fn pause(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            if self.is_over() {
                return false;
            }
            std::thread::sleep(left.min(Duration::from_millis(100)));
        }
        !self.is_over()
    }

    /// Tokens, which must not appear in the log.
    pub fn secrets(&self) -> [&str; 2] {
        [&self.server.token, &self.stranger]
    }

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    pub fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    fn listen(&mut self, number: usize, from: Ipv4Addr) -> Result<(), Failure> {
        let listener = if number < BY_THE_APP {
            let channel = Channel::open(self.server.address, from, &self.space, None)?;
            let resume = channel
                .welcome
                .get("resume")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let resume = format!("Arengo-Resume: {resume}");
            let joined = self.house.join(from, None, 3, true, |offer| {
                self.offer(from, &self.space, "media", &[resume], offer)
            });
            if let Ok(channels) = self._channels.get_mut() {
                channels.push(channel);
            }
            joined?
        } else {
            self.house.join(from, None, 1, true, |offer| {
                self.offer(from, &self.space, "whep", &[], offer)
            })?
        };
        self.listeners.push(listener);
        Ok(())
    }

    fn are_all_connected(&self) -> bool {
        let people = self.house.people();
        let mut all = people.all.values();
        all.all(|person| person.state() == State::Connected)
    }
}
