//! A real `arengo serve` in a folder of its own, watched from outside.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{Failure, http};

type Outcome<T> = Result<T, Failure>;

/// From SIGTERM to SIGKILL.
const PATIENCE: Duration = Duration::from_secs(8);
/// Shown to the server that we start, and to nobody else.
const METRICS_TOKEN: &str = "the figures of this bench";
/// Of the account `host`.
pub const PASSWORD: &str = "the host of this bench";

/// A server whose only account is its host's; it ends with this value, or with the bench.
pub struct Server {
    child: Child,
    folder: PathBuf,
    pub address: SocketAddrV4,
    /// Of the account `host`.
    pub token: String,
}

impl Server {
    /// Start *program* on a free port, with *options* beside our own, and wait until it is ready.
    pub fn start(program: &Path, options: &[&str]) -> Outcome<Server> {
        let folder = std::env::temp_dir().join(format!("arengo-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let mut serve = Command::new(program);
        serve.args(["serve", "--port", "0", "--media-port", "0"]);
        serve.args(["--bind", "127.0.0.1"]);
        serve.args(options).arg("--data-dir").arg(&folder);
        serve.env("ARENGO_METRICS_TOKEN", METRICS_TOKEN);
        serve.stdout(Stdio::piped());
        serve.stderr(std::fs::File::create(folder.join("log"))?);
        // SAFETY: the call is safe between fork and exec.
        unsafe {
            serve.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                Ok(())
            })
        };
        let mut child = serve.spawn()?;
        let said = child.stdout.take().ok_or("the server says nothing")?;
        let mut server = Server {
            child,
            folder,
            address: SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0),
            token: String::new(),
        };
        server.address.set_port(port_told(said)?);
        server.token = server.account("host", Some(PASSWORD))?.1;
        Ok(server)
    }

    /// Make an account as `arengo account create` and `arengo token create` do: its id and a token.
    pub fn account(&self, name: &str, password: Option<&str>) -> Outcome<(String, String)> {
        let made = json!({"kind": "create_account", "name": name, "password": password});
        let made = self.control(&made)?;
        let id = made.rsplit(' ').next().unwrap_or_default();
        let token = self.control(&json!({"kind": "create_token", "name": name}))?;
        Ok((id.to_owned(), token))
    }

    /// What the server answers to a shell command.
    fn control(&self, command: &Value) -> Outcome<String> {
        let mut socket = UnixStream::connect(self.folder.join("control.sock"))?;
        writeln!(socket, "{command}")?;
        let mut line = String::new();
        BufReader::new(socket).read_line(&mut line)?;
        let reply: Value = serde_json::from_str(&line)?;
        match (
            reply.get("code").and_then(Value::as_str),
            reply.get("text").and_then(Value::as_str),
        ) {
            (None, Some(text)) => Ok(text.trim().to_owned()),
            _ => Err(line.into()),
        }
    }

    /// Send a request with *token*, or nobody's; *body* is JSON.
    pub fn ask(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: &str,
    ) -> Outcome<http::Response> {
        let mut headers = vec!["Content-Type: application/json".to_owned()];
        headers.extend(token.map(|token| format!("Authorization: Bearer {token}")));
        http::request(
            self.address,
            Ipv4Addr::LOCALHOST,
            method,
            path,
            &headers,
            body,
        )
    }

    /// Open a live space of the host's, with *more* settings; its id.
    pub fn open_space(&self, more: &Value) -> Outcome<String> {
        let mut wanted = json!({"title": "Bench", "start": true});
        if let (Some(wanted), Some(more)) = (wanted.as_object_mut(), more.as_object()) {
            wanted.extend(more.clone());
        }
        let made = self.ask(
            "POST",
            "/api/v1/spaces",
            Some(&self.token),
            &wanted.to_string(),
        )?;
        let made = made.json()?;
        let id = made
            .get("id")
            .and_then(Value::as_str)
            .ok_or("the server opened no space")?;
        Ok(id.to_owned())
    }

    /// The text of `/metrics`.
    pub fn metrics(&self) -> Outcome<String> {
        self.ask("GET", "/metrics", Some(METRICS_TOKEN), "")?
            .granted()
    }

    /// What it has logged so far.
    pub fn log(&self) -> Outcome<String> {
        Ok(String::from_utf8_lossy(&std::fs::read(self.folder.join("log"))?).into_owned())
    }

    /// Open descriptors.
    pub fn descriptors(&self) -> Outcome<usize> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }

    /// CPU seconds of the whole process since its start.
    pub fn cpu_s(&self) -> Outcome<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in brackets may hold anything; utime and stime are the 12th and 13th field behind it.
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let ticks: f64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|t| t.parse::<f64>().ok())
            .sum();
        Ok(ticks / 100.0)
    }

    /// Resident memory in KiB.
    pub fn rss_kib(&self) -> Outcome<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|l| l.starts_with("VmRSS:"));
        let kib = line
            .and_then(|l| l.split_whitespace().nth(1))
            .ok_or("no VmRSS")?;
        Ok(kib.parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SAFETY: no pointers; the child has not been waited for, so the number is still its own.
        if let Ok(pid) = i32::try_from(self.child.id()) {
            unsafe { libc::kill(pid, libc::SIGTERM) };
        }
        let deadline = Instant::now() + PATIENCE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
        let _kept = std::fs::remove_dir_all(&self.folder);
    }
}

/// The port in the line with which a server says that it is ready.
fn port_told(said: impl Read) -> Outcome<u16> {
    let mut line = String::new();
    BufReader::new(said).read_line(&mut line)?;
    let port = line
        .rsplit_once(':')
        .map(|(_, port)| port.trim().trim_end_matches('/'));
    Ok(port.ok_or("the server did not start")?.parse()?)
}
