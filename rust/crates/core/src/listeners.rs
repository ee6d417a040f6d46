//! The listeners of a space by class, and within it by how they are served.

use crate::merging::PHASES;
use crate::peer::{Line, Lines};
use crate::redundancy::Redundancy;

/// A listener in a class: what fan-out reads before it touches the listener itself.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// Place in the slab of peers.
    pub index: u32,
    /// The listener's own voice, which it never gets.
    pub voice: u32,
}

/// How the members of a class are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Those whose own voice is allowed, by this peer or by another of the same person: within the call.
    Stage(Redundancy),
    /// The audience, with packets as they come.
    Plain(Redundancy),
    /// The audience, with merged packets, in one of the phases.
    Merged(u8),
}

const KINDS: usize = Redundancy::ALL.len();
const SECTIONS: usize = 2 * KINDS + PHASES;

impl Section {
    /// The sections of the audience, in the order in which they are served.
    pub const AUDIENCE: [Self; KINDS + PHASES] = [
        Self::Plain(Redundancy::None),
        Self::Plain(Redundancy::One),
        Self::Plain(Redundancy::Two),
        Self::Plain(Redundancy::Apart),
        Self::Merged(0),
        Self::Merged(1),
        Self::Merged(2),
    ];

    /// The phase, where there is one.
    #[must_use]
    pub const fn phase(self) -> Option<usize> {
        match self {
            Self::Merged(phase) => Some(phase as usize),
            Self::Stage(_) | Self::Plain(_) => None,
        }
    }

    /// Whether earlier frames are sent again here.
    #[must_use]
    pub const fn is_protected(self) -> bool {
        matches!(self, Self::Stage(kind) | Self::Plain(kind) if !matches!(kind, Redundancy::None))
    }

    const fn place(self) -> usize {
        match self {
            Self::Stage(redundancy) => redundancy as usize,
            Self::Plain(redundancy) => KINDS + redundancy as usize,
            Self::Merged(phase) => 2 * KINDS + phase as usize,
        }
    }

    /// The section that is served after this one.
    fn next(self) -> Option<Self> {
        Self::AUDIENCE
            .into_iter()
            .find(|other| other.place() == self.place() + 1)
    }
}

/// Listeners to whom the same plaintext goes.
#[derive(Debug)]
pub struct Class {
    lines: Lines,
    sections: [Vec<Member>; SECTIONS],
}

impl Class {
    /// The line of *slot*.
    #[inline]
    #[must_use]
    pub fn line(&self, slot: usize) -> Option<Line> {
        self.lines.line(slot)
    }

    /// How many lines its listeners have.
    #[inline]
    #[must_use]
    pub const fn lines(&self) -> usize {
        self.lines.count()
    }

    /// All on stage.
    pub fn on_stage(&self) -> impl Iterator<Item = &Member> {
        Redundancy::ALL
            .iter()
            .flat_map(|redundancy| self.members(Section::Stage(*redundancy)))
    }

    /// Those who are served so.
    #[inline]
    #[must_use]
    pub fn members(&self, section: Section) -> &[Member] {
        self.sections
            .get(section.place())
            .map_or(&[], Vec::as_slice)
    }

    fn is_empty(&self) -> bool {
        self.sections.iter().all(Vec::is_empty)
    }
}

/// Where in its class a listener stands; found again in constant time. Seats are served in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seat {
    class: u32,
    section: Section,
    position: u32,
}

impl Seat {
    /// The first of the audience.
    pub const FIRST: Self = Self {
        class: 0,
        section: Section::Plain(Redundancy::None),
        position: 0,
    };

    /// Which class, in the order of [`Listeners::classes`].
    #[must_use]
    pub const fn class(&self) -> usize {
        self.class as usize
    }

    /// How whoever sits here is served.
    #[must_use]
    pub const fn section(&self) -> Section {
        self.section
    }

    /// Where in the section.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position as usize
    }

    /// The seat *count* places on.
    #[must_use]
    pub const fn plus(self, count: usize) -> Self {
        Self {
            position: self.position + count as u32,
            ..self
        }
    }

    /// The first seat of the next section of the audience, or of the next class.
    #[must_use]
    pub fn next_section(self) -> Self {
        match self.section.next() {
            Some(section) => Self {
                section,
                position: 0,
                ..self
            },
            None => Self {
                class: self.class + 1,
                ..Self::FIRST
            },
        }
    }
}

/// Listeners who sit elsewhere now, each by its place in the slab of peers.
pub type Moved = [Option<(u32, Seat)>; 2];

/// All listeners of a space.
#[derive(Debug, Default)]
pub struct Listeners {
    classes: Vec<Class>,
}

impl Listeners {
    /// The classes; few, because browsers offer alike.
    #[inline]
    #[must_use]
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// Whether anybody has as many lines.
    #[must_use]
    pub fn any_with(&self, lines: usize) -> bool {
        self.classes
            .iter()
            .any(|class| class.lines() == lines && !class.is_empty())
    }

    /// Whether anybody with as many lines gets so many copies.
    #[must_use]
    pub fn any_with_redundancy(&self, lines: usize, redundancy: Redundancy) -> bool {
        let sections = [Section::Stage(redundancy), Section::Plain(redundancy)];
        sections
            .iter()
            .any(|section| self.count(lines, *section) > 0)
    }

