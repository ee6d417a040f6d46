//! What shards of one node say to each other.
//!
//! Every shard that has peers of a space keeps a replica of it: its own lending, its own numbering. The shard where a
//! publisher's peer lives opens its packets and tells them to the others, which treat it as a publisher of their own.
//!
//! Rule 1: words between two shards arrive in the order in which they were said; those that carry sound may be lost.
//! Rule 2: whoever comes to a space says so to all, and each that has it answers with all its publishers, which take the
//! place of what was known of that shard before. So a word that was still under way when somebody left does no harm.

use std::sync::Arc;

use crate::capture::Captured;
use crate::level::{LevelTracker, Loudness};
use crate::route::Route;

/// A shard of a node, counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardNumber(u8);

/// The characters that name shards in ICE names: all that ICE takes (RFC 8839 §5.4).
const NAMES: &[u8; ShardNumber::MOST] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl ShardNumber {
    /// Shards of a node at most.
    pub const MOST: usize = 64;
    /// The first, and the only one where there is one.
    pub const FIRST: Self = Self(0);

    /// The shard *number*, if there may be so many.
    #[must_use]
    pub fn new(number: usize) -> Option<Self> {
        (number < Self::MOST).then_some(Self(number as u8))
    }

    /// Counted from 0.
    #[must_use]
    pub const fn place(self) -> usize {
        self.0 as usize
    }

    /// The character that begins the ICE names of its peers.
    #[must_use]
    pub fn letter(self) -> char {
        NAMES.get(self.place()).copied().map_or('A', char::from)
    }

    /// The shard that *letter* names.
    #[must_use]
    pub fn of_letter(letter: u8) -> Option<Self> {
        let place = NAMES.iter().position(|name| *name == letter)?;
        Self::new(place)
    }
}

/// Some of the shards of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shards(u64);

impl Shards {
    /// All of the first *count* but *own*.
    #[must_use]
    pub fn others(count: usize, own: ShardNumber) -> Self {
        let all = u64::MAX
            .checked_shr(u64::BITS.saturating_sub(count as u32))
            .unwrap_or(0);
        Self(all & !Self::one(own).0)
    }

    /// That one.
    #[must_use]
    pub const fn one(shard: ShardNumber) -> Self {
        Self(1 << shard.0)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = ShardNumber> {
        (0..Self::BITS)
            .filter(move |place| self.0 & (1 << place) != 0)
            .map(ShardNumber)
    }

    const BITS: u8 = ShardNumber::MOST as u8;

    pub(crate) const fn add(&mut self, shard: ShardNumber) {
        self.0 |= Self::one(shard).0;
    }

    pub(crate) const fn remove(&mut self, shard: ShardNumber) {
        self.0 &= !Self::one(shard).0;
    }

    /// Whether all of them come after *shard*.
    pub(crate) const fn are_after(self, shard: ShardNumber) -> bool {
        self.0.trailing_zeros() > shard.0 as u32
    }
}

/// What a shard wants done outside.
#[derive(Clone, Debug)]
pub enum Errand {
    /// Say this to these shards, by [`crate::Shard::hear`].
    Tell(Shards, Word),
    /// A peer of this shard has checked this route: datagrams from there are for it, unless another shard has a peer there.
    /// Then that one hears of it by [`crate::Shard::contested`], and this one by [`crate::Shard::route_refused`].
    Claimed(Route),
    /// No peer of this shard is there any more.
    Released(Route),
}

/// What one shard says to others.
#[derive(Clone, Debug)]
pub struct Word {
    pub(crate) space: u64,
    pub(crate) kind: WordKind,
}

impl Word {
    /// Whether this is sound: of use now or not at all.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        matches!(self.kind, WordKind::Spoken { .. })
    }
}

#[derive(Clone, Debug)]
pub enum WordKind {
    /// The shard has peers of the space now, and wants to hear of it.
    Came,
    /// The shard has it, too, and these are its publishers.
    Here(Vec<Allowed>),
    /// The shard has no peers of the space any more.
    Gone,
    /// Let a voice through.
    Allowed(Allowed),
    /// End a voice.
    Silenced(u64),
    /// A publisher has ended its stream, and may begin another.
    Paused(u64),
    /// A publisher's packet.
    Spoken {
        peer: u64,
        spoken: Spoken,
        opus: Arc<[u8]>,
    },
}

/// A publisher, as other shards know it.
#[derive(Clone, Copy, Debug)]
pub struct Allowed {
    pub(crate) peer: u64,
    pub(crate) voice: u32,
}

/// A publisher's authenticated packet, without its sound.
#[derive(Clone, Copy, Debug)]
pub struct Spoken {
    pub(crate) loudness: Loudness,
    /// The publisher's tracker, this packet noted.
    pub(crate) level: LevelTracker,
    /// As [`crate::loudness::LoudnessMeter::told`].
    pub(crate) measured: Option<i8>,
    pub(crate) level_byte: u8,
    pub(crate) index: u64,
    pub(crate) timestamp: u32,
    pub(crate) captured: Captured,
    pub(crate) marker: bool,
    pub(crate) ticks: u32,
    /// How many of its publisher's packets were lost on their way to us lately, of 256.
    pub(crate) loss: u8,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that meets a surprise stops")]
mod tests {
    use super::*;

    #[test]
    fn every_shard_has_a_letter_of_its_own() {
        for place in 0..ShardNumber::MOST {
            let shard = ShardNumber::new(place).unwrap();
            assert_eq!(ShardNumber::of_letter(shard.letter() as u8), Some(shard));
        }
        assert_eq!(ShardNumber::new(ShardNumber::MOST), None);
        assert_eq!(ShardNumber::of_letter(b':'), None);
    }

    #[test]
    fn the_others_are_all_but_oneself() {
        let two = ShardNumber::new(2).unwrap();
        let places = |shards: Shards| shards.iter().map(ShardNumber::place).collect::<Vec<_>>();
        assert_eq!(places(Shards::others(4, two)), [0, 1, 3]);
        assert_eq!(Shards::others(64, two).iter().count(), 63);
        assert!(Shards::others(1, ShardNumber::FIRST).is_empty());
    }

    #[test]
    fn the_first_of_those_who_have_a_space_is_known_to_all() {
        let [zero, one, two] = [0, 1, 2].map(|n| ShardNumber::new(n).unwrap());
        let mut others = Shards::one(two);
        assert!(others.are_after(one) && Shards::default().are_after(two));
        others.add(zero);
        assert!(!others.are_after(one));
        others.remove(zero);
        assert!(others.are_after(one));
    }
}
