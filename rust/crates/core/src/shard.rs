/// A peer of a shard, by its place in the slab and how often that place was used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PeerKey {
    /// Place in the slab.
    pub index: u32,
    /// How often the place was used before.
    pub generation: u32,
}
