//! Plots as plain SVG: lines on logarithmic axes, and bars.

use std::fmt::Write;

use serde_json::Value;

use super::{COST, flag, is_of_size, is_part, median, name, number, sizes};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;
const COLOURS: [&str; 10] = [
    "#7f7f7f", "#1f77b4", "#17becf", "#d62728", "#ff7f0e", "#2ca02c", "#98df8a", "#9467bd",
    "#c5b0d5", "#8c564b",
];

/// A line of a plot.
struct Line {
    name: String,
    points: Vec<(f64, f64)>,
}

/// File names and their plots; those without data are left out.
pub fn all(rows: &[&Value]) -> Vec<(&'static str, String)> {
    let fan_out = |field: &'static str, scale: f64| by_size(rows, field, scale);
    let plots = [
        (
            "cpu.svg",
            "CPU for each delivered packet (µs)",
            "listeners",
            fan_out(COST, 1.0),
        ),
        (
            "delay.svg",
            "Forward delay, p99 (ms)",
            "listeners",
            fan_out("delay_p99_us", 1e-3),
        ),
        (
            "join.svg",
            "From the first word to the first packet, median (ms)",
            "listeners",
            fan_out("join_first_packet_ms", 1.0),
        ),
        (
            "memory.svg",
            "Memory of the server (MiB)",
            "listeners",
            fan_out("rss_kib", 1.0 / 1024.0),
        ),
    ];
    let mut made: Vec<(&str, String)> = plots
        .into_iter()
        .filter(|(.., lines)| lines.iter().any(|line| !line.points.is_empty()))
        .map(|(file, title, axis, lines)| (file, lines_plot(title, axis, &lines)))
        .collect();
    let carried = limits(rows);
    if !carried.is_empty() {
        made.push((
            "listeners.svg",
            bars_plot("Listeners that one core carries, one talker", &carried),
        ));
    }
    made
}

/// The largest audience that each system carried on one core, by name.
pub fn limits(rows: &[&Value]) -> Vec<(String, f64)> {
    carried(rows, 1.0)
}

/// The same, with *talkers* talkers.
pub fn carried(rows: &[&Value], talkers: f64) -> Vec<(String, f64)> {
    let mut carried: Vec<(String, f64)> = Vec::new();
    let tried = rows.iter().filter(|row| {
        (is_part(row, "limit") || is_part(row, "load")) && number(row, "talkers") == talkers
    });
    for row in tried {
        let listeners = if flag(row, "valid") {
            number(row, "listeners")
        } else {
            0.0
        };
        match carried.iter_mut().find(|(known, _)| *known == name(row)) {
            Some((_, most)) => *most = most.max(listeners),
            None => carried.push((name(row), listeners)),
        }
    }
    carried
}

fn by_size(rows: &[&Value], field: &str, scale: f64) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for row in rows.iter().filter(|row| is_part(row, "fan-out")) {
        if !lines.iter().any(|line| line.name == name(row)) {
            lines.push(Line {
                name: name(row),
                points: Vec::new(),
            });
        }
    }
    let sizes = sizes(rows);
    for line in &mut lines {
        for size in &sizes {
            let value = median(rows, field, |row| {
                is_of_size(row, *size) && name(row) == line.name
            });
            line.points.extend(
                value
                    .filter(|value| *value > 0.0)
                    .map(|value| (*size, value * scale)),
            );
        }
    }
    lines
}

