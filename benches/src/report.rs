//! The rows of a run, told while they are made and kept as JSON.

use std::path::Path;

use serde_json::{Value, json};

use crate::stay::{Joining, Stay, Window};
use crate::systems::System;
use crate::voice::Voices;
use crate::{Failure, figures, inside, machine};

/// What a row is for.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// One talker, by the size of the audience.
    FanOut { round: usize },
    /// At a part of what one core carries.
    Load { percent: u32 },
    /// On the way to the limit, and the first beyond it.
    Limit,
    /// Many spaces with a talker each.
    SmallSpaces { spaces: usize },
    /// Ten thousand in one space, for a minute.
    BigSpace,
    /// Many join while others listen, whose loss and delay it tells.
    Storm,
    /// A minute of the soak.
    Soak { minute: usize },
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Part::FanOut { .. } => "fan-out",
            Part::Load { .. } => "load",
            Part::Limit => "limit",
            Part::SmallSpaces { .. } => "small-spaces",
            Part::BigSpace => "big-space",
            Part::Storm => "storm",
            Part::Soak { .. } => "soak",
        }
    }

    /// What tells rows of a part apart.
    fn number(self) -> Option<(&'static str, usize)> {
        match self {
            Part::FanOut { round } => Some(("round", round)),
            Part::Load { percent } => Some(("load_wanted_percent", percent as usize)),
            Part::SmallSpaces { spaces } => Some(("spaces", spaces)),
            Part::Soak { minute } => Some(("minute", minute)),
            Part::Limit | Part::BigSpace | Part::Storm => None,
        }
    }
}

/// What a system was to carry.
#[derive(Debug, Clone, Copy)]
pub enum Tried {
    /// So many listeners.
    Audience(usize),
    /// More and more of them.
    Limit { talkers: usize },
}

/// Everything that was found out.
#[derive(Default)]
pub struct Report {
    rows: Vec<Value>,
    inside: Vec<Value>,
    not_built: Vec<Value>,
    limits: Vec<Value>,
}

impl Report {
    /// Keep a window as a row, and how the last joining before it went where anybody came.
    pub fn row(
        &mut self,
        part: Part,
        system: &dyn System,
        stay: &Stay,
        joining: Option<Joining>,
        window: &Window,
    ) -> Result<(), Failure> {
        let Window {
            seconds,
            usage,
            counts,
            resident_kib,
            ..
        } = window;
        let mut row = json!({
            "part": part.name(),
            "system": system.name(),
            "config": system.config(),
            "listeners": stay.listeners(),
            "talkers": stay.talkers(),
            "cpus": stay.cpus(),
            "profile": stay.profile()?,
            "window_s": round(*seconds, 3),
            "packets_delivered": counts.delivered,
            "bytes_delivered": counts.bytes,
            "cpu_user_s": round(usage.user_s, 3),
            "cpu_system_s": round(usage.system_s, 3),
            "softirq_s": round(usage.softirq_s, 3),
            "cpu_busy_s": round(usage.busy_s, 3),
            "cpu_us_per_packet": round(window.us_per_packet(), 3),
            "load": round(window.load(stay.cpus()), 3),
            "loss": round(counts.loss(), 6),
            "valid": window.is_valid(),
            "packets_late": counts.late,
            "packets_again": counts.again,
            "participants_lost": counts.over,
            "samples_opened": counts.opened,
            "samples_wrong": counts.wrong,
            "samples_strayed": counts.strayed,
            "dropped_by_bench": counts.dropped_here,
            "rss_kib": resident_kib,
            "rss_empty_kib": stay.empty_kib,
            "delays_measured": counts.delays.count(),
            "delay_p50_us": counts.delays.at(0.5),
            "delay_p99_us": counts.delays.at(0.99),
            "delay_p999_us": counts.delays.at(0.999),
            "stage_delay_p99_us": window.stage_delay_p99_us,
            "joins_per_s": joining.map(|joining| round(joining.joins_per_s, 1)),
            "join_first_packet_ms": joining.map(|joining| round(joining.first_packet_ms, 2)),
        });
        if let (Some((name, number)), Some(row)) = (part.number(), row.as_object_mut()) {
            row.insert(name.to_owned(), number.into());
        }
        println!("{}", line(&row));
        self.rows.push(row);
        Ok(())
    }

    /// Keep a row of the core beside the floor.
    pub fn inside(&mut self, row: &inside::Row) {
        println!(
            "core in this process: {:5} listeners, {} copies {:6.3} µs, floor {:6.3} µs, ratio {:.2}",
            row.listeners,
            row.copies,
            row.core_us,
            row.floor_us,
            row.ratio()
        );
        self.inside.push(json!({
            "listeners": row.listeners,
            "copies": row.copies,
            "datagrams_each": row.datagrams_each,
            "bytes": row.bytes,
            "floor_us": round(row.floor_us, 4),
            "core_us": round(row.core_us, 4),
            "ratio": round(row.ratio(), 3),
        }));
    }

