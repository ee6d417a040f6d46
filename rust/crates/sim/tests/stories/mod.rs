//! What holds on one shard and on several.
//!
//! Each test of this folder runs once for each file that includes it; those say what `a_space` is.

mod always;
mod coming_and_going;
mod determinism;
mod endings;
mod joining;
mod loudest_three;
mod routes;
mod weather;
mod wraps;
