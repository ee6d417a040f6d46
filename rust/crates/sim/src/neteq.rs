//! A browser's jitter buffer: libwebrtc's NetEq, from what arrives alone.
//!
//! One [`NetEq`] hears one SSRC. It chooses its delay as `modules/audio_coding/neteq` does (`packet_arrival_history`,
//! `delay_manager`, `underrun_optimizer`, `reorder_optimizer`, `histogram`) and plays in steps of 10 ms by the rules of
//! `decision_logic`, as they stood in 2025. It knows no sound: stretching time always succeeds and makes one step, and a
//! concealed sound fades as Chromium's was measured to.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use arengo_core::Time;

/// Samples of a millisecond.
const MS: i64 = 48;
/// Samples of a step: NetEq is asked for 10 ms at a time, and its clock is the count of those.
const STEP: i64 = 10 * MS;
/// For how long arrivals are remembered.
const HISTORY: i64 = 2_000 * MS;
/// The width of a histogram's buckets, and how many there are.
const BUCKET_MS: i64 = 20;
const BUCKETS: usize = 100;
/// The largest delay of each so many steps counts.
const RESAMPLED: i64 = 50;
const QUANTILE: f64 = 0.95;
const FORGET: f64 = 0.983;
const FORGET_REORDERED: f64 = 0.9993;
/// The first values of a histogram weigh more: it forgets all but this share of one over their count.
const FORGET_AT_FIRST: f64 = 2.0;
/// A percent of loss is worth so much delay.
const MS_PER_LOSS_PERCENT: f64 = 20.0;
const TARGET_AT_FIRST_MS: i64 = 80;
/// A gap is cut short when so much more than the target waits behind it.
const WINDOW_MS: i64 = 50;
/// The step of stretching time, rounded up.
const GRANULARITY_MS: i64 = 20;
/// Steps between two stretches.
const BETWEEN_STRETCHES: i64 = 6;
/// After so long without a packet, comfort noise ends.
const COMFORT: i64 = 1_000 * MS;
/// After silence, this much that is made up counts as sound in `getStats` (measured in Chromium).
const MUTING: i64 = 30 * MS;
/// How long a concealed sound is above -6 and above -20 dB (measured in Chromium).
const HALF_FADED: i64 = 100 * MS;
const FADED: i64 = 220 * MS;

/// What a frame of Opus does to the ear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sound,
    Quiet,
    /// A byte or two: the decoder makes comfort noise until something else comes.
    Dtx,
}

/// A packet's sound, or a copy of an earlier one in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    pub timestamp: u32,
    /// Its length in samples.
    pub samples: u32,
    pub kind: Kind,
}

/// What was played until now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub sound: Duration,
    /// Made up between sound and sound, as long as it is audible.
    pub concealed: Duration,
    /// Made up after the last sound of a voice that was not told to have ended.
    pub drawn_out: Duration,
    /// Made up after silence, and silent, until NetEq calls it so: `concealedSamples` less `silentConcealedSamples` has it
    /// nevertheless. Comfort noise, which a single byte begins, is never in it.
    pub muting: Duration,
    /// Sound that never came in time.
    pub holes: Duration,
    /// Packets too late, or within what was played already.
    pub discarded: u32,
    /// Time squeezed out, and put in, by stretching.
    pub squeezed: Duration,
    pub stretched: Duration,
}

/// The share of each delay, older ones counting less.
#[derive(Debug, Clone)]
struct Histogram {
    buckets: [f64; BUCKETS],
    count: u32,
    forget: f64,
}

impl Histogram {
    fn new(forget: f64) -> Histogram {
        Histogram {
            buckets: [0.0; BUCKETS],
            count: 0,
            forget,
        }
    }

    fn add(&mut self, delay_ms: i64) {
        let Some(place) = usize::try_from(delay_ms / BUCKET_MS)
            .ok()
            .filter(|place| *place < BUCKETS)
        else {
            return;
        };
        self.count += 1;
        let at_first = 1.0 - FORGET_AT_FIRST / f64::from(self.count);
        let kept = at_first.clamp(0.0, self.forget);
        for bucket in &mut self.buckets {
            *bucket *= kept;
        }
        self.buckets[place] += 1.0 - kept;
    }

