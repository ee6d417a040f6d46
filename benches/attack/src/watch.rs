//! The server as seen from outside: memory, descriptors, CPU and log; and the CPU that the attacks use.

use std::time::Duration;

use arengo_bench_channel::Failure;
use arengo_bench_channel::server::Server;

use crate::report::Finding;
use crate::scene::Scene;

const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How much memory may grow by the end, and in between.
const KEPT_MB: f64 = 30.0;
const PEAK_MB: f64 = 100.0;
/// How many descriptors may be left over.
const KEPT_DESCRIPTORS: f64 = 20.0;
/// How many cores this process may use.
const OWN_CPU: f64 = 0.7;

/// The server at one moment.
#[derive(Clone, Copy)]
pub struct Standing {
    rss_mb: f64,
    descriptors: f64,
    cpu_s: f64,
    own_cpu_s: f64,
}

impl Standing {
    pub fn of(server: &Server) -> Result<Standing, Failure> {
        Ok(Standing {
            rss_mb: server.rss_kib()? / 1_024.0,
            descriptors: server.descriptors()? as f64,
            cpu_s: server.cpu_s()?,
            own_cpu_s: own_cpu_s(),
        })
    }
}

/// Find the most memory and the most descriptors until the soak is over.
pub fn peak(scene: &Scene) -> Result<Standing, Failure> {
    let mut peak = Standing::of(&scene.server)?;
    while scene.pause(LOOK_EVERY) {
        let now = Standing::of(&scene.server)?;
        peak.rss_mb = peak.rss_mb.max(now.rss_mb);
        peak.descriptors = peak.descriptors.max(now.descriptors);
        (peak.cpu_s, peak.own_cpu_s) = (now.cpu_s, now.own_cpu_s);
    }
    Ok(peak)
}

/// Compare the start, the peak and the end.
pub fn findings(start: Standing, peak: Standing, end: Standing, length: Duration) -> Vec<Finding> {
    let noted = |what: &str, seen, unit| Finding::noted(0, what, seen, unit);
    let bounded =
        |what: &str, seen, most, unit| Finding::bounded(0, what.to_owned(), seen, most, unit);
    let share = |from: f64, to: f64| (to - from) / length.as_secs_f64();
    vec![
        noted("memory at the start", start.rss_mb, "MB"),
        bounded(
            "memory grown at its peak",
            peak.rss_mb - start.rss_mb,
            PEAK_MB,
            "MB",
        ),
        bounded(
            "memory grown at the end",
            end.rss_mb - start.rss_mb,
            KEPT_MB,
            "MB",
        ),
        noted("descriptors at the most", peak.descriptors, ""),
        bounded(
            "descriptors left over at the end",
            end.descriptors - start.descriptors,
            KEPT_DESCRIPTORS,
            "",
        ),
        noted(
            "cores that the server used",
            share(start.cpu_s, peak.cpu_s),
            "",
        ),
        bounded(
            "cores that this harness used",
            share(start.own_cpu_s, peak.own_cpu_s),
            OWN_CPU,
            "",
        ),
    ]
}

/// Look for tracebacks, addresses of people and *secrets* in the log.
pub fn log_findings(log: &str, secrets: &[&str]) -> Vec<Finding> {
    let count = |is_it: &dyn Fn(&str) -> bool| log.lines().filter(|line| is_it(line)).count();
    let has_address = |line: &str| {
        let mut words = line.split(|c: char| !c.is_ascii_digit() && c != '.');
        words.any(|word| word.starts_with("127.0.") && word != "127.0.0.1")
    };
    let has_secret = |line: &str| secrets.iter().any(|secret| line.contains(secret));
    vec![
        Finding::none(
            0,
            "lines of the log with a traceback",
            count(&|line| line.contains("Traceback")),
        ),
        Finding::none(
            0,
            "lines of the log with somebody's address",
            count(&has_address),
        ),
        Finding::none(0, "lines of the log with a token", count(&has_secret)),
    ]
}

fn own_cpu_s() -> f64 {
    // SAFETY: all-zero usage is valid, and it outlives the call.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}
