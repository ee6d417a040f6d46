//! The light client: every participant of every system, in one thread with one socket.
//!
//! Each packet of sound is counted and timed from outside; one in so many is opened and must be what a talker said.
//! Talkers send a recorded packet every 20 ms and remember when, so that the delay of each packet is told by one clock:
//! from the talker's system call to the moment when the kernel had it for the listener's socket.
//!
//! [`Crowd`] is the handle; the thread behind it is [`driver`].

mod delays;
mod driver;
mod guest;
mod hall;
mod socket;
mod streams;
mod talker;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::thread::JoinHandle;

use crate::Failure;
use crate::systems::{Protocol, Wire};
use crate::voice::Voices;

pub use delays::Delays;
use driver::Driver;
use socket::Socket;

/// All participants of one server.
pub struct Crowd {
    orders: Sender<Order>,
    thread: Option<JoinHandle<()>>,
    port: u16,
}

/// Somebody whose signalling is done.
pub struct Entering {
    pub number: usize,
    pub space: usize,
    /// Which recording they play, for those who talk.
    pub voice: Option<usize>,
    pub wire: Box<dyn Wire>,
    /// When they began to join, in nanoseconds of the wall clock.
    pub began: u64,
    /// Told once they hear something.
    pub hears: Option<SyncSender<()>>,
}

/// What the thread is told.
enum Order {
    Enter(Box<Entering>),
    Census(Sender<Census>),
    Begin(Sender<()>),
    End(Sender<Counts>),
    Leave(Sender<()>),
    Stop,
}

/// How many are where.
#[derive(Debug, Clone, Default)]
pub struct Census {
    /// Talkers and listeners who are connected.
    pub connected: usize,
    /// Listeners who have heard every talker of their space.
    pub hearing: usize,
    /// Those who had come and are gone.
    pub over: usize,
    /// From the first word of signalling to the first packet of sound, in microseconds, for each listener once.
    pub first_packet_us: Vec<u64>,
    /// How the sound is protected.
    pub profile: Option<&'static str>,
}

/// What came in a window.
#[derive(Clone, Default)]
pub struct Counts {
    pub listeners: usize,
    pub delivered: u64,
    pub bytes: u64,
    /// By the sequence numbers.
    pub expected: u64,
    /// Never came, by the sequence numbers.
    pub lost: u64,
    /// Frames that did not come, in packets, of streams that stood still.
    pub missing: u64,
    pub late: u64,
    pub again: u64,
    /// Packets that talkers sent, times those who should hear them.
    pub sent: u64,
    pub opened: u64,
    /// Of those, what nobody had said, or what could not be opened.
    pub wrong: u64,
    pub over: usize,
    /// Samples whose timestamp did not go on from the one before.
    pub strayed: u64,
    /// Datagrams that the bench itself could not take.
    pub dropped_here: u64,
    pub delays: Delays,
}

impl Counts {
    /// The part of the packets that never came.
    pub fn loss(&self) -> f64 {
        let missed = self.lost + self.missing;
        missed as f64 / (self.expected + self.missing).max(1) as f64
    }
}

impl Crowd {
    /// Start the thread.
    pub fn start(protocol: Protocol, voices: Arc<Voices>) -> Result<Crowd, Failure> {
        let socket = Socket::open()?;
        let port = socket.port();
        let (orders, told) = channel();
        let thread = std::thread::Builder::new().name("bench-crowd".to_owned());
        let thread = thread.spawn(move || Driver::new(socket, protocol, voices, told).run())?;
        Ok(Crowd {
            orders,
            thread: Some(thread),
            port,
        })
    }

    /// The port of every participant.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A way in for threads that do the signalling.
    pub fn door(&self) -> Door {
        Door(self.orders.clone())
    }

    pub fn census(&self) -> Result<Census, Failure> {
        self.ask(Order::Census)
    }

    /// Begin a window.
    pub fn begin(&self) -> Result<(), Failure> {
        self.ask(Order::Begin)
    }

    /// End the window; what came in it.
    pub fn end(&self) -> Result<Counts, Failure> {
        self.ask(Order::End)
    }

    /// Everybody says goodbye.
    pub fn leave(&self) -> Result<(), Failure> {
        self.ask(Order::Leave)
    }

    fn ask<T>(&self, order: impl FnOnce(Sender<T>) -> Order) -> Result<T, Failure> {
        let (reply, answered): (Sender<T>, Receiver<T>) = channel();
        self.orders
            .send(order(reply))
            .map_err(|_| "the crowd is gone")?;
        Ok(answered.recv().map_err(|_| "the crowd is gone")?)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        // A thread that has ended needs no order.
        let _ended = self.orders.send(Order::Stop);
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

/// Lets those in whose signalling is done.
#[derive(Clone)]
pub struct Door(Sender<Order>);

impl Door {
    pub fn enter(&self, entering: Entering) -> Result<(), Failure> {
        let order = Order::Enter(Box::new(entering));
        self.0.send(order).map_err(|_| "the crowd is gone".into())
    }
}

/// Nanoseconds of the wall clock, the one that the kernel stamps packets by.
pub fn wall_ns() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the structure lives through the call, which fills it.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
