//! Addresses: whose they are, who moves between them, and who only says so.

use std::net::SocketAddr;
use std::time::Duration;

use arengo_sim::{Space, Time, Voice};

use crate::a_space;

const SECOND: Duration = Duration::from_secs(1);
/// One word in 20 ms.
const WORDS_A_SECOND: usize = 50;
/// Clients check the address that they use at least this often; what moves is found by then, and a round trip later.
const BETWEEN_CHECKS: Duration = Duration::from_secs(5);

fn elsewhere(port: u16) -> SocketAddr {
    SocketAddr::from(([203, 0, 113, 7], port))
}

/// Words that reached the listener since *since*; nothing was lost on the way, so that every hole is the server's.
fn words(space: &Space, since: Time) -> usize {
    space.words(1, since).len()
}

#[test]
fn a_listener_who_forges_a_speakers_address_costs_them_no_word() {
    let mut space = a_space().with_speakers(1).with_listeners(2).begin();
    space.says(0, Voice::Speaking(-20));
    space.run_for(SECOND);
    space.forge(2, space.address_of(0));
    let start = space.now();
    space.run_for(SECOND * 30);
    assert!(words(&space, start) >= 30 * WORDS_A_SECOND - 1);
}

#[test]
fn whoever_forges_a_bystanders_address_brings_them_little() {
    let mut space = a_space().with_speakers(1).with_listeners(2).begin();
    space.says(0, Voice::Speaking(-20));
    space.forge(2, elsewhere(1));
    space.run_for(SECOND * 20);
    let (came, went) = space.traffic(elsewhere(1));
    assert!(came > 0 && went <= 4 * came, "{went} bytes for {came}");
}

#[test]
fn checks_that_are_sent_again_from_elsewhere_move_nothing() {
    let mut space = a_space().with_speakers(1).with_listeners(1).begin();
    space.says(0, Voice::Speaking(-20));
    space.run_for(SECOND);
    let start = space.now();
    for turn in 0..60 {
        for who in [0, 1] {
            space.replay(who, elsewhere(1 + turn % 20));
        }
        space.run_for(SECOND / 4);
    }
    assert!(words(&space, start) >= 15 * WORDS_A_SECOND - 1);
    let sent = (1..=20).map(|port| space.traffic(elsewhere(port)).1);
    assert_eq!(sent.sum::<usize>(), 0);
}

#[test]
fn whoever_gets_another_address_is_found_there_by_their_next_check() {
    for scenario in [a_space(), a_space().of_our_own()] {
        let mut space = scenario.with_speakers(1).with_listeners(1).begin();
        space.says(0, Voice::Speaking(-20));
        space.run_for(SECOND);
        for who in [0, 1] {
            space.rebind(who, elsewhere(1 + who as u16));
            space.run_for(BETWEEN_CHECKS + SECOND);
            let start = space.now();
            space.run_for(SECOND);
            assert!(words(&space, start) >= WORDS_A_SECOND - 1, "{who} moved");
        }
    }
}

#[test]
fn an_address_that_is_handed_on_serves_its_new_owner() {
    let mut space = a_space().with_speakers(1).with_listeners(2).begin();
    space.says(0, Voice::Speaking(-20));
    let address = space.address_of(2);
    space.rebind(2, elsewhere(1));
    space.cut_off(2);
    space.run_for(SECOND * 11);
    space.rebind(1, address);
    space.run_for(BETWEEN_CHECKS + SECOND);
    let start = space.now();
    space.run_for(SECOND);
    assert!(words(&space, start) >= WORDS_A_SECOND - 1);
}
