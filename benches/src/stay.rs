//! One server with its participants, from the start to the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use std::net::SocketAddrV4;

use crate::crowd::{Census, Counts, Crowd, Entering, wall_ns};
use crate::systems::{Guest, Server, Site, System};
use crate::usage::{Usage, resident_kib};
use crate::voice::Voices;
use crate::{Failure, namespace};

/// How long those who have come in may take to hear something.
const PATIENCE: Duration = Duration::from_secs(15);
/// On average each of many may take so long to join.
const SLOWEST: Duration = Duration::from_millis(50);
/// A window with more loss than this is not valid.
const MOST_LOSS: f64 = 0.001;
const LOOK: Duration = Duration::from_millis(20);

/// A running server and everybody in it.
pub struct Stay {
    pub server: Arc<dyn Server>,
    crowd: Crowd,
    cpus: Vec<usize>,
    merges: bool,
    most: usize,
    /// Participants who join at the same time.
    doors: usize,
    next: usize,
    spaces: usize,
    talkers: usize,
    listeners: usize,
    /// Of the server before anybody came.
    pub empty_kib: u64,
}

/// How the last joining went.
#[derive(Debug, Clone, Copy)]
pub struct Joining {
    pub joins_per_s: f64,
    /// From the first word of signalling to the first packet of sound, median.
    pub first_packet_ms: f64,
}

/// What was measured in a window.
pub struct Window {
    pub seconds: f64,
    pub usage: Usage,
    pub counts: Counts,
    pub resident_kib: u64,
    /// As [`Server::stage_delay_p99_us`], since the server's start.
    pub stage_delay_p99_us: Option<f64>,
}

impl Window {
    /// Whether it may be compared: hardly anything was lost, nothing by the bench, and nothing was other than it was said.
    pub fn is_valid(&self) -> bool {
        let counts = &self.counts;
        counts.loss() < MOST_LOSS && counts.dropped_here == 0 && counts.wrong == 0
    }

    /// µs of CPU for each packet that came.
    pub fn us_per_packet(&self) -> f64 {
        self.usage.total_s() * 1e6 / self.counts.delivered.max(1) as f64
    }

    /// The part of the server's CPUs' time that was in use.
    pub fn load(&self, cpus: usize) -> f64 {
        self.usage.total_s() / (self.seconds * cpus.max(1) as f64)
    }
}

impl Stay {
    /// Start *system* with nobody in it.
    pub fn begin(system: &dyn System, site: &Site, voices: &Arc<Voices>) -> Result<Stay, Failure> {
        let server = system.start(site)?;
        let crowd = Crowd::start(server.protocol(), Arc::clone(voices))?;
        let empty_kib = resident_kib(&server.pids())?;
        Ok(Stay {
            server,
            crowd,
            cpus: site.cpus.clone(),
            merges: system.merges(),
            most: system.most(),
            doors: system.at_once(),
            next: 0,
            spaces: 0,
            talkers: 0,
            listeners: 0,
            empty_kib,
        })
    }

    pub fn listeners(&self) -> usize {
        self.listeners
    }

    pub fn talkers(&self) -> usize {
        self.talkers
    }

    /// How many CPUs the server has.
    pub fn cpus(&self) -> usize {
        self.cpus.len()
    }

    /// Open *spaces* spaces with *talkers* talkers each, who speak from now on.
    pub fn open(&mut self, spaces: usize, talkers: usize) -> Result<(), Failure> {
        for space in self.spaces..self.spaces + spaces {
            self.server.open(space)?;
            for voice in 0..talkers {
                let guest = self.guest(space, Some(voice));
                self.join(&[guest], None).1?;
            }
        }
        self.spaces += spaces;
        self.talkers += spaces * talkers;
        let talkers = self.talkers;
        self.wait(|census| census.connected >= talkers)?;
        Ok(())
    }

    /// Let *count* listeners in, spread evenly over the spaces; as fast as it goes, or *rate* in a second. Where that
    /// fails, those who came in before stay. Nothing where nobody was to come.
    pub fn admit(&mut self, count: usize, rate: Option<f64>) -> Result<Option<Joining>, Failure> {
        if count == 0 {
            return Ok(None);
        }
        if self.listeners + count > self.most {
            return Err(format!("more than {} take too long to let in", self.most).into());
        }
        let known = self.crowd.census()?.first_packet_us.len();
        let first = self.listeners;
        let guests: Vec<Guest> = (first..first + count)
            .map(|listener| self.guest(listener % self.spaces.max(1), None))
            .collect();
        let began = Instant::now();
        let (came, done) = self.join(&guests, rate);
        self.listeners += came;
        done?;
        let listeners = self.listeners;
        let census = self.wait(|census| census.hearing >= listeners)?;
        let seconds = began.elapsed().as_secs_f64();
        let mut first_packets = census.first_packet_us;
        let mut latest = first_packets.split_off(known.min(first_packets.len()));
        latest.sort_unstable();
        let median = latest.get(latest.len() / 2).copied().unwrap_or(0);
        Ok(Some(Joining {
            joins_per_s: count as f64 / seconds,
            first_packet_ms: median as f64 / 1e3,
        }))
    }

