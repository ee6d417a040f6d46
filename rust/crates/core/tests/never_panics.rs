//! The fuzz target of whole shards on stable: some thousands of seeded plays.
//!
//! A short, repeatable run for every machine; `rust/fuzz` searches further.

mod people;
#[path = "../../../fuzz/src/shard.rs"]
#[expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a target may fail loudly"
)]
mod shard;

/// xorshift64*: the same inputs on every machine.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn bytes(&mut self, most: u64) -> Vec<u8> {
        let len = self.next() >> 33;
        (0..len % most).map(|_| (self.next() >> 40) as u8).collect()
    }
}

#[test]
fn whatever_arrives_two_shards_go_on_and_nothing_is_left_behind() {
    for seed in 1..=3_000 {
        let mut chance = Chance(seed);
        shard::shard(&chance.bytes(3000));
    }
}
