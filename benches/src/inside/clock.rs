//! The CPU time of single threads.

use std::io;
use std::time::Duration;

/// A thread of this process, for its CPU time.
#[derive(Debug, Clone, Copy)]
pub struct ThreadClock(libc::clockid_t);

impl ThreadClock {
    /// Of the calling thread.
    pub fn own() -> ThreadClock {
        ThreadClock(libc::CLOCK_THREAD_CPUTIME_ID)
    }

    /// Of the thread of this process with this name.
    pub fn of(name: &str) -> io::Result<ThreadClock> {
        for task in std::fs::read_dir("/proc/self/task")? {
            let path = task?.path();
            let number = path
                .file_name()
                .and_then(|number| number.to_str()?.parse::<i32>().ok());
            if let (Some(number), true) = (
                number,
                std::fs::read_to_string(path.join("comm"))?.trim_end() == name,
            ) {
                // As pthread_getcpuclockid composes it: the thread, its own time (4), as the scheduler counts it (2).
                return Ok(ThreadClock((!number << 3) | 4 | 2));
            }
        }
        Err(io::Error::new(
            io::ErrorKind::NotFound,
            "no thread of that name",
        ))
    }

    /// User and system time so far.
    pub fn read(self) -> Duration {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: the structure lives through the call, which fills it.
        unsafe { libc::clock_gettime(self.0, &mut time) };
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        Duration::from_secs(seconds)
            + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or(0))
    }
}

/// The middle of *values*; the lower one of two.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values
        .get(values.len().saturating_sub(1) / 2)
        .copied()
        .unwrap_or(f64::NAN)
}
