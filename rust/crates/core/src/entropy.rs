//! Chance, as an argument.

/// Where randomness comes from: the system in earnest, a seed in simulations.
pub trait Entropy: Send {
    /// Fill *bytes* with randomness fit for passwords.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// A number of 32 random bits.
pub fn random_u32(entropy: &mut dyn Entropy) -> u32 {
    let mut bytes = [0; 4];
    entropy.fill(&mut bytes);
    u32::from_be_bytes(bytes)
}

/// *length* characters that ICE takes in names and passwords (RFC 8839 §5.4), six bits of chance each.
pub fn ice_text(entropy: &mut dyn Entropy, length: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = vec![0; length];
    entropy.fill(&mut bytes);
    bytes
        .iter()
        .filter_map(|byte| {
            ALPHABET
                .get(usize::from(byte & 63))
                .copied()
                .map(char::from)
        })
        .collect()
}