    /// The bucket below the end of which *QUANTILE* of all delays are.
    fn quantile(&self) -> i64 {
        let mut above = 1.0;
        let past = |share: &f64| {
            above -= share;
            above <= 1.0 - QUANTILE
        };
        self.buckets.iter().position(past).unwrap_or(BUCKETS - 1) as i64
    }

    /// The bucket at which delay beyond *base_ms* and the loss of all that is later cost least.
    fn cheapest(&self, base_ms: i64) -> i64 {
        let mut lost = 1.0;
        let mut best = (f64::MAX, 0);
        for (place, share) in self.buckets.iter().enumerate() {
            lost -= share;
            let place = place as i64;
            let delay = (place * BUCKET_MS - base_ms).max(0) as f64;
            let cost = delay + 100.0 * MS_PER_LOSS_PERCENT * lost;
            if cost < best.0 {
                best = (cost, place);
            }
            if lost < 1e-9 {
                break;
            }
        }
        best.1
    }
}

#[derive(Debug, Clone, Copy)]
struct Arrival {
    timestamp: i64,
    samples: i64,
    /// When it came less its timestamp; None if a newer one had come before.
    transit: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    samples: i64,
    kind: Kind,
    since: i64,
    is_copy: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Playing,
    Comfort,
    Concealing,
}

/// The jitter buffer of one stream.
#[derive(Debug, Clone)]
pub struct NetEq {
    /// Steps since time zero.
    now: i64,
    newest: Option<i64>,
    history: VecDeque<Arrival>,
    fastest: i64,
    slowest: i64,
    late: Histogram,
    largest: (i64, i64),
    reordered: Histogram,
    target_ms: i64,
    waiting: BTreeMap<i64, Waiting>,
    mode: Mode,
    /// The timestamp behind what was decoded last; None before anything was.
    end: Option<i64>,
    /// Decoded and not played yet.
    left: i64,
    /// Since when noise or concealment fills the gap.
    filling: Option<i64>,
    last: Kind,
    gap: i64,
    stretched: i64,
    last_sound: Option<Time>,
    tally: Tally,
}

impl Default for NetEq {
    fn default() -> NetEq {
        NetEq {
            now: 0,
            newest: None,
            history: VecDeque::new(),
            fastest: 0,
            slowest: 0,
            late: Histogram::new(FORGET),
            largest: (0, 0),
            reordered: Histogram::new(FORGET_REORDERED),
            target_ms: TARGET_AT_FIRST_MS,
            waiting: BTreeMap::new(),
            mode: Mode::Playing,
            end: None,
            left: 0,
            filling: None,
            last: Kind::Quiet,
            gap: 0,
            stretched: 0,
            last_sound: None,
            tally: Tally::default(),
        }
    }
}

impl NetEq {
    /// The delay it aims at: `jitterBufferTargetDelay` of one frame.
    pub fn target(&self) -> Duration {
        Duration::from_millis(self.target_ms as u64)
    }

    /// How long the sound that is played now has waited, against the fastest packet.
    pub fn delay(&self) -> Duration {
        Duration::from_millis((self.playout_delay() / MS).max(0) as u64)
    }

    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// When sound was last taken from the buffer.
    pub fn last_sound(&self) -> Option<Time> {
        self.last_sound
    }

    /// Play until *at*.
    pub fn play_until(&mut self, at: Time) {
        let steps = (at.micros() / 10_000) as i64;
        if self.end.is_none() && self.waiting.is_empty() {
            self.now = steps;
        }
        while self.now < steps {
            self.now += 1;
            self.step();
        }
    }

    /// Take a packet: its own sound first, then copies of earlier ones.
    pub fn take(&mut self, at: Time, pieces: &[Piece]) {
        self.play_until(at);
        for (place, piece) in pieces.iter().enumerate() {
            // Counted on across wraps, from far above zero.
            let newest = self
                .newest
                .unwrap_or((1 << 40) + i64::from(piece.timestamp));
            let timestamp = newest + i64::from(piece.timestamp.wrapping_sub(newest as u32) as i32);
            self.newest = Some(newest.max(timestamp));
            // Delays count from the first decoded packet on.
            if self.end.is_some() {
                self.note(timestamp, i64::from(piece.samples));
            }
            self.waiting.entry(timestamp).or_insert(Waiting {
                samples: piece.samples.into(),
                kind: piece.kind,
                since: self.now,
                is_copy: place > 0,
            });
        }
    }

