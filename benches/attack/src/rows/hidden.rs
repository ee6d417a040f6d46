//! Row 7: a stranger and a guest compare the answers of a private space with those of a space that does not exist.

use std::time::{Duration, Instant};

use arengo_bench_channel::Failure;

use super::checks::OFFER_LISTENING;
use crate::report::Finding;
use crate::scene::{Scene, address};

/// More than the server takes of one person.
const OFFERS: usize = 25;
const EVERY: Duration = Duration::from_secs(32);
const ABSENT: &str = "0000000000000";

pub fn attack(scene: &Scene) -> Result<Vec<Finding>, Failure> {
    let bearer = [format!("Authorization: Bearer {}", scene.stranger)];
    let (mut asked, mut differ) = (0, 0);
    let mut times = [Vec::new(), Vec::new()];
    loop {
        for headers in [bearer.as_slice(), &[]] {
            for _ in 0..OFFERS {
                if !scene.pause(Duration::from_millis(20)) {
                    break;
                }
                let mut answers = Vec::new();
                let mut spaces = [(&*scene.hidden, 0), (ABSENT, 1)];
                spaces.rotate_left(asked % 2); // whoever asks after a pause waits longer: each in turn
                for (space, at) in spaces {
                    let (from, began) = (address(7, 1), Instant::now());
                    let answer = scene.offer(from, space, "whep", headers, OFFER_LISTENING);
                    if let Some(times) = times.get_mut::<usize>(at) {
                        times.push(began.elapsed().as_secs_f64() * 1_000.0);
                    }
                    answers.extend(answer.map(|it| (it.status, it.body.replace(space, "ID"))));
                }
                if let [hidden, absent] = answers.as_slice() {
                    asked += 1;
                    differ += u32::from(hidden != absent);
                }
            }
        }
        if !scene.pause(EVERY) {
            break;
        }
    }
    let [hidden, absent] = times.map(median);
    let what = format!("answers that differ between a private and an absent space, of {asked}");
    Ok(vec![
        Finding::none(7, what, differ),
        Finding::noted(7, "median time of the private space", hidden, "ms"),
        Finding::noted(7, "median time of the absent space", absent, "ms"),
        Finding::noted(7, "ratio of the two", hidden / absent, ""),
    ])
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
