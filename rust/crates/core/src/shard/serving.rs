//! The audiences' turn: slices of what waits for them, round robin between spaces.

use super::Shard;
use crate::limits::{SERVED, SLICE};
use crate::outbox::Outbox;
use crate::time::Time;

impl Shard {
    /// Make the datagrams of one slice for audiences; whether more waits, for which sockets should be read first.
    pub fn serve(&mut self, now: Time, out: &mut Outbox) -> bool {
        let mut left = SLICE;
        while left > 0
            && let Some(place) = self.to_serve.pop_front()
        {
            let Some(space) = self.spaces.get_mut(place) else {
                continue;
            };
            // A fault in what follows leaves the space unlisted, so that its next packet lists it again.
            space.audience.is_listed = false;
            let served = &mut self.served;
            let made = space.audience.serve(
                now,
                &space.listeners,
                &self.links,
                left,
                (out, &mut self.stats),
                |at| {
                    if served.len() < SERVED {
                        served.push(at);
                    }
                },
            );
            left = left.saturating_sub(made.max(1));
            self.list_to_serve(place);
        }
        self.has_to_serve()
    }

    /// Whether something waits for an audience.
    #[must_use]
    pub fn has_to_serve(&self) -> bool {
        !self.to_serve.is_empty()
    }

    /// Tell *note* when each packet came whose last copy has been made since the last look.
    pub fn take_served(&mut self, note: impl FnMut(Time)) {
        self.served.drain(..).for_each(note);
    }

    /// Have the audience of the space at *place* served, if something waits for it.
    pub(super) fn list_to_serve(&mut self, place: u32) {
        if let Some(space) = self.spaces.get_mut(place)
            && !space.audience.is_idle()
            && !std::mem::replace(&mut space.audience.is_listed, true)
        {
            self.to_serve.push_back(place);
        }
    }

    /// Give the listener at *index* what waits for it in the queue, so that it may be seated elsewhere.
    pub(super) fn catch_up(&mut self, index: u32, out: &mut Outbox) {
        let Some(Some(seat)) = self.seats.get(index as usize).copied() else {
            return;
        };
        let place = self.peers.get(index).map_or(u32::MAX, |peer| peer.space);
        if let (Some(space), Some(Some(link))) = (
            self.spaces.get_mut(place),
            self.links.get_mut(index as usize),
        ) && let Some(class) = space.listeners.classes().get(seat.class())
        {
            space
                .audience
                .catch_up(seat, class, link, out, &mut self.stats);
        }
    }
}
