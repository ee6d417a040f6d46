//! The host at work: every five seconds somebody comes on stage, is heard, and is silenced.
//!
//! The third speaker pauses meanwhile, so that there is a slot. A silenced speaker goes on sending.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use arengo_bench_channel::Failure;
use serde_json::{Value, json};

use crate::channel::Channel;
use crate::report::Finding;
use crate::scene::{Scene, address};
use crate::socket::wall_ns;

const EVERY: Duration = Duration::from_secs(5);
const COMMAND_EVERY: Duration = Duration::from_secs(1);
const LEVEL_DBOV: i32 = -15;
/// Voices of turns are numbered from here; the three speakers have the first numbers.
const FIRST_VOICE: u16 = 100;
const HEARD_WITHIN: Duration = Duration::from_secs(5);
const ANSWERED_WITHIN: Duration = Duration::from_secs(20);
/// How long to wait for a voice to end.
const SILENT_WITHIN: Duration = Duration::from_secs(15);
const REVOKED_WITHIN: Duration = Duration::from_secs(3);
/// A voice has ended when nothing of it came for this long.
const SILENCE: Duration = Duration::from_millis(400);
/// The close code of a channel whose identity has ended.
const NOT_SIGNED_IN: u16 = 4401;
const BOUND_MS: f64 = 1_000.0;

/// How somebody is silenced.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    TakenOff,
    Removed,
    Revoked,
}

/// The worst times of one way.
#[derive(Default)]
struct Worst {
    times: u32,
    refused: u32,
    answered: Duration,
    heard: Duration,
    closed: Duration,
}

pub struct Turns<'a> {
    scene: &'a Scene,
    host: Channel,
    worst: BTreeMap<Way, Worst>,
    /// Id and token of each account. A removal uses one up; the last account takes all other turns.
    accounts: Vec<(String, String)>,
    taken: u16,
    /// The longest time from an offer until every listener heard the new voice.
    joining: Duration,
    failures: Vec<String>,
}

