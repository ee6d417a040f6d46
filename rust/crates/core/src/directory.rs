//! Which shard a datagram is for, where the kernel may have brought it to another.
//!
//! A connectivity check says it by the name that it carries, an answer to one of ours by its transaction; everything
//! else by where it comes from.

use std::collections::HashMap;

use arengo_wire::demux::{Kind, classify};
use arengo_wire::stun::{Class, Message};

use crate::ice::challenged;
use crate::neighbours::ShardNumber;
use crate::route::Route;

/// The shard that a connectivity check names, or whose check an answer answers; None for anything else.
#[must_use]
pub fn named_in(datagram: &[u8]) -> Option<ShardNumber> {
    if classify(datagram) != Kind::Stun {
        return None;
    }
    let message = Message::parse(datagram).ok()?;
    if message.class() == Class::SuccessResponse {
        return challenged(message.transaction()).map(|(shard, _)| shard);
    }
    let (name, _) = message.ufrags()?;
    ShardNumber::of_letter(*name.as_bytes().first()?)
}

/// Routes that have been checked, and the shard of the peer who is there.
#[derive(Debug, Default)]
pub struct Directory {
    routes: HashMap<Route, ShardNumber>,
}

impl Directory {
    /// *route* leads to a peer of *shard*, unless another shard has one there: that one, to be asked whether it yields.
    pub fn claim(&mut self, route: Route, shard: ShardNumber) -> Result<(), ShardNumber> {
        match *self.routes.entry(route).or_insert(shard) {
            owner if owner == shard => Ok(()),
            other => Err(other),
        }
    }

    /// *shard* has nobody at *route* any more; nothing changes where another shard has.
    pub fn release(&mut self, route: Route, shard: ShardNumber) {
        if self.routes.get(&route) == Some(&shard) {
            self.routes.remove(&route);
        }
    }

    /// The shard of the peer at *route*.
    #[must_use]
    pub fn find(&self, route: Route) -> Option<ShardNumber> {
        self.routes.get(&route).copied()
    }

    /// How many routes are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.routes.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that meets a surprise stops")]
mod tests {
    use super::*;
    use arengo_wire::stun::{BindingRequest, HmacSha1, IceRole, TransactionId, write_success};

    struct Zero;

    impl HmacSha1 for Zero {
        fn sign(&self, _: &[&[u8]]) -> [u8; 20] {
            [0; 20]
        }
    }

    fn a_check(username: &str) -> Vec<u8> {
        let mut bytes = [0; 256];
        let request = BindingRequest {
            transaction: TransactionId([1; 12]),
            username,
            priority: 1,
            role: IceRole::Controlling(1),
            use_candidate: false,
        };
        let len = request.write(&Zero, &mut bytes).unwrap();
        bytes.get(..len).unwrap().to_vec()
    }

    #[test]
    fn a_check_names_its_shard_and_nothing_else_does() {
        assert_eq!(named_in(&a_check("Cxyz:them")), ShardNumber::new(2));
        assert_eq!(named_in(&a_check("_xyz:them")), None);
        assert_eq!(named_in(&a_check("Cxyz")), None);
        assert_eq!(named_in(&[22, 0xfe, 0xfd, 0]), None);
        assert_eq!(named_in(&[]), None);
    }

    #[test]
    fn an_answer_to_a_check_of_ours_names_its_shard() {
        let shard = ShardNumber::new(2).unwrap();
        let asked = crate::ice::challenge(shard, 7, [9; 7]);
        let mut bytes = [0; 128];
        let len = write_success(asked, ([192, 0, 2, 1], 4000).into(), &Zero, &mut bytes).unwrap();
        assert_eq!(named_in(bytes.get(..len).unwrap()), Some(shard));
        assert_eq!(challenged(asked), Some((shard, 7)));
    }

    #[test]
    fn a_route_belongs_to_whoever_claimed_it_first_until_they_release_it() {
        let [one, two] = [1, 2].map(|n| ShardNumber::new(n).unwrap());
        let route = Route::udp(([192, 0, 2, 1], 4000).into());
        let mut directory = Directory::default();
        assert_eq!(directory.claim(route, one), Ok(()));
        assert_eq!(directory.claim(route, one), Ok(()));
        assert_eq!(directory.claim(route, two), Err(one));
        directory.release(route, two);
        assert_eq!(directory.find(route), Some(one));
        directory.release(route, one);
        assert_eq!(directory.claim(route, two), Ok(()));
        directory.release(route, two);
        assert!(directory.find(route).is_none() && directory.is_empty());
    }
}
