//! The machine that rows come from, as a reader of them must know it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::Failure;
use crate::usage::softirq_is_apart;

/// The root of the repository.
pub fn repository() -> Result<PathBuf, Failure> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(manifest.join("..").canonicalize()?)
}

/// Processor, kernel, memory; nothing that names it.
pub fn describe() -> Value {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = cpuinfo.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once(':'));
        value.map_or_else(String::new, |(_, value)| value.trim().to_owned())
    };
    let flags = field("flags");
    let has = |flag: &str| flags.split(' ').any(|word| word == flag);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"));
    let memory = memory.and_then(|line| line.split_ascii_whitespace().next());
    let memory: u64 = memory.and_then(|word| word.parse().ok()).unwrap_or(0);
    json!({
        "cpu": field("model name"),
        "cpus": cpus(),
        "virtual": has("hypervisor"),
        "aes": has("aes"),
        "vaes": has("vaes"),
        "memory_gib": (memory as f64 / f64::from(1 << 20)).round(),
        "kernel": kernel(),
        "softirq_in_system_time": !softirq_is_apart(),
        "network": "loopback, in a network namespace of its own",
    })
}

/// Of the machine, whatever this process is pinned to.
fn cpus() -> i64 {
    // SAFETY: a plain question to the C library.
    unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) }
}

fn kernel() -> String {
    let release = Command::new("uname").arg("-r").output();
    let release = release.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    // The version alone: what is behind it names a build.
    let release = release.unwrap_or_default();
    release
        .split(['-', '+'])
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned()
}
