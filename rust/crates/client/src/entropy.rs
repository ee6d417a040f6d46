//! The system's random bytes.

use arengo_core::Entropy;

/// Random bytes of the system, fit for keys and passwords.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) {
        if aws_lc_rs::rand::fill(bytes).is_err() {
            // Without randomness no password is safe, and an end is better than a guess.
            std::process::abort();
        }
    }
}

/// A number of 32 random bits.
pub fn number(entropy: &mut dyn Entropy) -> u32 {
    let mut bytes = [0; 4];
    entropy.fill(&mut bytes);
    u32::from_be_bytes(bytes)
}

/// A random word of ICE characters (RFC 8839 section 5.4), six bits of chance each.
pub fn word(entropy: &mut dyn Entropy, length: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = vec![0; length];
    entropy.fill(&mut bytes);
    let letters = bytes
        .iter()
        .filter_map(|byte| LETTERS.get(usize::from(byte & 63)));
    letters.map(|letter| char::from(*letter)).collect()
}
