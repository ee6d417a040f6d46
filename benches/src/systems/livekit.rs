//! LiveKit's server, with participants by its WHIP endpoint: one request each, talkers and listeners alike.
//!
//! An offer may name the tracks that its sender wants to hear (`X-LiveKit-ClientInfo`); the answer then holds them. That
//! is the shortest way into LiveKit: over its WebSocket a listener is first connected without sound and told of tracks
//! by a second offer and answer. It has one cost that shows in the joins: the answer looks for the subscription every
//! 50 ms. Listeners are `hidden`, so that nobody is told of them, which is cheaper for the server as well.

use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arengo_bench_channel::http;
use arengo_client::{ClientOptions, Identity, Peer, SystemEntropy};
use aws_lc_rs::hmac;
use serde_json::{Value, json};

use super::{Guest, Protocol, RTP, RtpWire, START, Server, Site, System, Wire};
use crate::Failure;
use crate::process::Child;

const PORT: u16 = 7_880;
const MEDIA_PORT: u16 = 7_882;
const KEY: &str = "bench";
const SECRET: &str = "a secret that is known to the bench alone";
/// As the server names a microphone that came by WHIP.
const TRACK: &str = "synthesized-microphone";
const TOKEN_LIFE: Duration = Duration::from_secs(6 * 3_600);
/// How often a listener tries to join.
const TRIES: usize = 3;
/// Talkers of a space at most.
const MOST_TALKERS: usize = 8;

/// LiveKit with one of its ways to send.
pub struct LiveKit {
    config: &'static str,
    batch_io: bool,
}

impl LiveKit {
    pub const BATCHING: LiveKit = LiveKit {
        config: "batch_io",
        batch_io: true,
    };
    pub const PLAIN: LiveKit = LiveKit {
        config: "plain",
        batch_io: false,
    };
}

impl System for LiveKit {
    fn name(&self) -> &'static str {
        "livekit"
    }

    fn config(&self) -> &'static str {
        self.config
    }

    fn missing(&self, site: &Site) -> Option<String> {
        let command = command(site);
        (!command.exists())
            .then(|| "benches/.peers/livekit-server is missing: make bench-peers".to_owned())
    }

    fn start(&self, site: &Site) -> Result<Arc<dyn Server>, Failure> {
        let file = site.folder.join("livekit.yaml");
        std::fs::write(&file, configuration(site, self.batch_io))?;
        let mut serve = Command::new(command(site));
        serve.arg("--config").arg(&file);
        let mut child = Child::spawn(serve, site, "livekit")?;
        let server = SocketAddrV4::new(site.server, PORT);
        child.wait_until(START, || {
            let there = http::request(server, site.server, "GET", "/", &[], "");
            there.is_ok_and(|response| response.status == 200)
        })?;
        Ok(Arc::new(LiveKitServer {
            child,
            server,
            talkers: std::array::from_fn(|_| AtomicUsize::new(0)),
        }))
    }
}

fn command(site: &Site) -> PathBuf {
    site.peers.join("livekit-server")
}

/// Not `--dev`: one port for all media, nothing asked of the internet, no limit to tracks, errors alone in the log.
fn configuration(site: &Site, batch_io: bool) -> String {
    let server = site.server;
    // The values that the server's own sample file gives.
    let batch_io = if batch_io {
        "  batch_io:\n    batch_size: 128\n    max_flush_interval: 2ms\n"
    } else {
        ""
    };
    format!(
        "port: {PORT}\n\
         bind_addresses: [{server}]\n\
         rtc:\n  udp_port: {MEDIA_PORT}\n  use_external_ip: false\n  node_ip: {server}\n  use_ice_lite: true\n{batch_io}\
         keys:\n  {KEY}: {SECRET}\n\
         logging:\n  level: error\n  pion_level: warn\n\
         limit:\n  num_tracks: -1\n  bytes_per_sec: -1\n\
         room:\n  auto_create: true\n  empty_timeout: 3600\n"
    )
}

struct LiveKitServer {
    child: Child,
    server: SocketAddrV4,
    /// How many talk, by space; later spaces share a place with earlier ones that are filled in the same way.
    talkers: [AtomicUsize; 64],
}

impl LiveKitServer {
    fn talkers(&self, space: usize) -> Option<&AtomicUsize> {
        self.talkers.get(space % self.talkers.len())
    }
}

