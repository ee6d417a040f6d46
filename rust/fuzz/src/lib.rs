//! Fuzz targets for every parser of `arengo-wire`; the bodies also run on stable, in its `tests/never_panics.rs`.

pub mod bodies;
pub mod seeds;
