//! What follows from the rows: the ratios that are to be reached, the plots, and the page in docs/.
//!
//! Everything here reads the JSON that the bench has written, so that the page can be made again from it, and text and
//! data agree.

mod page;
mod plot;
mod table;

use std::path::Path;

use serde_json::{Value, json};

use crate::Failure;

/// One row of the table: how it is named, and the most or the least that it may be.
struct Figure {
    what: &'static str,
    unit: &'static str,
    wanted: Wanted,
    reached: Option<f64>,
    note: String,
}

enum Wanted {
    AtMost(f64),
    AtLeast(f64),
}

/// The figures that *all* results reach.
pub fn figures(all: &Value) -> Value {
    let rows = rows(all);
    let sizes = sizes(&rows);
    let mut figures = Vec::new();
    let cost = |what, most, of: &dyn Fn(&Value) -> bool| {
        // The largest audience that all who take part carry.
        let ratio = sizes.iter().rev().find_map(|size| {
            let own = cost_at(&rows, *size, is_plain)?;
            let theirs = least_of_medians(&rows, COST, |row| is_of_size(row, *size) && of(row))?;
            let floor = cost_at(&rows, *size, is_floor);
            let floor = floor.map(|floor| floor / theirs).filter(|part| *part < 1.0);
            Some((own / theirs, *size, floor))
        });
        Figure {
            what,
            unit: "times",
            wanted: Wanted::AtMost(most),
            reached: ratio.map(|(ratio, ..)| ratio),
            note: ratio.map_or_else(String::new, |(_, size, floor)| {
                let floor = floor.map(|part| format!("; the floor alone is {part:.2} of theirs"));
                format!("at {size} listeners{}", floor.unwrap_or_default())
            }),
        }
    };
    let named = |system: &'static str, config: &'static str| {
        move |row: &Value| text(row, "system") == system && text(row, "config") == config
    };
    figures.push(cost("CPU per packet, beside the floor", 1.3, &is_floor));
    figures.push(cost(
        "CPU per packet, beside Janus Streaming as installed",
        0.1,
        &named("janus-streaming", "installed"),
    ));
    figures.push(cost(
        "CPU per packet, beside Janus Streaming tuned",
        1.0 / 3.0,
        &named("janus-streaming", "tuned"),
    ));
    figures.push(cost(
        "CPU per packet, beside mumble-server",
        0.5,
        &is_mumble,
    ));
    figures.push(cost(
        "CPU per packet, beside LiveKit at its best",
        1.0 / 3.0,
        &|row| text(row, "system") == "livekit",
    ));

    let limit = |of: &dyn Fn(&Value) -> bool| {
        let carried = rows.iter().filter(|row| {
            (is_part(row, "limit") || is_part(row, "load"))
                && number(row, "talkers") == 1.0
                && flag(row, "valid")
                && of(row)
        });
        carried
            .map(|row| number(row, "listeners"))
            .max_by(f64::total_cmp)
    };
    let merged = limit(&is_merged);
    let beside = |what, least, other: Option<f64>| Figure {
        what,
        unit: "times",
        wanted: Wanted::AtLeast(least),
        reached: merged.zip(other).map(|(own, theirs)| own / theirs),
        note: merged
            .zip(other)
            .map_or_else(String::new, |(own, theirs)| format!("{own} and {theirs}")),
    };
    figures.push(beside(
        "listeners per core, beside LiveKit at its best",
        8.0,
        limit(&|row| text(row, "system") == "livekit"),
    ));
    figures.push(beside(
        "listeners per core, beside our own at 20 ms",
        2.5,
        limit(&is_plain),
    ));

    let plain = rows
        .iter()
        .filter(|row| is_part(row, "fan-out") && is_plain(row));
    let largest = plain.max_by(|a, b| number(a, "listeners").total_cmp(&number(b, "listeners")));
    figures.push(Figure {
        what: "memory of the whole server per WHEP listener",
        unit: "KiB",
        wanted: Wanted::AtMost(44.0),
        reached: largest.map(|row| {
            (number(row, "rss_kib") - number(row, "rss_empty_kib")) / number(row, "listeners")
        }),
        note: largest.map_or_else(String::new, |row| {
            format!(
                "at {} listeners; core and channel are allowed 4 and 40",
                number(row, "listeners")
            )
        }),
    });

    let channel = list(all, "channel").last();
    figures.push(Figure {
        what: "memory of the space channel per person",
        unit: "KiB",
        wanted: Wanted::AtMost(40.0),
        reached: channel.map(|row| number(row, "kib_each")),
        note: channel.map_or_else(String::new, |row| {
            format!("with {} in one space", number(row, "readers"))
        }),
    });

    let plain = |part: &str| rows.iter().find(|row| is_part(row, part) && is_plain(row));
    let small = plain("small-spaces");
    figures.push(Figure {
        what: "forward delay at half load, many spaces of 100: p99",
        unit: "ms",
        wanted: Wanted::AtMost(5.0),
        reached: small.map(|row| number(row, "delay_p99_us") / 1e3),
        note: small.map_or_else(String::new, |row| {
            format!("{} spaces", number(row, "spaces"))
        }),
    });
    let half = rows.iter().find(|row| {
        is_part(row, "load")
            && is_plain(row)
            && number(row, "load_wanted_percent") == 50.0
            && number(row, "talkers") == 1.0
    });
    figures.push(Figure {
        what: "forward delay at half load, one big space: p99 as a part of listeners times CPU per packet",
        unit: "times",
        wanted: Wanted::AtMost(1.2),
        reached: half.map(|row| {
            number(row, "delay_p99_us") / (number(row, "listeners") * number(row, COST))
        }),
        note: half.map_or_else(String::new, |row| {
            format!("{} listeners, {} µs", number(row, "listeners"), number(row, "delay_p99_us"))
        }),
    });

    figures.push(Figure {
        what: "forward delay at half load, one big space: p99 for those on stage",
        unit: "ms",
        wanted: Wanted::AtMost(5.0),
        reached: half
            .map(|row| number(row, "stage_delay_p99_us") / 1e3)
            .filter(|ms| ms.is_finite()),
        note: half.map_or_else(String::new, |_| {
            "by the server's own /metrics since its start, from the turn that reads the packet; nobody but the talker is on stage".to_owned()
        }),
    });

    let big = rows.iter().find(|row| is_part(row, "big-space"));
    figures.push(Figure {
        what: "10,000 listeners in one space, merged, for a minute: loss",
        unit: "%",
        wanted: Wanted::AtMost(0.1),
        reached: big.map(|row| number(row, "loss") * 100.0),
        note: big.map_or_else(String::new, |row| {
            format!("{} lost their connection", number(row, "participants_lost"))
        }),
    });

    let storm = plain("storm");
    figures.push(Figure {
        what: "a storm of 300 joins a second on two cores: loss of those who listen",
        unit: "%",
        wanted: Wanted::AtMost(0.1),
        reached: storm.map(|row| number(row, "loss") * 100.0),
        note: storm.map_or_else(String::new, |row| {
            format!(
                "{} joins a second were let in, forward delay p99 {:.1} ms",
                number(row, "joins_per_s"),
                number(row, "delay_p99_us") / 1e3
            )
        }),
    });

    let join = |of: &dyn Fn(&Value) -> bool| {
        least_of_medians(&rows, "join_first_packet_ms", |row| {
            is_part(row, "fan-out") && number(row, "listeners") == 1_000.0 && of(row)
        })
    };
    let (own, theirs) = (
        join(&is_plain),
        join(&|row| text(row, "system") == "livekit"),
    );
    figures.push(Figure {
        what: "join to first packet, beside LiveKit",
        unit: "times",
        wanted: Wanted::AtMost(0.5),
        reached: own.zip(theirs).map(|(own, theirs)| own / theirs),
        note: own.zip(theirs).map_or_else(String::new, |(own, theirs)| {
            format!("{own:.1} ms and {theirs:.1} ms")
        }),
    });
    figures.iter().map(Figure::json).collect()
}