    /// How many with as many lines are served so.
    #[must_use]
    pub fn count(&self, lines: usize, section: Section) -> usize {
        self.classes
            .iter()
            .filter(|class| class.lines() == lines)
            .map(|class| class.members(section).len())
            .sum()
    }

    /// How many only listen.
    #[must_use]
    pub fn audience(&self) -> usize {
        self.classes
            .iter()
            .flat_map(|class| Section::AUDIENCE.map(|section| class.members(section).len()))
            .sum()
    }

    /// The one at place *n* of those with as many lines who are served so, by its place in the slab of peers.
    #[must_use]
    pub fn nth(&self, lines: usize, section: Section, mut n: usize) -> Option<u32> {
        for class in self.classes.iter().filter(|class| class.lines() == lines) {
            let members = class.members(section);
            match members.get(n) {
                Some(member) => return Some(member.index),
                None => n -= members.len(),
            }
        }
        None
    }

    /// Those whose own voice is *voice*, by their places in the slab of peers.
    #[must_use]
    pub fn of_voice(&self, voice: u32) -> Vec<u32> {
        self.classes
            .iter()
            .flat_map(|class| class.sections.iter().flatten())
            .filter(|member| member.voice == voice)
            .map(|member| member.index)
            .collect()
    }

    /// Seat a listener, behind all others who are served so.
    pub fn add(&mut self, lines: Lines, section: Section, member: Member) -> Seat {
        let class = self
            .classes
            .iter()
            .position(|class| class.lines == lines)
            .unwrap_or_else(|| {
                self.classes.push(Class {
                    lines,
                    sections: Default::default(),
                });
                self.classes.len() - 1
            });
        let mut position = 0;
        if let Some(class) = self.classes.get_mut(class)
            && let Some(members) = class.sections.get_mut(section.place())
        {
            position = members.len() as u32;
            members.push(member);
        }
        Seat {
            class: class as u32,
            section,
            position,
        }
    }

    /// Free *seat*; whoever was moved to fill it.
    ///
    /// *served_up_to*, the first seat not yet served, stays true: whoever was served sits before it, whoever was not
    /// sits at it or behind.
    pub fn remove(&mut self, seat: Seat, served_up_to: Option<&mut Seat>) -> Moved {
        let mut moved = Moved::default();
        let Some(members) = self
            .classes
            .get_mut(seat.class())
            .and_then(|class| class.sections.get_mut(seat.section.place()))
            .filter(|members| seat.position() < members.len())
        else {
            return moved;
        };
        let [first, second] = &mut moved;
        let mut hole = seat;
        if let Some(border) = served_up_to
            && (border.class, border.section) == (seat.class, seat.section)
            && seat.position < border.position
        {
            // The last one served fills the hole, and leaves one at the border.
            border.position -= 1;
            if hole != *border {
                members.swap(hole.position(), border.position());
                *first = members
                    .get(hole.position())
                    .map(|member| (member.index, hole));
                hole = *border;
            }
        }
        members.swap_remove(hole.position());
        *second = members
            .get(hole.position())
            .map(|member| (member.index, hole));
        moved
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets a surprise stops"
)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn come(
        listeners: &mut Listeners,
        seats: &mut BTreeMap<u32, Seat>,
        next: &mut u32,
        section: usize,
    ) {
        let member = Member {
            index: *next,
            voice: 0,
        };
        let section = [0, 4, 5, 6].map(|place| Section::AUDIENCE[place])[section];
        seats.insert(*next, listeners.add(Lines::default(), section, member));
        *next += 1;
    }

    /// Whoever comes and goes while the audience is served, everybody who was there from beginning to end is served once.
    #[test]
    fn coming_and_going_makes_nobody_miss_a_round_or_be_served_twice() {
        let mut state = 3_u64;
        let mut chance = move |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % below
        };
        for _ in 0..300 {
            let mut listeners = Listeners::default();
            let mut seats = BTreeMap::new();
            let mut next = 0_u32;
            for _ in 0..chance(30) {
                come(&mut listeners, &mut seats, &mut next, chance(4));
            }
            let mut owed: BTreeSet<u32> = seats.keys().copied().collect();
            let mut served = BTreeSet::new();
            let mut at = Seat::FIRST;
            while let Some(class) = listeners.classes().get(at.class()) {
                match class.members(at.section()).get(at.position()) {
                    Some(member) => {
                        let is_first = served.insert(member.index);
                        assert!(is_first, "{} is served twice", member.index);
                        at = at.plus(1);
                    }
                    None => at = at.next_section(),
                }
                if chance(3) == 0 {
                    come(&mut listeners, &mut seats, &mut next, chance(4));
                }
                if chance(2) == 0 && !seats.is_empty() {
                    let (index, seat) = seats.iter().nth(chance(seats.len())).unwrap();
                    let (index, seat) = (*index, *seat);
                    seats.remove(&index);
                    owed.remove(&index);
                    for (moved, seat) in listeners.remove(seat, Some(&mut at)).into_iter().flatten()
                    {
                        seats.insert(moved, seat);
                    }
                }
                for (index, seat) in &seats {
                    let class = &listeners.classes()[seat.class()];
                    assert_eq!(class.members(seat.section())[seat.position()].index, *index);
                    if owed.contains(index) {
                        assert_eq!(*seat < at, served.contains(index));
                    }
                }
                if next > 200 {
                    break;
                }
            }
            if next <= 200 {
                assert!(owed.is_subset(&served));
            }
        }
    }
}