impl Server for LiveKitServer {
    fn pids(&self) -> Vec<u32> {
        vec![self.child.pid()]
    }

    fn protocol(&self) -> Protocol {
        RTP
    }

    fn open(&self, space: usize) -> Result<(), Failure> {
        if let Some(talkers) = self.talkers(space) {
            talkers.store(0, Ordering::Relaxed);
        }
        Ok(())
    }

    fn join(&self, guest: &Guest) -> Result<Box<dyn Wire>, Failure> {
        // Under a storm it repeats a request to itself and then refuses its own repetition: another try, as another one.
        let tries = if guest.talks { 1 } else { TRIES };
        let mut done = self.try_to_join(guest, 0);
        for number in 1..tries {
            if done.is_err() {
                done = self.try_to_join(guest, number);
            }
        }
        done
    }
}

impl LiveKitServer {
    fn try_to_join(&self, guest: &Guest, number: usize) -> Result<Box<dyn Wire>, Failure> {
        let talkers = self.talkers(guest.space).ok_or("no such space")?;
        let count = if guest.talks {
            talkers.fetch_max(guest.voice + 1, Ordering::Relaxed);
            0
        } else {
            talkers.load(Ordering::Relaxed).min(MOST_TALKERS)
        };
        let options = ClientOptions {
            send: guest.talks,
            receive_lines: count,
            ..ClientOptions::default()
        };
        let entropy = Box::new(SystemEntropy);
        let peer = Peer::new(options, Identity::shared()?, entropy, Instant::now());
        let mut peer = peer.ok_or("nobody talks there")?;
        let wanted = (0..count).map(|voice| (talker(guest.space, voice), json!([TRACK])));
        let wanted: serde_json::Map<String, Value> = wanted.collect();
        let wanted = json!({"subscribedParticipantTrackNames": wanted});
        let headers = [
            "Content-Type: application/sdp".to_owned(),
            format!("Authorization: Bearer {}", token(guest, number)?),
            format!("X-LiveKit-ClientInfo: {wanted}"),
        ];
        let from = *guest.address.ip();
        let path = "/whip/v1";
        // Answering, it would choose to be active, and so is every client of the bench (RFC 5763 section 5 allows both).
        let offer = peer.offer().replace("a=setup:actpass", "a=setup:active");
        let answer = http::request(self.server, from, "POST", path, &headers, &offer)?;
        let answer = answer.granted()?;
        peer.answer(&answer, Instant::now())?;
        Ok(Box::new(RtpWire::new(peer)))
    }
}

fn talker(space: usize, voice: usize) -> String {
    format!("talker-{space}-{voice}")
}

/// A JSON Web Token (RFC 7519) with LiveKit's grants, signed with HS256 (RFC 7518 section 3.2).
fn token(guest: &Guest, number: usize) -> Result<String, Failure> {
    let until = SystemTime::now().duration_since(UNIX_EPOCH)? + TOKEN_LIFE;
    let identity = if guest.talks {
        talker(guest.space, guest.voice)
    } else {
        format!("listener-{}-{number}", guest.number)
    };
    let claims = json!({
        "iss": KEY,
        "sub": identity,
        "exp": until.as_secs(),
        "video": {
            "roomJoin": true,
            "room": format!("space-{}", guest.space),
            "canPublish": guest.talks,
            "canSubscribe": !guest.talks,
            "hidden": !guest.talks,
        },
    });
    let head = json!({"alg": "HS256", "typ": "JWT"});
    let signed = format!(
        "{}.{}",
        base64url(head.to_string().as_bytes()),
        base64url(claims.to_string().as_bytes())
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = hmac::sign(&key, signed.as_bytes());
    Ok(format!("{signed}.{}", base64url(signature.as_ref())))
}

/// RFC 4648 section 5, without padding.
fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let number = chunk
            .iter()
            .chain([&0; 2])
            .take(3)
            .fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        for place in 0..=chunk.len() as u32 {
            let letter = (number >> (18 - 6 * place)) & 63;
            text.extend(
                LETTERS
                    .get(letter as usize)
                    .map(|letter| char::from(*letter)),
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_is_that_of_the_rfc() {
        let known = [
            ("", ""),
            ("f", "Zg"),
            ("fo", "Zm8"),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg"),
        ];
        for (bytes, text) in known {
            assert_eq!(base64url(bytes.as_bytes()), text);
        }
        assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
    }
}
