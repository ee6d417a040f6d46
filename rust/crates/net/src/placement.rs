//! Which shard a peer lives on.
//!
//! Peers of a space live together until there are many: one shard then serves them without a word to another. A large
//! space is spread evenly, so that all threads carry it.

use std::collections::HashMap;

use arengo_core::Full;
use arengo_core::neighbours::ShardNumber;

/// Where every peer of the node lives.
pub struct Placement {
    most: usize,
    spread_from: usize,
    /// Peers of each shard.
    loads: Vec<usize>,
    /// By space: its peers on each shard.
    spaces: HashMap<u64, Vec<usize>>,
    peers: HashMap<u64, (u64, ShardNumber)>,
}

impl Placement {
    /// Nobody yet, of at most *most*, on so many *shards*; a space is spread from *spread_from* peers on.
    #[must_use]
    pub fn new(shards: usize, most: usize, spread_from: usize) -> Self {
        Self {
            most,
            spread_from,
            loads: vec![0; shards],
            spaces: HashMap::new(),
            peers: HashMap::new(),
        }
    }

    /// Choose a shard for a peer that joins *space*.
    pub fn place(&mut self, peer: u64, space: u64) -> Result<ShardNumber, Full> {
        if self.peers.len() >= self.most {
            return Err(Full::Peers);
        }
        if self.peers.contains_key(&peer) {
            return Err(Full::Known);
        }
        let loads = &self.loads;
        let here = self
            .spaces
            .entry(space)
            .or_insert_with(|| vec![0; loads.len()]);
        let together: usize = here.iter().sum();
        let chosen = if together == 0 || together >= self.spread_from {
            // The first of the emptiest.
            (0..loads.len()).min_by_key(|shard| (here.get(*shard), loads.get(*shard)))
        } else {
            (0..loads.len()).rev().max_by_key(|shard| here.get(*shard))
        };
        let place = chosen.unwrap_or(0);
        let shard = ShardNumber::new(place).unwrap_or_default();
        if let (Some(load), Some(here)) = (self.loads.get_mut(place), here.get_mut(place)) {
            *load += 1;
            *here += 1;
        }
        self.peers.insert(peer, (space, shard));
        Ok(shard)
    }

    /// The peer is gone.
    pub fn leave(&mut self, peer: u64) {
        let Some((space, shard)) = self.peers.remove(&peer) else {
            return;
        };
        if let Some(load) = self.loads.get_mut(shard.place()) {
            *load -= 1;
        }
        if let Some(here) = self.spaces.get_mut(&space) {
            if let Some(count) = here.get_mut(shard.place()) {
                *count -= 1;
            }
            if here.iter().all(|count| *count == 0) {
                self.spaces.remove(&space);
            }
        }
    }

    /// Where a peer lives.
    #[must_use]
    pub fn home_of(&self, peer: u64) -> Option<ShardNumber> {
        self.peers.get(&peer).map(|(_, shard)| *shard)
    }

    /// Spaces with at least one peer.
    #[must_use]
    pub fn spaces(&self) -> usize {
        self.spaces.len()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that meets a surprise stops")]
mod tests {
    use super::*;

    fn placed(placement: &mut Placement, peers: std::ops::Range<u64>, space: u64) -> Vec<usize> {
        peers
            .map(|peer| placement.place(peer, space).unwrap().place())
            .collect()
    }

    #[test]
    fn a_small_space_lives_on_one_shard_and_the_next_one_on_another() {
        let mut placement = Placement::new(2, 100, 10);
        assert_eq!(placed(&mut placement, 0..3, 1), [0, 0, 0]);
        assert_eq!(placed(&mut placement, 10..13, 2), [1, 1, 1]);
        assert_eq!(placed(&mut placement, 20..22, 3), [0, 0]);
        assert_eq!(placement.spaces(), 3);
    }

    #[test]
    fn a_large_space_is_spread_evenly() {
        let mut placement = Placement::new(3, 100, 10);
        placed(&mut placement, 0..90, 1);
        assert_eq!(placement.loads, [30, 30, 30]);
    }

    #[test]
    fn who_leaves_makes_room_and_leaves_nothing_behind() {
        let mut placement = Placement::new(2, 3, 1);
        placed(&mut placement, 0..3, 1);
        assert_eq!(placement.place(3, 1), Err(Full::Peers));
        placement.leave(0);
        placement.leave(0);
        assert_eq!(placement.place(1, 1), Err(Full::Known));
        assert!(placement.place(3, 1).is_ok());
        for peer in 0..4 {
            placement.leave(peer);
        }
        assert_eq!(placement.loads, [0, 0]);
        assert!(placement.spaces.is_empty() && placement.peers.is_empty());
    }
}
