//! docs/benchmarks.md, written from the results.

use serde_json::Value;

use super::plot::carried;
use super::table::{cell, table};
use super::{
    COST, cost_at, end, is_floor, is_merged, is_mumble, is_of_size, is_part, is_plain, list,
    median, name, number, rows, sizes, text,
};

/// Frames of a merged packet.
const FRAMES_MERGED: f64 = 3.0;

/// The whole page.
pub fn write(all: &Value) -> String {
    let rows = rows(all);
    let machine = all.get("machine").unwrap_or(&Value::Null);
    let recording = all.get("recording").unwrap_or(&Value::Null);
    let softirq = if machine
        .get("softirq_in_system_time")
        .and_then(Value::as_bool)
        == Some(true)
    {
        "This kernel counts that work in the system time of whoever sends, so `softirq_s` is told beside it and not added."
    } else {
        "This kernel counts that work apart, so `softirq_s` is added to the server's user and system time."
    };
    format!(
        "# Benchmarks

<!-- Written by `make bench` from benches/results/latest.json; `arengo-bench page` writes it again. -->

What a delivered packet costs, how many listeners one core carries, how long a packet is on its way, and how soon who joins hears something: Arengo beside LiveKit, Janus, mumble-server, and the floor, in one run on one machine.
The rows are in [benches/results/latest.json](../benches/results/latest.json), {extent}; `make bench` measures them again.

## The figures

{figures}
{floor}## CPU for each delivered packet

µs of one core, one talker, median of the rounds; a dash where a system did not carry so many.

{cpu}
![CPU for each delivered packet](benchmarks/cpu.svg)

{listeners}## Delay

From the talker's system call to the moment when the kernel has the packet for the listener's socket; of a merged packet, for the newest of its three frames, whose oldest has waited 40 ms more by design.
Where the talker's coder changes its mode, three frames cannot be one packet: those before the change leave beside the rest, 20 or 40 ms old, and with these recordings that is one packet in a hundred.

{delay}
{loads}![Forward delay](benchmarks/delay.svg)

## Joins

Eight participants at a time (32 with Janus, where each mostly waits), each from the first word of signalling to the first packet of sound, the next one when that has come; talkers send a packet every 20 ms, so that 10 ms of it are waiting for one.

{joins}
![Join to first packet](benchmarks/join.svg)

{storm}
## Memory and bytes

Resident memory of the server's processes; bytes of a delivered datagram without UDP and IP.

{memory}
![Memory](benchmarks/memory.svg)

## The core beside the floor, packet by packet

The media core on its own thread and the bare loop take turns with every packet, in one process, so that whatever else the machine does befalls both.

{inside}
{channel}{soak}## How it is measured

The machine: {cpu_name}, {cpus} CPUs{virtual_}, {memory_gib} GiB, Linux {kernel}.
Servers run on one CPU, the clients on the other, in a network namespace of their own; packets go over its loopback device, through a route, to an address for each participant.

Every participant of a WebRTC server is the project's own client without its threads and sockets: real ICE, DTLS 1.2 and SRTP.
They share one socket and one thread, which counts and times each packet by its header and opens one in fifty, which must be what a talker said, and in order.
The socket is looked at every 200 µs and never waited on, so that sending to it wakes nobody up; the kernel's own time stamps tell when a packet came.
Talkers play recorded speech of the demo, {opus_bytes} bytes of Opus in a packet on average, 50 packets a second, always equally loud, so that every server passes all of it on.

All WebRTC servers are offered the same SRTP profiles and agree on {profiles}; the floor uses AEAD_AES_256_GCM, mumble-server its own OCB2-AES128.
The floor is a loop that copies a packet, seals it under a key for each listener and hands batches to `sendmmsg`; nothing that delivers sealed packets one by one over this kernel's UDP can be cheaper.

CPU is the user and system time of the server's processes in the window, and that of the kernel thread which takes network work over from them.
Over loopback that includes the receiver's half of the network stack, which on a real network another machine pays.
{softirq}
A row is valid only with less than 0.1 % loss, none of it by the bench itself.

LiveKit is entered by its WHIP endpoint, with one request for talkers and listeners alike, because that is its shortest way in; its answer waits for subscriptions in steps of 50 ms.
Its listeners are hidden, so that nobody is told of them, and its limit of tracks is off.

Janus is Debian's, signalled over its Unix socket; its Streaming plugin is fed with plain RTP, and to its VideoRoom the talker comes by WebRTC.
Installed, each listener has a thread, and libsrtp takes its ciphers from NSS; tuned, one thread serves all (`event_loops = 1`, for the one CPU), and libsrtp, from Debian's source package, takes them from OpenSSL.
Janus drops the first flight of a listener's DTLS, which comes before it is ready: a quarter of a second of each join is the wait for the repeat.

mumble-server is Debian's, with its limits lifted and everybody in one channel; voice goes over UDP.
Its own client pings both ways every five seconds; guests of the bench are silent once they are inside, which spares the server that work.
Loss is told by the counter in clear, delay by the packets that are opened, for the rest of a datagram is sealed.
It tells everybody inside of everybody who comes: that makes joining quadratic, and it is joining that ends its audience here.

{not_built}",
        extent = extent(&rows),
        figures = figures(all),
        floor = out_of_reach(&rows),
        cpu = by_size(&rows, COST, 1.0, 2),
        listeners = limits(&rows),
        delay = by_size_of_three(&rows),
        loads = loads(&rows),
        joins = joins(&rows),
        storm = storm(&rows),
        memory = memory(&rows),
        inside = inside(all),
        channel = channel(all),
        soak = soak(&rows),
        cpu_name = text(machine, "cpu"),
        cpus = number(machine, "cpus"),
        virtual_ = if machine.get("virtual").and_then(Value::as_bool) == Some(true) { " of a virtual machine" } else { "" },
        memory_gib = number(machine, "memory_gib"),
        kernel = text(machine, "kernel"),
        opus_bytes = number(recording, "opus_bytes_mean"),
        profiles = profiles(&rows),
        not_built = not_built(all),
    )
}

