#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets a surprise stops"
)]

use std::collections::HashSet;

use arengo_wire::opus::Frames;

use super::*;

/// 20 ms of full-band mono in CELT.
const KIND: u8 = 31 << 3;
const BASE: u32 = 12_345;
const FRAME: Duration = Duration::from_millis(20);

/// A packet as a phase sent it, with its frames told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sent {
    phase: usize,
    slot: usize,
    index: u64,
    timestamp: u32,
    voice: u32,
    level: u8,
    frames: Vec<Vec<u8>>,
}

struct Bench {
    merger: Merger,
    now: Time,
    sent: Vec<Sent>,
}

impl Bench {
    fn new() -> Self {
        Self {
            merger: Merger::new(BASE, [FIRST_INDEX; SLOTS]),
            now: Time::from_micros(1_000_000),
            sent: Vec::new(),
        }
    }

    fn push_as(&mut self, slot: usize, number: u64, timestamp: u32, voice: u32, opus: &[u8]) {
        let frame = Frame {
            stamp: Stamp {
                index: FIRST_INDEX + 1 + number,
                timestamp,
                marker: false,
            },
            ticks: opus::duration_samples(opus).unwrap_or(0),
            voice,
            level: 0x80 | 30,
            opus,
        };
        let sent = &mut self.sent;
        self.merger.push(self.now, slot, &frame, &mut |merged| {
            sent.push(told(&merged))
        });
    }

    /// Frame *number* of a voice that began at the clock's time.
    fn push(&mut self, slot: usize, number: u64) {
        let timestamp = BASE + 960 * number as u32;
        self.push_as(slot, number, timestamp, 1, &said(slot, number));
    }

    fn pass(&mut self, duration: Duration) {
        self.now = self.now + duration;
        let sent = &mut self.sent;
        self.merger
            .flush_overdue(self.now, &mut |merged| sent.push(told(&merged)));
    }

    fn flush_slot(&mut self, slot: usize) {
        let sent = &mut self.sent;
        self.merger
            .flush_slot(slot, &mut |merged| sent.push(told(&merged)));
    }

    fn of(&self, phase: usize, slot: usize) -> Vec<&Sent> {
        let here = |sent: &&Sent| sent.phase == phase && sent.slot == slot;
        self.sent.iter().filter(here).collect()
    }

    fn counts(&self, phase: usize, slot: usize) -> Vec<usize> {
        self.of(phase, slot)
            .iter()
            .map(|sent| sent.frames.len())
            .collect()
    }
}

fn said(slot: usize, number: u64) -> Vec<u8> {
    let mut opus = vec![KIND, slot as u8];
    opus.extend(number.to_be_bytes());
    opus.resize(60 + (number % 7) as usize, 9);
    opus
}

fn told(merged: &Merged<'_>) -> Sent {
    let frames = Frames::parse(merged.opus).unwrap();
    Sent {
        phase: merged.phase,
        slot: merged.slot,
        index: merged.stamp.index,
        timestamp: merged.stamp.timestamp,
        voice: merged.voice,
        level: merged.level,
        frames: frames
            .as_slice()
            .iter()
            .map(|frame| frame.to_vec())
            .collect(),
    }
}

#[test]
fn three_frames_become_one_packet_in_each_phase_and_phases_take_turns() {
    let mut bench = Bench::new();
    let mut turns = Vec::new();
    for number in 0..30 {
        bench.push(0, number);
        if number < 3 {
            bench.sent.clear();
        } else {
            turns.extend(
                bench
                    .sent
                    .drain(..)
                    .map(|sent| (sent.phase, sent.frames.len())),
            );
        }
        bench.pass(FRAME);
    }
    let phases: Vec<usize> = turns.iter().map(|(phase, _)| *phase).collect();
    assert_eq!(phases.len(), 27, "one phase in each frame");
    assert!(
        phases
            .windows(3)
            .all(|three| three.iter().collect::<HashSet<_>>().len() == 3)
    );
    assert!(turns.iter().all(|(_, frames)| *frames == 3));
}

