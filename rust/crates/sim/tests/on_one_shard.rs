//! The stories on one shard.

mod stories;

use arengo_sim::a_space;