fn lines_plot(title: &str, axis: &str, lines: &[Line]) -> String {
    let points = || lines.iter().flat_map(|line| &line.points);
    let across = Scale::over(points().map(|(x, _)| *x), LEFT, WIDTH - RIGHT);
    let up = Scale::over(points().map(|(_, y)| *y), HEIGHT - BOTTOM, TOP);
    let mut svg = begin(title);
    for x in across.ticks() {
        let at = across.place(x);
        let (low, high) = (HEIGHT - BOTTOM, TOP);
        put(
            &mut svg,
            format_args!("<line x1='{at:.1}' y1='{low}' x2='{at:.1}' y2='{high}' stroke='#ddd'/>"),
        );
        put(
            &mut svg,
            format_args!(
                "<text x='{at:.1}' y='{:.1}' text-anchor='middle'>{}</text>",
                low + 18.0,
                short(x)
            ),
        );
    }
    for y in up.ticks() {
        let at = up.place(y);
        put(
            &mut svg,
            format_args!(
                "<line x1='{LEFT}' y1='{at:.1}' x2='{:.1}' y2='{at:.1}' stroke='#ddd'/>",
                WIDTH - RIGHT
            ),
        );
        put(
            &mut svg,
            format_args!(
                "<text x='{:.1}' y='{:.1}' text-anchor='end'>{}</text>",
                LEFT - 8.0,
                at + 4.0,
                short(y)
            ),
        );
    }
    put(
        &mut svg,
        format_args!(
            "<text x='{:.1}' y='{:.1}' text-anchor='middle'>{axis}</text>",
            (LEFT + WIDTH - RIGHT) / 2.0,
            HEIGHT - 10.0
        ),
    );
    for (number, line) in lines.iter().enumerate() {
        let colour = COLOURS
            .get(number % COLOURS.len())
            .copied()
            .unwrap_or("#000");
        let places: Vec<(f64, f64)> = line
            .points
            .iter()
            .map(|(x, y)| (across.place(*x), up.place(*y)))
            .collect();
        let path: Vec<String> = places
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        put(
            &mut svg,
            format_args!(
                "<polyline points='{}' fill='none' stroke='{colour}' stroke-width='2'/>",
                path.join(" ")
            ),
        );
        for (x, y) in places {
            put(
                &mut svg,
                format_args!("<circle cx='{x:.1}' cy='{y:.1}' r='3' fill='{colour}'/>"),
            );
        }
        let y = TOP + 20.0 * number as f64;
        let x = WIDTH - RIGHT + 14.0;
        put(
            &mut svg,
            format_args!(
                "<rect x='{x}' y='{:.1}' width='10' height='10' fill='{colour}'/>",
                y - 9.0
            ),
        );
        put(
            &mut svg,
            format_args!(
                "<text x='{:.1}' y='{y:.1}'>{}</text>",
                x + 16.0,
                escaped(&line.name)
            ),
        );
    }
    end(svg)
}

fn bars_plot(title: &str, bars: &[(String, f64)]) -> String {
    let most = bars.iter().map(|(_, value)| *value).fold(1.0, f64::max);
    let mut svg = begin(title);
    let step = (HEIGHT - TOP - 20.0) / bars.len() as f64;
    for (number, (name, value)) in bars.iter().enumerate() {
        let y = TOP + step * number as f64;
        let colour = COLOURS
            .get(number % COLOURS.len())
            .copied()
            .unwrap_or("#000");
        let width = value / most * (WIDTH - RIGHT - 90.0);
        put(
            &mut svg,
            format_args!(
                "<text x='{:.1}' y='{:.1}' text-anchor='end'>{}</text>",
                RIGHT - 10.0,
                y + step / 2.0 + 4.0,
                escaped(name)
            ),
        );
        put(
            &mut svg,
            format_args!(
                "<rect x='{RIGHT}' y='{:.1}' width='{width:.1}' height='{:.1}' fill='{colour}'/>",
                y + step * 0.15,
                step * 0.7
            ),
        );
        put(
            &mut svg,
            format_args!(
                "<text x='{:.1}' y='{:.1}'>{value}</text>",
                RIGHT + width + 8.0,
                y + step / 2.0 + 4.0
            ),
        );
    }
    end(svg)
}

/// A logarithmic axis.
struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    fn over(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Scale {
        let (mut low, mut high) = (f64::MAX, f64::MIN);
        for value in values {
            (low, high) = (low.min(value), high.max(value));
        }
        Scale {
            low: low * 0.8,
            high: high * 1.25,
            from,
            to,
        }
    }

    fn place(&self, value: f64) -> f64 {
        let part = (value / self.low).ln() / (self.high / self.low).ln();
        self.from + part * (self.to - self.from)
    }

    /// 1, 2 and 5 times the powers of ten within.
    fn ticks(&self) -> Vec<f64> {
        let powers = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        let all = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)));
        all.filter(|tick| (self.low..=self.high).contains(tick))
            .collect()
    }
}

fn begin(title: &str) -> String {
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' font-family='sans-serif' font-size='12'>\n\
         <rect width='{WIDTH}' height='{HEIGHT}' fill='#fff'/>\n\
         <text x='{LEFT}' y='22' font-size='15'>{}</text>\n",
        escaped(title)
    )
}

fn end(mut svg: String) -> String {
    svg.push_str("</svg>\n");
    svg
}

fn put(svg: &mut String, part: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _infallible = writeln!(svg, "{part}");
}

fn short(value: f64) -> String {
    if value >= 1_000.0 {
        format!("{}k", value / 1_000.0)
    } else {
        let text = format!("{value:.3}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
