//! An hour on a train: three people talk, and somebody listens over a network that is calm, rough, and away in turns.

use std::time::Duration;

use arengo_sim::neteq::{Kind, NetEq, Tally};
use arengo_sim::talk::{Manners, conversation};
use arengo_sim::{SeededChance, Time, Weather, a_space};

use super::ear::{Ear, Packet};

const HOUR: Duration = Duration::from_secs(3_600);
const STEP: Duration = Duration::from_millis(100);
const HOLE: Duration = Duration::from_secs(2);
/// After a hole, sound is back so soon after the first packet that carries any.
const BACK: Duration = Duration::from_millis(100);
/// Somebody speaks through a hole's end if their sound comes so soon after it.
const AT_ONCE: Duration = Duration::from_millis(200);
/// After so much calm the target is this at most; a buffer that has hardly heard anything yet has none.
const CALM: Duration = Duration::from_secs(10);
const PACKETS_AT_FIRST: usize = 50;
const TARGET: Duration = Duration::from_millis(60);

/// The weather from some moment on.
struct Section {
    from: Time,
    to: Time,
    weather: Weather,
}

/// The way to one listener: calm for a while, then rough with bursts of loss, and every other time a hole of two seconds.
fn an_hour(seed: u64, start: Time) -> Vec<Section> {
    let mut chance = SeededChance::new(seed);
    let mut between = |low: u64, high: u64| low + chance.next_u64() % (high - low);
    let way = |loss_percent, jitter| Weather {
        loss_percent,
        delay: Duration::from_millis(30),
        jitter: Duration::from_millis(jitter),
    };
    let mut sections: Vec<Section> = Vec::new();
    let mut from = start;
    let mut add = |length: Duration, weather| {
        sections.push(Section {
            from,
            to: from + length,
            weather,
        });
        from = from + length;
        from < start + HOUR
    };
    loop {
        let is_calm = add(Duration::from_secs(between(15, 60)), way(0.3, 8));
        let rough = way(between(1, 12) as f64, between(10, 30));
        for _ in 0..between(30, 200) {
            let is_burst = between(0, 20) == 0;
            add(STEP, if is_burst { way(100.0, 0) } else { rough });
        }
        let goes_on = between(0, 2) == 0 || add(HOLE, way(100.0, 0));
        if !is_calm || !goes_on {
            return sections;
        }
    }
}

#[test]
fn an_hour_on_a_train_costs_what_is_lost_and_no_more() {
    let manners = [Manners::CHROMIUM, Manners::FIREFOX, Manners::CHROMIUM];
    let talks = conversation(12, HOUR, &manners);
    let mut space = a_space()
        .seeded(12)
        .with_speakers(3)
        .with_listeners(1)
        .begin();
    let mut ear = Ear::new(3, 3, &talks);
    for (who, talk) in talks.iter().enumerate() {
        space.talks(who, talk);
    }
    let sections = an_hour(12, space.now());
    for section in &sections {
        space.weather_towards(ear.who, section.weather);
        space.run_for(section.to.since(section.from));
        ear.listen(&mut space, &talks);
    }

    let mut failures = Vec::new();
    let mut tally = Vec::new();
    for (slot, packets) in ear.slots.iter().enumerate() {
        let (found, played) = ride(packets, &sections);
        failures.extend(found.into_iter().map(|what| format!("slot {slot}: {what}")));
        tally.push(played);
    }
    let sum = |part: fn(&Tally) -> Duration| tally.iter().map(part).sum::<Duration>();
    let (sound, holes) = (sum(|tally| tally.sound), sum(|tally| tally.holes));
    println!(
        "{holes:?} missing from {sound:?} of sound, {:?} made up",
        sum(|tally| tally.concealed)
    );
    assert!(failures.is_empty(), "{failures:#?}");
}

/// What a listener's buffer does with *packets* in this weather that it should not.
fn ride(packets: &[Packet], sections: &[Section]) -> (Vec<String>, Tally) {
    let mut failures = Vec::new();
    let mut neteq = NetEq::default();
    let mut packets = packets.iter().enumerate().peekable();
    for section in sections {
        let is_hole = section.to.since(section.from) == HOLE;
        let mut highest = Duration::ZERO;
        while let Some((n, packet)) = packets.next_if(|(_, packet)| packet.at <= section.to) {
            neteq.take(packet.at, &[packet.piece()]);
            if packet.at > section.from + CALM && n > PACKETS_AT_FIRST {
                highest = highest.max(neteq.target());
            }
        }
        if highest > TARGET {
            let since = section.from.since(sections[0].from);
            failures.push(format!("{highest:?} in the calm from {since:?} on"));
        }
        if !is_hole {
            continue;
        }
        // What happens next, on a copy.
        let mut next = neteq.clone();
        let mut coming = packets.clone().map(|(_, packet)| packet).peekable();
        let mut sounds = coming.clone().filter(|packet| packet.kind == Kind::Sound);
        let is_soon = |packet: &&Packet| packet.at < section.to + AT_ONCE;
        let Some(first) = sounds.next().filter(is_soon) else {
            continue;
        };
        while let Some(packet) = coming.next_if(|packet| packet.at <= first.at + BACK) {
            next.take(packet.at, &[packet.piece()]);
        }
        next.play_until(first.at + BACK);
        if next.last_sound() < Some(first.at) {
            let until = section.to.since(sections[0].from);
            failures.push(format!("no sound after the hole until {until:?}"));
        }
    }
    (failures, neteq.tally())
}