    /// Choose the target anew for a packet that has just come.
    fn note(&mut self, timestamp: i64, samples: i64) {
        let newest = self.history.iter().map(|one| one.timestamp).max();
        let is_known =
            |one: &Arrival| (one.timestamp..one.timestamp + one.samples).contains(&timestamp);
        if newest.is_some_and(|newest| timestamp + HISTORY < newest)
            || self.history.iter().any(is_known)
        {
            return;
        }
        let is_newest = newest.is_none_or(|newest| timestamp > newest);
        let transit = self.now * STEP - timestamp;
        self.history.push_back(Arrival {
            timestamp,
            samples,
            transit: is_newest.then_some(transit),
        });
        if is_newest {
            self.history
                .retain(|one| one.timestamp + HISTORY >= timestamp);
            let transits = || self.history.iter().filter_map(|one| one.transit);
            self.fastest = transits().min().unwrap_or(transit);
            self.slowest = transits().max().unwrap_or(transit);
        }
        if self.history.len() < 2 {
            return;
        }
        let delay = ((transit - self.fastest) / MS).max(0);
        if is_newest {
            let (since, largest) = &mut self.largest;
            if self.now - *since > RESAMPLED {
                // The first interval begins with the first packet.
                if *since > 0 {
                    self.late.add(*largest);
                }
                (*since, *largest) = (self.now, 0);
            }
            *largest = delay.max(*largest);
        }
        let base = match self.late.count {
            0 => TARGET_AT_FIRST_MS,
            _ => (1 + self.late.quantile()) * BUCKET_MS,
        };
        self.reordered.add(if is_newest { 0 } else { delay });
        self.target_ms = base.max((1 + self.reordered.cheapest(base)) * BUCKET_MS);
    }

    fn playout_delay(&self) -> i64 {
        self.now * STEP - (self.end.unwrap_or(0) - self.left) - self.fastest
    }

    /// The next 10 ms.
    fn step(&mut self) {
        if self.left < STEP {
            self.decide();
        }
        self.left = (self.left - STEP).max(0);
    }

    fn decide(&mut self) {
        let end = self.end;
        while let Some(old) = self
            .waiting
            .first_entry()
            .filter(|one| end > Some(*one.key()))
        {
            self.tally.discarded += u32::from(!old.remove().is_copy);
        }
        let (Some((&first, _)), Some((&last, newest))) = (
            self.waiting.first_key_value(),
            self.waiting.last_key_value(),
        ) else {
            return self.fill();
        };
        let span = last - first + (self.now - newest.since) * STEP;
        let filled = self.filling.map_or(0, |since| (self.now - since) * STEP);
        let leap = end.map_or(0, |end| first - end);
        let is_thin = span < self.target_ms * MS / 2
            && !self.waiting.values().any(|one| one.kind == Kind::Dtx);
        let has_stopped =
            self.mode == Mode::Comfort || self.mode == Mode::Concealing && filled >= HALF_FADED;
        let is_early = leap > filled && span <= (self.target_ms + WINDOW_MS) * MS;
        if end.is_none() {
            return self.decode();
        }
        if is_thin && has_stopped || leap > 0 && (is_early || self.mode == Mode::Playing) {
            return self.fill();
        }
        let is_steady = leap == 0 && self.mode != Mode::Concealing;
        let delay = self.playout_delay() / MS;
        self.decode();
        if is_steady && self.mode == Mode::Playing {
            self.stretch(delay);
        }
    }

    /// Squeeze or stretch what was just decoded, so that the *delay* goes towards the target.
    fn stretch(&mut self, delay: i64) {
        let low = self.target_ms;
        let high = low + (self.slowest - self.fastest) / MS + GRANULARITY_MS;
        let is_due = self.now - self.stretched >= BETWEEN_STRETCHES;
        let step = Duration::from_millis(10);
        if delay >= 4 * high || is_due && delay >= high {
            self.left -= STEP;
            self.tally.squeezed += step;
        } else if is_due && delay < low {
            self.left += STEP;
            self.tally.stretched += step;
        } else {
            return;
        }
        self.stretched = self.now;
    }

