//! From an offer to an answer and a peer that can join: what happens outside the shard, on the caller's thread.

use arengo_wire::sdp::{AnswerParameters, Candidate, Description, IceCredentials, Refused, answer};

use crate::SLOT_SSRCS;
use crate::entropy::{Entropy, ice_text, random_u32};
use crate::handshake::Identity;
use crate::neighbours::ShardNumber;
use crate::peer::NewPeer;
use crate::reports::CNAME;
use crate::time::Time;

/// Characters of our ICE names and passwords; RFC 8445 §5.3 asks for 4 and 22.
const UFRAG: usize = 12;
const PASSWORD: usize = 32;

/// Who asks, and what it may do.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The service's number for the peer.
    pub peer: u64,
    /// The service's number for the space.
    pub space: u64,
    /// The CSRC under which others hear it; not 0.
    pub voice: u32,
    /// The offer.
    pub offer: &'a str,
    /// Whether it may send, now or later.
    pub may_send: bool,
    /// Whether it may receive.
    pub may_receive: bool,
    /// Receiving lines at most.
    pub max_slots: usize,
    /// The shard that takes the peer, where there are several: our ICE name begins with its letter.
    pub shard: Option<ShardNumber>,
    /// Where we can be reached, the best first.
    pub candidates: &'a [Candidate],
}

/// Answer the offer in *request*; the peer then joins a shard by [`crate::Shard::add_peer`].
pub fn accept_offer(
    now: Time,
    request: &Request<'_>,
    identity: &Identity,
    entropy: &mut dyn Entropy,
) -> Result<(String, NewPeer), Refused> {
    let offer = Description::parse(request.offer)?;
    let ice = IceCredentials {
        ufrag: ice_name(request.shard, entropy),
        password: ice_text(entropy, PASSWORD),
    };
    let slots = SLOT_SSRCS
        .get(..request.max_slots.min(SLOT_SSRCS.len()))
        .unwrap_or_default();
    let answer = answer(
        &offer,
        &AnswerParameters {
            ice: &ice,
            fingerprint: &identity.fingerprint(),
            candidates: request.candidates,
            may_send: request.may_send,
            may_receive: request.may_receive,
            slot_ssrcs: slots,
            cname: CNAME,
            session_id: u64::from(random_u32(entropy)),
        },
    )?;
    let handshake = identity.handshake(now, answer.negotiated.remote_fingerprint);
    let peer = NewPeer {
        id: request.peer,
        space: request.space,
        voice: request.voice,
        ice,
        negotiated: answer.negotiated,
        handshake,
    };
    Ok((answer.sdp, peer))
}

fn ice_name(shard: Option<ShardNumber>, entropy: &mut dyn Entropy) -> String {
    let chance = ice_text(entropy, UFRAG);
    match (shard, chance.get(1..)) {
        (Some(shard), Some(rest)) => format!("{}{rest}", shard.letter()),
        _ => chance,
    }
}
