//! A media thread: waits, feeds its shard, sends what it made.

use std::cell::RefCell;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::AsRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

use arengo_core::limits::{DATAGRAM, TICK_SLACK};
use arengo_core::neighbours::ShardNumber;
use arengo_core::{
    Entropy, Event, Full, NewPeer, Outbox, Route, Shard, ShardOptions, Time, Transport,
};

use crate::handshakes::Handshakes;
use crate::histogram::Histogram;
use crate::limits::{MAIL_ROUND, RECEIVE_BATCH, RECEIVE_ROUNDS, TCP_READ};
use crate::load::Load;
use crate::mailbox::{Letter, Mail};
use crate::neighbourhood::{Neighbourhood, TCP_SHARD};
use crate::outlet::{Exits, Outlet};
use crate::shared::{MediaStats, Shared};
use crate::sys::event_fd::EventFd;
use crate::sys::mmsg;
use crate::sys::poll::{Interest, Poll, Ready};
use crate::tcp::{FIRST_TOKEN, ReadEnd};

/// What a media thread is asked to do.
pub enum Command {
    Add(Box<NewPeer>, SyncSender<Result<(), Full>>),
    AllowPublish(u64, bool),
    KeepPrompt(u64, bool),
    ClosePeer(u64, String),
    CloseSpace(u64, String),
    Tap(u64, Vec<u64>),
    Stop,
}

/// Tokens of what there is one of.
pub const WAKE: u64 = 0;
pub const UDP: u64 = 1;
pub const LISTENER: u64 = 2;

/// The system's randomness.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) {
        if aws_lc_rs::rand::fill(bytes).is_err() {
            // Without randomness no password is safe, and nothing here could go on.
            std::process::abort();
        }
    }
}

/// Everything the media thread is started with.
pub struct Setup {
    pub udp: UdpSocket,
    pub poll: Poll,
    pub listener: Option<TcpListener>,
    pub options: ShardOptions,
    pub epoch: Instant,
    pub commands: Receiver<Command>,
    pub wake: Arc<EventFd>,
    pub handshakes: Handshakes,
    pub neighbours: Arc<Neighbourhood>,
    pub shared: Arc<Shared>,
}

/// The state of the media thread.
pub struct Driver {
    shard: Shard,
    outbox: Outbox,
    exits: Rc<RefCell<Exits>>,
    listener: Option<TcpListener>,
    epoch: Instant,
    commands: Receiver<Command>,
    wake: Arc<EventFd>,
    handshakes: Handshakes,
    number: ShardNumber,
    neighbours: Arc<Neighbourhood>,
    mail: Mail,
    shared: Arc<Shared>,
    receiver: mmsg::Receiver,
    frame: Vec<u8>,
    udp_fd: i32,
    stage_delay: Histogram,
    delay: Histogram,
    load: Load,
    faults: u64,
    stopping: bool,
    next_look_at_tcp: Time,
    accept_paused: bool,
}

