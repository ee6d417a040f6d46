//! The shards of a node together: where each peer lives, which route leads to which shard, and the mail between them.
//!
//! Rule: nothing here is touched by fan-out. The directory is asked only about datagrams whose route the thread that
//! received them does not know.

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use arengo_core::directory::{Directory, named_in};
use arengo_core::neighbours::{Errand, ShardNumber};
use arengo_core::{Route, Shard, Transport};
use arengo_wire::demux::{Kind, classify};

use crate::mailbox::{Letter, Mail, Mailbox};
use crate::placement::Placement;

/// The shard that TCP connections belong to.
pub const TCP_SHARD: ShardNumber = ShardNumber::FIRST;

/// What the media threads and their callers share about shards.
pub struct Neighbourhood {
    directory: RwLock<Directory>,
    mailboxes: Vec<Mailbox>,
    placement: Mutex<Placement>,
}

impl Neighbourhood {
    /// A shard for each of *mailboxes*.
    #[must_use]
    pub fn new(mailboxes: Vec<Mailbox>, placement: Placement) -> Self {
        Self {
            directory: RwLock::default(),
            mailboxes,
            placement: Mutex::new(placement),
        }
    }

    /// How many shards.
    #[must_use]
    pub const fn shards(&self) -> usize {
        self.mailboxes.len()
    }

    /// Where peers live.
    pub fn placement(&self) -> MutexGuard<'_, Placement> {
        self.placement
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The shard, other than *here*, that *datagram* is for; *knows* tells whether its route is known here.
    #[inline]
    pub fn whose(
        &self,
        here: ShardNumber,
        from: Route,
        datagram: &[u8],
        knows: impl Fn() -> bool,
    ) -> Option<ShardNumber> {
        if self.shards() == 1 {
            return None;
        }
        let shard = match classify(datagram) {
            Kind::Stun => named_in(datagram),
            Kind::Unknown => None,
            Kind::Dtls | Kind::Rtp | Kind::Rtcp if knows() => None,
            Kind::Dtls | Kind::Rtp | Kind::Rtcp => self.find(from),
        };
        shard.filter(|shard| *shard != here && shard.place() < self.shards())
    }

    /// The shard of the peer who is at *route*.
    #[must_use]
    pub fn find(&self, route: Route) -> Option<ShardNumber> {
        let directory = self
            .directory
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        directory.find(route)
    }

    /// Do what *shard*, the one *here*, wants done, until it wants nothing more.
    pub fn run_errands(&self, here: ShardNumber, shard: &mut Shard) {
        while let Some(errand) = shard.take_errand() {
            self.run(here, errand, shard);
        }
    }

    fn run(&self, here: ShardNumber, errand: Errand, own: &mut Shard) {
        match errand {
            Errand::Tell(to, word) => {
                for shard in to.iter() {
                    self.post(shard, Letter::Word(here, word.clone()));
                }
            }
            Errand::Claimed(route) => {
                let claimed = self.directory().claim(route, here);
                if let Err(owner) = claimed {
                    self.post(owner, Letter::Contested(route));
                    own.route_refused(route);
                } else if here != TCP_SHARD && matches!(route.transport, Transport::Tcp(_)) {
                    self.post(TCP_SHARD, Letter::Proved(here, route));
                }
            }
            Errand::Released(route) => self.directory().release(route, here),
        }
    }

    /// Hand something to the thread of *shard*.
    pub fn post(&self, shard: ShardNumber, letter: Letter) {
        if let Some(mailbox) = self.mailboxes.get(shard.place()) {
            mailbox.post(letter);
        }
    }

    /// Take what was handed to the thread of *shard*.
    pub fn take_mail(&self, shard: ShardNumber, mail: &mut Mail) {
        if let Some(mailbox) = self.mailboxes.get(shard.place()) {
            mailbox.empty_into(mail);
        }
    }

    /// Letters that found no room.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.mailboxes.iter().map(Mailbox::dropped).sum()
    }

    /// Datagrams that came by another shard's socket.
    #[must_use]
    pub fn handed_over(&self) -> u64 {
        self.mailboxes.iter().map(Mailbox::datagrams).sum()
    }

    fn directory(&self) -> impl std::ops::DerefMut<Target = Directory> {
        self.directory
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// How many routes are known.
    #[must_use]
    pub fn routes(&self) -> usize {
        self.directory
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }
}
