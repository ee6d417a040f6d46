//! A real `arengo serve` in a folder of its own, watched from outside.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::frames::{after, quoted};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A server with one account, which ends with this value.
pub struct Server {
    child: Child,
    folder: PathBuf,
    program: PathBuf,
    pub address: SocketAddrV4,
    pub token: String,
}

impl Server {
    /// Start *program* on a free port and wait until it is ready.
    pub fn start(program: &Path) -> Outcome<Server> {
        let folder =
            std::env::temp_dir().join(format!("arengo-bench-channel-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let mut child = Command::new(program)
            .args([
                "serve",
                "--port",
                "0",
                "--media-port",
                "0",
                "--bind",
                "127.0.0.1",
                "--data-dir",
            ])
            .arg(&folder)
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(folder.join("log"))?)
            .spawn()?;
        let said = child.stdout.take().ok_or("the server says nothing")?;
        let mut server = Server {
            child,
            folder,
            program: program.to_owned(),
            address: SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0),
            token: String::new(),
        };
        server.address.set_port(port_told(said)?);
        server.shell(&["account", "create", "host"])?;
        server.token = server
            .shell(&["token", "create", "host"])?
            .trim()
            .to_owned();
        Ok(server)
    }

    /// Open a live space and give its id.
    pub fn open_space(&self) -> Outcome<String> {
        let body = r#"{"title":"Bench","start":true}"#;
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(
            stream,
            "POST /api/v1/spaces HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            self.token,
            body.len()
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let id = after(&answer, br#""id":""#).and_then(quoted);
        Ok(id.ok_or("the server opened no space")?.to_owned())
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

    fn shell(&self, arguments: &[&str]) -> Outcome<String> {
        let done = Command::new(&self.program)
            .args(arguments)
            .arg("--data-dir")
            .arg(&self.folder)
            .output()?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).into_owned().into());
        }
        Ok(String::from_utf8(done.stdout)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SAFETY: no pointers; the child has not been waited for, so the number is still its own.
        if let Ok(pid) = i32::try_from(self.child.id()) {
            unsafe { libc::kill(pid, libc::SIGTERM) };
        }
        let _gone = self.child.wait();
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
