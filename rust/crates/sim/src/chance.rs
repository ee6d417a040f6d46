//! Chance from a seed.

use arengo_core::Entropy;

/// The same numbers for the same seed, by SplitMix64.
#[derive(Debug, Clone, Copy)]
pub struct SeededChance(u64);

impl SeededChance {
    /// Start from *seed*.
    pub fn new(seed: u64) -> Self {
        SeededChance(seed)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Entropy for SeededChance {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

/// The seeds of `tests/seeds.txt`, which every run plays.
pub fn seeds() -> impl Iterator<Item = u64> {
    let lines = include_str!("../tests/seeds.txt").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(' ').next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let (mut one, mut other) = (SeededChance::new(7), SeededChance::new(7));
        let (mut a, mut b) = ([0; 21], [0; 21]);
        one.fill(&mut a);
        other.fill(&mut b);
        assert_eq!(a, b);
        assert_ne!(
            SeededChance::new(8).next_u64(),
            SeededChance::new(7).next_u64()
        );
    }
}