/// How much was measured.
fn extent(rows: &[&Value]) -> String {
    let fan_out = || rows.iter().filter(|row| is_part(row, "fan-out"));
    let rounds = fan_out().map(|row| number(row, "round") + 1.0);
    let seconds = fan_out().map(|row| number(row, "window_s"));
    format!(
        "from {} of windows of {:.0} s",
        match rounds.fold(0.0, f64::max) {
            1.0 => "a short run with one round".to_owned(),
            rounds => format!("{rounds} rounds"),
        },
        seconds.fold(0.0, f64::max),
    )
}

fn figures(all: &Value) -> String {
    let rows = list(all, "figures").map(|figure| {
        let met = match figure.get("met").and_then(Value::as_bool) {
            Some(true) => "yes",
            Some(false) => "no",
            None => "not measured",
        };
        let unit = text(figure, "unit");
        vec![
            text(figure, "what").to_owned(),
            format!(
                "{} {} {unit}",
                text(figure, "bound"),
                number(figure, "wanted")
            ),
            format!(
                "{} {unit}",
                cell(figure.get("reached").and_then(Value::as_f64), 2)
            ),
            met.to_owned(),
            text(figure, "note").to_owned(),
        ]
    });
    table(&["what", "wanted", "reached", "met", "how"], rows)
}

/// Why mumble-server's half is not reached, where the floor itself does not reach it.
fn out_of_reach(rows: &[&Value]) -> String {
    let compared = sizes(rows).into_iter().rev().find_map(|size| {
        let theirs = cost_at(rows, size, is_mumble)?;
        let floor = cost_at(rows, size, is_floor)?;
        let own = cost_at(rows, size, is_plain)?;
        let merged = cost_at(rows, size, is_merged)?;
        Some((size, theirs, floor, own, merged))
    });
    let Some((size, theirs, floor, own, merged)) = compared else {
        return String::new();
    };
    if floor <= theirs / 2.0 {
        return String::new();
    }
    format!(
        "Half of what a packet costs mumble-server is out of reach while each packet carries 20 ms: with {size} listeners the floor, which seals and sends and does nothing else, needs {floor_of_theirs:.2} of it, and is {floor_of_own:.0} % of all that Arengo spends.
Less than the floor needs only who sends fewer packets: merged, the same sound costs {merged_of_theirs:.2} of what mumble-server spends, and waits 40 ms for it.

",
        floor_of_theirs = floor / theirs,
        floor_of_own = 100.0 * floor / own,
        merged_of_theirs = merged / theirs / FRAMES_MERGED,
    )
}

/// Names of the systems of a part, in the order of their first rows.
fn names(rows: &[&Value], part: &str) -> Vec<String> {
    let mut names = Vec::new();
    for row in rows.iter().filter(|row| is_part(row, part)) {
        if !names.contains(&name(row)) {
            names.push(name(row));
        }
    }
    names
}

fn at(rows: &[&Value], field: &str, of: &str, size: f64) -> Option<f64> {
    median(rows, field, |row| is_of_size(row, size) && name(row) == of)
}

fn by_size(rows: &[&Value], field: &str, scale: f64, decimals: usize) -> String {
    let sizes = sizes(rows);
    let heads: Vec<String> = sizes
        .iter()
        .map(|size| format!("{size} listeners"))
        .collect();
    let mut all = vec![""];
    all.extend(heads.iter().map(String::as_str));
    let body = names(rows, "fan-out").into_iter().map(|of| {
        let mut cells = vec![of.clone()];
        cells.extend(sizes.iter().map(|size| {
            cell(
                at(rows, field, &of, *size).map(|value| value * scale),
                decimals,
            )
        }));
        cells
    });
    table(&all, body)
}

