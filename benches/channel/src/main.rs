//! `make bench-channel`: what the space channel costs a real server, with 100, 1,000 and 10,000 readers of one space.
//!
//! For each size: join as fast as the server takes people, measure what a channel keeps in memory, let the host change
//! the title four times a second, and at last let 300 a second come with a channel and an offer of sound.
//! The server has one core and the readers another, where there are two.

mod crowd;
mod offer;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use arengo_bench_channel::Failure;
use arengo_bench_channel::server::Server;
use crowd::{Crowd, Target};
use report::{Row, Spread};
use serde_json::Value;

const SIZES: [usize; 3] = [100, 1_000, 10_000];
/// Joins under way at a time.
const AT_ONCE: usize = 64;
const SETTLING: Duration = Duration::from_secs(4);
const IDLE: Duration = Duration::from_secs(10);
const EVENTS: usize = 40;
const EVENT_EVERY: Duration = Duration::from_millis(250);
const STORM_PER_S: u32 = 300;
const STORM: Duration = Duration::from_secs(10);
const HOST_PINGS_EVERY: Duration = Duration::from_millis(50);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("arengo-bench-channel: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Arguments: the `arengo` command to measure, and the sizes where they are not the usual ones.
fn run() -> Result<(), Failure> {
    raise_file_limit();
    let mut arguments = std::env::args_os().skip(1);
    let program = PathBuf::from(arguments.next().ok_or("which arengo command?")?);
    let mut sizes = Vec::new();
    for argument in arguments {
        sizes.push(argument.to_string_lossy().parse()?);
    }
    let is_whole = sizes.is_empty();
    if is_whole {
        sizes.extend(SIZES);
    }
    let mut rows = Vec::new();
    for size in sizes {
        let row = measure(&program, size)?;
        eprint!("{}", report::line(&row));
        rows.push(row);
    }
    print!("{}", report::table(&rows));
    if is_whole {
        let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/channel.json");
        report::save(&rows, &results)?;
    }
    Ok(())
}

fn measure(program: &Path, readers: usize) -> Result<Row, Failure> {
    stay_on_core(0);
    let server = Server::start(program, &[])?;
    stay_on_core(1);
    let space = server.open_space(&Value::Null)?;
    let target = Target {
        server: server.address,
        space,
    };
    let mut crowd = Crowd::with_host(target, &server.token)?;
    crowd.listen(SETTLING)?;

    let empty_kib = server.rss_kib()?;
    let (began, cpu) = (Instant::now(), server.cpu_s()?);
    for _ in 0..readers {
        while crowd.under_way() >= AT_ONCE {
            crowd.turn(Duration::from_millis(5))?;
        }
        crowd.join(false)?;
        crowd.turn(Duration::ZERO)?;
    }
    crowd.until(Duration::from_secs(60), |c| c.under_way() == 0)?;
    let joining_s = began.elapsed().as_secs_f64();
    let join_cpu_us = (server.cpu_s()? - cpu) * 1e6 / readers as f64;
    let join = Spread::of(&mut crowd.heard.joins);
    let welcome_bytes = crowd.heard.welcome_bytes;
    let closed_while_joining = crowd.heard.closed;
    crowd.listen(SETTLING)?;
    let kib_each = (server.rss_kib()? - empty_kib) / readers as f64;

    crowd.forget();
    let cpu = server.cpu_s()?;
    crowd.listen(IDLE)?;
    let idle = (server.cpu_s()? - cpu) / IDLE.as_secs_f64();

    crowd.forget();
    let (began, cpu) = (Instant::now(), server.cpu_s()?);
    for _ in 0..EVENTS {
        crowd.tell()?;
        crowd.listen(EVENT_EVERY)?;
    }
    crowd.until(Duration::from_secs(30), |c| {
        c.heard.events.iter().all(|told| told.len() > readers)
    })?;
    let window_s = began.elapsed().as_secs_f64();
    let busy_s = server.cpu_s()? - cpu - idle * window_s;
    let message_us = busy_s * 1e6 / crowd.heard.frames.max(1) as f64;
    let mut last: Vec<u32> = crowd
        .heard
        .events
        .iter()
        .filter_map(|e| e.iter().copied().max())
        .collect();
    let mut every: Vec<u32> = crowd.heard.events.concat();

    let storm = storm(&mut crowd, &server)?;
    Ok(Row {
        readers,
        joins_per_s: readers as f64 / joining_s,
        join_cpu_us,
        join,
        welcome_bytes,
        kib_each,
        idle_cpu: idle,
        message_us,
        told: Spread::of(&mut every),
        told_last: Spread::of(&mut last),
        storm_joins_per_s: storm.joins_per_s,
        storm_cpu: storm.cpu,
        storm_join: storm.join,
        storm_answer: storm.answer,
        storm_loop: storm.pongs,
        storm_bytes_per_s: storm.bytes_per_s,
        lost: closed_while_joining + crowd.heard.closed + crowd.heard.refused,
    })
}

/// How a server bore it that [`STORM_PER_S`] came in a second.
struct Storm {
    joins_per_s: f64,
    cpu: f64,
    join: Spread,
    answer: Spread,
    pongs: Spread,
    bytes_per_s: f64,
}

fn storm(crowd: &mut Crowd, server: &Server) -> Result<Storm, Failure> {
    crowd.listen(SETTLING)?;
    crowd.forget();
    let (began, cpu) = (Instant::now(), server.cpu_s()?);
    let (mut come, mut pinged) = (0, began);
    while began.elapsed() < STORM {
        let due = began.elapsed().as_millis() as usize * STORM_PER_S as usize / 1000;
        while come < due {
            come += 1;
            crowd.join(true)?;
        }
        if pinged.elapsed() >= HOST_PINGS_EVERY {
            pinged = Instant::now();
            crowd.ping_as_host()?;
        }
        crowd.turn(Duration::from_millis(1))?;
    }
    crowd.until(Duration::from_secs(60), |c| c.under_way() == 0)?;
    let took_s = began.elapsed().as_secs_f64();
    Ok(Storm {
        joins_per_s: come as f64 / took_s,
        cpu: (server.cpu_s()? - cpu) / took_s,
        join: Spread::of(&mut crowd.heard.joins),
        answer: Spread::of(&mut crowd.heard.answers),
        pongs: Spread::of(&mut crowd.heard.pongs),
        bytes_per_s: crowd.heard.bytes as f64 / took_s,
    })
}

fn raise_file_limit() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: *limit* lives through both calls.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
    }
}

/// Run on that core from now on, and let children begin there; where it is absent, wherever there is room.
fn stay_on_core(core: usize) {
    // SAFETY: a set of cores is plain bits, all zero is an empty one, and it lives through the call.
    unsafe {
        let mut cores: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core, &mut cores);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const cores);
    }
}