impl Figure {
    fn json(&self) -> Value {
        let (bound, wanted) = match self.wanted {
            Wanted::AtMost(most) => ("at most", most),
            Wanted::AtLeast(least) => ("at least", least),
        };
        let met = self.reached.map(|reached| match self.wanted {
            Wanted::AtMost(most) => reached <= most,
            Wanted::AtLeast(least) => reached >= least,
        });
        let round = |value: f64| (value * 1e3).round() / 1e3;
        json!({
            "what": self.what,
            "bound": bound,
            "wanted": round(wanted),
            "unit": self.unit,
            "reached": self.reached.map(round),
            "met": met,
            "note": self.note,
        })
    }
}

/// A figure for people.
pub fn line(figure: &Value) -> String {
    let reached = figure.get("reached").and_then(Value::as_f64);
    format!(
        "{:5} {}: {} {} ({} {}) {}",
        match figure.get("met").and_then(Value::as_bool) {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "-",
        },
        text(figure, "what"),
        reached.map_or_else(|| "not measured".to_owned(), |reached| reached.to_string()),
        text(figure, "unit"),
        text(figure, "bound"),
        number(figure, "wanted"),
        text(figure, "note"),
    )
}

/// Write the plots and the page from `benches/results/latest.json`, and what lies beside it.
pub fn publish(repository: &Path) -> Result<(), Failure> {
    let path = repository.join("benches/results/latest.json");
    let text = std::fs::read_to_string(&path);
    let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
    let mut all: Value = serde_json::from_str(&text)?;
    // The soak and the channel are runs of their own.
    let rows_of = |name: &str| -> Result<Vec<Value>, Failure> {
        let Ok(text) = std::fs::read_to_string(path.with_file_name(name)) else {
            return Ok(Vec::new());
        };
        let rows: Value = serde_json::from_str(&text)?;
        Ok(list(&rows, "rows").cloned().collect())
    };
    let (soak, channel) = (rows_of("soak.json")?, rows_of("channel.json")?);
    if let Some(rows) = all.get_mut("rows").and_then(Value::as_array_mut) {
        rows.extend(soak);
    }
    if let Some(all) = all.as_object_mut() {
        all.insert("channel".to_owned(), channel.into());
    }
    let reached = figures(&all);
    if let Some(all) = all.as_object_mut() {
        all.insert("figures".to_owned(), reached);
    }
    let folder = repository.join("docs/benchmarks");
    std::fs::create_dir_all(&folder)?;
    for (name, svg) in plot::all(&rows(&all)) {
        std::fs::write(folder.join(name), svg)?;
    }
    Ok(std::fs::write(
        repository.join("docs/benchmarks.md"),
        page::write(&all),
    )?)
}