fn by_size_of_three(rows: &[&Value]) -> String {
    let sizes = sizes(rows);
    let heads: Vec<String> = sizes
        .iter()
        .map(|size| format!("{size} listeners: p50, p99, p99.9 ms"))
        .collect();
    let mut all = vec![""];
    all.extend(heads.iter().map(String::as_str));
    let body = names(rows, "fan-out").into_iter().map(|of| {
        let mut cells = vec![of.clone()];
        for size in &sizes {
            let three = ["delay_p50_us", "delay_p99_us", "delay_p999_us"];
            let three = three.map(|field| cell(at(rows, field, &of, *size).map(|us| us / 1e3), 1));
            cells.push(three.join(", "));
        }
        cells
    });
    table(&all, body)
}

fn limits(rows: &[&Value]) -> String {
    let (one, three) = (carried(rows, 1.0), carried(rows, 3.0));
    if one.is_empty() {
        return String::new();
    }
    let body = one.into_iter().map(|(of, listeners)| {
        let others = three.iter().find(|(name, _)| *name == of);
        vec![
            of,
            cell(Some(listeners), 0),
            cell(others.map(|(_, listeners)| *listeners), 0),
        ]
    });
    format!(
        "## Listeners on one core

The largest audience without loss (under 0.1 %), found by letting more in, twentieth by twentieth, until the core was full or the server let nobody in any more.

{}
![Listeners on one core](benchmarks/listeners.svg)

",
        table(&["", "one talker", "three talkers"], body)
    )
}

fn loads(rows: &[&Value]) -> String {
    let loads = rows
        .iter()
        .filter(|row| is_part(row, "load") || is_part(row, "small-spaces"));
    let body = loads.map(|row| {
        let ms = |field: &str| cell(Some(number(row, field) / 1e3), 1);
        let spaces = number(row, "spaces");
        vec![
            name(row),
            cell(Some(if spaces.is_finite() { spaces } else { 1.0 }), 0),
            cell(Some(number(row, "talkers")), 0),
            cell(Some(number(row, "listeners")), 0),
            format!("{} %", cell(Some(number(row, "load") * 100.0), 0)),
            ms("delay_p50_us"),
            ms("delay_p99_us"),
            ms("delay_p999_us"),
        ]
    });
    let body: Vec<Vec<String>> = body.collect();
    if body.is_empty() {
        return String::new();
    }
    let table = table(
        &[
            "",
            "spaces",
            "talkers",
            "listeners",
            "load",
            "p50 ms",
            "p99 ms",
            "p99.9 ms",
        ],
        body,
    );
    format!(
        "At 10, 50 and 80 % of what one core carries, with one talker and with three:\n\n{table}\n"
    )
}

fn joins(rows: &[&Value]) -> String {
    let sizes = sizes(rows);
    let mut body = Vec::new();
    for of in names(rows, "fan-out") {
        for size in &sizes {
            if let Some(rate) = at(rows, "joins_per_s", &of, *size) {
                let first = at(rows, "join_first_packet_ms", &of, *size);
                body.push(vec![
                    of.clone(),
                    cell(Some(*size), 0),
                    cell(Some(rate), 0),
                    cell(first, 1),
                ]);
            }
        }
    }
    table(
        &["", "listeners", "joins a second", "first packet, median ms"],
        body,
    )
}

fn storm(rows: &[&Value]) -> String {
    let storms = rows.iter().filter(|row| is_part(row, "storm"));
    let body: Vec<Vec<String>> = storms
        .map(|row| {
            let ms = |field: &str| cell(Some(number(row, field) / 1e3), 1);
            vec![
                name(row),
                cell(Some(number(row, "joins_per_s")), 0),
                cell(Some(number(row, "join_first_packet_ms")), 1),
                format!("{} %", cell(Some(number(row, "loss") * 100.0), 3)),
                ms("delay_p50_us"),
                ms("delay_p99_us"),
                ms("delay_p999_us"),
            ]
        })
        .collect();
    if body.is_empty() {
        return String::new();
    }
    let table = table(
        &[
            "",
            "joins a second",
            "first packet, median ms",
            "loss",
            "p50 ms",
            "p99 ms",
            "p99.9 ms",
        ],
        body,
    );
    format!(
        "A storm: 3,000 join a space in which 1,000 listen, 300 in a second; the server may use both CPUs, of which the clients, handshakes and all, share one. Loss and delay are those of the 1,000.\n\n{table}\n"
    )
}

