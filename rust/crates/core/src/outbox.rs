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

    /// The same, neighbours to one destination joined where the kernel can cut them apart again.
    pub fn runs(&self) -> Runs<'a> {
        Runs {
            arena: self.arena,
            entries: self.entries,
        }
    }

    /// How many datagrams.
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

/// Datagrams to one destination that lie behind one another: all as long as the first, the last one perhaps shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run<'a> {
    /// Where to.
    pub to: Route,
    /// All of them.
    pub bytes: &'a [u8],
    /// Bytes of each.
    pub segment: usize,
    /// How many.
    pub count: usize,
}

/// Datagrams in a run at most; kernels take 64 (`UDP_MAX_SEGMENTS`).
const RUN: usize = 32;

/// Iterates over the runs of a batch.
#[derive(Clone, Copy)]
pub struct Runs<'a> {
    arena: &'a [u8],
    entries: &'a [Entry],
}

impl<'a> Iterator for Runs<'a> {
    type Item = Run<'a>;

    #[inline]
    fn next(&mut self) -> Option<Run<'a>> {
        let (first, mut rest) = self.entries.split_first()?;
        let mut end = first.start + first.len;
        let mut count = 1;
        while let Some((next, behind)) = rest.split_first()
            && next.to == first.to
            && next.start == end
            && next.len <= first.len
            && count < RUN
        {
            end += next.len;
            count += 1;
            rest = behind;
            if next.len < first.len {
                break;
            }
        }
        self.entries = rest;
        Some(Run {
            to: first.to,
            bytes: self
                .arena
                .get(first.start as usize..end as usize)
                .unwrap_or_default(),
            segment: first.len as usize,
            count,
        })
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::net::SocketAddr;
    use std::rc::Rc;

    use super::*;

    type Seen = Rc<RefCell<Vec<(Route, Vec<usize>)>>>;

    struct Watching(Seen);

    impl Sink for Watching {
        fn flush(&mut self, batch: Batch<'_>) {
            let mut one_by_one = batch.iter();
            for run in batch.runs() {
                let cut: Vec<&[u8]> = run.bytes.chunks(run.segment).collect();
                assert_eq!(cut.len(), run.count);
                for datagram in &cut {
                    assert_eq!(one_by_one.next(), Some((run.to, *datagram)));
                }
                let lengths = cut.iter().map(|datagram| datagram.len()).collect();
                self.0.borrow_mut().push((run.to, lengths));
            }
            assert!(one_by_one.next().is_none());
        }
    }

    fn to(port: u16) -> Route {
        Route::udp(SocketAddr::from(([192, 0, 2, 1], port)))
    }

    fn runs_of(datagrams: &[(Route, usize)]) -> Vec<(Route, Vec<usize>)> {
        let seen = Seen::default();
        let mut outbox = Outbox::new(Box::new(Watching(Rc::clone(&seen))));
        for (n, (to, len)) in datagrams.iter().enumerate() {
            outbox.send(*to, &vec![n as u8; *len]);
        }
        outbox.flush();
        seen.take()
    }

    #[test]
    fn neighbours_of_equal_length_to_one_destination_are_one_run() {
        let sent = [(to(1), 9), (to(1), 9), (to(2), 9), (to(1), 9)];
        let runs = [(to(1), vec![9, 9]), (to(2), vec![9]), (to(1), vec![9])];
        assert_eq!(runs_of(&sent), runs);
    }

    #[test]
    fn a_shorter_one_ends_a_run_and_a_longer_one_begins_another() {
        let sent = [(to(1), 9), (to(1), 5), (to(1), 5), (to(1), 7)];
        let runs = [(to(1), vec![9, 5]), (to(1), vec![5]), (to(1), vec![7])];
        assert_eq!(runs_of(&sent), runs);
    }

    #[test]
    fn no_run_is_longer_than_kernels_take() {
        let runs = runs_of(&[(to(1), 3); 80]);
        let counts: Vec<usize> = runs.iter().map(|(_, lengths)| lengths.len()).collect();
        assert_eq!(counts, [32, 32, 16]);
    }
}
