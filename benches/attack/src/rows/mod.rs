//! The attacks, numbered as in docs/threat-model.md; the host's turns do the sixth.

mod checks;
mod frames;
mod half_open;
mod heads;
mod hidden;
mod malformed;
mod offers;

use arengo_bench_channel::Failure;

use crate::report::Finding;
use crate::scene::Scene;

/// Attacks until the soak is over, in a thread of its own.
pub type Attack = fn(&Scene) -> Result<Vec<Finding>, Failure>;

pub const REVOKING: u8 = 6;
pub const ATTACKS: [(u8, Attack); 9] = [
    (1, frames::attack),
    (2, heads::attack),
    (3, checks::claim_addresses),
    (4, checks::point_at_others),
    (5, checks::replay),
    (7, hidden::attack),
    (8, offers::attack),
    (9, half_open::attack),
    (10, malformed::attack),
];
