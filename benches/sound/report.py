"""The tables of `make sound`, the page docs/sound.md and its plot."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benches.sound.relay import CLEAR
from benches.sound.rows import BETTER_BY, CLOSE_MS, CONCEALED, ROWS, TARGET_MS, Row

Results = Sequence[dict[str, Any]]
# What stands beside what: a name, its colour, whether it is of the earlier results, and the system.
_BESIDE = (
    ("peer to peer", "#7f7f7f", False, "direct"),
    ("LiveKit", "#1f77b4", False, "livekit"),
    ("Arengo before", "#f7b6b2", True, "arengo"),
    ("Arengo", "#d62728", False, "arengo"),
)


class Figures(NamedTuple):
    """All seeds of one system under one condition together; None where nothing was measured."""

    pesq: float | None
    concealed: float | None
    target_ms: float | None
    delay_ms: float | None


def figures(results: Results, row: Row, system: str) -> Figures:
    mine = [result for result in results if (result["row"], result["system"]) == (row.key, system)]

    def over(name: str, together: Callable[[Sequence[float]], float]) -> float | None:
        values = [result[name] for result in mine if result.get(name) is not None]
        return together(values) if values else None

    mean, median = statistics.mean, statistics.median
    return Figures(over("pesq", mean), over("concealed", mean), over("target_ms", median), over("delay_ms", median))


def line(result: dict[str, Any]) -> str:
    """One result, for whoever waits."""
    late = f"relay late {_number(result.get('relay_late_ms'))} ms, load {result['load']}, not taped {result['untaped']}"
    return (
        f"{result['row']:10} {result['system']:7} seed {result['seed']}: PESQ {_number(result['pesq'], 2)}, "
        f"concealed {_share(result['concealed'])} of {_share(result['lost'])} lost, target {_number(result['target_ms'])} ms, ear "
        f"{_number(result['delay_ms'])} ms, {result['sent_kbit']} → {result['received_kbit']} kbit/s {result.get('came_as', '')} ({late})"
    )


def tables(results: Results, before: Results) -> tuple[str, str]:
    """What was measured under loss and straight, beside what has to be reached, as Markdown."""
    loss, straight = [], []
    for row in ROWS:
        shown = [figures(before if old else results, row, system) for _, _, old, system in _BESIDE]
        direct, theirs, _, ours = shown
        if ours.concealed is None and theirs.concealed is None:
            continue
        if row.scene.relayed:
            more = 0.0 if (row.scene.to_listener, row.scene.from_speaker) == (CLEAR, CLEAR) else BETTER_BY
            goal = None if theirs.pesq is None else round(theirs.pesq + more, 2)
            cells = [f"{_share(of.concealed)} / {_number(of.pesq, 2)}" for of in shown]
            loss.append([row.title, *cells, _number(goal, 2), _met((goal, ours.pesq))])
        else:
            goal = None if direct.delay_ms is None else direct.delay_ms + CLOSE_MS
            met = _met((ours.delay_ms, goal), (ours.target_ms, TARGET_MS), (ours.concealed, CONCEALED))
            cells = [f"{_number(of.delay_ms)} / {_number(of.target_ms)} / {_share(of.concealed)}" for of in shown]
            straight.append([row.title, *cells, f"{_number(goal)} / {TARGET_MS:.0f} / {_share(CONCEALED)}", met])
    return _markdown("loss: concealed / PESQ", loss), _markdown("no loss: mouth to ear / target, ms / concealed", straight)


def _met(*pairs: tuple[float | None, float | None]) -> str:
    known = [low <= high for low, high in pairs if low is not None and high is not None]
    return "–" if not known else "yes" if all(known) else "no"


def _number(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.2f} %"


def _markdown(first: str, rows: list[list[str]]) -> str:
    head = [first, *(name for name, *_ in _BESIDE), "to reach", "reached"]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, ["---"] + ["---:"] * (len(head) - 1), *rows)) if rows else ""


def page(results: Results, before: Results, versions: str) -> str:
    """docs/sound.md, from the words of page.md."""
    loss, straight = tables(results, before)
    load, seeds = statistics.mean(result["load"] for result in results), len({result["seed"] for result in results})
    goals = {"better_by": BETTER_BY, "close_ms": CLOSE_MS, "target_ms": TARGET_MS}
    words = (Path(__file__).parent / "page.md").read_text()
    return words.format(loss=loss, straight=straight, seeds=seeds, load=load, cores=os.cpu_count(), versions=versions, **goals)


def plot(results: Results, before: Results) -> str:
    """PESQ of each system under each loss, as bars in an SVG."""
    rows = [row for row in ROWS if row.scene.relayed]
    left, base, tall, group, bar = 40, 300, 65, 110, 22
    width, height = left + group * len(rows) + 20, base + 30
    svg = [f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' font-family='sans-serif' font-size='11'>"]
    svg.append(f"<rect width='{width}' height='{height}' fill='#fff'/>")
    for score in range(1, 6):
        y = base - tall * (score - 1)
        svg.append(f"<line x1='{left}' y1='{y}' x2='{width}' y2='{y}' stroke='#ddd'/><text x='{left - 12}' y='{y + 4}'>{score}</text>")
    for place, (name, colour, old, system) in enumerate(_BESIDE):
        svg.append(f"<rect x='{left + 120 * place}' y='8' width='10' height='10' fill='{colour}'/>")
        svg.append(f"<text x='{left + 120 * place + 15}' y='17'>{name}</text>")
        for number, row in enumerate(rows):
            x, pesq = left + 10 + group * number + bar * place, figures(before if old else results, row, system).pesq
            if pesq is not None:
                top = base - tall * (pesq - 1)
                svg.append(f"<rect x='{x}' y='{top:.0f}' width='{bar - 3}' height='{base - top:.0f}' fill='{colour}'/>")
                svg.append(f"<text x='{x}' y='{top - 4:.0f}' font-size='9'>{pesq:.2f}</text>")
    for number, row in enumerate(rows):
        svg.append(f"<text x='{left + 10 + group * number}' y='{base + 16}'>{row.key}</text>")
    return "\n".join([*svg, "</svg>\n"])
