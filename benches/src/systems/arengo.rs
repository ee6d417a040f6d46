//! The product itself: `arengo serve`, with talkers by WHIP and listeners by WHEP.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arengo_bench_channel::http;
use arengo_client::{ClientOptions, Identity, Peer, SystemEntropy};
use serde_json::{Value, json};

use super::{Guest, Protocol, RTP, RtpWire, START, Server, Site, System, Wire};
use crate::Failure;
use crate::process::Child;

const PORT: u16 = 8_000;
/// Spaces of one host; the service allows five at a time.
const SPACES_EACH: usize = 5;
const LINES: usize = 3;
/// Service Unavailable: the server takes no more listeners now.
const FULL: u16 = 503;
/// Within what `Retry-After` asks for, and how often before it gives up: a minute.
const RETRY_AFTER: Duration = Duration::from_secs(5);
const TRIES: usize = 12;

/// Shown to the server that we start, and to nobody else.
const METRICS_TOKEN: &str = "the figures of this bench";

/// The option that says from how many listeners on packets are merged.
const MERGE_FROM: &str = "--media-merge-from";

/// Arengo with one of its ways to pack sound.
pub struct Arengo {
    config: &'static str,
    /// Whether listeners get packets of 60 ms, however many they are.
    merges: bool,
}

impl Arengo {
    pub const TWENTY_MS: Arengo = Arengo {
        config: "20 ms",
        merges: false,
    };
    pub const MERGED: Arengo = Arengo {
        config: "merged",
        merges: true,
    };
}

impl System for Arengo {
    fn name(&self) -> &'static str {
        "arengo"
    }

    fn config(&self) -> &'static str {
        self.config
    }

    fn missing(&self, site: &Site) -> Option<String> {
        let help = Command::new(command(site))
            .args(["serve", "--help"])
            .output();
        match help {
            Err(error) => Some(format!("`arengo` does not start ({error}): make build")),
            Ok(output) if !String::from_utf8_lossy(&output.stdout).contains(MERGE_FROM) => {
                Some(format!("this `arengo` has no {MERGE_FROM}: make build"))
            }
            Ok(_) => None,
        }
    }

    fn merges(&self) -> bool {
        self.merges
    }

    fn start(&self, site: &Site) -> Result<Arc<dyn Server>, Failure> {
        let data = site.folder.join("data");
        std::fs::create_dir_all(&data)?;
        let mut serve = Command::new(command(site));
        let address = site.server.to_string();
        serve.args(["serve", "--bind", &address, "--public-ip", &address]);
        serve.args(["--port", &PORT.to_string(), "--log-level", "warning"]);
        serve.args([MERGE_FROM, if self.merges { "0" } else { "never" }]);
        serve.args(["--media-shards", &site.cpus.len().to_string()]);
        // Others have no limit, or are given one above this too; a hundredth is kept for those who speak.
        let sessions = site.most + site.most / 50;
        serve.args(["--media-sessions", &sessions.to_string()]);
        serve.arg("--data-dir").arg(&data);
        serve.env("ARENGO_METRICS_TOKEN", METRICS_TOKEN);
        let mut child = Child::spawn(serve, site, "arengo")?;
        let server = SocketAddrV4::new(site.server, PORT);
        child.wait_until(START, || {
            let ready = http::request(server, site.server, "GET", "/readyz", &[], "");
            ready.is_ok_and(|response| response.status == 200)
        })?;
        Ok(Arc::new(ArengoServer {
            child,
            server,
            command: command(site),
            data,
            hosts: Mutex::default(),
            spaces: Mutex::default(),
        }))
    }
}

fn command(site: &Site) -> PathBuf {
    site.repository.join(".venv/bin/arengo")
}

struct ArengoServer {
    child: Child,
    server: SocketAddrV4,
    command: PathBuf,
    data: PathBuf,
    /// Tokens of accounts, by number: hosts, who also talk.
    hosts: Mutex<Vec<String>>,
    spaces: Mutex<Vec<String>>,
}

