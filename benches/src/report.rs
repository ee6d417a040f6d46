//! The rows of a run, as a table for people and as JSON for tools.

use std::path::Path;

use serde_json::{Value, json};

use crate::Failure;
use crate::stay::{Joining, Window};
use crate::systems::System;

/// A row with more loss than this is not valid.
pub const MOST_LOSS: f64 = 0.001;

/// One window of one system.
pub struct Row {
    pub part: &'static str,
    pub system: &'static str,
    pub config: &'static str,
    pub listeners: usize,
    pub talkers: usize,
    pub round: usize,
    pub profile: &'static str,
    pub empty_kib: u64,
    pub cpus: usize,
    pub joining: Joining,
    pub window: Window,
}

impl Row {
    /// Whether it may be compared.
    pub fn is_valid(&self) -> bool {
        self.window.counts.loss() < MOST_LOSS && self.window.counts.dropped_here == 0
    }

    /// For people, while it runs.
    pub fn line(&self) -> String {
        let counts = &self.window.counts;
        let delay = |part| counts.delays.at(part).unwrap_or(0);
        format!(
            "{:16} {:18} {:6} x{} {:9} packets {:6.2} µs load {:3.0} % loss {:.4} % delay {}/{}/{} µs {:5.0} joins/s {:5.1} ms {} KiB{}{}",
            self.system,
            self.config,
            self.listeners,
            self.talkers,
            counts.delivered,
            self.window.us_per_packet(),
            self.window.load(self.cpus) * 100.0,
            counts.loss() * 100.0,
            delay(0.5),
            delay(0.99),
            delay(0.999),
            self.joining.joins_per_s,
            self.joining.first_packet_ms,
            self.window.resident_kib,
            if counts.wrong > 0 {
                format!(" WRONG {} of {}", counts.wrong, counts.opened)
            } else {
                String::new()
            },
            if counts.dropped_here > 0 {
                format!(" dropped here {}", counts.dropped_here)
            } else {
                String::new()
            },
        )
    }

    fn json(&self) -> Value {
        let Window {
            seconds,
            usage,
            counts,
            resident_kib,
        } = &self.window;
        let round = |value: f64, places: i32| {
            let scale = 10_f64.powi(places);
            (value * scale).round() / scale
        };
        json!({
            "part": self.part,
            "system": self.system,
            "config": self.config,
            "listeners": self.listeners,
            "talkers": self.talkers,
            "round": self.round,
            "profile": self.profile,
            "packets_delivered": counts.delivered,
            "bytes_delivered": counts.bytes,
            "cpu_user_s": round(usage.user_s, 3),
            "cpu_system_s": round(usage.system_s, 3),
            "softirq_s": round(usage.softirq_s, 3),
            "cpu_busy_s": round(usage.busy_s, 3),
            "cpu_us_per_packet": round(self.window.us_per_packet(), 3),
            "load": round(self.window.load(self.cpus), 3),
            "window_s": round(*seconds, 3),
            "loss": round(counts.loss(), 6),
            "valid": self.is_valid(),
            "packets_late": counts.late,
            "packets_again": counts.again,
            "samples_opened": counts.opened,
            "samples_wrong": counts.wrong,
            "dropped_by_bench": counts.dropped_here,
            "rss_kib": resident_kib,
            "rss_empty_kib": self.empty_kib,
            "delay_p50_us": counts.delays.at(0.5),
            "delay_p99_us": counts.delays.at(0.99),
            "delay_p999_us": counts.delays.at(0.999),
            "joins_per_s": round(self.joining.joins_per_s, 1),
            "join_first_packet_ms": round(self.joining.first_packet_ms, 2),
        })
    }
}

/// Everything that was found out.
#[derive(Default)]
pub struct Report {
    pub rows: Vec<Row>,
    not_built: Vec<Value>,
    failures: Vec<(String, usize, String)>,
}

impl Report {
    pub fn not_built(&mut self, system: &dyn System, reason: &str) {
        println!("{} {}: {reason}", system.name(), system.config());
        self.not_built.push(json!({
            "system": system.name(), "config": system.config(), "reason": reason,
        }));
    }

    /// It did not carry so many.
    pub fn failed(&mut self, system: &dyn System, listeners: usize, reason: &str) {
        self.failures
            .push((key(system), listeners, reason.to_owned()));
    }

    /// Whether it did not carry so many, or fewer.
    pub fn has_failed(&self, system: &dyn System, listeners: usize) -> bool {
        let key = key(system);
        self.failures
            .iter()
            .any(|(failed, most, _)| *failed == key && *most <= listeners)
    }

    pub fn table(&self) -> String {
        self.rows
            .iter()
            .map(|row| format!("{}\n", row.line()))
            .collect()
    }

    /// Write everything that is made from it.
    pub fn save(&self, repository: &Path) -> Result<(), Failure> {
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        let all = json!({"rows": rows, "not_built": self.not_built});
        let folder = repository.join("benches/results");
        std::fs::create_dir_all(&folder)?;
        let text = serde_json::to_string_pretty(&all)?;
        std::fs::write(folder.join("latest.json"), text + "\n")?;
        Ok(())
    }
}

fn key(system: &dyn System) -> String {
    format!("{} {}", system.name(), system.config())
}
