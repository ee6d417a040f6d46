//! The thread: reads, counts, lets talkers speak, and wakes who has something to do.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use super::guest::Guest;
use super::hall::Hall;
use super::socket::Socket;
use super::talker::Talker;
use super::{Entering, Order, wall_ns};
use crate::systems::{Protocol, Standing};
use crate::voice::Voices;

/// Receive calls in a row before others have their turn.
const ROUNDS: usize = 4;
/// Those who come in at once, before others have their turn.
const ENTER_AT_ONCE: usize = 8;
/// Between two looks at an empty socket: nobody waits on it, because waking a thread would cost the sender.
const PAUSE: Duration = Duration::from_micros(200);
/// Everybody, driven.
pub struct Driver {
    socket: Socket,
    orders: Receiver<Order>,
    hall: Hall,
    wakes: BinaryHeap<Reverse<(Instant, usize)>>,
    /// Those who have something to send or to be armed for.
    touched: Vec<usize>,
}

impl Driver {
    pub fn new(
        socket: Socket,
        protocol: Protocol,
        voices: Arc<Voices>,
        orders: Receiver<Order>,
    ) -> Driver {
        Driver {
            socket,
            orders,
            hall: Hall::new(protocol, voices),
            wakes: BinaryHeap::new(),
            touched: Vec::new(),
        }
    }

    /// Until it is told to stop.
    pub fn run(mut self) {
        come_first();
        loop {
            let took = self.receive();
            let goes_on = self.obey();
            if !goes_on {
                return;
            }
            self.speak();
            self.wake();
            if took == 0 {
                std::thread::sleep(self.pause());
            }
        }
    }

    fn receive(&mut self) -> usize {
        let (hall, touched) = (&mut self.hall, &mut self.touched);
        let mut all = 0;
        for _ in 0..ROUNDS {
            let now = Instant::now();
            let took = self.socket.receive(|arrived| {
                let guest = arrived.guest;
                if hall.take(arrived, now) {
                    touched.push(guest);
                }
            });
            all += took;
            if took == 0 {
                break;
            }
        }
        self.attend();
        all
    }

    fn obey(&mut self) -> bool {
        for _ in 0..ENTER_AT_ONCE {
            // A reply that nobody waits for any more is nobody's loss.
            match self.orders.try_recv() {
                Ok(Order::Enter(entering)) => self.enter(*entering),
                Ok(Order::Census(reply)) => {
                    let _ = reply.send(self.hall.census());
                }
                Ok(Order::Begin(reply)) => {
                    self.hall.begin(self.socket.dropped());
                    let _ = reply.send(());
                }
                Ok(Order::End(reply)) => {
                    let _ = reply.send(self.hall.end(self.socket.dropped()));
                }
                Ok(Order::Leave(reply)) => {
                    self.leave();
                    let _ = reply.send(());
                }
                Err(TryRecvError::Empty) => return true,
                Ok(Order::Stop) | Err(TryRecvError::Disconnected) => return false,
            }
        }
        true
    }

    fn enter(&mut self, entering: Entering) {
        let Entering { number, space, .. } = entering;
        if let Some(voice) = entering.voice {
            self.hall.talkers.push(Talker::new(number, space, voice));
        }
        if self.hall.guests.len() <= number {
            self.hall.guests.resize_with(number + 1, || None);
        }
        if let Some(place) = self.hall.guests.get_mut(number) {
            *place = Some(Guest::new(entering));
        }
        self.touched.push(number);
        self.attend();
    }

    fn leave(&mut self) {
        let now = Instant::now();
        self.hall.talkers.clear();
        for number in 0..self.hall.guests.len() {
            if let Some(guest) = self.hall.guests.get_mut(number).and_then(Option::as_mut) {
                guest.wire.close(now);
                self.touched.push(number);
            }
            self.attend();
        }
        self.hall.guests.clear();
        self.wakes.clear();
    }

    fn speak(&mut self) {
        let hall = &mut self.hall;
        for (order, talker) in hall.talkers.iter_mut().enumerate() {
            let Some(Some(guest)) = hall.guests.get_mut(talker.guest) else {
                continue;
            };
            let now = Instant::now();
            if talker.next().is_none() && guest.standing == Standing::Connected {
                talker.may_speak(order, now);
            }
            while let Some((number, at)) = talker.due(now) {
                guest.wire.say(hall.voices.packet(talker.voice, number), at);
                talker.leaves(wall_ns());
                while let Some((to, datagram)) = guest.wire.next_datagram() {
                    // The kernel takes it, or it is lost and shows.
                    self.socket.send(talker.guest, to, &datagram);
                }
            }
        }
    }

    fn wake(&mut self) {
        let now = Instant::now();
        while let Some(Reverse((at, number))) = self.wakes.peek().copied() {
            if at > now {
                break;
            }
            self.wakes.pop();
            if let Some(Some(guest)) = self.hall.guests.get_mut(number)
                && guest.armed == Some(at)
            {
                guest.armed = None;
                guest.wire.wake(now);
                self.touched.push(number);
            }
        }
        self.attend();
    }

    /// Send what the touched have to say, and note when to come back to them.
    fn attend(&mut self) {
        for number in self.touched.drain(..) {
            let Some(Some(guest)) = self.hall.guests.get_mut(number) else {
                continue;
            };
            while let Some((to, datagram)) = guest.wire.next_datagram() {
                self.socket.send(number, to, &datagram);
            }
            let standing = guest.wire.standing();
            if standing != guest.standing && standing == Standing::Connected {
                self.hall.profile = self.hall.profile.or(guest.wire.profile());
            }
            guest.standing = standing;
            if let Some(at) = guest.wire.next_wake()
                && guest.armed.is_none_or(|armed| at < armed)
            {
                guest.armed = Some(at);
                self.wakes.push(Reverse((at, number)));
            }
        }
    }

    fn pause(&self) -> Duration {
        let now = Instant::now();
        let talkers = self.hall.talkers.iter().filter_map(Talker::next);
        let next = talkers.min().map(|at| at.saturating_duration_since(now));
        next.map_or(PAUSE, |next| next.min(PAUSE))
    }
}

/// Talkers speak on time and nothing waits unread, whatever else this machine does.
fn come_first() {
    const FIRST: libc::c_int = -15;
    // SAFETY: a plain system call about the calling thread, which on Linux is what `0` names.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, FIRST) };
}