#[test]
fn a_voice_that_begins_is_held_back_for_no_longer_than_a_packet() {
    let mut bench = Bench::new();
    for number in 0..3 {
        bench.push(0, number);
        bench.pass(FRAME);
    }
    for phase in 0..PHASES {
        let first = bench.of(phase, 0).first().copied().unwrap();
        assert_eq!(first.timestamp, BASE, "no onset is cut");
    }
}

#[test]
fn all_slots_of_a_phase_go_together() {
    let mut bench = Bench::new();
    for number in 0..30 {
        bench.push(0, number);
        bench.now = bench.now + Duration::from_millis(7);
        bench.push_as(
            2,
            number,
            BASE + 336 + 960 * number as u32,
            2,
            &said(2, number),
        );
        bench.pass(Duration::from_millis(13));
    }
    let slots: Vec<usize> = bench.sent.iter().skip(9).map(|sent| sent.slot).collect();
    assert!(
        slots.chunks_exact(2).all(|pair| pair == [0, 2]),
        "{slots:?}"
    );
    for phase in 0..PHASES {
        let counts = bench.counts(phase, 2);
        assert!(
            counts.iter().skip(1).all(|frames| *frames == 3),
            "{counts:?}"
        );
    }
}

#[test]
fn frames_of_different_kinds_share_no_packet_and_keep_their_order() {
    let mut bench = Bench::new();
    for number in 0..9 {
        let mut opus = said(0, number);
        opus[0] |= if number == 4 { 4 } else { 0 };
        bench.push_as(0, number, BASE + 960 * number as u32, 1, &opus);
    }
    bench.flush_slot(0);
    for phase in 0..PHASES {
        nothing_lost_or_doubled(&bench, phase, 0, &(0..9).collect::<Vec<_>>());
        let alone = bench
            .of(phase, 0)
            .into_iter()
            .find(|sent| sent.frames.len() == 1 && number_of(&sent.frames[0]) == 4);
        assert!(alone.is_some(), "the one of another kind goes alone");
    }
}

#[test]
fn a_gap_in_time_is_never_inside_a_packet() {
    let mut bench = Bench::new();
    // 4 is lost on its way in; 9 comes after 400 ms without a packet, as with DTX.
    for number in [0, 1, 2, 3, 5, 6, 7, 8] {
        bench.push(0, number);
        bench.pass(FRAME);
    }
    bench.pass(Duration::from_millis(400));
    bench.push_as(0, 9, BASE + 960 * 29, 1, &said(0, 9));
    bench.flush_slot(0);
    for phase in 0..PHASES {
        nothing_lost_or_doubled(&bench, phase, 0, &[0, 1, 2, 3, 5, 6, 7, 8, 9]);
        for sent in bench.of(phase, 0) {
            let numbers: Vec<u64> = sent.frames.iter().map(|frame| number_of(frame)).collect();
            assert!(
                numbers.windows(2).all(|pair| pair[1] == pair[0] + 1),
                "{numbers:?}"
            );
        }
    }
}

#[test]
fn what_overtakes_within_a_packet_is_put_in_order() {
    let mut bench = Bench::new();
    for number in [0, 1, 2, 3, 4, 5, 6, 8, 7, 9, 10, 11, 12] {
        bench.push(0, number);
    }
    bench.flush_slot(0);
    let in_order = (0..PHASES).filter(|phase| bench.counts(*phase, 0).iter().sum::<usize>() == 13);
    assert!(
        in_order.count() >= 1,
        "where no boundary lay between, nothing is lost"
    );
    for phase in 0..PHASES {
        let numbers: Vec<u64> = bench
            .of(phase, 0)
            .iter()
            .flat_map(|sent| &sent.frames)
            .map(|frame| number_of(frame))
            .collect();
        assert!(numbers.is_sorted(), "{numbers:?}");
    }
}

