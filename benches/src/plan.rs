//! What is measured, in which order.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::report::{Part, Report, Tried};
use crate::stay::{Joining, Stay, Window};
use crate::systems::{Site, System};
use crate::voice::Voices;
use crate::{Failure, figures, inside, machine, namespace, process, systems};

/// How much is measured.
#[derive(Clone)]
struct Plan {
    sizes: &'static [usize],
    rounds: usize,
    settle: Duration,
    window: Duration,
    /// Whether everything is measured, or the sizes alone.
    whole: bool,
    /// No other system is begun after this long.
    budget: Duration,
    /// What alone is measured, by the beginnings of the parts' names and parted by commas; empty for everything.
    parts: String,
    /// Of the results.
    file: &'static str,
}

const FULL: Plan = Plan {
    sizes: &[100, 600, 1_000, 3_000, 10_000],
    rounds: 3,
    settle: Duration::from_secs(2),
    window: Duration::from_secs(10),
    whole: true,
    budget: Duration::from_secs(6 * 3_600),
    parts: String::new(),
    file: "latest.json",
};

const QUICK: Plan = Plan {
    sizes: &[100, 1_000],
    rounds: 1,
    settle: Duration::from_millis(1_200),
    window: Duration::from_secs(2),
    whole: false,
    budget: Duration::from_secs(140),
    parts: String::new(),
    file: "quick.json",
};

impl Plan {
    /// What the environment asks for: `QUICK=1`, `MINUTES=45` for what can be done in about that time, or all; and of
    /// that `PARTS=storm,small` alone.
    fn asked_for() -> Result<Plan, Failure> {
        if is_set("QUICK") {
            return Ok(QUICK);
        }
        let mut plan = FULL;
        if is_set("MINUTES") {
            let minutes: u64 = std::env::var("MINUTES")?.parse()?;
            plan.budget = Duration::from_secs(60 * minutes);
        }
        if is_set("PARTS") {
            plan.parts = std::env::var("PARTS")?;
            plan.file = "parts.json";
        }
        Ok(plan)
    }

    /// Whether *part* is to be measured.
    fn wants(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.split(',').any(|word| part.starts_with(word))
    }
}

/// Listeners of one space at most, in the search for the limit.
const MOST: usize = 30_000;
/// With more load than this at a size, the next one is not tried.
const FULL_LOAD: f64 = 0.97;
/// The steps of the search for the limit.
const STEP: f64 = 1.05;
const LOADS: [f64; 3] = [0.1, 0.5, 0.8];
/// What an audience may be expected to need of the core, from what a smaller one did; beyond, it is not tried.
const HOPELESS: f64 = 1.5;
/// The part of the time that rounds after the first may have used up when another begins.
const FOR_ROUNDS: f64 = 0.35;
/// Joins a second of the last steps to the limit: a server that is nearly full is to be filled by listeners, not by
/// their joining.
const GENTLY: f64 = 40.0;
/// The same, while it is half full: up to this part of what is to be nearly full.
const STEADILY: f64 = 100.0;
const NEARLY: f64 = 0.85;
const HALF: f64 = 0.5;
/// The same, while it is half empty.
const BRISKLY: f64 = 200.0;
/// Joins of the storm, in a second and in all, and those who listen meanwhile.
const STORM: f64 = 300.0;
const STORM_JOINS: usize = 3_000;
const STORM_LISTENERS: usize = 1_000;
/// Listeners of each of many spaces.
const SMALL_SPACE: usize = 100;
const BIG_SPACE: usize = 10_000;
const BIG_SPACE_FOR: Duration = Duration::from_secs(60);
const SOAK_MINUTES: usize = 20;
const NO_TIME: &str = "a short run has no more time";

