//! The stories on two shards: neighbours in the order of joining live on different ones, the kernel brings half of all
//! datagrams to the wrong one, and words between them are under way for up to two milliseconds.

mod stories;

use arengo_sim::Scenario;

fn a_space() -> Scenario {
    arengo_sim::a_space().on_shards(2)
}
