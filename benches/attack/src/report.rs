//! The findings, as a table and as JSON.

use std::path::Path;

use arengo_bench_channel::Failure;
use serde_json::{Value, json};

/// One figure, with or without a bound; row 0 is about the good people, the others are the attacks.
pub struct Finding {
    pub row: u8,
    what: String,
    seen: f64,
    /// The bound, if there is one.
    most: Option<f64>,
    unit: &'static str,
}

impl Finding {
    pub fn bounded(row: u8, what: String, seen: f64, most: f64, unit: &'static str) -> Finding {
        Finding {
            row,
            what,
            seen,
            most: Some(most),
            unit,
        }
    }

    /// Something that must never happen.
    pub fn none(row: u8, what: impl Into<String>, seen: impl TryInto<u32>) -> Finding {
        let seen = seen.try_into().unwrap_or(u32::MAX);
        Finding::bounded(row, what.into(), seen.into(), 0.0, "")
    }

    /// A figure without a bound.
    pub fn noted(row: u8, what: impl Into<String>, seen: f64, unit: &'static str) -> Finding {
        Finding {
            row,
            what: what.into(),
            seen,
            most: None,
            unit,
        }
    }

    pub fn is_missed(&self) -> bool {
        self.most.is_some_and(|most| self.seen > most)
    }

    fn line(&self) -> String {
        let row = match self.row {
            0 => "room".to_owned(),
            row => row.to_string(),
        };
        let (most, word) = match self.most {
            None => (String::new(), ""),
            Some(most) => (
                most.to_string(),
                if self.is_missed() { "MISSED" } else { "held" },
            ),
        };
        let seen = (self.seen * 100.0).round() / 100.0;
        let (what, unit) = (&self.what, self.unit);
        format!("{row:>4}  {word:<6}  {seen:>10} {unit:<4} {most:>8}  {what}")
    }

    fn json(&self) -> Value {
        json!({"row": self.row, "what": self.what, "seen": self.seen, "unit": self.unit, "most": self.most,
            "missed": self.is_missed()})
    }
}

/// One line for each finding.
pub fn table(findings: &[Finding]) -> String {
    let head = format!(
        "{:>4}  {:<6}  {:>10} {:<4} {:>8}  {}\n",
        "row", "", "seen", "", "at most", "what"
    );
    let lines = findings.iter().map(|finding| finding.line() + "\n");
    head + &lines.collect::<String>()
}

/// Write the findings to *file*, with the rows and the time of the soak.
pub fn save(findings: &[Finding], rows: &[u8], seconds: u64, file: &Path) -> Result<(), Failure> {
    let findings: Vec<Value> = findings.iter().map(Finding::json).collect();
    let report = json!({"rows": rows, "seconds": seconds, "findings": findings});
    Ok(std::fs::write(
        file,
        serde_json::to_string_pretty(&report)? + "\n",
    )?)
}
