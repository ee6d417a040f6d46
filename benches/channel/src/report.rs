//! The rows of a run, as a table for people and as JSON for tools.

use std::fmt::Write;
use std::path::Path;

/// The middle and the far end of some times, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub p50: f64,
    pub p99: f64,
    pub most: f64,
}

impl Spread {
    /// Of *times* in microseconds, which are put in order; zeros where there are none.
    pub fn of(times: &mut [u32]) -> Spread {
        times.sort_unstable();
        let at = |share: f64| {
            let last = times.len().saturating_sub(1) as f64;
            let micros = times.get((last * share).round() as usize);
            f64::from(micros.copied().unwrap_or(0)) / 1000.0
        };
        Spread {
            p50: at(0.5),
            p99: at(0.99),
            most: at(1.0),
        }
    }
}

/// One size of the crowd.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub readers: usize,
    pub joins_per_s: f64,
    pub join_cpu_us: f64,
    pub join: Spread,
    pub welcome_bytes: usize,
    /// Growth of the server's resident memory for each channel.
    pub kib_each: f64,
    /// Share of a core while nothing happens but pings and pulses.
    pub idle_cpu: f64,
    /// CPU for each delivered message, what is spent anyway left out.
    pub message_us: f64,
    /// From an event's command to each reader, and to the last of them.
    pub told: Spread,
    pub told_last: Spread,
    pub storm_joins_per_s: f64,
    pub storm_cpu: f64,
    pub storm_join: Spread,
    /// From the offer to the answer.
    pub storm_answer: Spread,
    /// From the host's ping to its pong: how long the loop was elsewhere.
    pub storm_loop: Spread,
    pub storm_bytes_per_s: f64,
    /// Channels closed and offers refused, of all.
    pub lost: usize,
}

const HEAD: &str = "readers  joins/s  KiB each  µs/message  told p50/p99 ms  last p50/p99 ms  storm: joins/s  answer p99 ms  loop p99 ms  lost\n";

/// The table.
pub fn table(rows: &[Row]) -> String {
    let lines: String = rows.iter().map(line).collect();
    format!("{HEAD}{lines}")
}

/// One line of it.
pub fn line(row: &Row) -> String {
    let Row {
        readers,
        joins_per_s,
        kib_each,
        message_us,
        told,
        told_last,
        storm_joins_per_s,
        storm_answer,
        storm_loop,
        lost,
        ..
    } = row;
    format!(
        "{readers:7}  {joins_per_s:7.0}  {kib_each:8.1}  {message_us:10.1}  {:6.1} / {:6.1}  {:6.1} / {:6.1}  {storm_joins_per_s:14.0}  {:13.1}  {:11.1}  {lost:4}\n",
        told.p50, told.p99, told_last.p50, told_last.p99, storm_answer.p99, storm_loop.p99
    )
}

/// Write the rows to *path*.
pub fn save(rows: &[Row], path: &Path) -> std::io::Result<()> {
    let rows: Vec<String> = rows.iter().map(json).collect();
    let text = format!(
        "{{\n  \"bench\": \"space channel\",\n  \"rows\": [\n{}\n  ]\n}}\n",
        rows.join(",\n")
    );
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text)
}

fn json(row: &Row) -> String {
    let mut fields = vec![
        ("readers", row.readers as f64),
        ("joins_per_s", row.joins_per_s),
        ("join_cpu_us", row.join_cpu_us),
        ("welcome_bytes", row.welcome_bytes as f64),
        ("kib_each", row.kib_each),
        ("idle_cpu", row.idle_cpu),
        ("message_us", row.message_us),
        ("storm_joins_per_s", row.storm_joins_per_s),
        ("storm_cpu", row.storm_cpu),
        ("storm_bytes_per_s", row.storm_bytes_per_s),
        ("lost", row.lost as f64),
    ];
    let spreads = [
        ("join_p50_ms", "join_p99_ms", "join_most_ms", row.join),
        ("told_p50_ms", "told_p99_ms", "told_most_ms", row.told),
        (
            "told_last_p50_ms",
            "told_last_p99_ms",
            "told_last_most_ms",
            row.told_last,
        ),
        (
            "storm_join_p50_ms",
            "storm_join_p99_ms",
            "storm_join_most_ms",
            row.storm_join,
        ),
        (
            "storm_answer_p50_ms",
            "storm_answer_p99_ms",
            "storm_answer_most_ms",
            row.storm_answer,
        ),
        (
            "storm_loop_p50_ms",
            "storm_loop_p99_ms",
            "storm_loop_most_ms",
            row.storm_loop,
        ),
    ];
    for (p50, p99, most, spread) in spreads {
        fields.extend([(p50, spread.p50), (p99, spread.p99), (most, spread.most)]);
    }
    let mut text = String::from("    {\"system\": \"arengo\", \"config\": \"channel\"");
    for (name, value) in fields {
        // Writing to a String cannot fail.
        let _infallible = write!(text, ", \"{name}\": {value:.3}");
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn a_spread_is_told_in_milliseconds() {
        let mut times: Vec<u32> = (0..=100).rev().map(|n| n * 1000).collect();
        let spread = Spread {
            p50: 50.0,
            p99: 99.0,
            most: 100.0,
        };
        assert_eq!(Spread::of(&mut times), spread);
        assert_eq!(Spread::of(&mut []).most, 0.0);
    }
}
