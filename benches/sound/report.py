"""The tables of `make sound`, the page docs/sound.md and its plot."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from benches.sound.rows import BETTER_BY, CLOSE_MS, CONCEALED, LOSS, ROWS, STRAIGHT, TARGET_MS, Row

NAMES = {"direct": "peer to peer", "livekit": "LiveKit", "arengo": "Arengo"}
_COLOURS = {"direct": "#7f7f7f", "livekit": "#1f77b4", "before": "#f7b6b2", "arengo": "#d62728"}
_MISSING = "–"


@dataclass(frozen=True, slots=True)
class Figures:
    """All seeds of one system under one condition together; None where nothing was measured."""

    pesq: float | None
    concealed: float | None
    target_ms: float | None
    delay_ms: float | None


def figures(results: Iterable[dict[str, Any]], row: Row, system: str) -> Figures:
    mine = [result for result in results if (result["row"], result["system"]) == (row.key, system)]

    def over(name: str, together: Callable[[Sequence[float]], float]) -> float | None:
        values = [result[name] for result in mine if result.get(name) is not None]
        return together(values) if values else None

    windows = [window for result in mine for window in result.get("pesq", [])]
    return Figures(
        statistics.mean(windows) if windows else None,
        over("concealed", statistics.mean),
        over("target_ms", statistics.median),
        over("delay_ms", statistics.median),
    )


def line(result: dict[str, Any]) -> str:
    """One result, for whoever waits."""
    title = next(row.title for row in ROWS if row.key == result["row"])
    pesq = statistics.mean(result["pesq"]) if result.get("pesq") else None
    parts = (
        f"{title:32.32} {NAMES[result['system']]:12} seed {result['seed']}  PESQ {_number(pesq, 2):4}  concealed {_share(result['concealed']):>7}",
        f"target {_number(result['target_ms']):>3} ms  ear {_number(result.get('delay_ms')):>3} ms  lost {_share(result['lost']):>6}",
        f"{result['sent_kbit']:5.1f} → {result['received_kbit']:5.1f} kbit/s  {result['came_as'] or ''}  machine {_number(100 * result['busy'])} % busy",
        f"load {result['load']}" + (f"  {result['untaped']} frames not taped" if result["untaped"] else ""),
    )
    return "  ".join(parts)


def tables(results: Sequence[dict[str, Any]], before: Sequence[dict[str, Any]] = ()) -> str:
    """Everything that was measured beside what has to be reached, as Markdown."""
    return f"{_loss_table(results, before)}\n{_straight_table(results, before)}"


def _loss_table(results: Sequence[dict[str, Any]], before: Sequence[dict[str, Any]]) -> str:
    rows = []
    for row in LOSS:
        ours, theirs, old = figures(results, row, "arengo"), figures(results, row, "livekit"), figures(before, row, "arengo")
        if ours.pesq is None and theirs.pesq is None:
            continue
        goal = None if theirs.pesq is None else theirs.pesq + (BETTER_BY if row.is_lossy else 0.0)
        rows.append(
            [
                row.title,
                *([_both(old)] if before else []),
                _both(theirs),
                f"**{_both(ours)}**",
                f"PESQ {_number(goal, 2)}",
                _met(goal, ours.pesq),
            ]
        )
    head = ["loss", *(["Arengo before"] if before else []), "LiveKit", "Arengo", "to reach", "reached"]
    return _markdown(head, rows) if rows else ""


def _straight_table(results: Sequence[dict[str, Any]], before: Sequence[dict[str, Any]]) -> str:
    rows = []
    for row in STRAIGHT:
        ours, old = figures(results, row, "arengo"), figures(before, row, "arengo")
        direct, theirs = figures(results, row, "direct"), figures(results, row, "livekit")
        if ours.target_ms is None or ours.concealed is None:
            continue
        goal = None if direct.delay_ms is None else direct.delay_ms + CLOSE_MS
        reached = [_met(ours.target_ms, TARGET_MS), _met(ours.concealed, CONCEALED), *([_met(ours.delay_ms, goal)] if goal else [])]
        goals = [f"{_number(goal)} ms" if goal else _MISSING, f"{TARGET_MS:.0f} ms", _share(CONCEALED)]
        cells = [_delays(one) for one in (direct, theirs, *([old] if before else []))] + [f"**{_delays(ours)}**"]
        rows.append([row.title, *cells, " / ".join(goals), "yes" if set(reached) <= {"yes"} else "no"])
    head = ["mouth to ear, median / jitter buffer target / audibly concealed", "peer to peer", "LiveKit"]
    return _markdown([*head, *(["Arengo before"] if before else []), "Arengo", "to reach", "reached"], rows) if rows else ""


def _both(of: Figures) -> str:
    return f"{_share(of.concealed)} / {_number(of.pesq, 2)}" if of.pesq is not None else _MISSING


def _delays(of: Figures) -> str:
    return " / ".join((_number(of.delay_ms), _number(of.target_ms), _share(of.concealed))) if of.target_ms is not None else _MISSING


def _met(low: float | None, high: float | None) -> str:
    return _MISSING if low is None or high is None else "yes" if low <= high else "no"


def _number(value: float | None, digits: int = 0) -> str:
    return _MISSING if value is None else f"{value:.{digits}f}"


def _share(value: float | None) -> str:
    return _MISSING if value is None else f"{100 * value:.2f} %"


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def page(results: Sequence[dict[str, Any]], before: Sequence[dict[str, Any]], versions: str) -> str:
    """docs/sound.md."""
    busy = [result["busy"] for result in results]
    seeds = len({result["seed"] for result in results})
    return f"""# What an ear hears

