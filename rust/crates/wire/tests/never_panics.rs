//! The fuzz targets on stable: every parser meets some tens of thousands of seeded mutations of well-formed input.
//!
//! A short, repeatable run for every machine; `rust/fuzz` searches further.

#[path = "../../../fuzz/src/bodies.rs"]
#[expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a target may fail loudly"
)]
mod bodies;
#[path = "../../../fuzz/src/seeds.rs"]
mod seeds;

/// xorshift64*: the same inputs on every machine.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below *bound*; 0 for a bound of 0.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 33) as usize % bound.max(1)
    }

    fn byte(&mut self) -> u8 {
        const TELLING: [u8; 10] = [0, 1, 3, 0x7F, 0x80, 0xFF, b'\n', b':', b' ', b'9'];
        match self.below(2) {
            0 => TELLING.get(self.below(10)).copied().unwrap_or_default(),
            _ => self.next() as u8,
        }
    }
}

fn mutated(seeds: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let pick = |chance: &mut Chance| {
        seeds
            .get(chance.below(seeds.len()))
            .cloned()
            .unwrap_or_default()
    };
    let mut input = pick(chance);
    for _ in 0..=chance.below(4) {
        let at = chance.below(input.len());
        let len = chance.below((input.len() - at).min(64) + 1);
        match chance.below(6) {
            0 => input.truncate(at),
            1 => drop(input.splice(at..at + len, [])),
            2 => drop(input.splice(at..at, vec![chance.byte(); len])),
            3 => {
                let other = pick(chance);
                let from = chance.below(other.len());
                input.splice(at.., other.into_iter().skip(from));
            }
            4 => {
                let piece: Vec<u8> = input.iter().skip(at).take(len).copied().collect();
                let to = chance.below(input.len());
                input.splice(to..to, piece);
            }
            _ => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = chance.byte();
                }
            }
        }
    }
    input
}

fn drive(target: &str, rounds: usize) {
    let (_, body) = bodies::ALL
        .into_iter()
        .find(|(name, _)| *name == target)
        .unzip();
    let (_, seeds) = seeds::all()
        .into_iter()
        .find(|(name, _)| *name == target)
        .unzip();
    let (body, seeds) = (body.unwrap_or(|_| ()), seeds.unwrap_or_default());
    assert!(!seeds.is_empty(), "a target without seeds");
    let mut chance = Chance(0x5EED_0000 + target.len() as u64);
    body(&[]);
    seeds.iter().for_each(|seed| body(seed));
    for _ in 0..rounds {
        body(&mutated(&seeds, &mut chance));
    }
}

#[test]
fn stun_never_panics() {
    drive("stun", 300_000);
}

#[test]
fn rtp_never_panics() {
    drive("rtp", 300_000);
}

#[test]
fn rtcp_never_panics() {
    drive("rtcp", 300_000);
}

#[test]
fn srtp_never_panics() {
    drive("srtp", 300_000);
}

#[test]
fn a_description_offered_never_panics() {
    drive("sdp_offer", 40_000);
}

#[test]
fn a_description_answered_never_panics() {
    drive("sdp_answer", 40_000);
}

#[test]
fn rfc4571_never_panics() {
    drive("rfc4571", 60_000);
}

#[test]
fn opus_never_panics() {
    drive("opus", 300_000);
}

#[test]
fn red_never_panics() {
    drive("red", 300_000);
}

#[test]
fn every_target_has_seeds() {
    let targets: Vec<&str> = bodies::ALL.iter().map(|(name, _)| *name).collect();
    let seeded: Vec<&str> = seeds::all().iter().map(|(name, _)| *name).collect();
    assert_eq!(targets, seeded);
}
