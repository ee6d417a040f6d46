//! Which counters of `/metrics` moved for each attack.

use std::collections::BTreeMap;

use crate::report::Finding;

/// Parts of the names and labels of the counters that each row's refusals move; one match is enough.
const COUNTED: [(u8, &[&str]); 10] = [
    (1, &["{code=\"rate_limited\",where=\"channel\"}"]),
    (2, &["{code=\"header_too_large\",where=\"connection\"}"]),
    (3, &["routes_refused"]),
    (4, &["moves_unproved"]),
    (5, &["stun_replayed"]),
    (6, &["{code=\"not_signed_in\",where=\"channel\"}"]),
    (7, &["{code=\"no_such_space\",where=\"http\"}"]),
    (8, &["{code=\"sdp_", "{code=\"wrong_password\""]),
    (
        9,
        &["{code=\"request_timeout\"", "{code=\"address_openings\""],
    ),
    (10, &["{code=\"malformed\"", "{code=\"invalid_utf8\""]),
];

/// Read the counters of a page of metrics, by name and labels.
pub fn read(metrics: &str) -> BTreeMap<String, f64> {
    let lines = metrics.lines().filter(|line| !line.starts_with('#'));
    let samples = lines.filter_map(|line| line.rsplit_once(' '));
    let counters = samples.filter(|(name, _)| {
        let name = name.split('{').next().unwrap_or_default();
        name.ends_with("_total")
    });
    counters
        .filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)))
        .collect()
}

/// List what moved for each of *rows*; a row without any such counter misses its bound.
pub fn findings(
    rows: &[u8],
    before: &BTreeMap<String, f64>,
    after: &BTreeMap<String, f64>,
) -> Vec<Finding> {
    let moved: Vec<(&str, f64)> = after
        .iter()
        .map(|(name, now)| (name.as_str(), now - before.get(name).unwrap_or(&0.0)))
        .filter(|(_, by)| *by > 0.0)
        .collect();
    let asked = COUNTED.iter().filter(|(row, _)| rows.contains(row));
    let findings = asked.flat_map(|(row, words)| {
        let is_one = |name: &str| words.iter().any(|word| name.contains(word));
        let counted = moved.iter().filter(|(name, _)| is_one(name));
        let counted =
            counted.map(|(name, by)| Finding::noted(*row, format!("counted: {name}"), *by, ""));
        let counted: Vec<Finding> = counted.collect();
        if counted.is_empty() {
            return vec![Finding::none(*row, "no counter of /metrics moved", 1)];
        }
        counted
    });
    findings.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_without_a_counter_that_moved_is_missed() {
        let before = read(
            "arengo_refused_total{code=\"header_too_large\",where=\"connection\"} 2.0\narengo_people 9.0\n",
        );
        let after = read(
            "arengo_refused_total{code=\"header_too_large\",where=\"connection\"} 5.0\narengo_people 7.0\n",
        );
        let missed = |rows: &[u8]| {
            findings(rows, &before, &after)
                .iter()
                .any(Finding::is_missed)
        };
        assert!(!missed(&[2]));
        assert!(missed(&[2, 9]));
    }
}
