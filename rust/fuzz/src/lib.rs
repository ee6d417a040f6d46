//! Fuzz targets for every parser of `arengo-wire` and for whole shards of `arengo-core`; the bodies also run on stable, in
//! the `tests/never_panics.rs` of those crates.

pub mod bodies;
#[path = "../../crates/core/tests/people/mod.rs"]
pub mod people;
pub mod seeds;
pub mod shard;