#[test]
fn a_publisher_who_stops_leaves_nothing_waiting() {
    let mut bench = Bench::new();
    for number in 0..4 {
        bench.push(0, number);
        bench.pass(FRAME);
    }
    bench.pass(LONGEST_WAIT);
    for phase in 0..PHASES {
        assert_eq!(bench.counts(phase, 0).iter().sum::<usize>(), 4);
        assert!(bench.merger.is_at_boundary(phase));
    }
}

#[test]
fn whoever_leaves_a_phase_gets_what_waits_there_and_who_stays_gets_it_too() {
    let mut bench = Bench::new();
    for number in 0..8 {
        bench.push(0, number);
    }
    for phase in 0..PHASES {
        let before = bench.counts(phase, 0).iter().sum::<usize>();
        let mut rest = Vec::new();
        bench
            .merger
            .rest(phase, 0, &mut |merged| rest.push(told(&merged)));
        let frames: usize = rest.iter().map(|sent| sent.frames.len()).sum();
        assert_eq!(before + frames, 8);
    }
    bench.flush_slot(0);
    for phase in 0..PHASES {
        assert_eq!(bench.counts(phase, 0).iter().sum::<usize>(), 8);
    }
}

#[test]
fn the_level_of_a_packet_is_its_loudest() {
    assert_eq!(loudest(0x80 | 30, 50), 0x80 | 30);
    assert_eq!(loudest(0x80 | 70, 50), 0x80 | 50);
    assert_eq!(loudest(127, 127), 127);
}

fn number_of(frame: &[u8]) -> u64 {
    u64::from_be_bytes(frame[1..9].try_into().unwrap())
}

/// The frames of a phase are *numbers*, in order, its packets numbered one after the other and stamped by their first.
fn nothing_lost_or_doubled(bench: &Bench, phase: usize, slot: usize, numbers: &[u64]) {
    let mine = bench.of(phase, slot);
    assert!(
        mine.windows(2)
            .all(|pair| pair[1].index == pair[0].index + 1)
    );
    let frames: Vec<u64> = mine
        .iter()
        .flat_map(|sent| &sent.frames)
        .map(|frame| number_of(frame))
        .collect();
    assert_eq!(frames, numbers, "phase {phase}");
}

/// Whatever publishers send, when and in whatever order: numbers are given out once, times go forward, and whatever came
/// in order is sent in order, once, to each phase.
#[test]
fn every_phase_sends_every_frame_once_whatever_comes() {
    let mut state = 7_u64;
    let mut chance = move |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
    for _ in 0..40 {
        let mut bench = Bench::new();
        let mut next = [0_u64; SLOTS];
        let mut clock = [0_u32; SLOTS];
        let mut in_order: [Vec<u64>; SLOTS] = Default::default();
        for _ in 0..1_500 {
            let slot = chance(3) as usize;
            match chance(60) {
                0 => bench.flush_slot(slot),
                1 => bench.pass(Duration::from_millis(chance(200))),
                2 => clock[slot] += 960 * chance(30) as u32, // silence
                3 => next[slot] += chance(4),                // loss
                _ => {}
            }
            let (number, timestamp) = (next[slot], BASE + clock[slot]);
            let mut opus = said(slot, number);
            if chance(40) == 0 {
                opus[0] = 15 << 3;
            }
            if chance(50) == 0 {
                opus.resize(1_000, 3);
            }
            bench.push_as(slot, number, timestamp, 1, &opus);
            in_order[slot].push(number);
            next[slot] += 1;
            clock[slot] += 960;
            bench.pass(Duration::from_millis(chance(14)));
        }
        (0..SLOTS).for_each(|slot| bench.flush_slot(slot));
        for phase in 0..PHASES {
            for (slot, numbers) in in_order.iter().enumerate() {
                nothing_lost_or_doubled(&bench, phase, slot, numbers);
                let mine = bench.of(phase, slot);
                assert!(
                    mine.windows(2)
                        .all(|pair| pair[1].timestamp > pair[0].timestamp)
                );
            }
        }
    }
}
