//! Asking speakers again for packets that were lost on their way.

use super::{Shard, send_rtcp};
use crate::outbox::Outbox;
use crate::peer::{Link, PeerKey};
use crate::recovery::ASKED;
use crate::reports::{self, COMPOUND};
use crate::stats::Stats;
use crate::time::Time;

impl Shard {
    /// A packet of a publisher has come, with sound of *ticks*, 0 where it announces a pause: ask for what is missing before it.
    pub(super) fn ask_again(&mut self, now: Time, key: PeerKey, ticks: u32, out: &mut Outbox) {
        let Some(peer) = self.peers.get_mut(key.index) else {
            return;
        };
        let Some(publisher) = peer.publisher.as_mut().filter(|one| one.may_be_asked()) else {
            return;
        };
        let recovery = &publisher.recovery;
        let asked = if recovery.advanced() {
            publisher.overdue.came(now, ticks)
        } else {
            0
        };
        let mut missing = [0; ASKED as usize];
        let mut count = 0;
        for (place, sequence) in missing.iter_mut().zip(recovery.missing(asked)) {
            *place = sequence;
            count += 1;
        }
        if let Some(at) = publisher.overdue.at()
            && !std::mem::replace(&mut publisher.is_awaited, true)
        {
            self.awaited.push(key);
            self.awaited_due = Some(self.awaited_due.map_or(at, |due| due.min(at)));
        }
        if let (Some(ssrc), Some(missing)) = (publisher.ssrc, missing.get(..count)) {
            let link = self.links.get_mut(key.index as usize);
            send_nack(link, ssrc, missing, out, &mut self.stats);
        }
    }

    /// Ask for the packets that are overdue.
    pub(super) fn ask_for_overdue(&mut self, now: Time, out: &mut Outbox) {
        let mut awaited = std::mem::take(&mut self.awaited);
        self.awaited_due = None;
        awaited.retain(|key| {
            let Some(peer) = self.peer_mut(*key) else {
                return false;
            };
            let Some(publisher) = peer.publisher.as_mut() else {
                return false;
            };
            publisher.is_awaited = false;
            if !publisher.may_be_asked() {
                return false;
            }
            let ahead = publisher.overdue.ask(now);
            let sequence = ahead.and_then(|ahead| publisher.recovery.next(ahead));
            let (ssrc, at) = (publisher.ssrc, publisher.overdue.at());
            publisher.is_awaited = at.is_some();
            if let (Some(ssrc), Some(sequence)) = (ssrc, sequence) {
                let link = self.links.get_mut(key.index as usize);
                send_nack(link, ssrc, &[sequence], out, &mut self.stats);
            }
            self.awaited_due = self.awaited_due.into_iter().chain(at).min();
            at.is_some()
        });
        self.awaited = awaited;
    }
}

fn send_nack(
    link: Option<&mut Option<Link>>,
    ssrc: u32,
    missing: &[u16],
    out: &mut Outbox,
    stats: &mut Stats,
) {
    let mut plain = [0; COMPOUND];
    if !missing.is_empty()
        && let Ok(len) = reports::write_nack(ssrc, missing, &mut plain)
        && let Some(Some(link)) = link
    {
        stats.asked_again += missing.len() as u64;
        send_rtcp(link, plain.get(..len).unwrap_or_default(), out, stats);
    }
}
