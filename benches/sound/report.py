"""The tables of `make sound`, the page docs/sound.md and its plot."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
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

    pesq: float | None = None
    concealed: float | None = None
    target_ms: float | None = None
    delay_ms: float | None = None


def figures(results: Results, row: Row, system: str) -> Figures:
    mine = [result for result in results if (result["row"], result["system"]) == (row.key, system)]

    def over(name: str, together: Callable[[Sequence[float]], float]) -> float | None:
        values = [result[name] for result in mine if result.get(name) is not None]
        return together(values) if values else None

    windows = [window for result in mine for window in result.get("pesq", [])]
    pesq = statistics.mean(windows) if windows else None
    return Figures(pesq, over("concealed", statistics.mean), over("target_ms", statistics.median), over("delay_ms", statistics.median))


def line(result: dict[str, Any]) -> str:
    """One result, for whoever waits."""
    title = next(row.title for row in ROWS if row.key == result["row"])
    pesq = statistics.mean(result["pesq"]) if result.get("pesq") else None
    return (
        f"{title:30} {result['system']:7} seed {result['seed']}  PESQ {_number(pesq, 2):4}  concealed {_share(result['concealed']):>7}"
        f"  target {_number(result['target_ms']):>3}  ear {_number(result.get('delay_ms')):>3} ms  lost {_share(result['lost']):>7}"
        f"  {result['sent_kbit']:5.1f} → {result['received_kbit']:5.1f} kbit/s  {result.get('came_as', '')}"
        f"  [{100 * result['busy']:.0f} % busy, load {result['load']}" + f", {result['untaped']} not taped" * bool(result["untaped"]) + "]"
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
            is_lossy = (row.scene.to_listener, row.scene.from_speaker) != (CLEAR, CLEAR)
            goal = None if theirs.pesq is None else round(theirs.pesq + (BETTER_BY if is_lossy else 0.0), 2)
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
    """docs/sound.md."""
    loss, straight = tables(results, before)
    busy, seeds = statistics.mean(result["busy"] for result in results), len({result["seed"] for result in results})
    return f"""# What an ear hears

<!-- Written by `make sound` from benches/results/sound.json. -->

Arengo beside LiveKit and a direct connection, in one run and in one Chromium: {versions}.
All microphones play the same synthesised speech, and the browser's own processing is off.
Arengo is joined by the app's own media code, LiveKit by its client with its defaults.
The machine was {100 * busy:.0f} % busy on average.

## Loss

Each way between a browser and a server goes through a relay with 20 ms in each direction, which loses packets by a seed.
PESQ is wide-band (ITU-T P.862.2), of what the listener's browser plays: the mean of four windows of 8 s and {seeds} seeds.
Audibly concealed is `concealedSamples` less `silentConcealedSamples`, as a part of the samples of the voices that can sound at once.
Measuring begins 12 s after the connection, when receiver reports have had their effect.
Under loss LiveKit's PESQ plus {BETTER_BY} is to be reached, and without loss LiveKit's.

{loss}
Firefox can only record what it plays, as Opus of 64 kbit/s and by a clock of its own: its scores compare with each other alone.

![PESQ by loss](sound/pesq.svg)

## Delay

No loss, and no relay: everybody is on one machine.
Mouth to ear is the median of half seconds of speech, found in what is played by correlation; both are dated by the machine's clock.
A direct connection plus {CLOSE_MS:.0f} ms is to be reached, with a jitter buffer target of {TARGET_MS:.0f} ms.

{straight}"""


def plot(results: Results, before: Results) -> str:
    """PESQ of each system under each loss, as bars in an SVG."""
    rows = [row for row in ROWS if row.scene.relayed]
    left, base, tall, group, bar = 40, 300, 65, 110, 22
    width, height = left + group * len(rows) + 20, base + 60
    svg = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' font-family='sans-serif' font-size='11'>",
        f"<rect width='{width}' height='{height}' fill='#fff'/>",
    ]
    for score in range(1, 6):
        y = base - tall * (score - 1)
        svg.append(f"<line x1='{left}' y1='{y}' x2='{width}' y2='{y}' stroke='#ddd'/><text x='{left - 12}' y='{y + 4}'>{score}</text>")
    for place, (name, colour, old, system) in enumerate(_BESIDE):
        svg.append(f"<rect x='{left + 120 * place}' y='8' width='10' height='10' fill='{colour}'/>")
        svg.append(f"<text x='{left + 120 * place + 15}' y='17'>{name}</text>")
        for number, row in enumerate(rows):
            x, pesq = left + 10 + group * number + bar * place, figures(before if old else results, row, system).pesq
            if pesq is not None:
                y = base - tall * (pesq - 1)
                svg.append(f"<rect x='{x}' y='{y:.0f}' width='{bar - 3}' height='{base - y:.0f}' fill='{colour}'/>")
                svg.append(f"<text x='{x}' y='{y - 4:.0f}' font-size='9'>{pesq:.2f}</text>")
    for number, row in enumerate(rows):
        words = row.title.split()
        for at in range(0, len(words), 3):
            svg.append(f"<text x='{left + 10 + group * number}' y='{base + 16 + 5 * at}'>{' '.join(words[at : at + 3])}</text>")
    return "\n".join([*svg, "</svg>\n"])