fn rows(all: &Value) -> Vec<&Value> {
    list(all, "rows").collect()
}

fn list<'a>(all: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    all.get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// A number of a row; not a number where it has none.
pub fn number(row: &Value, name: &str) -> f64 {
    row.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

/// A word of a row; empty where it has none.
pub fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn flag(row: &Value, name: &str) -> bool {
    row.get(name).and_then(Value::as_bool).unwrap_or(false)
}

fn is_part(row: &Value, part: &str) -> bool {
    text(row, "part") == part
}

fn is_plain(row: &Value) -> bool {
    text(row, "system") == "arengo" && text(row, "config") == "20 ms"
}

fn is_floor(row: &Value) -> bool {
    text(row, "system") == "floor"
}

fn is_merged(row: &Value) -> bool {
    text(row, "system") == "arengo" && text(row, "config") == "merged"
}

fn is_mumble(row: &Value) -> bool {
    text(row, "system") == "mumble"
}

/// Whether it is of the comparison with one talker, at an audience of *size*.
fn is_of_size(row: &Value, size: f64) -> bool {
    is_part(row, "fan-out") && number(row, "listeners") == size
}

/// The audiences of the comparison with one talker, the smallest first.
fn sizes(rows: &[&Value]) -> Vec<f64> {
    let fan_out = rows.iter().filter(|row| is_part(row, "fan-out"));
    let mut sizes: Vec<f64> = fan_out.map(|row| number(row, "listeners")).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    sizes
}

/// What a delivered packet costs, in microseconds.
const COST: &str = "cpu_us_per_packet";

fn cost_at(rows: &[&Value], size: f64, of: impl Fn(&Value) -> bool) -> Option<f64> {
    median(rows, COST, |row| is_of_size(row, size) && of(row))
}

/// Which audience a system did not carry, for people.
pub fn end(limit: &Value) -> String {
    let listeners = number(limit, "listeners");
    let talkers = number(limit, "talkers");
    let (name, reason) = (name(limit), text(limit, "reason"));
    if listeners.is_finite() {
        format!("{name} at {listeners} listeners: {reason}")
    } else {
        format!("{name}, in the search for its limit with {talkers} talking: {reason}")
    }
}

/// What is measured, in words: system and configuration.
fn name(row: &Value) -> String {
    format!("{} {}", text(row, "system"), text(row, "config"))
}

/// The middle of a field over the valid rows that are wanted.
fn median(rows: &[&Value], field: &str, wanted: impl Fn(&Value) -> bool) -> Option<f64> {
    let chosen = rows.iter().filter(|row| flag(row, "valid") && wanted(row));
    let mut values: Vec<f64> = chosen.map(|row| number(row, field)).collect();
    values.retain(|value| value.is_finite());
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied()
}

/// Of several systems or configurations, the one with the lowest median.
fn least_of_medians(rows: &[&Value], field: &str, wanted: impl Fn(&Value) -> bool) -> Option<f64> {
    let mut names: Vec<String> = rows
        .iter()
        .filter(|row| wanted(row))
        .map(|row| name(row))
        .collect();
    names.sort();
    names.dedup();
    let medians = names
        .iter()
        .filter_map(|of| median(rows, field, |row| wanted(row) && name(row) == *of));
    medians.min_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    fn a_row(system: &str, config: &str, cost: f64, valid: bool) -> Value {
        json!({
            "part": "fan-out", "system": system, "config": config, "listeners": 1000, "talkers": 1,
            "cpu_us_per_packet": cost, "join_first_packet_ms": cost, "valid": valid,
            "rss_kib": 30_000, "rss_empty_kib": 10_000,
        })
    }

    fn reached(all: &Value, what: &str) -> Option<f64> {
        let figures = figures(all);
        let figure = figures
            .as_array()
            .unwrap()
            .iter()
            .find(|figure| text(figure, "what").contains(what));
        figure.unwrap().get("reached").and_then(Value::as_f64)
    }

    #[test]
    fn a_ratio_is_one_of_medians_and_beside_the_best_that_a_system_can() {
        let rows = [
            a_row("arengo", "20 ms", 3.0, true),
            a_row("arengo", "20 ms", 2.0, true),
            a_row("arengo", "20 ms", 9.0, true),
            a_row("floor", "seal + sendmmsg", 2.0, true),
            a_row("livekit", "plain", 20.0, true),
            a_row("livekit", "batch_io", 15.0, true),
        ];
        let all = json!({"rows": rows});
        assert_eq!(reached(&all, "floor"), Some(1.5));
        assert_eq!(reached(&all, "packet, beside LiveKit"), Some(0.2));
        assert_eq!(reached(&all, "memory"), Some(20.0));
    }

    #[test]
    fn rows_with_loss_and_systems_that_are_missing_give_no_figure() {
        let rows = [
            a_row("arengo", "20 ms", 3.0, true),
            a_row("floor", "seal + sendmmsg", 2.0, false),
        ];
        let all = json!({"rows": rows});
        assert_eq!(reached(&all, "floor"), None);
        assert_eq!(reached(&all, "mumble"), None);
    }

    #[test]
    fn systems_are_compared_at_the_largest_audience_that_both_carried() {
        let of_size = |system, config, cost, valid, size: u32| {
            let mut row = a_row(system, config, cost, valid);
            row.as_object_mut()
                .unwrap()
                .insert("listeners".to_owned(), size.into());
            row
        };
        let rows = [
            of_size("arengo", "20 ms", 8.0, true, 600),
            of_size("arengo", "20 ms", 2.0, true, 1_000),
            of_size("arengo", "20 ms", 1.0, true, 3_000),
            of_size("mumble", "installed", 8.0, true, 600),
            of_size("mumble", "installed", 4.0, true, 1_000),
            of_size("mumble", "installed", 1.0, false, 3_000),
        ];
        assert_eq!(reached(&json!({"rows": rows}), "mumble"), Some(0.5));
    }

    #[test]
    fn the_page_says_where_the_floor_itself_is_above_half_of_mumble_server() {
        let rows = |floor| {
            json!({"rows": [
                a_row("arengo", "20 ms", 2.0, true),
                a_row("arengo", "merged", 3.0, true),
                a_row("floor", "seal + sendmmsg", floor, true),
                a_row("mumble", "installed", 2.5, true),
            ]})
        };
        let page = page::write(&rows(1.5));
        assert!(
            page.contains("needs 0.60 of it, and is 75 % of all"),
            "{page}"
        );
        assert!(
            page.contains("costs 0.40 of what mumble-server spends"),
            "{page}"
        );
        assert!(!page::write(&rows(1.0)).contains("out of reach"));
    }

    #[test]
    fn an_end_names_the_audience_or_the_search() {
        let audience =
            json!({"system": "livekit", "config": "plain", "listeners": 3_000, "reason": "full"});
        assert_eq!(end(&audience), "livekit plain at 3000 listeners: full");
        let search =
            json!({"system": "livekit", "config": "plain", "talkers": 3, "reason": "full"});
        assert_eq!(
            end(&search),
            "livekit plain, in the search for its limit with 3 talking: full"
        );
    }
}
