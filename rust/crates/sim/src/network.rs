//! An emulated network between named ends: loss, delay, jitter and reordering, all from a seed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::SocketAddr;
use std::time::Duration;

use arengo_core::Time;

use crate::chance::SeededChance;

/// What happens to datagrams on their way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weather {
    /// Of a hundred datagrams, how many never arrive.
    pub loss_percent: f64,
    /// How long each is under way at least.
    pub delay: Duration,
    /// How much longer, at most, evenly spread; more than the pace of packets reorders them.
    pub jitter: Duration,
}

impl Weather {
    /// 5 ms, and nothing is lost.
    pub const FAIR: Weather = Weather {
        loss_percent: 0.0,
        delay: Duration::from_millis(5),
        jitter: Duration::ZERO,
    };

    /// The same, losing this many of a hundred.
    pub const fn losing(self, loss_percent: f64) -> Weather {
        Weather {
            loss_percent,
            ..self
        }
    }

    /// The same, up to so much later.
    pub const fn with_jitter(self, jitter: Duration) -> Weather {
        Weather { jitter, ..self }
    }
}

/// A datagram that arrives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Datagram {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

/// Datagrams under way.
///
/// Each direction of each pair of ends draws its luck from chances of its own, one for sound and one for all else:
/// what one pair does, or how often a handshake repeats itself, changes nothing for the sound of another.
#[derive(Debug)]
pub struct Network {
    seed: u64,
    weather: Weather,
    weather_towards: BTreeMap<SocketAddr, Weather>,
    under_way: BinaryHeap<Reverse<(Time, u64, Datagram)>>,
    sent: u64,
    luck: BTreeMap<(SocketAddr, SocketAddr, bool), SeededChance>,
    cut_off: Vec<SocketAddr>,
}

impl Network {
    pub fn new(seed: u64) -> Network {
        Network {
            seed,
            weather: Weather::FAIR,
            weather_towards: BTreeMap::new(),
            under_way: BinaryHeap::new(),
            sent: 0,
            luck: BTreeMap::new(),
            cut_off: Vec::new(),
        }
    }

    /// Change the weather for what is sent from now on.
    pub fn set_weather(&mut self, weather: Weather) {
        self.weather = weather;
    }

    /// Change it for what is sent to this end alone.
    pub fn set_weather_towards(&mut self, end: SocketAddr, weather: Weather) {
        self.weather_towards.insert(end, weather);
    }

    /// Lose whatever this end sends or is sent from now on.
    pub fn cut_off(&mut self, end: SocketAddr) {
        self.cut_off.push(end);
    }

    /// Send a datagram on its way, or lose it.
    pub fn send(&mut self, now: Time, datagram: Datagram) {
        if self.cut_off.contains(&datagram.from) || self.cut_off.contains(&datagram.to) {
            return;
        }
        let key = (datagram.from, datagram.to, is_sound(&datagram.bytes));
        let seed = self.seed;
        let luck = self
            .luck
            .entry(key)
            .or_insert_with(|| SeededChance::new(seed ^ hash(&key)));
        let (loss, lateness) = (a_fraction(luck), a_fraction(luck));
        let weather = self
            .weather_towards
            .get(&datagram.to)
            .unwrap_or(&self.weather);
        if loss * 100.0 < weather.loss_percent {
            return;
        }
        let arrival = now + weather.delay + weather.jitter.mul_f64(lateness);
        self.sent += 1;
        self.under_way.push(Reverse((arrival, self.sent, datagram)));
    }

    /// When the next datagram arrives.
    pub fn next_arrival(&self) -> Option<Time> {
        self.under_way.peek().map(|Reverse((arrival, ..))| *arrival)
    }

    /// The next datagram that has arrived by *now*.
    pub fn take_arrived(&mut self, now: Time) -> Option<Datagram> {
        if self.next_arrival()? > now {
            return None;
        }
        self.under_way
            .pop()
            .map(|Reverse((_, _, datagram))| datagram)
    }
}

/// RTP by its first byte (RFC 7983), but not RTCP by its second (RFC 5761).
pub fn is_sound(bytes: &[u8]) -> bool {
    matches!(bytes, [128..=191, kind, ..] if !(192..=223).contains(kind))
}

fn a_fraction(luck: &mut SeededChance) -> f64 {
    // 53 bits fill a double's mantissa.
    (luck.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// FNV-1a over the text of the key: the standard hasher may change with the toolchain, a committed seed may not.
fn hash(key: &(SocketAddr, SocketAddr, bool)) -> u64 {
    crate::digest::fnv(format!("{key:?}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_packet(number: u8) -> Datagram {
        let end = |port| SocketAddr::from(([192, 0, 2, 1], port));
        Datagram {
            from: end(1),
            to: end(2),
            bytes: vec![0x80, 111, 0, number],
        }
    }

    fn arrivals(seed: u64, weather: Weather) -> Vec<(Time, u8)> {
        let mut network = Network::new(seed);
        network.set_weather(weather);
        for number in 0..200 {
            network.send(
                Time::ZERO + Duration::from_millis(20) * u32::from(number),
                a_packet(number),
            );
        }
        let mut seen = Vec::new();
        while let Some(at) = network.next_arrival() {
            seen.push((at, network.take_arrived(at).unwrap().bytes[3]));
        }
        seen
    }

    #[test]
    fn the_same_seed_is_the_same_weather() {
        let rough = Weather::FAIR
            .losing(15.0)
            .with_jitter(Duration::from_millis(60));
        assert_eq!(arrivals(3, rough), arrivals(3, rough));
        assert_ne!(arrivals(3, rough), arrivals(4, rough));
        let lost = 200 - arrivals(3, rough).len();
        assert!((10..60).contains(&lost), "{lost} of 200 lost at 15 %");
    }

    #[test]
    fn jitter_reorders_and_fair_weather_does_not() {
        let order = |weather| {
            arrivals(3, weather)
                .into_iter()
                .map(|(_, n)| n)
                .collect::<Vec<_>>()
        };
        assert!(order(Weather::FAIR).is_sorted());
        assert!(!order(Weather::FAIR.with_jitter(Duration::from_millis(60))).is_sorted());
    }
}
