//! What the core tells the service.

use std::borrow::Cow;
use std::collections::VecDeque;

use crate::limits::{EVENTS, LEVELS, SLOTS};

/// A few values in place, so that telling levels allocates nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels {
    items: [(u32, i8); LEVELS],
    len: usize,
}

impl Default for Levels {
    fn default() -> Self {
        Self {
            items: [(0, 0); LEVELS],
            len: 0,
        }
    }
}

impl Levels {
    /// Add a voice and its dBov; those past the limit are left out.
    pub fn push(&mut self, voice: u32, dbov: i8) {
        if let Some(item) = self.items.get_mut(self.len) {
            *item = (voice, dbov);
            self.len += 1;
        }
    }

    /// Voices and dBov, 0 loudest, -127 silence.
    #[must_use]
    pub fn as_slice(&self) -> &[(u32, i8)] {
        self.items.get(..self.len).unwrap_or_default()
    }
}

/// Something the service may want to know; spaces and peers go by the numbers it gave them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// DTLS is up, over UDP or over TCP.
    Connected { peer: u64, over_tcp: bool },
    /// The first packet of an allowed voice.
    Publishing { peer: u64 },
    /// The peer is gone: `silent`, `bye`, `dtls`, or what closing was told.
    Closed { peer: u64, why: Cow<'static, str> },
    /// How loud people are; at most ten a second a space, while that changes.
    Levels { space: u64, levels: Levels },
    /// How loud the speech of each is, whole dBov, of those of whom that is known; told again where one has changed.
    Loudness { space: u64, voices: Levels },
    /// Who holds the slots, the dominant speaker first, 0 where nobody does.
    Active { space: u64, voices: [u32; SLOTS] },
}

impl Event {
    /// Whether a later event of the same kind makes up for its loss.
    const fn can_be_missed(&self) -> bool {
        matches!(self, Self::Levels { .. })
    }
}

/// Events that wait, oldest first; when there are too many, levels give way.
pub struct EventQueue {
    waiting: VecDeque<Event>,
    dropped: u64,
}

impl Default for EventQueue {
    fn default() -> Self {
        Self {
            waiting: VecDeque::with_capacity(EVENTS),
            dropped: 0,
        }
    }
}

impl EventQueue {
    /// Add *event*; all but levels are never lost.
    pub fn push(&mut self, event: Event) {
        if self.waiting.len() >= EVENTS {
            if event.can_be_missed() {
                self.dropped += 1;
                return;
            }
            if let Some(at) = self.waiting.iter().position(Event::can_be_missed) {
                self.waiting.remove(at);
                self.dropped += 1;
            }
        }
        self.waiting.push_back(event);
    }

    /// Take the oldest.
    pub fn pop(&mut self) -> Option<Event> {
        self.waiting.pop_front()
    }

    /// Whether none wait.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many were dropped so far.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}