/// Everything, or what the environment asks for.
pub fn run() -> Result<(), Failure> {
    process::come_first();
    namespace::enter()?;
    inside::raise_file_limit();
    let mut bench = Bench::new()?;
    if is_set("SOAK") {
        bench.soak()?;
        bench.save("soak.json")?;
        return Ok(());
    }
    let plan = &Plan::asked_for()?;
    if plan.wants("inside") {
        bench.inside(plan)?;
    }
    // From here on this process leaves the servers' CPU alone.
    process::pin(&[CLIENTS])?;
    if plan.wants("fan-out") {
        bench.fan_out(plan)?;
    }
    if plan.whole {
        bench.part(plan, "limits", |bench| bench.limits(1, plan))?;
        bench.part(plan, "small-spaces", |bench| bench.small_spaces(plan))?;
        bench.part(plan, "storm", |bench| bench.storm(plan))?;
        bench.part(plan, "big-space", Bench::big_space)?;
        let three = bench.voices.len();
        bench.part(plan, "three-talkers", |bench| bench.limits(three, plan))?;
        if plan.parts.is_empty() {
            figures::publish(&bench.repository)?;
        }
    }
    print!("{}", bench.report.figures());
    Ok(())
}

/// The CPU of the servers, and that of the clients.
const SERVERS: usize = 0;
const CLIENTS: usize = 1;

fn is_set(name: &str) -> bool {
    std::env::var(name).is_ok_and(|value| !value.is_empty() && value != "0")
}

/// What is measured, and what was found out.
struct Bench {
    repository: PathBuf,
    voices: Arc<Voices>,
    systems: Vec<Box<dyn System>>,
    report: Report,
    began: Instant,
}

impl Bench {
    fn new() -> Result<Bench, Failure> {
        let repository = machine::repository()?;
        let mut bench = Bench {
            voices: Arc::new(Voices::read(&repository)?),
            systems: Vec::new(),
            report: Report::default(),
            began: Instant::now(),
            repository,
        };
        // SYSTEMS=arengo,floor measures these alone.
        let wanted = std::env::var("SYSTEMS").unwrap_or_default();
        for system in systems::all() {
            let name = format!("{} {}", system.name(), system.config());
            if !wanted.is_empty() && !wanted.split(',').any(|word| name.contains(word)) {
                continue;
            }
            match system.missing(&bench.site(&*system, &[SERVERS])?) {
                None => bench.systems.push(system),
                Some(reason) => bench.report.not_built(&*system, &reason),
            }
        }
        Ok(bench)
    }