fn memory(rows: &[&Value]) -> String {
    let sizes = sizes(rows);
    let mut body = Vec::new();
    for of in names(rows, "fan-out") {
        let largest = sizes
            .iter()
            .rev()
            .find(|size| at(rows, "rss_kib", &of, **size).is_some());
        if let Some(size) = largest {
            let field = |field: &str| at(rows, field, &of, *size);
            let whole = field("rss_kib");
            let empty = field("rss_empty_kib");
            let each = whole
                .zip(empty)
                .map(|(whole, empty)| (whole - empty) / size);
            let bytes = field("bytes_delivered").zip(field("packets_delivered"));
            body.push(vec![
                of.clone(),
                cell(Some(*size), 0),
                cell(empty.map(|kib| kib / 1024.0), 1),
                cell(whole.map(|kib| kib / 1024.0), 1),
                cell(each, 1),
                cell(bytes.map(|(bytes, packets)| bytes / packets), 0),
            ]);
        }
    }
    table(
        &[
            "",
            "listeners",
            "empty MiB",
            "full MiB",
            "each listener KiB",
            "bytes of a packet",
        ],
        body,
    )
}

fn inside(all: &Value) -> String {
    let body = list(all, "inside").map(|row| {
        let field = |name: &str, decimals| cell(Some(number(row, name)), decimals);
        vec![
            field("listeners", 0),
            field("copies", 0),
            field("core_us", 3),
            field("floor_us", 3),
            field("ratio", 2),
        ]
    });
    table(
        &["listeners", "copies", "core µs", "floor µs", "ratio"],
        body,
    )
}

fn channel(all: &Value) -> String {
    let body: Vec<Vec<String>> = list(all, "channel")
        .map(|row| {
            [
                ("readers", 0),
                ("joins_per_s", 0),
                ("kib_each", 1),
                ("message_us", 1),
                ("told_p50_ms", 0),
                ("told_last_p99_ms", 0),
                ("storm_joins_per_s", 0),
                ("storm_answer_p99_ms", 0),
            ]
            .map(|(field, decimals)| cell(Some(number(row, field)), decimals))
            .to_vec()
        })
        .collect();
    if body.is_empty() {
        return String::new();
    }
    let table = table(
        &[
            "people",
            "joins a second",
            "each KiB",
            "µs for a message",
            "told, median ms",
            "last one told, p99 ms",
            "storm: joins a second",
            "storm: answers, p99 ms",
        ],
        body,
    );
    format!(
        "## The space channel\n\nPeople in one space with a channel each and no sound (`make bench-channel`); the host changes the title four times a second; in the storm, 300 more come in a second, each with an offer of sound.\n\n{table}\n"
    )
}

fn soak(rows: &[&Value]) -> String {
    let minutes: Vec<&&Value> = rows.iter().filter(|row| is_part(row, "soak")).collect();
    let (Some(first), Some(last)) = (minutes.first(), minutes.last()) else {
        return String::new();
    };
    let sum = |field: &str| {
        let values = minutes.iter().map(|row| number(row, field));
        values.filter(|value| value.is_finite()).sum::<f64>()
    };
    let worst = minutes.iter().map(|row| number(row, "loss"));
    format!(
        "## A soak\n\n{} minutes at {} % load with {} listeners: memory {} KiB in the first minute and {} KiB in the last, loss at most {} % in a minute, {} timestamps that strayed, {} participants lost.\n\n",
        minutes.len(),
        cell(Some(number(first, "load") * 100.0), 0),
        number(first, "listeners"),
        number(first, "rss_kib"),
        number(last, "rss_kib"),
        cell(Some(worst.fold(0.0, f64::max) * 100.0), 3),
        sum("samples_strayed"),
        sum("participants_lost"),
    )
}

fn profiles(rows: &[&Value]) -> String {
    let mut profiles: Vec<&str> = rows.iter().map(|row| text(row, "profile")).collect();
    profiles.retain(|profile| profile.contains("AES") && !profile.contains("OCB"));
    profiles.sort_unstable();
    profiles.dedup();
    profiles.join(" and ")
}

fn not_built(all: &Value) -> String {
    let missing: Vec<String> = list(all, "not_built")
        .map(|row| format!("- {}: {}\n", name(row), text(row, "reason")))
        .collect();
    let limits: Vec<String> = list(all, "limits")
        .map(|limit| format!("- {}\n", end(limit)))
        .collect();
    let mut page = String::new();
    if !missing.is_empty() {
        page.push_str(&format!("## Not measured\n\n{}\n", missing.concat()));
    }
    if !limits.is_empty() {
        page.push_str(&format!(
            "## Where a system came to its end\n\n{}",
            limits.concat()
        ));
    }
    page
}
