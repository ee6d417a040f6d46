//! One thread that drives all clients of the process: it waits for their sockets and their deadlines.

mod member;
mod schedule;
mod socket;
mod stream;
mod system;

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

pub use member::Member;

use crate::ClientOptions;
use member::a_buffer;
use schedule::Schedule;
use system::{Epoll, EventFd};

/// The number under which the thread's own eventfd is known; members count from 1.
const WAKE: u64 = 0;

/// The clients of the process, and how to reach the thread that drives them.
#[derive(Debug)]
pub struct Runtime {
    epoll: Epoll,
    wake: EventFd,
    office: Mutex<Office>,
}

/// What the holders of clients leave for the thread.
#[derive(Debug, Default)]
struct Office {
    last_number: u64,
    members: HashMap<u64, Arc<Member>>,
    to_look_at: Vec<u64>,
}

impl Runtime {
    /// The one of this process; its thread starts with the first call.
    pub fn shared() -> io::Result<&'static Arc<Runtime>> {
        static SHARED: OnceLock<Arc<Runtime>> = OnceLock::new();
        static STARTING: Mutex<()> = Mutex::new(());
        let _one_at_a_time = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = SHARED.get() {
            return Ok(runtime);
        }
        let runtime = Runtime::start()?;
        Ok(SHARED.get_or_init(|| runtime))
    }

    fn start() -> io::Result<Arc<Runtime>> {
        let runtime = Arc::new(Runtime {
            epoll: Epoll::new()?,
            wake: EventFd::new()?,
            office: Mutex::new(Office::default()),
        });
        runtime.epoll.add(runtime.wake.as_raw_fd(), WAKE)?;
        let driven = Arc::clone(&runtime);
        std::thread::Builder::new()
            .name("arengo-client".into())
            .spawn(move || driven.drive())?;
        Ok(runtime)
    }

    /// Make a member and drive it from now on.
    pub fn join(self: &Arc<Self>, options: ClientOptions) -> io::Result<Arc<Member>> {
        let number = {
            let mut office = self.office();
            office.last_number += 1;
            office.last_number
        };
        let member = Arc::new(Member::new(number, options, Arc::downgrade(self))?);
        self.office().members.insert(number, Arc::clone(&member));
        if let Err(error) = self.epoll.add(member.socket_fd(), number) {
            self.leave(number);
            return Err(error);
        }
        Ok(member)
    }

    /// Have the thread ask this member for its deadline anew.
    pub fn look_at(&self, number: u64) {
        self.office().to_look_at.push(number);
        self.wake.signal();
    }

    /// Wake this member for a connection of its own as well.
    pub fn watch(&self, stream: RawFd, number: u64) -> io::Result<()> {
        self.epoll.add_stream(stream, number)
    }

    /// Drive this member no longer; its socket closes when its last holder lets go.
    pub fn leave(&self, number: u64) {
        self.office().members.remove(&number);
    }

    fn drive(&self) {
        let mut schedule = Schedule::default();
        let mut buffer = a_buffer();
        let mut ready = Vec::new();
        let mut due = Vec::new();
        loop {
            self.epoll.wait(&mut ready, schedule.wait(Instant::now()));
            for &number in &ready {
                if number == WAKE {
                    self.wake.clear();
                    let to_look_at = std::mem::take(&mut self.office().to_look_at);
                    for number in to_look_at {
                        let deadline = self.member(number).and_then(|member| member.deadline());
                        schedule.set(number, deadline);
                    }
                } else if let Some(member) = self.member(number) {
                    schedule.set(number, member.read(&mut buffer));
                }
            }
            let now = Instant::now();
            schedule.take_due(now, &mut due);
            for number in due.drain(..) {
                let deadline = self.member(number).and_then(|member| member.tick(now));
                schedule.set(number, deadline);
            }
        }
    }

    fn member(&self, number: u64) -> Option<Arc<Member>> {
        self.office().members.get(&number).cloned()
    }

    fn office(&self) -> MutexGuard<'_, Office> {
        self.office.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