    /// Let things settle, then count for *seconds*.
    pub fn window(&mut self, settle: Duration, window: Duration) -> Result<Window, Failure> {
        self.settle(settle);
        let ((), window) = self.count_while(|_| {
            std::thread::sleep(window);
            Ok(())
        })?;
        Ok(window)
    }

    /// Let things settle, then let *count* more listeners in, *rate* in a second, and count what those hear who are there.
    pub fn storm(
        &mut self,
        settle: Duration,
        count: usize,
        rate: f64,
    ) -> Result<(Option<Joining>, Window), Failure> {
        self.settle(settle);
        self.count_while(|stay| stay.admit(count, Some(rate)))
    }

    fn settle(&self, settle: Duration) {
        // Merged packets are fewer: samples take longer to have told whose each stream is.
        std::thread::sleep(if self.merges { settle * 2 } else { settle });
    }

    fn count_while<T>(
        &mut self,
        work: impl FnOnce(&mut Stay) -> Result<T, Failure>,
    ) -> Result<(T, Window), Failure> {
        let pids = self.server.pids();
        self.crowd.begin()?;
        let began = Instant::now();
        let before = Usage::read(&pids, &self.cpus)?;
        let done = work(self)?;
        let after = Usage::read(&pids, &self.cpus)?;
        let seconds = began.elapsed().as_secs_f64();
        let counts = self.crowd.end()?;
        let window = Window {
            seconds,
            usage: after - before,
            counts,
            resident_kib: resident_kib(&pids)?,
            stage_delay_p99_us: self.server.stage_delay_p99_us(),
        };
        Ok((done, window))
    }

    /// How the sound is protected.
    pub fn profile(&self) -> Result<Option<&'static str>, Failure> {
        Ok(self.crowd.census()?.profile)
    }

    fn guest(&mut self, space: usize, voice: Option<usize>) -> Guest {
        let number = self.next;
        self.next += 1;
        Guest {
            number,
            address: SocketAddrV4::new(namespace::participant(number), self.crowd.port()),
            space,
            talks: voice.is_some(),
            voice: voice.unwrap_or(0),
        }
    }

    /// Do the signalling of *guests*, a few at a time, until one fails; how many came in.
    fn join(&self, guests: &[Guest], rate: Option<f64>) -> (usize, Result<(), Failure>) {
        let (next, came) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let is_over = AtomicBool::new(false);
        let failed: Mutex<Option<Failure>> = Mutex::default();
        let began = Instant::now();
        let one = || -> Result<bool, Failure> {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(guest) = guests.get(number) else {
                return Ok(false);
            };
            if began.elapsed() > PATIENCE + SLOWEST * guests.len() as u32 {
                let all = guests.len();
                return Err(format!("too slow: {number} of {all} have joined in time").into());
            }
            if let Some(rate) = rate {
                let due = began + Duration::from_secs_f64(number as f64 / rate);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            let began = wall_ns();
            let wire = self.server.join(guest)?;
            let (hears, heard) = sync_channel(1);
            self.crowd.door().enter(Entering {
                number: guest.number,
                space: guest.space,
                voice: guest.talks.then_some(guest.voice),
                wire,
                began,
                hears: (!guest.talks).then_some(hears),
            })?;
            // The next one comes when this one hears.
            match heard.recv_timeout(PATIENCE) {
                Err(RecvTimeoutError::Timeout) => {
                    Err(format!("listener {} hears nothing", guest.number).into())
                }
                _ => Ok(true),
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..self.doors.min(guests.len()) {
                scope.spawn(|| {
                    yield_to_the_crowd();
                    while !is_over.load(Ordering::Relaxed) {
                        match one() {
                            Ok(true) => {
                                came.fetch_add(1, Ordering::Relaxed);
                            }
                            Ok(false) => return,
                            Err(error) => {
                                is_over.store(true, Ordering::Relaxed);
                                let mut failed =
                                    failed.lock().unwrap_or_else(PoisonError::into_inner);
                                failed.get_or_insert(error);
                            }
                        }
                    }
                });
            }
        });
        let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
        (came.into_inner(), failed.map_or(Ok(()), Err))
    }

    fn wait(&self, mut done: impl FnMut(&Census) -> bool) -> Result<Census, Failure> {
        let mut deadline = Instant::now() + PATIENCE;
        let mut most = 0;
        loop {
            let census = self.crowd.census()?;
            if done(&census) {
                return Ok(census);
            }
            // As long as more and more are there, it is only slow.
            if census.connected + census.hearing > most {
                most = census.connected + census.hearing;
                deadline = Instant::now() + PATIENCE;
            }
            if Instant::now() > deadline {
                let Census {
                    connected,
                    hearing,
                    over,
                    ..
                } = census;
                let all = self.talkers + self.listeners;
                return Err(format!(
                    "of {all} participants {connected} are connected, {hearing} hear and {over} are gone"
                )
                .into());
            }
            std::thread::sleep(LOOK);
        }
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        // Goodbyes are a courtesy to a server that is about to end.
        let _gone = self.crowd.leave();
    }
}

/// Signalling gives way to the thread that counts, and other work of the machine to both.
fn yield_to_the_crowd() {
    const AFTER: libc::c_int = -5;
    // SAFETY: a plain system call about the calling thread, which on Linux is what `0` names.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, AFTER) };
}
