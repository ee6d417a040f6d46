//! What processes and CPUs have used so far, from /proc.

use std::io;
use std::ops::Sub;

/// CPU time in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Of the server's processes, all their threads.
    pub user_s: f64,
    /// The same, and what the kernel's own thread for deferred network work has done for them on their CPUs.
    pub system_s: f64,
    /// Network work at the end of system calls and interrupts, on the server's CPUs.
    pub softirq_s: f64,
    /// In which the server's CPUs did anything at all.
    pub busy_s: f64,
    /// Of the same threads as user and system time, by the scheduler's own clock: ticks are too coarse for small audiences.
    scheduled_s: f64,
}

impl Usage {
    /// So far, of these processes and on these CPUs.
    pub fn read(pids: &[u32], cpus: &[usize]) -> io::Result<Usage> {
        let mut usage = Usage::default();
        for pid in pids {
            let (user, system) = process(*pid)?;
            usage.user_s += user;
            usage.system_s += system;
            usage.scheduled_s += scheduled(*pid)?;
        }
        for pid in deferred(cpus)? {
            let (user, system) = process(pid)?;
            usage.system_s += user + system;
            usage.scheduled_s += scheduled(pid)?;
        }
        let stat = std::fs::read_to_string("/proc/stat")?;
        for cpu in cpus {
            let name = format!("cpu{cpu} ");
            let line = stat.lines().find_map(|line| line.strip_prefix(&name));
            let numbers: Vec<f64> = line
                .unwrap_or_default()
                .split_ascii_whitespace()
                .filter_map(|word| word.parse().ok())
                .collect();
            // user nice system idle iowait irq softirq steal
            if let [user, nice, system, _idle, _iowait, irq, softirq, ..] = numbers.as_slice() {
                usage.softirq_s += softirq / ticks();
                usage.busy_s += (user + nice + system + irq + softirq) / ticks();
            }
        }
        Ok(usage)
    }

    /// All CPU time that was spent on the server's account.
    pub fn total_s(&self) -> f64 {
        if softirq_is_apart() {
            self.user_s + self.system_s + self.softirq_s
        } else {
            self.user_s + self.system_s
        }
    }
}

impl Sub for Usage {
    type Output = Usage;

    /// What was used since *before*: as much as the scheduler says, parted as the ticks say.
    fn sub(self, before: Usage) -> Usage {
        let (user, system) = (self.user_s - before.user_s, self.system_s - before.system_s);
        let scheduled_s = self.scheduled_s - before.scheduled_s;
        let of_user = if user + system > 0.0 {
            user / (user + system)
        } else {
            0.0
        };
        // A kernel without this clock, or a thread that ended with its count.
        let (user_s, system_s) = if scheduled_s > 0.0 {
            (scheduled_s * of_user, scheduled_s * (1.0 - of_user))
        } else {
            (user, system)
        };
        Usage {
            user_s,
            system_s,
            softirq_s: self.softirq_s - before.softirq_s,
            busy_s: self.busy_s - before.busy_s,
            scheduled_s,
        }
    }
}

/// Resident memory of these processes together, in KiB.
pub fn resident_kib(pids: &[u32]) -> io::Result<u64> {
    let mut sum = 0;
    for pid in pids {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let word = line.and_then(|line| line.split_ascii_whitespace().next());
        sum += word.and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(sum)
}

/// Whether this kernel takes softirq time out of the time of the task that it interrupts (CONFIG_IRQ_TIME_ACCOUNTING).
///
/// Where it does not, sending over loopback is in the system time of the sender already, to its end at the receiver's
/// socket, and must not be counted twice.
pub fn softirq_is_apart() -> bool {
    use std::sync::OnceLock;
    static APART: OnceLock<bool> = OnceLock::new();
    *APART.get_or_init(|| {
        let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let stored = std::fs::read_to_string(format!("/boot/config-{}", release.trim()));
        let running = std::process::Command::new("zcat")
            .arg("/proc/config.gz")
            .output();
        let running = running.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        let config = stored.or(running).unwrap_or_default();
        config
            .lines()
            .any(|line| line == "CONFIG_IRQ_TIME_ACCOUNTING=y")
    })
}

/// User and system time of a process with all its threads, in seconds.
fn process(pid: u32) -> io::Result<(f64, f64)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold anything; utime and stime are the 12th and 13th words after it.
    let words = stat.rsplit_once(')').map_or("", |(_, words)| words);
    let mut words = words.split_ascii_whitespace().skip(11);
    let mut next = || {
        let word = words.next().and_then(|word| word.parse::<f64>().ok());
        word.ok_or(io::Error::from(io::ErrorKind::InvalidData))
    };
    Ok((next()? / ticks(), next()? / ticks()))
}

/// How long the threads of a process have run, in seconds; 0 where the kernel does not say.
fn scheduled(pid: u32) -> io::Result<f64> {
    let mut sum = 0.0;
    for task in std::fs::read_dir(format!("/proc/{pid}/task"))?.flatten() {
        // A thread may end while it is looked at.
        let line = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        let word = line
            .split(' ')
            .next()
            .and_then(|word| word.parse::<f64>().ok());
        sum += word.unwrap_or(0.0) / 1e9;
    }
    Ok(sum)
}

/// The kernel threads that take over network work on these CPUs when there is much of it.
fn deferred(cpus: &[usize]) -> io::Result<Vec<u32>> {
    use std::sync::OnceLock;
    static THREADS: OnceLock<Vec<(usize, u32)>> = OnceLock::new();
    let find = || {
        let mut threads = Vec::new();
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let name = entry.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            let name = std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
            let cpu = name.trim_end().strip_prefix("ksoftirqd/");
            threads.extend(cpu.and_then(|cpu| Some((cpu.parse().ok()?, pid))));
        }
        Ok::<_, io::Error>(threads)
    };
    let threads = match THREADS.get() {
        Some(threads) => threads,
        None => {
            let found = find()?;
            THREADS.get_or_init(|| found)
        }
    };
    let of_cpus = threads.iter().filter(|(cpu, _)| cpus.contains(cpu));
    Ok(of_cpus.map(|(_, pid)| *pid).collect())
}

fn ticks() -> f64 {
    // SAFETY: a plain question to the C library.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    if ticks > 0 { ticks as f64 } else { 100.0 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    #[test]
    fn a_busy_process_is_seen_to_be_busy() {
        let own = [std::process::id()];
        let before = Usage::read(&own, &[0]).unwrap();
        let until = std::time::Instant::now() + std::time::Duration::from_millis(150);
        while std::time::Instant::now() < until {}
        let used = Usage::read(&own, &[0]).unwrap() - before;
        assert!(used.user_s + used.system_s > 0.02, "{used:?}");
        assert!(resident_kib(&own).unwrap() > 500);
    }
}