    pub fn not_built(&mut self, system: &dyn System, reason: &str) {
        println!("{} {}: {reason}", system.name(), system.config());
        self.not_built.push(json!({
            "system": system.name(), "config": system.config(), "reason": reason,
        }));
    }

    /// It did not carry what was *tried*.
    pub fn failed(&mut self, system: &dyn System, tried: Tried, reason: &str) {
        let (what, number) = match tried {
            Tried::Audience(listeners) => ("listeners", listeners),
            Tried::Limit { talkers } => ("talkers", talkers),
        };
        let limit = json!({
            "system": system.name(), "config": system.config(), what: number, "reason": reason,
        });
        println!("{}", figures::end(&limit));
        self.limits.push(limit);
    }

    /// Whether it did not carry an audience of so many, or of fewer.
    pub fn has_failed(&self, system: &dyn System, listeners: usize) -> bool {
        self.limits.iter().any(|limit| {
            is_of(limit, system) && figures::number(limit, "listeners") <= listeners as f64
        })
    }

    /// How loaded it was at its largest audience so far, and how large that was.
    pub fn most_loaded(&self, system: &dyn System) -> Option<(f64, usize)> {
        let own = self.rows.iter().filter(|row| is_of(row, system));
        let largest = own.max_by(|one, other| {
            figures::number(one, "listeners").total_cmp(&figures::number(other, "listeners"))
        });
        largest.map(|row| {
            let listeners = figures::number(row, "listeners") as usize;
            (figures::number(row, "load"), listeners)
        })
    }

    /// Listeners at *percent* of what one core carries.
    pub fn at_load(&self, system: &dyn System, percent: u32) -> Option<usize> {
        let row = self.rows.iter().find(|row| {
            is_of(row, system)
                && figures::number(row, "load_wanted_percent") == f64::from(percent)
                && figures::number(row, "talkers") == 1.0
        });
        row.map(|row| figures::number(row, "listeners") as usize)
    }

    /// What was reached, for people.
    pub fn figures(&self) -> String {
        let reached = figures::figures(&json!({"rows": self.rows}));
        let lines = reached.as_array().into_iter().flatten();
        lines
            .map(|figure| format!("{}\n", figures::line(figure)))
            .collect()
    }

    /// Write it to *path*.
    pub fn save(&self, path: &Path, voices: &Voices) -> Result<(), Failure> {
        let mut all = json!({
            "machine": machine::describe(),
            "recording": {
                "packets_per_s": 50,
                "opus_bytes_mean": round(voices.mean_bytes(), 1),
            },
            "rows": self.rows,
            "inside": self.inside,
            "limits": self.limits,
            "not_built": self.not_built,
        });
        let reached = figures::figures(&all);
        if let Some(all) = all.as_object_mut() {
            all.insert("figures".to_owned(), reached);
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let text = serde_json::to_string_pretty(&all)?;
        Ok(std::fs::write(path, text + "\n")?)
    }
}

fn is_of(row: &Value, system: &dyn System) -> bool {
    figures::text(row, "system") == system.name() && figures::text(row, "config") == system.config()
}

/// For people, while it runs.
fn line(row: &Value) -> String {
    let number = |name: &str| figures::number(row, name);
    let text = |name: &str| figures::text(row, name);
    let mut line = format!(
        "{:12} {:16} {:10} {:6} x{:<2} {:6.2} µs load {:3.0} % loss {:.4} % delay {}/{}/{} µs {:7} KiB",
        text("part"),
        text("system"),
        text("config"),
        number("listeners"),
        number("talkers"),
        number("cpu_us_per_packet"),
        number("load") * 100.0,
        number("loss") * 100.0,
        number("delay_p50_us"),
        number("delay_p99_us"),
        number("delay_p999_us"),
        number("rss_kib"),
    );
    let (rate, first) = (number("joins_per_s"), number("join_first_packet_ms"));
    if rate.is_finite() {
        line.push_str(&format!(" {rate:4.0} joins/s {first:6.1} ms"));
    }
    for (name, what) in [
        ("samples_wrong", "wrong samples"),
        ("samples_strayed", "strayed timestamps"),
        ("participants_lost", "lost participants"),
        ("dropped_by_bench", "dropped by the bench itself"),
    ] {
        if number(name) > 0.0 {
            line.push_str(&format!(", {} {what}", number(name)));
        }
    }
    line
}

fn round(value: f64, places: i32) -> f64 {
    let scale = 10_f64.powi(places);
    (value * scale).round() / scale
}
