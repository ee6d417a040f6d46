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

/// A media thread's way to the handshake threads. Their queue is bounded by the number of peers: each has at most one job.
pub struct Handshakes {
    jobs: Sender<(usize, HandshakeJob)>,
    number: usize,
    done: Receiver<HandshakeDone>,
}

/// A few threads with one queue for all media threads.
pub struct HandshakeThreads(Vec<JoinHandle<()>>);

/// Where finished jobs go.
struct Return {
    done: Sender<HandshakeDone>,
    wake: Arc<EventFd>,
}

impl HandshakeThreads {
    /// Start the threads, with a way to them for each of *wakes*, which is raised whenever one of its jobs is done.
    pub fn start(wakes: &[Arc<EventFd>]) -> io::Result<(Self, Vec<Handshakes>)> {
        let (jobs, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        let mut returns = Vec::new();
        let mut ways = Vec::new();
        for (number, wake) in wakes.iter().enumerate() {
            let (finished, done) = channel();
            returns.push(Return {
                done: finished,
                wake: Arc::clone(wake),
            });
            ways.push(Handshakes {
                jobs: jobs.clone(),
                number,
                done,
            });
        }
        drop(jobs);
        let returns = Arc::new(returns);
        let mut threads = Vec::new();
        for _ in 0..HANDSHAKE_THREADS {
            let (queue, returns) = (Arc::clone(&queue), Arc::clone(&returns));
            let name = "arengo-dtls".to_owned();
            threads.push(thread::Builder::new().name(name).spawn(move || {
                priority::give_way(); // a storm of joins must not delay sound
                work(&queue, &returns);
            })?);
        }
        Ok((Self(threads), ways))
    }

    /// Wait until the threads have ended, which they do when every way to them is gone.
    pub fn join(self) {
        for thread in self.0 {
            // A thread that panicked has nothing to clean up.
            let _ = thread.join();
        }
    }
}

impl Handshakes {
    /// Queue a job.
    pub fn run(&self, job: HandshakeJob) {
        // The threads live as long as this value; a job that finds none ends with its peer's timeout.
        let _ = self.jobs.send((self.number, job));
    }

    /// A finished job, if there is one.
    pub fn finished(&self) -> Option<HandshakeDone> {
        self.done.try_recv().ok()
    }
}

fn work(queue: &Mutex<Receiver<(usize, HandshakeJob)>>, returns: &[Return]) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, job)) = next else { return };
        // A job that panics is lost; its peer is closed when it stays silent.
        if let Ok(done) = catch_unwind(AssertUnwindSafe(|| job.run()))
            && let Some(back) = returns.get(number)
            && back.done.send(done).is_ok()
        {
            back.wake.raise();
        }
    }
}
