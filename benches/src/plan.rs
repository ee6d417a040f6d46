//! What is measured, in which order.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::report::{Report, Row};
use crate::stay::{Joining, Stay};
use crate::systems::{Site, System};
use crate::voice::Voices;
use crate::{Failure, inside, namespace, process, systems};

/// How much is measured.
struct Plan {
    sizes: &'static [usize],
    rounds: usize,
    settle: Duration,
    window: Duration,
}

const FULL: Plan = Plan {
    sizes: &[100, 1_000, 3_000, 10_000],
    rounds: 3,
    settle: Duration::from_secs(2),
    window: Duration::from_secs(10),
};

const QUICK: Plan = Plan {
    sizes: &[100, 1_000],
    rounds: 1,
    settle: Duration::from_millis(1_300),
    window: Duration::from_secs(3),
};

/// Everything.
pub fn run() -> Result<(), Failure> {
    namespace::enter()?;
    inside::raise_file_limit();
    let plan = if is_set("QUICK") { &QUICK } else { &FULL };
    let mut bench = Bench::new()?;
    bench.fan_out(plan)?;
    print!("{}", bench.report.table());
    bench.report.save(&bench.repository)
}

fn is_set(name: &str) -> bool {
    std::env::var(name).is_ok_and(|value| !value.is_empty() && value != "0")
}

struct Bench {
    repository: PathBuf,
    voices: Arc<Voices>,
    systems: Vec<Box<dyn System>>,
    report: Report,
}

impl Bench {
    fn new() -> Result<Bench, Failure> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let repository = repository.canonicalize()?;
        let voices = Arc::new(Voices::read(&repository)?);
        let mut bench = Bench {
            voices,
            systems: Vec::new(),
            report: Report::default(),
            repository,
        };
        // SYSTEMS=arengo,floor measures these alone.
        let wanted = std::env::var("SYSTEMS").unwrap_or_default();
        for system in systems::all() {
            let named = format!("{} {}", system.name(), system.config());
            if !wanted.is_empty() && !wanted.split(',').any(|word| named.contains(word)) {
                continue;
            }
            match system.missing(&bench.site(&*system, &[0])?) {
                None => bench.systems.push(system),
                Some(reason) => bench.report.not_built(&*system, &reason),
            }
        }
        // From here on this process leaves the servers' CPU alone.
        process::pin(&[1])?;
        Ok(bench)
    }

    fn site(&self, system: &dyn System, cpus: &[usize]) -> Result<Site, Failure> {
        let name = format!("{}-{}", system.name(), system.config());
        let name = name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
        let folder = self.repository.join("target/bench").join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        Ok(Site {
            server: namespace::SERVER,
            cpus: cpus.to_vec(),
            repository: self.repository.clone(),
            peers: self.repository.join("benches/.peers"),
            folder,
            most: 12_000,
        })
    }

    /// CPU, delay, memory and joins of each system by the size of the audience, in turns.
    fn fan_out(&mut self, plan: &Plan) -> Result<(), Failure> {
        for round in 0..plan.rounds {
            for size in plan.sizes {
                for number in 0..self.systems.len() {
                    let Some(system) = self.systems.get(number) else {
                        continue;
                    };
                    if self.report.has_failed(&**system, *size) {
                        continue;
                    }
                    match self.one_size(&**system, *size, plan) {
                        Ok(row) => {
                            println!("{}", row.line());
                            self.report.rows.push(Row { round, ..row });
                        }
                        Err(error) => {
                            println!("{} {} at {size}: {error}", system.name(), system.config());
                            self.report.failed(&**system, *size, &error.to_string());
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn one_size(&self, system: &dyn System, size: usize, plan: &Plan) -> Result<Row, Failure> {
        let site = self.site(system, &[0])?;
        let mut stay = Stay::begin(system, &site, &self.voices)?;
        stay.open(1, 1)?;
        let joining = stay.admit(size, None)?;
        row(system, &stay, joining, plan)
    }
}

fn row(
    system: &dyn System,
    stay: &Stay,
    joining: Joining,
    plan: &Plan,
) -> Result<Row, Failure> {
    let window = stay.window(plan.settle, plan.window)?;
    Ok(Row {
        part: "fan-out",
        system: system.name(),
        config: system.config(),
        listeners: stay.listeners(),
        talkers: stay.talkers(),
        round: 0,
        profile: stay.profile()?.unwrap_or("none"),
        empty_kib: stay.empty_kib,
        cpus: 1,
        joining,
        window,
    })
}