impl ArengoServer {
    /// The token of account *number*, which is made where it is missing.
    fn host(&self, number: usize) -> Result<String, Failure> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        while hosts.len() <= number {
            let name = format!("talker{}", hosts.len());
            self.shell(&["account", "create", &name, "--bot"])?;
            hosts.push(self.shell(&["token", "create", &name])?);
        }
        Ok(hosts.get(number).cloned().unwrap_or_default())
    }

    fn shell(&self, words: &[&str]) -> Result<String, Failure> {
        let mut command = Command::new(&self.command);
        let output = command
            .args(words)
            .arg("--data-dir")
            .arg(&self.data)
            .output()?;
        if !output.status.success() {
            let error = String::from_utf8_lossy(&output.stderr);
            return Err(format!("arengo {}: {error}", words.join(" ")).into());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    fn space(&self, number: usize) -> Result<String, Failure> {
        let spaces = self.spaces.lock().unwrap_or_else(PoisonError::into_inner);
        let space = spaces.get(number).cloned();
        space.ok_or_else(|| "nobody has opened that space".into())
    }

    fn post(
        &self,
        from: Ipv4Addr,
        path: &str,
        token: Option<&str>,
        kind: &str,
        body: &str,
    ) -> Result<http::Response, Failure> {
        let mut headers = vec![format!("Content-Type: {kind}")];
        headers.extend(token.map(|token| format!("Authorization: Bearer {token}")));
        let path = format!("/api/v1{path}");
        http::request(self.server, from, "POST", &path, &headers, body)
    }
}

impl Server for ArengoServer {
    fn pids(&self) -> Vec<u32> {
        vec![self.child.pid()]
    }

    fn protocol(&self) -> Protocol {
        RTP
    }

    fn stage_delay_p99_us(&self) -> Option<f64> {
        let from = *self.server.ip();
        let shown = [format!("Authorization: Bearer {METRICS_TOKEN}")];
        let told = http::request(self.server, from, "GET", "/metrics", &shown, "").ok()?;
        p99_us(&told.granted().ok()?, "arengo_media_stage_delay_seconds")
    }

    fn open(&self, space: usize) -> Result<(), Failure> {
        let token = self.host(space / SPACES_EACH)?;
        let wanted = json!({"title": "A talk", "who_may_speak": "everyone", "start": true});
        let from = *self.server.ip();
        let made = self.post(
            from,
            "/spaces",
            Some(&token),
            "application/json",
            &wanted.to_string(),
        )?;
        let made = made.json()?;
        let id = made.get("id").and_then(Value::as_str);
        let id = id.ok_or("the answer names no space")?;
        let mut spaces = self.spaces.lock().unwrap_or_else(PoisonError::into_inner);
        spaces.push(id.to_owned());
        Ok(())
    }

    fn join(&self, guest: &Guest) -> Result<Box<dyn Wire>, Failure> {
        let space = self.space(guest.space)?;
        // The first talker of a space is its host; others are accounts of their own.
        let token = match guest.talks {
            true => Some(self.host(guest.space / SPACES_EACH + guest.voice)?),
            false => None,
        };
        let options = ClientOptions {
            send: guest.talks,
            receive_lines: if guest.talks { 0 } else { LINES },
            ..ClientOptions::default()
        };
        let identity = Identity::shared()?;
        let entropy = Box::new(SystemEntropy);
        let peer = Peer::new(options, identity, entropy, Instant::now());
        let mut peer = peer.ok_or("no peer with these lines")?;
        let door = if guest.talks { "whip" } else { "whep" };
        let path = format!("/spaces/{space}/{door}");
        let from = *guest.address.ip();
        let mut answer = self.post(
            from,
            &path,
            token.as_deref(),
            "application/sdp",
            &peer.offer(),
        )?;
        // A full server asks to come again: where it is the joins that fill it, there is room a little later.
        for _ in 0..TRIES {
            if answer.status != FULL {
                break;
            }
            std::thread::sleep(RETRY_AFTER);
            let offer = peer.offer();
            answer = self.post(from, &path, token.as_deref(), "application/sdp", &offer)?;
        }
        peer.answer(&answer.granted()?, Instant::now())?;
        Ok(Box::new(RtpWire::new(peer)))
    }
}

/// The bound that 99 in 100 of the histogram *name* in *metrics*, the text format of Prometheus, do not exceed.
fn p99_us(metrics: &str, name: &str) -> Option<f64> {
    let lines = metrics.lines().filter_map(|line| {
        let line = line.strip_prefix(name)?.strip_prefix("_bucket{le=\"")?;
        let (bound, count) = line.split_once("\"} ")?;
        Some((bound, count.parse::<f64>().ok()?))
    });
    let buckets: Vec<(&str, f64)> = lines.collect();
    let (_, all) = buckets.last().filter(|(_, all)| *all > 0.0)?;
    let bound = buckets.iter().find(|(_, count)| *count >= all * 0.99)?.0;
    Some(bound.parse::<f64>().ok()? * 1e6)
}

#[cfg(test)]
mod tests {
    use super::p99_us;

    #[test]
    fn the_bound_of_99_in_100_is_read_from_a_histogram() {
        let metrics = "# TYPE delay histogram\ndelay_bucket{le=\"1e-05\"} 90.0\ndelay_bucket{le=\"0.00025\"} 99.0\n\
                       delay_bucket{le=\"+Inf\"} 100.0\nother_bucket{le=\"1e-06\"} 100.0\n";
        assert_eq!(p99_us(metrics, "delay"), Some(250.0));
        assert_eq!(p99_us("delay_bucket{le=\"+Inf\"} 0.0", "delay"), None);
        assert_eq!(p99_us("", "delay"), None);
    }
}
