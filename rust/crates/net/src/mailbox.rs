//! What media threads hand to each other.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arengo_core::Route;
use arengo_core::neighbours::{ShardNumber, Word};

use crate::limits::{MAIL_DATAGRAMS, MAIL_WORDS};
use crate::sys::event_fd::EventFd;

/// Something for another media thread.
pub enum Letter {
    /// What its shard is told by another one.
    Word(ShardNumber, Word),
    /// A route leads nowhere any more.
    Lost(Route),
    /// A peer of another shard has checked a route of the addressee.
    Contested(Route),
    /// A peer of this shard has proved to be at the other end of a TCP connection of the addressee.
    Proved(ShardNumber, Route),
    /// To be sent on a TCP connection of the addressee.
    Frame(u64, Box<[u8]>),
    /// A datagram for one of its peers, which the kernel brought to another thread's socket.
    Datagram(Route, Box<[u8]>),
}

impl Letter {
    /// Sound is of use now or not at all, and a contested route is contested again; anything else is few and has to arrive.
    const fn can_be_missed(&self) -> bool {
        match self {
            Self::Word(_, word) => word.is_sound(),
            Self::Frame(..) | Self::Datagram(..) | Self::Contested(_) => true,
            Self::Lost(_) | Self::Proved(..) => false,
        }
    }
}

/// Letters that wait, datagrams apart: whoever sends many of them from afar delays no word between shards.
#[derive(Default)]
pub struct Mail {
    pub words: VecDeque<Letter>,
    pub datagrams: VecDeque<Letter>,
}

impl Mail {
    fn is_empty(&self) -> bool {
        self.words.is_empty() && self.datagrams.is_empty()
    }
}

/// Where a media thread finds what others hand to it.
pub struct Mailbox {
    mail: Mutex<Mail>,
    has_mail: AtomicBool,
    wake: Arc<EventFd>,
    datagrams: AtomicU64,
    dropped: AtomicU64,
}

impl Mailbox {
    /// An empty one; *wake* is raised when something comes.
    #[must_use]
    pub fn new(wake: Arc<EventFd>) -> Self {
        Self {
            mail: Mutex::default(),
            has_mail: AtomicBool::new(false),
            wake,
            datagrams: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        }
    }

    /// Put a letter in; one that finds no room is dropped and counted, where it can be missed.
    pub fn post(&self, letter: Letter) {
        let mut mail = self.mail.lock().unwrap_or_else(PoisonError::into_inner);
        let was_empty = mail.is_empty();
        let (queue, most) = match letter {
            Letter::Datagram(..) => {
                self.datagrams.fetch_add(1, Ordering::Relaxed);
                (&mut mail.datagrams, MAIL_DATAGRAMS)
            }
            _ => (&mut mail.words, MAIL_WORDS),
        };
        if queue.len() >= most && letter.can_be_missed() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        queue.push_back(letter);
        self.has_mail.store(true, Ordering::Release);
        drop(mail);
        if was_empty {
            self.wake.raise();
        }
    }

    /// Add all letters to *mail*, in order.
    pub fn empty_into(&self, to: &mut Mail) {
        if !self.has_mail.load(Ordering::Acquire) {
            return;
        }
        let mut mail = self.mail.lock().unwrap_or_else(PoisonError::into_inner);
        self.has_mail.store(false, Ordering::Release);
        to.words.append(&mut mail.words);
        to.datagrams.append(&mut mail.datagrams);
    }

    /// Datagrams that came by another thread's socket.
    #[must_use]
    pub fn datagrams(&self) -> u64 {
        self.datagrams.load(Ordering::Relaxed)
    }

    /// Letters that found no room.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that meets a surprise stops")]
mod tests {
    use super::*;

    fn route() -> Route {
        Route::udp(([192, 0, 2, 1], 4000).into())
    }

    #[test]
    fn datagrams_beyond_the_limit_are_dropped_and_words_still_come() {
        let mailbox = Mailbox::new(Arc::new(EventFd::new().unwrap()));
        for _ in 0..MAIL_DATAGRAMS + 5 {
            mailbox.post(Letter::Datagram(route(), Box::new([1])));
        }
        for number in 0..MAIL_WORDS + 3 {
            mailbox.post(Letter::Frame(number as u64, Box::new([1])));
        }
        mailbox.post(Letter::Lost(route()));
        let mut mail = Mail::default();
        mailbox.empty_into(&mut mail);
        assert_eq!(mailbox.dropped(), 8);
        assert_eq!(mail.datagrams.len(), MAIL_DATAGRAMS);
        assert_eq!(mail.words.len(), MAIL_WORDS + 1);
        assert!(matches!(mail.words.back(), Some(Letter::Lost(_))));
    }

    #[test]
    fn letters_come_once_and_in_order() {
        let mailbox = Mailbox::new(Arc::new(EventFd::new().unwrap()));
        let mut mail = Mail::default();
        for number in 0..3 {
            mailbox.post(Letter::Frame(number, Box::new([])));
            mailbox.empty_into(&mut mail);
            mailbox.empty_into(&mut mail);
        }
        let numbers: Vec<u64> = mail
            .words
            .iter()
            .filter_map(|letter| match letter {
                Letter::Frame(number, _) => Some(*number),
                _ => None,
            })
            .collect();
        assert_eq!(numbers, [0, 1, 2]);
    }
}
