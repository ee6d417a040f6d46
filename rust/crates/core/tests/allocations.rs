//! Fan-out allocates nothing: no packet, whoever hears it, reaches the allocator.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets a surprise stops"
)]

mod people;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use arengo_core::{Batch, Outbox, Sink};
use people::{FRAME, LOUD, World};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
thread_local! {
    static COUNTS: Cell<bool> = const { Cell::new(false) };
}

fn note() {
    if COUNTS.with(Cell::get) {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: everything is passed on to the system's allocator as it came.
#[allow(unsafe_code, reason = "an allocator cannot be written without it")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note();
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note();
        // SAFETY: as the caller promises.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Nowhere;

impl Sink for Nowhere {
    fn flush(&mut self, batch: Batch<'_>) {
        assert!(batch.iter().all(|(_, datagram)| !datagram.is_empty()));
    }
}

#[test]
fn packets_to_a_thousand_listeners_allocate_nothing() {
    let mut world = World::new();
    let mut speakers: Vec<_> = (1..=4).map(|id| world.join(id, true, 3)).collect();
    for id in 100..1100 {
        world.join(id, false, 3);
    }
    let mut packets = Vec::new();
    for turn in 0..200 {
        let mut frame = Vec::new();
        for (n, speaker) in speakers.iter_mut().enumerate() {
            // Loudness moves, so that slots change hands while it is counted.
            let level = if turn / 50 == n { 30 } else { LOUD };
            frame.push((speaker.route, world.packet(speaker, level)));
        }
        packets.push(frame);
    }
    let mut outbox = Outbox::new(Box::new(Nowhere));
    let before = world.shard.stats().packets_out;
    COUNTS.with(|counts| counts.set(true));
    for frame in &mut packets {
        for (route, packet) in frame {
            world.shard.datagram(world.now, *route, packet, &mut outbox);
        }
        world.now = world.now + FRAME;
        world.shard.tick(world.now, &mut outbox);
        while world.shard.serve(world.now, &mut outbox) {}
        outbox.flush();
    }
    COUNTS.with(|counts| counts.set(false));
    let sent = world.shard.stats().packets_out - before;
    assert!(sent > 500_000, "{sent} packets went out");
    assert_eq!(
        ALLOCATIONS.load(Ordering::Relaxed),
        0,
        "over {sent} packets"
    );
}
