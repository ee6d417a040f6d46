//! Server processes: pinned to CPUs, and ended with the bench.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Failure;
use crate::systems::Site;

/// From SIGTERM to SIGKILL.
const PATIENCE: Duration = Duration::from_secs(5);

/// Of every server: other work of the machine gives way.
const PRIORITY: libc::c_int = -10;

/// Have everything of this session come before other work of the machine.
///
/// Where a kernel groups processes by session, their own priorities count within the group alone.
pub fn come_first() {
    // Where it does not group them, there is no such file and nothing to do.
    let _ungrouped = std::fs::write("/proc/self/autogroup", PRIORITY.to_string());
}

/// A server's process; dropping it ends it.
#[derive(Debug)]
pub struct Child {
    child: std::process::Child,
}

impl Child {
    /// Start *command* on the site's CPUs, its output in `NAME.log` in the site's folder; it ends when the bench does,
    /// however that ends.
    pub fn spawn(mut command: Command, site: &Site, name: &str) -> Result<Child, Failure> {
        let log = File::create(site.folder.join(format!("{name}.log")))?;
        command.stdout(log.try_clone()?).stderr(log);
        Child::start(command, site, name)
    }

    /// The same, with its standard output to read from.
    pub fn spawn_piped(
        mut command: Command,
        site: &Site,
        name: &str,
    ) -> Result<(Child, ChildStdout), Failure> {
        let log = File::create(site.folder.join(format!("{name}.log")))?;
        command.stdout(Stdio::piped()).stderr(log);
        let mut child = Child::start(command, site, name)?;
        let stdout = child.child.stdout.take();
        Ok((child, stdout.ok_or("no pipe")?))
    }

    fn start(mut command: Command, site: &Site, name: &str) -> Result<Child, Failure> {
        command.stdin(Stdio::null());
        let cpus = cpu_set(&site.cpus);
        // SAFETY: the calls are safe between fork and exec, and what they are given lives in the closure.
        unsafe {
            command.pre_exec(move || {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                libc::setpriority(libc::PRIO_PROCESS, 0, PRIORITY);
                // Who falls is named in the results; a gigabyte of it helps nobody.
                let none = libc::rlimit {
                    rlim_cur: 0,
                    rlim_max: 0,
                };
                libc::setrlimit(libc::RLIMIT_CORE, &none);
                if libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &cpus) < 0 {
                    return Err(io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let child = command.spawn();
        let child = child.map_err(|error| format!("{name} does not start: {error}"))?;
        Ok(Child { child })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Wait until *ready* says so; an error where the process ends before, or takes longer than *most*.
    pub fn wait_until(
        &mut self,
        most: Duration,
        mut ready: impl FnMut() -> bool,
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + most;
        while !ready() {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("the server ended: {status}").into());
            }
            if Instant::now() > deadline {
                return Err("the server is not ready in time".into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // SAFETY: a plain system call on a process that has not been waited for.
        unsafe { libc::kill(self.child.id() as libc::pid_t, libc::SIGTERM) };
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(20)),
                _ => return,
            }
        }
        // It had its time; a process that cannot be killed is the kernel's business.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The set of these CPUs.
pub fn cpu_set(cpus: &[usize]) -> libc::cpu_set_t {
    // SAFETY: an all-zero set is a valid, empty one, and CPU numbers beyond its size are ignored by CPU_SET.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        for cpu in cpus {
            libc::CPU_SET(*cpu, &mut set);
        }
        set
    }
}

/// Run the calling thread, and those that it starts from now on, on these CPUs alone.
pub fn pin(cpus: &[usize]) -> io::Result<()> {
    let set = cpu_set(cpus);
    // SAFETY: the set lives through the call.
    match unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
