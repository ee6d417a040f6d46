//! Row 8: offers that use up the places of an address, and wrong passwords that lock the host out.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use arengo_bench_channel::server::PASSWORD;
use arengo_bench_channel::{Failure, http};
use serde_json::{Value, json};

use super::checks::OFFER_LISTENING;
use crate::report::Finding;
use crate::scene::{LISTENERS, Scene, address};

/// Useless offers, from one address that a good guest shares.
const USELESS_PER_S: u32 = 200;
const USELESS_THREADS: u32 = 2;
/// Good offers whose makers never connect, from other addresses.
const ABSENT_PER_S: u32 = 5;
const ABSENT_EACH: u32 = 1_000;
const GUESSES_PER_S: u32 = 10;
const GUESSERS: u32 = 30;
const NEIGHBOUR_EVERY: Duration = Duration::from_secs(3);
const SIGN_IN_EVERY: Duration = Duration::from_secs(10);
/// People in the audience beside the ten: other attackers who listen, and guests who left in the last 10 s.
const PASSING: u64 = 15;

pub fn attack(scene: &Scene) -> Result<Vec<Finding>, Failure> {
    let mut host = Cookies::default();
    host.sign_in(scene)?;
    let without_ice = OFFER_LISTENING
        .lines()
        .filter(|line| !line.starts_with("a=ice-"));
    let without_ice: String = without_ice.map(|line| format!("{line}\r\n")).collect();
    let useless = |number: u32| {
        let offer = if number.is_multiple_of(2) {
            "no offer"
        } else {
            &without_ice
        };
        let _refused = scene.offer(address(8, 1), &scene.space, "whep", &[], offer);
    };
    let absent = |number: u32| {
        let from = address(8, 2 + (number / ABSENT_EACH) as u8);
        let _answered = scene.offer(from, &scene.space, "whep", &[], OFFER_LISTENING);
    };
    let guess = |number: u32| {
        let from = address(18, 1 + (number % GUESSERS) as u8);
        let _refused = sign_in(scene, from, &[], "a wrong password");
    };
    std::thread::scope(|scope| {
        for _ in 0..USELESS_THREADS {
            scope.spawn(|| repeat(scene, USELESS_PER_S / USELESS_THREADS, useless));
        }
        scope.spawn(|| repeat(scene, ABSENT_PER_S, absent));
        scope.spawn(|| repeat(scene, GUESSES_PER_S, guess));
        let host = scope.spawn(|| keep_signing_in(scene, host));
        let mut findings = neighbour(scene);
        findings.extend(host.join().unwrap_or_default());
        Ok(findings)
    })
}

fn repeat(scene: &Scene, per_s: u32, act: impl Fn(u32)) {
    let mut number = 0;
    while scene.pause(Duration::from_secs(1) / per_s) {
        act(number);
        number += 1;
    }
}

/// A good guest behind the address of the useless offers, who comes, counts the audience, and leaves.
fn neighbour(scene: &Scene) -> Vec<Finding> {
    let (mut tries, mut refused, mut most) = (0, 0_u32, 0);
    while scene.pause(NEIGHBOUR_EVERY) {
        tries += 1;
        let answer = scene.offer(address(8, 1), &scene.space, "whep", &[], OFFER_LISTENING);
        match answer {
            Ok(answer) if answer.status == 201 => {
                let session = answer.header("location").unwrap_or_default();
                let _left = scene.server.ask("DELETE", session, None, "");
            }
            _ => refused += 1,
        }
        let path = format!("/api/v1/spaces/{}", scene.space);
        let space = scene
            .server
            .ask("GET", &path, None, "")
            .and_then(http::Response::json);
        if let Ok(space) = space {
            let listeners = space.pointer("/audience/listeners").and_then(Value::as_u64);
            most = most.max(listeners.unwrap_or(0));
        }
    }
    let bound = (LISTENERS as u64 + PASSING) as f64;
    vec![
        Finding::none(
            8,
            format!("good guests of a flooding address: refused, of {tries}"),
            refused,
        ),
        Finding::bounded(8, "listeners counted".to_owned(), most as f64, bound, ""),
    ]
}

fn keep_signing_in(scene: &Scene, mut host: Cookies) -> Vec<Finding> {
    let (mut tries, mut refused, mut slowest) = (0, 0_u32, Duration::ZERO);
    while scene.pause(SIGN_IN_EVERY) {
        tries += 1;
        let began = Instant::now();
        refused += u32::from(host.sign_in(scene).is_err());
        slowest = slowest.max(began.elapsed());
    }
    vec![
        Finding::none(
            8,
            format!("the host signs in while others guess: refused, of {tries}"),
            refused,
        ),
        Finding::noted(
            8,
            "the host signs in: slowest",
            slowest.as_secs_f64() * 1_000.0,
            "ms",
        ),
    ]
}

/// The host's browser, which keeps every cookie.
#[derive(Default)]
struct Cookies(Vec<(String, String)>);

impl Cookies {
    fn sign_in(&mut self, scene: &Scene) -> Result<(), Failure> {
        let pairs = self.0.iter().map(|(name, value)| format!("{name}={value}"));
        let pairs: Vec<String> = pairs.collect();
        let mut headers = vec![format!("Origin: http://{}", scene.server.address)];
        headers.push(format!("Cookie: {}", pairs.join("; ")));
        let csrf = self.0.iter().find(|(name, _)| name == "arengo_csrf");
        headers.extend(csrf.map(|(_, value)| format!("X-CSRF-Token: {value}")));
        let answer = sign_in(scene, address(0, 1), &headers, PASSWORD)?;
        for (_, cookie) in answer
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie")
        {
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.0.retain(|(known, _)| known != name);
                self.0.push((name.to_owned(), value.to_owned()));
            }
        }
        answer.granted().map(drop)
    }
}

fn sign_in(
    scene: &Scene,
    from: Ipv4Addr,
    headers: &[String],
    password: &str,
) -> Result<http::Response, Failure> {
    let headers = [headers, &["Content-Type: application/json".to_owned()]].concat();
    let body = json!({"name": "host", "password": password}).to_string();
    let server = scene.server.address;
    http::request(server, from, "POST", "/api/v1/session", &headers, body)
}