    /// An empty folder, and where the server runs.
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
            peers: self.repository.join("benches/.peers"),
            repository: self.repository.clone(),
            folder,
            most: MOST + 100,
        })
    }

    fn save(&self, name: &str) -> Result<(), Failure> {
        let folder = self.repository.join("benches/results");
        self.report.save(&folder.join(name), &self.voices)
    }

    /// One part of many, whose rows are kept at once.
    fn part(
        &mut self,
        plan: &Plan,
        name: &str,
        measure: impl FnOnce(&mut Bench),
    ) -> Result<(), Failure> {
        if !plan.wants(name) {
            return Ok(());
        }
        measure(self);
        self.save(plan.file)
    }

    /// The core beside the floor, in this process.
    fn inside(&mut self, plan: &Plan) -> Result<(), Failure> {
        let rounds = if plan.whole { 9 } else { 3 };
        for row in inside::run(rounds).map_err(|error| error.to_string())? {
            self.report.inside(&row);
        }
        Ok(())
    }

    /// CPU, delay, memory and joins of each system by the size of the audience, in turns.
    fn fan_out(&mut self, plan: &Plan) -> Result<(), Failure> {
        let systems = std::mem::take(&mut self.systems);
        for round in 0..plan.rounds {
            if round > 0 && self.began.elapsed() > plan.budget.mul_f64(FOR_ROUNDS) {
                break;
            }
            for size in plan.sizes {
                for system in &systems {
                    if self.report.has_failed(&**system, *size) {
                        continue;
                    }
                    let tried = Tried::Audience(*size);
                    if let Some(reason) = self.is_hopeless(&**system, *size) {
                        self.report.failed(&**system, tried, &reason);
                        continue;
                    }
                    if self.began.elapsed() > plan.budget {
                        self.report.failed(&**system, tried, NO_TIME);
                        continue;
                    }
                    let part = Part::FanOut { round };
                    if let Err(error) = self.one_size(&**system, *size, part, plan) {
                        self.report.failed(&**system, tried, &error.to_string());
                    }
                }
                self.save(plan.file)?;
            }
        }
        self.systems = systems;
        Ok(())
    }

    /// Why *system* need not be tried with an audience of *size*.
    fn is_hopeless(&self, system: &dyn System, size: usize) -> Option<String> {
        let (load, listeners) = self.report.most_loaded(system)?;
        let expected = load * size as f64 / listeners as f64;
        (expected > HOPELESS).then(|| {
            format!("not tried, because {listeners} listeners were a load of {load:.2} already")
        })
    }

    fn one_size(
        &mut self,
        system: &dyn System,
        size: usize,
        part: Part,
        plan: &Plan,
    ) -> Result<(), Failure> {
        let site = self.site(system, &[SERVERS])?;
        let mut stay = Stay::begin(system, &site, &self.voices)?;
        stay.open(1, 1)?;
        let joining = stay.admit(size, None)?;
        let window = stay.window(plan.settle, plan.window)?;
        self.report.row(part, system, &stay, joining, &window)?;
        if window.load(1) > FULL_LOAD || !window.is_valid() {
            return Err(format!(
                "load {:.2}, loss {:.4}",
                window.load(1),
                window.counts.loss()
            )
            .into());
        }
        Ok(())
    }

    /// How many listeners one core carries, and the delay on the way there.
    fn limits(&mut self, talkers: usize, plan: &Plan) {
        let systems = std::mem::take(&mut self.systems);
        let tried = Tried::Limit { talkers };
        for system in &systems {
            if self.began.elapsed() > plan.budget {
                self.report.failed(&**system, tried, NO_TIME);
            } else if let Err(error) = self.one_limit(&**system, talkers, plan) {
                self.report.failed(&**system, tried, &error.to_string());
            }
        }
        self.systems = systems;
    }

    fn one_limit(
        &mut self,
        system: &dyn System,
        talkers: usize,
        plan: &Plan,
    ) -> Result<(), Failure> {
        let site = self.site(system, &[SERVERS])?;
        let mut stay = Stay::begin(system, &site, &self.voices)?;
        stay.open(1, talkers)?;
        stay.admit(SMALL_SPACE, None)?;
        let mut window = stay.window(plan.settle, plan.window / 2)?;
        for load in LOADS {
            let wanted = at_load(&stay, &window, load).max(stay.listeners());
            let joining = if load > HALF {
                let most = (wanted as f64 * NEARLY) as usize;
                let more = most.saturating_sub(stay.listeners());
                stay.admit(more, Some(STEADILY))
                    .and_then(|_| stay.admit(wanted - stay.listeners(), Some(GENTLY)))
            } else {
                stay.admit(wanted - stay.listeners(), Some(BRISKLY))
            };
            let percent = (load * 100.0) as u32;
            let part = Part::Load { percent };
            window = self.step(part, system, &mut stay, joining, plan.settle, plan.window)?;
        }
        let mut wanted = at_load(&stay, &window, 0.9);
        while wanted <= MOST {
            let more = wanted.saturating_sub(stay.listeners());
            let joining = stay.admit(more, Some(GENTLY));
            let brief = plan.window / 2;
            window = self.step(Part::Limit, system, &mut stay, joining, plan.settle, brief)?;
            if !window.is_valid() || window.load(1) > FULL_LOAD {
                break;
            }
            wanted = (stay.listeners() as f64 * STEP).ceil() as usize;
        }
        Ok(())
    }

    /// Measure those who are in and keep it as a row of *part*; where *joining* ended before all were in, as a row of
    /// the limit, and the search is over.
    fn step(
        &mut self,
        part: Part,
        system: &dyn System,
        stay: &mut Stay,
        joining: Result<Option<Joining>, Failure>,
        settle: Duration,
        length: Duration,
    ) -> Result<Window, Failure> {
        let window = stay.window(settle, length)?;
        let part = if joining.is_ok() { part } else { Part::Limit };
        let how = joining.as_ref().ok().copied().flatten();
        self.report.row(part, system, stay, how, &window)?;
        joining?;
        Ok(window)
    }

    /// The delay where the same load comes from many small spaces, at half load.
    fn small_spaces(&mut self, plan: &Plan) {
        let systems = std::mem::take(&mut self.systems);
        for system in systems.iter().filter(|system| system.name() == "arengo") {
            let listeners = self.report.at_load(&**system, 50).unwrap_or(3_000);
            let spaces = (listeners / SMALL_SPACE).clamp(1, 50);
            let measured = || -> Result<(Stay, Option<Joining>, Window), Failure> {
                let site = self.site(&**system, &[SERVERS])?;
                let mut stay = Stay::begin(&**system, &site, &self.voices)?;
                stay.open(spaces, 1)?;
                let joining = stay.admit(spaces * SMALL_SPACE, None)?;
                let window = stay.window(plan.settle, plan.window)?;
                Ok((stay, joining, window))
            };
            let measured = measured();
            self.keep(Part::SmallSpaces { spaces }, &**system, listeners, measured);
        }
        self.systems = systems;
    }

    /// Many join a space of a thousand, on both CPUs, of which the clients share one: what those hear who are inside.
    fn storm(&mut self, plan: &Plan) {
        let systems = std::mem::take(&mut self.systems);
        for system in systems.iter().filter(|system| system.name() == "arengo") {
            let measured = || -> Result<(Stay, Option<Joining>, Window), Failure> {
                let site = self.site(&**system, &[SERVERS, CLIENTS])?;
                let mut stay = Stay::begin(&**system, &site, &self.voices)?;
                stay.open(1, 1)?;
                stay.admit(STORM_LISTENERS, None)?;
                let (joining, window) = stay.storm(plan.settle, STORM_JOINS, STORM)?;
                Ok((stay, joining, window))
            };
            let measured = measured();
            let listeners = STORM_LISTENERS + STORM_JOINS;
            self.keep(Part::Storm, &**system, listeners, measured);
        }
        self.systems = systems;
    }

    /// Ten thousand in one space for a minute; the server may use both CPUs, of which the clients share one.
    fn big_space(&mut self) {
        let systems = std::mem::take(&mut self.systems);
        if let Some(system) = systems.iter().find(|system| system.merges()) {
            let measured = || -> Result<(Stay, Option<Joining>, Window), Failure> {
                let site = self.site(&**system, &[SERVERS, CLIENTS])?;
                let mut stay = Stay::begin(&**system, &site, &self.voices)?;
                stay.open(1, 1)?;
                let joining = stay.admit(BIG_SPACE, Some(STEADILY))?;
                let window = stay.window(Duration::from_secs(3), BIG_SPACE_FOR)?;
                Ok((stay, joining, window))
            };
            let measured = measured();
            self.keep(Part::BigSpace, &**system, BIG_SPACE, measured);
        }
        self.systems = systems;
    }

    /// Keep what was *measured* as a row, or why *system* did not carry so many *listeners*.
    fn keep(
        &mut self,
        part: Part,
        system: &dyn System,
        listeners: usize,
        measured: Result<(Stay, Option<Joining>, Window), Failure>,
    ) {
        let done = measured.and_then(|(stay, joining, window)| {
            self.report.row(part, system, &stay, joining, &window)
        });
        if let Err(error) = done {
            let tried = Tried::Audience(listeners);
            self.report.failed(system, tried, &error.to_string());
        }
    }

    /// Twenty minutes at half load, a row for each.
    fn soak(&mut self) -> Result<(), Failure> {
        process::pin(&[CLIENTS])?;
        let systems = std::mem::take(&mut self.systems);
        let mut plain = systems.iter().filter(|system| !system.merges());
        let system = plain.find(|system| system.name() == "arengo");
        let system = system.ok_or("arengo cannot run")?;
        let site = self.site(&**system, &[SERVERS])?;
        let mut stay = Stay::begin(&**system, &site, &self.voices)?;
        stay.open(1, 1)?;
        let mut joining = stay.admit(1_000, None)?;
        let window = stay.window(Duration::from_secs(2), Duration::from_secs(5))?;
        let wanted = at_load(&stay, &window, 0.5).max(stay.listeners());
        if wanted > stay.listeners() {
            joining = stay.admit(wanted - stay.listeners(), None)?;
        }
        for minute in 0..SOAK_MINUTES {
            let window = stay.window(Duration::from_secs(1), Duration::from_secs(59))?;
            let part = Part::Soak { minute };
            self.report.row(part, &**system, &stay, joining, &window)?;
        }
        Ok(())
    }
}

/// How many listeners would bring the server to *load*, as far as *window* tells.
fn at_load(stay: &Stay, window: &Window, load: f64) -> usize {
    let each = window.load(1) / stay.listeners().max(1) as f64;
    ((load / each.max(1e-9)) as usize).clamp(SMALL_SPACE, MOST)
}
