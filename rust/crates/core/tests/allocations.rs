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

/// One after the other: what is allocated is counted for the whole process.
#[test]
fn packets_to_a_thousand_listeners_allocate_nothing() {
    assert!(sent_without_allocating(World::new(), 0) > 500_000);
    // Merged: a phase holds what it has not sent, in memory that is used again once it has been.
    assert!(sent_without_allocating(World::merging_from(Some(300)), 50) > 150_000);
}

/// How many datagrams go out in 200 frames of four speakers, after *warm_up* of them that may allocate.
fn sent_without_allocating(mut world: World, warm_up: usize) -> u64 {
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
    for (turn, frame) in packets.iter_mut().enumerate() {
        COUNTS.with(|counts| counts.set(turn >= warm_up));
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
    let allocations = ALLOCATIONS.swap(0, Ordering::Relaxed);
    assert_eq!(allocations, 0, "over {sent} packets");
    sent
}
