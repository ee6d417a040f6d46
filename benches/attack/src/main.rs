//! `make soak-attack`: every attack that a security test found, at once, against one server with people in it.
//!
//! | part | what |
//! |---|---|
//! | [`scene`] | the server, and who is in it |
//! | [`house`], [`ear`] | the sound of the good people, and the gaps in it |
//! | [`control`] | how late the machine is by itself |
//! | [`turns`] | the host, who silences somebody every five seconds, and by a revoked token (row 6) |
//! | [`rows`] | the attacks |
//! | [`watch`], [`counters`] | the server's memory, log and metrics |
//! | [`report`] | the findings and their bounds |

mod channel;
mod control;
mod counters;
mod ear;
mod house;
mod report;
mod rows;
mod scene;
mod socket;
mod turns;
mod watch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arengo_bench_channel::Failure;
use report::Finding;
use rows::{ATTACKS, REVOKING};
use scene::Scene;
use turns::Turns;
use watch::Standing;

const SECONDS: u64 = 600;
const SETTLING: Duration = Duration::from_secs(3);
/// Between the attacks and the last look at memory; people who left are forgotten in it.
const REST: Duration = Duration::from_secs(15);
const PRIORITY: libc::c_int = -10;
const LOST_MS: f64 = 100.0;

static IS_STOPPED: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    match run() {
        Ok(findings) => {
            print!("{}", report::table(&findings));
            match findings
                .iter()
                .filter(|finding| finding.is_missed())
                .count()
            {
                0 => ExitCode::SUCCESS,
                missed => {
                    eprintln!("arengo-bench-attack: {missed} bounds are missed");
                    ExitCode::FAILURE
                }
            }
        }
        Err(error) => {
            eprintln!("arengo-bench-attack: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The argument is the `arengo` command; ROWS and SECONDS in the environment choose the attacks and the time.
fn run() -> Result<Vec<Finding>, Failure> {
    let program = std::env::args_os().nth(1).ok_or("which arengo command?")?;
    let rows: Vec<u8> = match std::env::var("ROWS") {
        Ok(rows) if !rows.is_empty() => {
            rows.split(',').map(str::parse).collect::<Result<_, _>>()?
        }
        _ => (1..=10).collect(),
    };
    let seconds = match std::env::var("SECONDS") {
        Ok(seconds) if !seconds.is_empty() => seconds.parse()?,
        _ => SECONDS,
    };
    if rows.iter().any(|row| [3, 4].contains(row))
        && let Err(error) = socket::Forger::open()
    {
        return Err(
            format!("rows 3 and 4 forge source addresses, which needs root: {error}").into(),
        );
    }
    stop_on_signals();
    come_first();
    let scene = Scene::set(&PathBuf::from(program), Duration::from_secs(seconds))?;
    let turns = Turns::new(&scene, rows.contains(&REVOKING))?;
    std::thread::sleep(SETTLING);
    let findings = soak(&scene, turns, &rows)?;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/attack.json");
    report::save(&findings, &rows, seconds, &file)?;
    Ok(findings)
}

fn soak(scene: &Scene, turns: Turns<'_>, rows: &[u8]) -> Result<Vec<Finding>, Failure> {
    let start = Standing::of(&scene.server)?;
    let before = counters::read(&scene.server.metrics()?);
    scene.house.people().begin();
    let (began, began_ns) = (Instant::now(), socket::wall_ns());
    let (mut findings, peak) = std::thread::scope(|scope| {
        let attacks = ATTACKS.iter().filter(|(row, _)| rows.contains(row));
        let attacks: Vec<_> = attacks
            .map(|(row, attack)| (*row, scope.spawn(|| attack(scene))))
            .collect();
        let turns = scope.spawn(|| turns.run());
        let commands = scope.spawn(|| turns::command(scene));
        let peak = scope.spawn(|| watch::peak(scene));
        let control = scope.spawn(|| control::stream(scene));
        while began.elapsed() < scene.length && !IS_STOPPED.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(100));
        }
        scene.house.people().end();
        let mut findings = gaps(scene, began_ns);
        scene.end();
        findings.extend(control.join().ok().and_then(Result::ok));
        findings.extend(commands.join().ok());
        findings.extend(turns.join().unwrap_or_default());
        for (row, attack) in attacks {
            match attack.join() {
                Ok(Ok(found)) => findings.extend(found),
                Ok(Err(error)) => findings.push(Finding::none(
                    row,
                    format!("the attack stopped: {error}"),
                    1,
                )),
                Err(_) => findings.push(Finding::none(row, "the attack broke", 1)),
            }
        }
        (findings, peak.join())
    });
    std::thread::sleep(REST);
    let end = Standing::of(&scene.server)?;
    let peak = peak.map_err(|_| "nobody watched the server")??;
    findings.extend(watch::findings(start, peak, end, began.elapsed() - REST));
    findings.extend(watch::log_findings(&scene.server.log()?, &scene.secrets()));
    findings.extend(counters::findings(
        rows,
        &before,
        &counters::read(&scene.server.metrics()?),
    ));
    findings.sort_by_key(|finding| finding.row);
    Ok(findings)
}

/// The longest gap of each voice among listeners with three lines, and among those with a single one.
fn gaps(scene: &Scene, began_ns: u64) -> Vec<Finding> {
    let people = scene.house.people();
    let mut findings = Vec::new();
    for voice in 0..=scene.speakers.len() as u16 {
        let heard = people.listeners().filter_map(|person| match voice {
            0 => (person.lines == 1).then_some(person.ear.line),
            _ => person
                .ear
                .voices
                .get(&voice)
                .copied()
                .filter(|_| person.lines > 1),
        });
        let heard: Vec<_> = heard.collect();
        let name = match voice {
            0 => "a single line".to_owned(),
            voice => format!("voice {voice}"),
        };
        let lost: u32 = heard.iter().map(|heard| heard.lost).sum();
        let longest = heard.iter().max_by_key(|heard| heard.gap_ns);
        let gap_ms = longest.map_or(f64::INFINITY, |heard| heard.gap_ns as f64 / 1e6);
        let at = longest.map(|heard| heard.at).filter(|at| *at > 0);
        let at = at.map_or(String::new(), |at| {
            let at_s = at.saturating_sub(began_ns) as f64 / 1e9;
            format!(", at {at_s:.0} s")
        });
        let listeners = heard.len();
        let what = format!("longest gap of {name}{at}; {lost} too long at {listeners} listeners");
        findings.push(Finding::bounded(0, what, gap_ms, LOST_MS, "ms"));
    }
    let own = people
        .sending
        .values()
        .map(|sending| sending.longest_ns)
        .max();
    let what = "longest gap in sending, not counted above";
    findings.push(Finding::noted(0, what, own.unwrap_or(0) as f64 / 1e6, "ms"));
    findings
}

/// Run before other work of the machine, so that its load is not taken for a fault of the server, which inherits this.
fn come_first() {
    // SAFETY: the call takes no pointers. Without root nothing changes.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, PRIORITY) };
    // Some kernels group processes by session, and priorities count within a group alone.
    let _ungrouped = std::fs::write("/proc/self/autogroup", PRIORITY.to_string());
}

/// Ctrl-C ends the soak early, with its report.
fn stop_on_signals() {
    extern "C" fn stop(_: libc::c_int) {
        IS_STOPPED.store(true, Ordering::Relaxed);
    }
    let handler: extern "C" fn(libc::c_int) = stop;
    for signal in [libc::SIGINT, libc::SIGTERM] {
        // SAFETY: the handler only stores a flag.
        unsafe { libc::signal(signal, handler as libc::sighandler_t) };
    }
}
