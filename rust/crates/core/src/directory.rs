//! Which shard a datagram is for, where the kernel may have brought it to another.
//!
//! A connectivity check says it by the name that it carries; everything else by where it comes from.

use std::collections::HashMap;

use arengo_wire::demux::{Kind, classify};
use arengo_wire::stun::Message;

use crate::neighbours::ShardNumber;
use crate::route::Route;

/// Whose name a connectivity check carries; None for anything else, and for names that are nobody's.
#[must_use]
pub fn named_in(datagram: &[u8]) -> Option<ShardNumber> {
    if classify(datagram) != Kind::Stun {
        return None;
    }
    let (name, _) = Message::parse(datagram).ok()?.ufrags()?;
    ShardNumber::of_letter(*name.as_bytes().first()?)
}

/// Routes that have been proved, and the shard of the peer who is there.
#[derive(Debug, Default)]
pub struct Directory {
    routes: HashMap<Route, ShardNumber>,
}

impl Directory {
    /// *route* leads to a peer of *shard*; the shard that has to forget it, if it led to another before.
    pub fn claim(&mut self, route: Route, shard: ShardNumber) -> Option<ShardNumber> {
        self.routes
            .insert(route, shard)
            .filter(|before| *before != shard)
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
    use arengo_wire::stun::{BindingRequest, HmacSha1, IceRole, TransactionId};

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
    fn a_route_belongs_to_whoever_claimed_it_last_until_they_release_it() {
        let [one, two] = [1, 2].map(|n| ShardNumber::new(n).unwrap());
        let route = Route::udp(([192, 0, 2, 1], 4000).into());
        let mut directory = Directory::default();
        assert_eq!(directory.claim(route, one), None);
        assert_eq!(directory.claim(route, one), None);
        assert_eq!(directory.claim(route, two), Some(one));
        directory.release(route, one);
        assert_eq!(directory.find(route), Some(two));
        directory.release(route, two);
        assert!(directory.find(route).is_none() && directory.is_empty());
    }
}