    /// Take the next packet out of the buffer.
    fn decode(&mut self) {
        let Some((timestamp, one)) = self.waiting.pop_first() else {
            return;
        };
        let length = |samples: i64| Duration::from_micros((samples * 1_000 / MS) as u64);
        match (self.last, one.kind) {
            (Kind::Sound, Kind::Sound) => {
                self.tally.concealed += length(self.gap);
                self.tally.holes += length(timestamp - self.end.unwrap_or(timestamp));
            }
            (Kind::Sound, _) => self.tally.drawn_out += length(self.gap),
            (Kind::Quiet, _) => self.tally.muting += length(self.gap.min(MUTING)),
            (Kind::Dtx, _) => {}
        }
        self.gap = 0;
        self.last = one.kind;
        self.left += one.samples;
        if one.kind == Kind::Dtx {
            (self.end, self.mode) = (Some(timestamp), Mode::Comfort);
            self.filling = Some(self.now);
            return;
        }
        (self.end, self.mode) = (Some(timestamp + one.samples), Mode::Playing);
        self.filling = None;
        if one.kind == Kind::Sound {
            self.tally.sound += length(one.samples);
            self.last_sound = Some(Time::from_micros(self.now as u64 * 10_000));
        }
    }

    /// Make a step up: comfort noise, or what follows from the sound before.
    fn fill(&mut self) {
        let since = *self.filling.get_or_insert(self.now);
        if self.mode != Mode::Comfort || (self.now - since) * STEP > COMFORT {
            self.mode = Mode::Concealing;
            self.gap = (self.gap + STEP).min(FADED);
        }
        self.left += STEP;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::talk::{Manners, conversation};

    const FRAME: u64 = 20;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn piece(timestamp: u64, kind: Kind) -> Piece {
        Piece {
            timestamp: (timestamp * 48) as u32,
            samples: 960,
            kind,
        }
    }

    /// Half a minute of sound; *late* is how late the frame of a moment comes, None if never.
    fn half_a_minute(late: impl Fn(u64) -> Option<u64>) -> NetEq {
        let mut neteq = NetEq::default();
        let frames = (0..1_500).map(|n| n * FRAME);
        let mut arrivals: Vec<(u64, u64)> =
            frames.filter_map(|at| Some((at + late(at)?, at))).collect();
        arrivals.sort_unstable();
        for (at, timestamp) in arrivals {
            let at = Time::from_micros((5_000 + at) * 1_000);
            neteq.take(at, &[piece(timestamp, Kind::Sound)]);
        }
        neteq
    }

    #[test]
    fn an_even_stream_is_played_20_ms_late_and_nothing_is_made_up() {
        let neteq = half_a_minute(|_| Some(0));
        assert_eq!((neteq.target(), neteq.delay()), (ms(20), ms(20)));
        let tally = neteq.tally();
        assert_eq!(
            (tally.concealed, tally.holes, tally.discarded),
            (ms(0), ms(0), 0)
        );
    }

    #[test]
    fn the_target_follows_the_worst_of_each_half_second() {
        // One packet a second, in its place in the order, and all that are held up behind it.
        let late = |at| 70_u64.saturating_sub(at % 1_000);
        assert_eq!(half_a_minute(|at| Some(late(at))).target(), ms(80));
        // Once in half a minute is not often enough.
        let once = half_a_minute(|at| Some(if at == 15_000 { 70 } else { 0 }));
        assert_eq!(once.target(), ms(20));
    }

    #[test]
    fn packets_out_of_order_are_waited_for_as_long_as_it_costs_less_than_their_loss() {
        let swapped =
            |every: u64| half_a_minute(move |at| Some(if at % every == 0 { 50 } else { 0 }));
        assert_eq!(swapped(400).target(), ms(60));
        assert_eq!(swapped(5_000).target(), ms(20));
    }

    #[test]
    fn silence_sent_at_once_and_stamped_in_a_row_makes_the_target_140_ms() {
        // What Chromium aimed at, in pauses of a second, when a voice was ended so.
        let mut neteq = NetEq::default();
        for sentence in 0..20_u64 {
            let begin = 5_000 + sentence * 2_000;
            let words = (0..50).map(|n| (begin + n * FRAME, begin + n * FRAME, Kind::Sound));
            let end = begin + 50 * FRAME;
            let silence = (0..3).map(|n| (end + 120, end + n * FRAME, Kind::Quiet));
            for (at, timestamp, kind) in words.chain(silence) {
                neteq.take(Time::from_micros(at * 1_000), &[piece(timestamp, kind)]);
            }
        }
        assert_eq!(neteq.target(), ms(140));
    }

    #[test]
    fn it_never_aims_more_than_a_bucket_beside_chromium() {
        let recorded = [
            include_str!("../tests/ears/chromium/held-up.txt"),
            include_str!("../tests/ears/chromium/pauses.txt"),
        ];
        for lines in recorded {
            let mut neteq = NetEq::default();
            let mut beside = Vec::new();
            for line in lines.lines() {
                let words: Vec<&str> = line.split(' ').collect();
                let at = words[0].parse::<f64>().unwrap() * 1_000.0;
                let at = Time::from_micros(at as u64);
                let kind = if words.len() > 2 {
                    Kind::Dtx
                } else {
                    Kind::Sound
                };
                match words[..] {
                    [_, "aims", target] => {
                        neteq.play_until(at);
                        let target = target.parse::<i64>().unwrap();
                        beside.push((neteq.target().as_millis() as i64 - target).abs());
                    }
                    _ => neteq.take(at, &[piece(words[1].parse::<u64>().unwrap() * FRAME, kind)]),
                }
            }
            let mean = beside.iter().sum::<i64>() as f64 / beside.len() as f64;
            assert!(
                beside.iter().all(|beside| *beside <= BUCKET_MS),
                "{beside:?}"
            );
            assert!(mean < 8.0, "{mean} ms beside Chromium");
        }
    }

    #[test]
    fn a_direct_connection_stays_at_20_ms_through_all_pauses() {
        for manners in [Manners::CHROMIUM, Manners::FIREFOX] {
            let talk = &conversation(1, ms(300_000), &[manners])[0];
            let mut neteq = NetEq::default();
            for (n, said) in talk.says.iter().enumerate() {
                let kind = match said.is_sound() {
                    _ if said.dtx => Kind::Dtx,
                    true => Kind::Sound,
                    false => Kind::Quiet,
                };
                let at = Time::from_micros(5_000_000) + said.leaves;
                let timestamp = talk.timestamp(said.count);
                neteq.take(
                    at,
                    &[Piece {
                        timestamp,
                        samples: 960,
                        kind,
                    }],
                );
                assert!(
                    n < 50 || neteq.target() == ms(20),
                    "{:?} at {n}",
                    neteq.target()
                );
            }
            let tally = neteq.tally();
            assert!(tally.sound > ms(100_000));
            assert_eq!(
                (tally.concealed, tally.drawn_out, tally.discarded),
                (ms(0), ms(0), 0)
            );
            assert!(tally.squeezed + tally.stretched < ms(500), "{tally:?}");
        }
    }

    #[test]
    fn a_lost_frame_is_made_up_unless_a_copy_comes_in_time() {
        let with_copies = |copies: usize| {
            let mut neteq = NetEq::default();
            let frames: Vec<Piece> = (0..1_500).map(|n| piece(n * FRAME, Kind::Sound)).collect();
            for (n, frame) in frames.iter().enumerate().filter(|(n, _)| n % 10 != 9) {
                let at = Time::from_micros((5_000 + n as u64 * FRAME) * 1_000);
                let earlier = frames[n.saturating_sub(copies)..n].iter().rev();
                let pieces: Vec<Piece> = [frame].into_iter().chain(earlier).copied().collect();
                neteq.take(at, &pieces);
            }
            neteq.tally()
        };
        let (without, with) = (with_copies(0), with_copies(1));
        assert_eq!(without.holes, ms(149 * FRAME));
        assert!(without.concealed >= without.holes, "{without:?}");
        // The first are too late: nobody waits for them yet.
        assert!(with.holes <= ms(5 * FRAME), "{with:?}");
        assert_eq!(with.discarded, 0);
    }

    #[test]
    fn sound_from_before_what_was_played_is_thrown_away() {
        let mut neteq = half_a_minute(|_| Some(0));
        let now = Time::from_micros(35_100_000);
        neteq.take(now, &[piece(29_970, Kind::Sound)]);
        neteq.play_until(now + ms(100));
        assert_eq!(neteq.tally().discarded, 1);
    }
}
