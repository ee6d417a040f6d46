//! One space: the voices that are heard, and who may be.

use crate::audience::Audience;
use crate::events::Levels;
use crate::lending::{Lending, Rules};
use crate::level::LevelTracker;
use crate::limits::SLOTS;
use crate::listeners::Listeners;
use crate::merging::Merger;
use crate::neighbours::{ShardNumber, Shards};
use crate::redundancy::{FecNeed, History};
use crate::shard::MergingMode;
use crate::timeline::Timeline;

/// The slots of a space as listeners with a certain number of lines hear them.
#[derive(Debug)]
pub struct Voices {
    pub(crate) lending: Lending,
    pub(crate) streams: [Timeline; SLOTS],
    /// Makes packets of 60 ms of what is in the slots, while there is merging.
    pub(crate) merger: Option<Box<Merger>>,
    /// Whose voice is in each slot; stays until the slot has ended.
    pub(crate) in_slot: [u32; SLOTS],
}

impl Voices {
    /// All slots free; *clock_base* is the RTP timestamp at time zero.
    #[must_use]
    pub fn new(slots: usize, clock_base: u32) -> Self {
        Self {
            lending: Lending::new(Rules::loudest(slots)),
            streams: std::array::from_fn(|_| Timeline::new(clock_base)),
            merger: None,
            in_slot: [0; SLOTS],
        }
    }

    /// How many slots.
    #[must_use]
    pub const fn slots(&self) -> usize {
        self.lending.slots()
    }

    /// The stream of *slot*.
    #[must_use]
    pub fn stream(&self, slot: usize) -> Option<&Timeline> {
        self.streams.get(slot)
    }

    /// Whose voice is in *slot*; 0 for nobody's.
    #[must_use]
    pub fn voice_in(&self, slot: usize) -> u32 {
        self.in_slot.get(slot).copied().unwrap_or(0)
    }
}

/// Where a publisher's peer lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// At this place in the slab of peers.
    Here(u32),
    /// On another shard.
    There(ShardNumber),
}

/// Somebody whose voice is allowed.
#[derive(Clone, Debug)]
pub struct Publication {
    /// The service's number for the peer that carries it, never used twice.
    pub(crate) peer: u64,
    /// The CSRC under which others hear it.
    pub(crate) voice: u32,
    pub(crate) origin: Origin,
    /// How loud it is, the last packet noted.
    pub(crate) level: LevelTracker,
    /// As [`crate::neighbours::Spoken`] tells.
    pub(crate) measured: Option<i8>,
    /// As [`crate::neighbours::Spoken`] tells.
    pub(crate) loss: u8,
    /// Whether the service knows that it speaks.
    pub(crate) announced: bool,
    /// Whether its packets are recorded.
    pub(crate) tapped: bool,
    /// What may be sent again to those who lost it.
    pub(crate) history: History,
}

/// All whose voice is allowed in a space, in the order in which they were; few.
#[derive(Debug, Default)]
pub struct Publications(Vec<Publication>);

impl Publications {
    /// Add one; false when its peer has one already.
    pub fn add(&mut self, mut publication: Publication) -> bool {
        let is_new = self.find(publication.peer).is_none();
        if is_new {
            publication.history.prepare();
            self.0.push(publication);
        }
        is_new
    }

    /// Take the one of *peer* out.
    pub fn remove(&mut self, peer: u64) -> Option<Publication> {
        let at = self.0.iter().position(|one| one.peer == peer)?;
        Some(self.0.remove(at))
    }

    /// The one of *peer*.
    #[must_use]
    pub fn find(&self, peer: u64) -> Option<&Publication> {
        self.0.iter().find(|one| one.peer == peer)
    }

    /// The one of *peer*.
    #[must_use]
    pub fn find_mut(&mut self, peer: u64) -> Option<&mut Publication> {
        self.0.iter_mut().find(|one| one.peer == peer)
    }

    /// How loud *peer* is.
    #[must_use]
    pub fn level_of(&self, peer: u64) -> Option<&LevelTracker> {
        self.find(peer).map(|one| &one.level)
    }

    /// Whether *voice* is somebody's here.
    #[must_use]
    pub fn has_voice(&self, voice: u32) -> bool {
        self.0.iter().any(|one| one.voice == voice)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Publication> {
        self.0.iter()
    }

    /// All of them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Publication> {
        self.0.iter_mut()
    }
}

/// A space with at least one peer.
#[derive(Debug)]
pub struct Space {
    pub(crate) id: u64,
    pub(crate) peers: u32,
    pub(crate) publications: Publications,
    pub(crate) listeners: Listeners,
    pub(crate) audience: Audience,
    pub(crate) merging: MergingMode,
    pub(crate) fec: FecNeed,
    /// By number of lines, less one.
    pub(crate) voices: [Voices; SLOTS],
    /// The other shards that have the space.
    pub(crate) others: Shards,
    /// Whether this shard tells the service who is heard: the first of those that have the space.
    pub(crate) tells: bool,
    /// None where that is not known.
    pub(crate) told_levels: Option<Levels>,
    pub(crate) told_loudness: Levels,
    pub(crate) told_active: [u32; SLOTS],
}

impl Space {
    pub(crate) fn new(id: u64, clock_base: u32) -> Self {
        Self {
            id,
            peers: 0,
            publications: Publications::default(),
            listeners: Listeners::default(),
            audience: Audience::default(),
            merging: MergingMode::default(),
            fec: FecNeed::default(),
            voices: std::array::from_fn(|n| Voices::new(n + 1, clock_base)),
            others: Shards::default(),
            tells: true,
            told_levels: Some(Levels::default()),
            told_loudness: Levels::default(),
            told_active: [0; SLOTS],
        }
    }

    /// Who holds the slots, the dominant speaker first.
    pub(crate) fn active(&self) -> [u32; SLOTS] {
        let [one, .., all] = &self.voices;
        let mut active = all.in_slot;
        let dominant = one.voice_in(0);
        if let Some(at) = active
            .iter()
            .position(|voice| *voice == dominant && dominant != 0)
        {
            active.get_mut(..=at).unwrap_or_default().rotate_right(1);
        }
        active
    }
}
