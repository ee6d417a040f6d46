//! The threads that do handshakes, so that joining never delays sound.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use arengo_core::handshake::{HandshakeDone, HandshakeJob};

use crate::limits::HANDSHAKE_THREADS;
use crate::sys::event_fd::EventFd;
use crate::sys::priority;

/// A few threads with one queue. The queue is bounded by the number of peers: each has at most one job.
pub struct Handshakes {
    jobs: Option<Sender<HandshakeJob>>,
    done: Receiver<HandshakeDone>,
    threads: Vec<JoinHandle<()>>,
}

impl Handshakes {
    /// Start the threads; *wake* is raised whenever one has finished a job.
    pub fn start(wake: &Arc<EventFd>) -> io::Result<Self> {
        let (jobs, queue) = channel();
        let (finished, done) = channel();
        let queue = Arc::new(Mutex::new(queue));
        let mut threads = Vec::new();
        for _ in 0..HANDSHAKE_THREADS {
            let (queue, finished, wake) = (Arc::clone(&queue), finished.clone(), Arc::clone(wake));
            let name = "arengo-dtls".to_owned();
            threads.push(thread::Builder::new().name(name).spawn(move || {
                priority::give_way(); // a storm of joins must not delay sound
                work(&queue, &finished, &wake);
            })?);
        }
        Ok(Self {
            jobs: Some(jobs),
            done,
            threads,
        })
    }

    /// Queue a job.
    pub fn run(&self, job: HandshakeJob) {
        if let Some(jobs) = &self.jobs {
            // The threads live as long as this value; a job that finds none ends with its peer's timeout.
            let _ = jobs.send(job);
        }
    }

    /// A finished job, if there is one.
    pub fn finished(&self) -> Option<HandshakeDone> {
        self.done.try_recv().ok()
    }
}

impl Drop for Handshakes {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing to clean up.
            let _ = thread.join();
        }
    }
}

fn work(queue: &Mutex<Receiver<HandshakeJob>>, finished: &Sender<HandshakeDone>, wake: &EventFd) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // A job that panics is lost; its peer is closed when it stays silent.
        if let Ok(done) = catch_unwind(AssertUnwindSafe(|| job.run()))
            && finished.send(done).is_ok()
        {
            wake.raise();
        }
    }
}
