//! What goes out: an arena of datagrams that is flushed in batches.

use crate::route::Route;

/// Sends finished batches; called when the arena is full and when the driver says so.
pub trait Sink {
    /// Send or drop every datagram of *batch*; nothing is kept after the call.
    fn flush(&mut self, batch: Batch<'_>);
}

#[derive(Clone, Copy)]
struct Entry {
    to: Route,
    start: u32,
    len: u32,
}

/// Datagrams on their way out, in order.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    arena: &'a [u8],
    entries: &'a [Entry],
}

impl<'a> Batch<'a> {
    /// The datagrams and where they go.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Route, &'a [u8])> + use<'a> {
        let arena = self.arena;
        self.entries.iter().map(move |entry| {
            let start = entry.start as usize;
            (
                entry.to,
                arena
                    .get(start..start + entry.len as usize)
                    .unwrap_or_default(),
            )
        })
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// A preallocated arena that packets are built in; it never grows.
pub struct Outbox {
    arena: Box<[u8]>,
    used: usize,
    entries: Vec<Entry>,
    sink: Box<dyn Sink>,
}

/// Bytes of the arena: what fits a core's cache beside the keys in use.
const ARENA: usize = 64 << 10;
/// Datagrams in a batch; the kernel takes at most 1,024 at once.
const BATCH: usize = 256;

impl Outbox {
    /// An empty outbox whose batches go to *sink*.
    #[must_use]
    pub fn new(sink: Box<dyn Sink>) -> Self {
        Self {
            arena: vec![0; ARENA].into_boxed_slice(),
            used: 0,
            entries: Vec::with_capacity(BATCH),
            sink,
        }
    }

    /// Room for a datagram of at most *most* bytes; [`Outbox::commit`] says how long it became.
    #[inline]
    pub fn room(&mut self, most: usize) -> &mut [u8] {
        if self.entries.len() == BATCH || self.used + most > self.arena.len() {
            self.flush();
        }
        let start = self.used;
        self.arena.get_mut(start..start + most).unwrap_or_default()
    }

    /// Queue the first *len* bytes of the last [`Outbox::room`] for *to*.
    #[inline]
    pub fn commit(&mut self, to: Route, len: usize) {
        if self.entries.len() < BATCH && self.used + len <= self.arena.len() {
            self.entries.push(Entry {
                to,
                start: self.used as u32,
                len: len as u32,
            });
            self.used += len;
        }
    }

    /// Queue a copy of *datagram* for *to*.
    pub fn send(&mut self, to: Route, datagram: &[u8]) {
        let room = self.room(datagram.len());
        if room.len() == datagram.len() {
            room.copy_from_slice(datagram);
            self.commit(to, datagram.len());
        }
    }

    /// Hand everything queued to the sink.
    pub fn flush(&mut self) {
        if !self.entries.is_empty() {
            self.sink.flush(Batch {
                arena: &self.arena,
                entries: &self.entries,
            });
            self.entries.clear();
        }
        self.used = 0;
    }

    /// How many datagrams wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.entries.len()
    }
}
