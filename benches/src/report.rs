//! The rows of a run, as a table for people and as JSON for tools.

use std::fmt::Write;
use std::path::Path;

/// One talker heard by many: the CPU of the sending thread for each delivered packet.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub listeners: usize,
    pub datagrams_each: usize,
    /// Bytes of a datagram's payload, as sealed.
    pub bytes: usize,
    pub floor_us: f64,
    pub core_us: f64,
}

impl Row {
    pub fn ratio(&self) -> f64 {
        self.core_us / self.floor_us
    }
}

/// What the core may cost, as a multiple of the floor.
pub const MOST_RATIO: f64 = 2.0;

/// The table.
pub fn table(rows: &[Row]) -> String {
    let mut text =
        String::from("listeners  bytes   core µs/packet  floor µs/packet   ratio (at most 2.00)\n");
    for row in rows {
        let Row {
            listeners,
            bytes,
            core_us,
            floor_us,
            ..
        } = row;
        let ratio = row.ratio();
        // Writing to a String cannot fail.
        let _infallible = writeln!(
            text,
            "{listeners:9}  {bytes:5}   {core_us:14.3}  {floor_us:15.3}   {ratio:5.2}"
        );
    }
    text
}

/// Write the rows to *path*.
pub fn save(rows: &[Row], path: &Path) -> std::io::Result<()> {
    let rows: Vec<String> = rows.iter().map(json).collect();
    let text = format!(
        "{{\n  \"bench\": \"fan-out\",\n  \"clock\": \"CLOCK_THREAD_CPUTIME_ID\",\n  \"most_ratio\": {MOST_RATIO},\n  \"rows\": [\n{}\n  ]\n}}\n",
        rows.join(",\n"),
    );
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text)
}

fn json(row: &Row) -> String {
    let Row {
        listeners,
        datagrams_each,
        bytes,
        floor_us,
        core_us,
    } = row;
    format!(
        "    {{\"listeners\": {listeners}, \"datagrams_each\": {datagrams_each}, \"bytes\": {bytes}, \"floor_us\": {floor_us:.4}, \"core_us\": {core_us:.4}, \"ratio\": {:.3}}}",
        row.ratio()
    )
}