impl<'a> Turns<'a> {
    /// Prepare the turns of the whole soak and take each way once; *revokes* adds the revoking of tokens.
    pub fn new(scene: &'a Scene, revokes: bool) -> Result<Turns<'a>, Failure> {
        let mut ways = vec![Way::TakenOff, Way::Removed];
        ways.extend(revokes.then_some(Way::Revoked));
        let removals = scene.length.as_secs() / EVERY.as_secs() / ways.len() as u64 + 3;
        let server = &scene.server;
        let accounts = (0..=removals).map(|number| server.account(&format!("turn{number}"), None));
        let from = address(0, 1);
        let mut turns = Turns {
            scene,
            host: Channel::open(server.address, from, &scene.space, Some(&server.token))?,
            worst: BTreeMap::new(),
            accounts: accounts.collect::<Result<_, _>>()?,
            taken: 0,
            joining: Duration::ZERO,
            failures: Vec::new(),
        };
        for way in &ways {
            turns.silence(*way)?;
        }
        turns.worst = ways
            .into_iter()
            .map(|way| (way, Worst::default()))
            .collect();
        Ok(turns)
    }

    /// Take turns until the soak is over.
    pub fn run(mut self) -> Vec<Finding> {
        let ways: Vec<Way> = self.worst.keys().copied().collect();
        let mut next = Instant::now() + EVERY;
        for way in ways.into_iter().cycle() {
            let wait = next.saturating_duration_since(Instant::now());
            if !self.scene.pause(wait) {
                break;
            }
            next = (next + EVERY).max(Instant::now());
            if let Err(failure) = self.silence(way) {
                self.failures.push(failure.to_string());
            }
        }
        self.findings()
    }

    fn silence(&mut self, way: Way) -> Result<(), Failure> {
        let account = match way {
            Way::Removed if self.accounts.len() > 1 => Some(self.accounts.remove(0)),
            _ => self.accounts.last().cloned(),
        };
        let (person, token) = account.ok_or("no account is left")?;
        let third = self.scene.speakers.last().copied().unwrap_or_default();
        self.scene.house.people().be_quiet(third, true);
        self.taken += 1;
        let done = match way {
            Way::TakenOff => self.take_off(&person, &token),
            Way::Removed => self.remove(&person, &token),
            Way::Revoked => self.revoke(&token),
        };
        let mut people = self.scene.house.people();
        people.leave_stage(FIRST_VOICE + self.taken);
        people.be_quiet(third, false);
        done
    }

    fn take_off(&mut self, person: &str, token: &str) -> Result<(), Failure> {
        self.speak(token)?;
        let path = format!("/api/v1/spaces/{}/speakers/{person}", self.scene.space);
        let server = &self.scene.server;
        let (began, began_ns) = (Instant::now(), wall_ns());
        let answer = server.ask("DELETE", &path, Some(&server.token), "")?;
        self.note(Way::TakenOff, began.elapsed(), answer.status == 200);
        self.wait_for_silence(Way::TakenOff, began_ns, SILENT_WITHIN);
        Ok(())
    }

    fn remove(&mut self, person: &str, token: &str) -> Result<(), Failure> {
        self.speak(token)?;
        let command = json!({"kind": "remove_person", "person_id": person});
        let (began, began_ns) = (Instant::now(), wall_ns());
        let answer = self.host.command(&command, ANSWERED_WITHIN)?;
        let (at, is_done) = answer.ok_or("the host's channel did not answer a removal")?;
        self.note(Way::Removed, at - began, is_done);
        self.wait_for_silence(Way::Removed, began_ns, SILENT_WITHIN);
        Ok(())
    }

    /// Open a channel and a voice with a new token, then revoke it.
    fn revoke(&mut self, main: &str) -> Result<(), Failure> {
        let scene = self.scene;
        let label = r#"{"label":"turn"}"#;
        let made = scene
            .server
            .ask("POST", "/api/v1/tokens", Some(main), label)?;
        let made = made.json()?;
        let word = |name| made.get(name).and_then(Value::as_str).unwrap_or_default();
        let (token, path) = (word("token"), format!("/api/v1/tokens/{}", word("id")));
        let from = address(0, 30);
        let channel = Channel::open(scene.server.address, from, &scene.space, Some(token))?;
        self.speak(token)?;
        let (began, began_ns) = (Instant::now(), wall_ns());
        let answer = scene.server.ask("DELETE", &path, Some(main), "")?;
        self.note(Way::Revoked, began.elapsed(), answer.status == 204);
        self.wait_for_silence(Way::Revoked, began_ns, REVOKED_WITHIN);
        let left = REVOKED_WITHIN.saturating_sub(began.elapsed());
        let closed = channel.closed(left + Duration::from_millis(1));
        let closed = closed.filter(|(_, code)| *code == NOT_SIGNED_IN);
        let after = closed.map_or(REVOKED_WITHIN, |(at, _)| at - began);
        let worst = self.worst.entry(Way::Revoked).or_default();
        worst.closed = worst.closed.max(after);
        Ok(())
    }

    /// Bring the account of *token* on stage and wait until every listener hears it.
    fn speak(&mut self, token: &str) -> Result<(), Failure> {
        let (voice, began) = (FIRST_VOICE + self.taken, Instant::now());
        self.scene
            .speak(address(0, 30), (voice, LEVEL_DBOV), token)?;
        let connected = Instant::now();
        while self.scene.house.people().heard(voice).1 < self.scene.listeners.len() {
            if connected.elapsed() > HEARD_WITHIN {
                return Err("not every listener heard a new voice within 5 s".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.joining = self.joining.max(began.elapsed());
        Ok(())
    }

    fn note(&mut self, way: Way, answered: Duration, is_done: bool) {
        let worst = self.worst.entry(way).or_default();
        worst.times += 1;
        worst.refused += u32::from(!is_done);
        worst.answered = worst.answered.max(answered);
    }

    /// Wait until the voice of this turn has ended, and note when it was last heard.
    fn wait_for_silence(&mut self, way: Way, began_ns: u64, patience: Duration) {
        let (voice, began) = (FIRST_VOICE + self.taken, Instant::now());
        loop {
            let (last, _) = self.scene.house.people().heard(voice);
            let quiet = Duration::from_nanos(wall_ns().saturating_sub(last.max(began_ns)));
            if quiet > SILENCE || began.elapsed() > patience {
                let heard = Duration::from_nanos(last.saturating_sub(began_ns));
                let worst = self.worst.entry(way).or_default();
                worst.heard = worst.heard.max(heard);
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn findings(self) -> Vec<Finding> {
        let joining = "slowest new voice to reach every listener";
        let mut findings = vec![Finding::noted(0, joining, ms(self.joining), "ms")];
        for (way, worst) in &self.worst {
            let (row, name) = match way {
                Way::TakenOff => (0, "taking somebody off the stage"),
                Way::Removed => (0, "removing somebody"),
                Way::Revoked => (6, "revoking a token"),
            };
            let all = worst.times;
            let bounded = |what, time| Finding::bounded(row, what, ms(time), BOUND_MS, "ms");
            findings.extend([
                bounded(format!("{name}: slowest of {all} answers"), worst.answered),
                bounded(format!("{name}: last sound of the voice"), worst.heard),
                Finding::none(row, format!("{name}: refused"), worst.refused),
                Finding::none(
                    row,
                    format!("{name}: never came to it"),
                    u32::from(all == 0),
                ),
            ]);
            if *way == Way::Revoked {
                findings.push(bounded(
                    format!("{name}: channel closed with 4401"),
                    worst.closed,
                ));
            }
        }
        let last = self
            .failures
            .last()
            .map(|last| format!("; the last: {last}"));
        let what = format!("turns that failed{}", last.unwrap_or_default());
        findings.push(Finding::none(0, what, self.failures.len()));
        findings
    }
}

/// Time the host's commands: every second, take off the stage somebody who is not on it.
pub fn command(scene: &Scene) -> Finding {
    let path = format!("/api/v1/spaces/{}/speakers/1", scene.space);
    let (mut times, mut slowest) = (0, Duration::ZERO);
    while scene.pause(COMMAND_EVERY) {
        let began = Instant::now();
        let _refused = scene
            .server
            .ask("DELETE", &path, Some(&scene.server.token), "");
        slowest = slowest.max(began.elapsed());
        times += 1;
    }
    let what = format!("a host's command without effect: slowest of {times} answers");
    Finding::bounded(0, what, ms(slowest), BOUND_MS, "ms")
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
