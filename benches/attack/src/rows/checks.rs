//! Rows 3 to 5: ICE checks with forged sources, and ICE checks replayed.

use std::net::{SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use arengo_bench_channel::Failure;

use crate::house::Ice;
use crate::report::Finding;
use crate::scene::{Scene, address};
use crate::socket::{Forger, Timed};

const CLAIM_EVERY: Duration = Duration::from_millis(500);
/// Checks for one session; a new one replaces it before the server gives up on it.
const CLAIMS_EACH: u64 = 20;
const POINT_EVERY: Duration = Duration::from_secs(8);
/// How many bytes a third party may receive for each byte sent in its name.
const AMPLIFIED: f64 = 5.0;
const REPLAY_EVERY: Duration = Duration::from_secs(1);
const REPLAYERS: u8 = 20;

/// Row 3: a guest of another space sends checks for their own session from the speakers' addresses.
pub fn claim_addresses(scene: &Scene) -> Result<Vec<Finding>, Failure> {
    let forger = Forger::open()?;
    let from = address(3, 1);
    let mut ice = None;
    let mut sent = 0;
    while scene.pause(CLAIM_EVERY) {
        if sent % CLAIMS_EACH == 0 {
            let offer = OFFER_LISTENING;
            if let Ok(answer) = scene.offer(from, &scene.other, "whep", &[], offer)
                && let Ok(answer) = answer.granted()
            {
                ice = Ice::of(offer, &answer);
            }
        }
        sent += 1;
        let people = scene.house.people();
        let owner = scene.speakers.get(sent as usize % scene.speakers.len());
        let owner = owner.and_then(|speaker| people.address(*speaker));
        if let (Some(ice), Some(owner)) = (&ice, owner) {
            forger.send(owner, ice.server, &ice.check(sent));
        }
    }
    let what = "forged checks sent";
    Ok(vec![Finding::noted(3, what, sent as f64, "")])
}

/// Row 4: a listener sends checks from the address of a third party, which never answers.
pub fn point_at_others(scene: &Scene) -> Result<Vec<Finding>, Failure> {
    let forger = Forger::open()?;
    let from = address(4, 1);
    let listener = scene.house.join(from, None, 3, false, |offer| {
        scene.offer(from, &scene.space, "whep", &[], offer)
    })?;
    let mut third = Timed::open(address(4, 4))?;
    let std::net::SocketAddr::V4(victim) = third.address()? else {
        return Err("the third party has no address".into());
    };
    let (mut sent, mut came, mut number) = (0, 0, 0);
    let mut most = 0.0_f64;
    while scene.pause(POINT_EVERY) {
        number += 1;
        let before = came;
        while let Some((datagram, _)) = third.receive() {
            came += datagram.len();
        }
        if sent > 0 {
            most = most.max((came - before) as f64 / (sent / (number - 1)) as f64);
        }
        let people = scene.house.people();
        if let Some(person) = people.all.get(&listener) {
            let check = person.ice.check(1_000 + number as u64);
            sent += check.len();
            forger.send(victim, person.ice.server, &check);
        }
    }
    while let Some((datagram, _)) = third.receive() {
        came += datagram.len();
    }
    scene.house.people().leave(listener);
    most = most.max(came as f64 / sent.max(1) as f64);
    let what = "bytes to a third party for each byte sent in its name, at the most";
    Ok(vec![
        Finding::bounded(4, what.to_owned(), most, AMPLIFIED, ""),
        Finding::noted(4, "bytes sent in its name", sent as f64, "B"),
        Finding::noted(4, "bytes that it received", came as f64, "B"),
    ])
}

/// Row 5: twenty other addresses replay the last check of a speaker and of a listener.
pub fn replay(scene: &Scene) -> Result<Vec<Finding>, Failure> {
    let sockets = (1..=REPLAYERS).map(|number| UdpSocket::bind((address(5, number), 0)));
    let sockets: Vec<UdpSocket> = sockets.collect::<Result<_, _>>()?;
    let (mut sent, mut next) = (0, Instant::now());
    while scene.pause(next.saturating_duration_since(Instant::now())) {
        next = Instant::now() + REPLAY_EVERY;
        let captured: Vec<(SocketAddrV4, Vec<u8>)> = {
            let people = scene.house.people();
            let victims = [scene.speakers.first(), scene.listeners.first()];
            let victims = victims
                .into_iter()
                .flatten()
                .filter_map(|who| people.all.get(who));
            victims
                .map(|person| (person.ice.server, person.check.clone()))
                .collect()
        };
        for (server, check) in &captured {
            for socket in &sockets {
                let _lost = socket.send_to(check, server);
                sent += 1;
            }
        }
    }
    Ok(vec![Finding::noted(
        5,
        "checks replayed",
        f64::from(sent),
        "",
    )])
}

/// The offer of a listener who never connects.
pub const OFFER_LISTENING: &str = concat!(
    "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n",
    "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\na=fingerprint:sha-256 ",
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:",
    "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n",
    "a=setup:actpass\r\na=mid:0\r\na=recvonly\r\na=rtcp-mux\r\n",
    "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n",
);
