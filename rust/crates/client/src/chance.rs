//! Where random bytes come from: the system, or a seed in a simulation.

/// A source of random bytes.
pub trait Chance: Send {
    /// Fill *bytes*.
    fn fill(&mut self, bytes: &mut [u8]);

    /// A random number of 32 bits.
    fn number(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        u32::from_be_bytes(bytes)
    }

    /// The seed for the non-cryptographic chance of a handshake, None for the system's own.
    fn handshake_seed(&mut self) -> Option<u64> {
        None
    }
}

/// The system's random bytes, for everything but simulations.
#[derive(Debug, Default, Clone, Copy)]
pub struct SecureChance;

impl Chance for SecureChance {
    fn fill(&mut self, bytes: &mut [u8]) {
        if aws_lc_rs::rand::fill(bytes).is_err() {
            // AWS-LC aborts rather than fail here; were it ever to return, predictable ids are worse than an end.
            std::process::abort();
        }
    }
}

/// The same bytes for the same seed, by SplitMix64; never for anything that must be secret.
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

impl Chance for SeededChance {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next_u64().to_le_bytes();
            for (byte, random) in chunk.iter_mut().zip(word) {
                *byte = random;
            }
        }
    }

    fn handshake_seed(&mut self) -> Option<u64> {
        Some(self.next_u64())
    }
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
        assert_ne!(SeededChance::new(8).number(), SeededChance::new(7).number());
    }
}