<!-- Written by `make sound` from benches/results/sound.json. -->

Arengo beside LiveKit and a direct connection, in one run and in one Chromium: {versions}.
Each way between a browser and a server goes through a relay of ours with 20 ms in each direction, which loses packets by a seed.
All microphones play the same synthesised speech; the browser's own processing is off.

- Arengo is joined by the app's own media code, LiveKit by its client with its defaults.
- PESQ is wide-band (ITU-T P.862.2) over what the listener's browser plays: the mean of four windows of 8 s and {seeds} seeds.
- Audibly concealed is `concealedSamples` less `silentConcealedSamples`, as a part of the samples of the voices that can sound at once.
- What is recorded begins 12 s after the connection, when receiver reports have had their effect.
- Firefox cannot hand out what it plays with its times, so it records it as Opus at 64 kbit/s, which takes a little off every score.

The machine was {100 * statistics.mean(busy):.0f} % busy on average.

## Loss

Audibly concealed / PESQ.
LiveKit plus {BETTER_BY} is to be reached where packets are lost.

{_loss_table(results, before)}
![PESQ by loss](sound/pesq.svg)

## Delay

No loss, and no relay: people are on one machine.
Mouth to ear is taken by correlating half a second of what is spoken with what is played, both by the machine's clock.
A direct connection plus {CLOSE_MS:.0f} ms is to be reached.

{_straight_table(results, before)}"""


def plot(results: Sequence[dict[str, Any]], before: Sequence[dict[str, Any]]) -> str:
    """PESQ of each system under each loss, as bars in an SVG."""
    left, top, height, group, bar = 40, 40, 260, 110, 22
    rows = [row for row in LOSS if figures(results, row, "arengo").pesq is not None]
    width = left + group * len(rows) + 20
    base = top + height
    svg = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {base + 60}' font-family='sans-serif' font-size='11'>",
        f"<rect width='{width}' height='{base + 60}' fill='#fff'/>",
    ]
    for score in range(1, 6):
        y = base - height * (score - 1) / 4
        svg.append(f"<line x1='{left}' y1='{y}' x2='{width - 10}' y2='{y}' stroke='#ddd'/><text x='{left - 12}' y='{y + 4}'>{score}</text>")
    bars = (("direct", results, "direct"), ("livekit", results, "livekit"), ("before", before, "arengo"), ("arengo", results, "arengo"))
    for number, row in enumerate(rows):
        x = left + 10 + group * number
        for place, (colour, of, system) in enumerate(bars):
            pesq = figures(of, row, system).pesq
            if pesq is not None:
                tall = height * (pesq - 1) / 4
                svg.append(
                    f"<rect x='{x + bar * place}' y='{base - tall:.1f}' width='{bar - 3}' height='{tall:.1f}' fill='{_COLOURS[colour]}'/>"
                )
                svg.append(f"<text x='{x + bar * place}' y='{base - tall - 4:.1f}' font-size='9'>{pesq:.2f}</text>")
        for at, words in enumerate(_wrapped(row.title)):
            svg.append(f"<text x='{x}' y='{base + 16 + 13 * at}'>{words}</text>")
    for place, (colour, _, system) in enumerate(bars):
        name = NAMES[system] + (", before" if colour == "before" else "")
        svg.append(f"<rect x='{left + 150 * place}' y='12' width='10' height='10' fill='{_COLOURS[colour]}'/>")
        svg.append(f"<text x='{left + 150 * place + 15}' y='21'>{name}</text>")
    return "\n".join([*svg, "</svg>\n"])


def _wrapped(title: str) -> list[str]:
    words = title.split()
    return [" ".join(words[at : at + 3]) for at in range(0, len(words), 3)]