impl Driver {
    /// The driver of a fresh shard.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let udp_fd = setup.udp.as_raw_fd();
        let number = setup.options.number;
        let tcp_elsewhere = (number != TCP_SHARD).then(|| Arc::clone(&setup.neighbours));
        let exits = Exits::new(setup.udp, setup.poll, tcp_elsewhere);
        let exits = Rc::new(RefCell::new(exits));
        Self {
            shard: Shard::new(setup.options, Box::new(SystemEntropy)),
            outbox: Outbox::new(Box::new(Outlet(Rc::clone(&exits)))),
            exits,
            listener: setup.listener,
            epoch: setup.epoch,
            commands: setup.commands,
            wake: setup.wake,
            handshakes: setup.handshakes,
            number,
            neighbours: setup.neighbours,
            mail: Mail::default(),
            shared: setup.shared,
            receiver: mmsg::Receiver::new(RECEIVE_BATCH, DATAGRAM),
            frame: Vec::with_capacity(DATAGRAM),
            udp_fd,
            stage_delay: Histogram::default(),
            delay: Histogram::default(),
            load: Load::default(),
            faults: 0,
            stopping: false,
            next_look_at_tcp: Time::ZERO,
            accept_paused: false,
        }
    }

    /// Run until told to stop. A fault closes the peer that it happened with, and everything else goes on.
    pub fn run(mut self) {
        let mut ready = Vec::new();
        while !self.stopping {
            // While audiences or letters wait, sockets are looked at between two slices, and not waited for.
            let is_behind = self.shard.has_to_serve() || !self.mail.datagrams.is_empty();
            let timeout = if is_behind {
                Duration::ZERO
            } else {
                self.shard.next_tick().since(self.now())
            };
            self.exits.borrow().poll.wait(timeout, &mut ready);
            if catch_unwind(AssertUnwindSafe(|| self.turn(&ready))).is_err() {
                self.faults += 1;
                let now = self.now();
                // A second fault in a row leaves the peer to the idle sweep.
                let _ = catch_unwind(AssertUnwindSafe(|| {
                    self.shard.close_poisoned(now, &mut self.outbox);
                    self.outbox.flush();
                }));
            }
        }
    }

    fn now(&self) -> Time {
        Time::from_duration(self.epoch.elapsed())
    }

    fn turn(&mut self, ready: &[Ready]) {
        let arrived = self.now();
        let forwarded = self.shard.stats().forwarded;
        if ready.iter().any(|ready| ready.token == WAKE) {
            self.wake.lower(); // first, so that nothing that comes while it is read goes unnoticed
        }
        self.read_mail(arrived);
        for ready in ready {
            match ready.token {
                WAKE => {}
                UDP => self.receive(),
                LISTENER => self.accept(),
                number => self.serve_connection(number, ready.writable),
            }
        }
        self.obey();
        let now = self.now();
        while let Some(done) = self.handshakes.finished() {
            self.shard.finish_job(now, done, &mut self.outbox);
        }
        if now + TICK_SLACK >= self.shard.next_tick() {
            self.shard.tick(now, &mut self.outbox);
            self.close_unproved(now);
        }
        while let Some(job) = self.shard.take_job() {
            self.handshakes.run(job);
        }
        self.run_errands();
        self.outbox.flush();
        let now = self.now();
        let passed = self.shard.stats().forwarded - forwarded;
        if passed > 0 {
            self.stage_delay.note(now.since(arrived), passed);
        }
        self.shard.serve(now, &mut self.outbox);
        self.outbox.flush();
        let (now, delay) = (self.now(), &mut self.delay);
        self.shard
            .take_served(|came| delay.note(now.since(came), 1));
        self.load.note(arrived, self.now());
        self.tell();
    }

    fn receive(&mut self) {
        for _ in 0..RECEIVE_ROUNDS {
            let Ok(count) = self.receiver.receive(self.udp_fd) else {
                return;
            };
            let now = Time::from_duration(self.epoch.elapsed());
            let Self {
                receiver,
                shard,
                outbox,
                neighbours,
                number,
                ..
            } = self;
            for (from, datagram) in receiver.datagrams(count) {
                let route = Route::udp(from);
                let whose = neighbours.whose(*number, route, datagram, || shard.knows(route));
                if let Some(whose) = whose {
                    neighbours.post(whose, Letter::Datagram(route, (&*datagram).into()));
                    continue;
                }
                shard.datagram(now, route, datagram, outbox);
                neighbours.run_errands(*number, shard);
            }
            if count < RECEIVE_BATCH {
                return;
            }
        }
    }

    /// Take what other media threads have handed over: all their words, and a round of datagrams.
    fn read_mail(&mut self, now: Time) {
        self.neighbours.take_mail(self.number, &mut self.mail);
        while let Some(letter) = self.mail.words.pop_front() {
            self.read(now, letter);
        }
        for _ in 0..MAIL_ROUND {
            let Some(letter) = self.mail.datagrams.pop_front() else {
                return;
            };
            self.read(now, letter);
        }
    }

    fn read(&mut self, now: Time, letter: Letter) {
        match letter {
            Letter::Word(from, word) => self.shard.hear(now, from, word, &mut self.outbox),
            Letter::Lost(route) => self.shard.route_lost(route),
            Letter::Contested(route) => self.shard.contested(now, route),
            Letter::Proved(whose, route) => self.prove(whose, route),
            Letter::Frame(number, frame) => {
                let Exits {
                    connections, poll, ..
                } = &mut *self.exits.borrow_mut();
                connections.send(number, &frame, poll);
            }
            Letter::Datagram(from, mut datagram) => {
                self.shard
                    .datagram(now, from, &mut datagram, &mut self.outbox);
            }
        }
        self.run_errands();
    }

    fn run_errands(&mut self) {
        self.neighbours.run_errands(self.number, &mut self.shard);
    }

    /// A peer of another shard has proved to be at the other end of a connection, which may have gone meanwhile.
    fn prove(&mut self, whose: ShardNumber, route: Route) {
        if let Transport::Tcp(number) = route.transport
            && !self.exits.borrow_mut().connections.prove(number)
        {
            self.neighbours.post(whose, Letter::Lost(route));
        }
    }

    fn accept(&mut self) {
        let now = self.now();
        if let Some(listener) = &self.listener {
            let Exits {
                connections, poll, ..
            } = &mut *self.exits.borrow_mut();
            if !connections.accept(now, listener, poll) {
                // No descriptor is free: asking again at once would spin. The next look asks again.
                let fd = listener.as_raw_fd();
                self.accept_paused = poll.change(fd, LISTENER, Interest::Nothing).is_ok();
            }
        }
    }

    fn resume_accepting(&mut self) {
        if let Some(listener) = self.listener.as_ref().filter(|_| self.accept_paused) {
            let fd = listener.as_raw_fd();
            let resumed = self
                .exits
                .borrow()
                .poll
                .change(fd, LISTENER, Interest::Read)
                .is_ok();
            self.accept_paused = !resumed;
        }
    }

    fn serve_connection(&mut self, number: u64, writable: bool) {
        if number < FIRST_TOKEN {
            return;
        }
        if writable {
            let Exits {
                connections, poll, ..
            } = &mut *self.exits.borrow_mut();
            connections.writable(number, poll);
        }
        let mut budget = TCP_READ;
        loop {
            let end = self
                .exits
                .borrow_mut()
                .connections
                .fill(number, &mut budget);
            if !self.take_frames(number) || end == Some(ReadEnd::Over) {
                return self.close_connection(number);
            }
            if end.is_some() {
                return;
            }
        }
    }

    /// Feed whole frames of a connection to the shard; false when the connection has to go.
    fn take_frames(&mut self, number: u64) -> bool {
        let now = self.now();
        let Some(address) = self.exits.borrow().connections.address(number) else {
            return false;
        };
        let route = Route::tcp(number, address);
        loop {
            let next = self
                .exits
                .borrow_mut()
                .connections
                .next_frame(number, &mut self.frame);
            match next {
                Ok(false) => return true,
                Err(_) => return false,
                Ok(true) => {}
            }
            if !self
                .exits
                .borrow_mut()
                .connections
                .allows_frame(number, now)
            {
                self.exits.borrow_mut().connections.rejected += 1;
                return false;
            }
            let shard = &self.shard;
            let whose = self
                .neighbours
                .whose(self.number, route, &self.frame, || shard.knows(route));
            if let Some(whose) = whose {
                let letter = Letter::Datagram(route, self.frame.as_slice().into());
                self.neighbours.post(whose, letter);
                let mut exits = self.exits.borrow_mut();
                if exits.connections.hand_on(number) {
                    continue;
                }
                exits.connections.rejected += 1;
                return false;
            }
            self.shard
                .datagram(now, route, &mut self.frame, &mut self.outbox);
            self.run_errands();
            let mut exits = self.exits.borrow_mut();
            if !exits.connections.is_proved(number) {
                if !self.shard.knows(route) {
                    exits.connections.rejected += 1;
                    return false;
                }
                exits.connections.prove(number);
            }
        }
    }

    fn close_connection(&mut self, number: u64) {
        let closed = self.exits.borrow_mut().connections.close(number);
        if let Some(address) = closed {
            let route = Route::tcp(number, address);
            if let Some(whose) = self.neighbours.find(route) {
                self.neighbours.post(whose, Letter::Lost(route));
            }
            self.shard.route_lost(route);
        }
    }

    fn close_unproved(&mut self, now: Time) {
        if now < self.next_look_at_tcp {
            return;
        }
        self.next_look_at_tcp = now + Duration::from_secs(1);
        self.resume_accepting();
        let Self {
            shard, neighbours, ..
        } = &*self;
        let knows = |route| shard.knows(route) || neighbours.find(route).is_some();
        let unproved = self.exits.borrow_mut().connections.unproved(now, knows);
        for number in unproved {
            self.exits.borrow_mut().connections.rejected += 1;
            self.close_connection(number);
        }
    }

    fn obey(&mut self) {
        while let Ok(command) = self.commands.try_recv() {
            let now = self.now();
            let Self { shard, outbox, .. } = self;
            match command {
                Command::Add(peer, reply) => {
                    // A caller that has given up waiting hears nothing; its peer times out.
                    let _ = reply.send(shard.add_peer(now, *peer));
                }
                Command::AllowPublish(peer, allowed) => {
                    shard.allow_publish(now, peer, allowed, outbox);
                }
                Command::KeepPrompt(peer, is_prompt) => {
                    shard.keep_prompt(peer, is_prompt, outbox);
                }
                Command::ClosePeer(peer, why) => shard.close_peer(now, peer, why, outbox),
                Command::CloseSpace(space, why) => shard.close_space(now, space, &why, outbox),
                Command::Tap(space, peers) => shard.tap(space, &peers),
                Command::Stop => {
                    shard.close_all(now, "stopped", outbox);
                    self.stopping = true;
                }
            }
        }
    }

    fn tell(&mut self) {
        let now = self.now();
        let busy_permille = self.load.permille(now);
        let shard = &mut self.shard;
        shard.note_busy(busy_permille);
        let neighbours = &self.neighbours;
        self.shared.put_events(|| {
            let event = shard.pop_event();
            if let Some(Event::Closed { peer, .. }) = &event {
                neighbours.placement().leave(*peer);
            }
            event
        });
        if shard.has_tapped() {
            self.shared
                .put_tap(|records, most| shard.drain_tap(records, most));
        }
        let exits = self.exits.borrow();
        let stats = MediaStats {
            core: shard.stats(),
            drops_send: exits.dropped + exits.connections.dropped,
            sends_segmented: exits.segmented,
            segmenting_refused: exits.segmenting_refused,
            tcp_connections: exits.connections.len() as u64,
            tcp_rejected: exits.connections.rejected,
            tcp_accept_failures: exits.connections.accept_failures,
            faults: self.faults,
            busy_permille,
            stage_delay: self.stage_delay,
            forward_delay: self.delay,
            ..MediaStats::default()
        };
        drop(exits);
        self.shared.put_stats(self.number, stats);
    }
}
