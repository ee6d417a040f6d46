"""What an ear hears of Arengo, LiveKit and a direct connection, side by side in one Chromium; `make sound`.

Environment: ROWS=0,15 these rows alone; SEEDS=1 so many of them; SYSTEMS=arengo,livekit these alone; TREE=path the
Arengo of another tree; ARENGO=command its server by another command.
"""

from __future__ import annotations

import asyncio
import functools
import http.server
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benches.sound import hearing
from benches.sound.chromium import Chromium, Page, chromium
from benches.sound.relay import Loss, Relay, Tally
from benches.sound.speech import Speech, speech_file
from benches.sound.systems import Arengo, Direct, LiveKit, Scene, Stage, Talk, arengo, livekit, until, HEARS

ROOT = Path(__file__).parents[2]
OUT = ROOT / "target" / "sound"
LIVEKIT = ROOT / "benches" / ".peers" / "livekit-server"
WARM_UP_S = 12.0  # receiver reports have come, and what follows from them has happened
WINDOWS = 4
RECORDED_S = WINDOWS * hearing.WINDOW_S + 1.6

System = Arengo | LiveKit | Direct


@dataclass(frozen=True, slots=True)
class Row:
    """One condition, and which systems meet it."""

    key: str
    title: str
    scene: Scene
    speech: Speech = Speech.READ
    systems: tuple[str, ...] = ("arengo", "livekit")
    seeded: bool = True  # measured once for each seed


ROWS = (
    Row("0", "no loss", Scene(), systems=("arengo", "livekit", "direct")),
    Row("5", "5 % random", Scene(to_listener=Loss(0.05))),
    Row("15", "15 % random", Scene(to_listener=Loss(0.15))),
    Row("30", "30 % random", Scene(to_listener=Loss(0.3))),
    Row("bursts", "15 % in bursts of 3 on average", Scene(to_listener=Loss(0.15, 3.0))),
    Row("in", "15 % on the speaker's way in", Scene(from_speaker=Loss(0.15))),
    Row("read", "read speech, few pauses", Scene(relayed=False), systems=("direct", "livekit", "arengo"), seeded=False),
    Row("paused", "pauses of a second", Scene(relayed=False), Speech.PAUSED, ("direct", "livekit", "arengo"), seeded=False),
    Row("three", "three speakers", Scene(relayed=False, speakers=3), Speech.PAUSED, ("arengo",), seeded=False),
    Row("six", "six speakers", Scene(relayed=False, speakers=6), Speech.PAUSED, ("arengo",), seeded=False),
)


async def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    rows = [row for row in ROWS if row.key in os.environ.get("ROWS", "").split(",") or not os.environ.get("ROWS")]
    seeds = range(1, 1 + int(os.environ.get("SEEDS") or 3))
    wanted = (os.environ.get("SYSTEMS") or "arengo,livekit,direct").split(",")
    tree = Path(os.environ.get("TREE") or ROOT).resolve()
    command = os.environ.get("ARENGO", "").split() or ["env", f"PYTHONPATH={tree / 'src'}", sys.executable, "-m", "arengo"]
    bundle(tree)
    results: list[dict[str, Any]] = []
    async with AsyncExitStack() as open_:
        folder = Path(open_.enter_context(tempfile.TemporaryDirectory()))
        relay, url = open_.enter_context(Relay()), open_.enter_context(served(OUT))
        systems: list[System] = [Direct()]
        if "arengo" in wanted:
            systems.append(await open_.enter_async_context(arengo(folder, tuple(command))))
        if "livekit" in wanted:
            systems.append(await open_.enter_async_context(livekit(folder, LIVEKIT)))
        for speech in Speech:
            of_speech = [row for row in rows if row.speech is speech]
            if not of_speech:
                continue
            async with chromium(speech_file(speech, OUT)) as browser:
                for row in of_speech:
                    present = [one for one in systems if one.name in row.systems and one.name in wanted]
                    for seed in seeds if row.seeded else seeds[:1]:
                        results += await measure(row, seed, present, browser, url, relay)
    (OUT / "results.json").write_text(json.dumps(results, indent=1))


def bundle(tree: Path) -> None:
    """Make the page of the app's media code as it is in *tree*, LiveKit's client and our own part."""
    entry, here = OUT / "app.ts", Path(__file__).parent
    web = json.dumps(str(tree / "web" / "src" / "media" / "index.ts"))
    entry.write_text(f"export * from {web};\n")
    rolldown = ROOT / "web" / "node_modules" / ".bin" / "rolldown"
    subprocess.run([rolldown, entry, "--format", "iife", "--name", "Arengo", "--file", OUT / "app.js"], check=True, capture_output=True)
    client = here / "node_modules" / "livekit-client" / "dist" / "livekit-client.umd.js"
    (OUT / "livekit.js").write_bytes(client.read_bytes())
    (OUT / "page.js").write_bytes((here / "page.js").read_bytes())
    scripts = "".join(f"<script src={name}.js></script>" for name in ("app", "livekit", "page"))
    (OUT / "index.html").write_text(f"<!doctype html><meta charset=utf-8><body>{scripts}")


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve *folder*; its address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/index.html"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return


async def measure(
    row: Row, seed: int, systems: Sequence[System], browser: Chromium, url: str, relay: Relay
) -> list[dict[str, Any]]:
    """All systems at once under the conditions of *row*."""
    scene = Scene(row.scene.to_listener, row.scene.from_speaker, row.scene.speakers, row.scene.relayed, seed)
    stage = Stage(browser, url, relay, scene)
    talks: dict[str, Talk] = {}
    for system in systems:
        talks[system.name] = await system.talk(stage)
        await until(talks[system.name].listener, HEARS)
    await asyncio.sleep(WARM_UP_S)
    pages = [page for talk in talks.values() for page in talk.pages()]
    before, busy_before = await asyncio.gather(*(lines(page) for page in pages)), cpu_times()
    await asyncio.gather(*(page.call("record()") for page in pages if page in _taped(talks)))
    await asyncio.sleep(RECORDED_S)
    after, busy_after = await asyncio.gather(*(lines(page) for page in pages)), cpu_times()
    tapes = {page: [hearing.recording(tape) for tape in await page.call("recorded()")] for page in _taped(talks)}
    await asyncio.gather(*(page.close() for page in pages))
    tally = relay.close_all()
    busy = 1 - (busy_after[0] - busy_before[0]) / max(1, busy_after[1] - busy_before[1])
    spans = dict(zip(pages, zip(before, after, strict=True), strict=True))
    results = []
    for name, talk in talks.items():
        result = {"row": row.key, "system": name, "seed": seed, "busy": round(busy, 2), "load": round(os.getloadavg()[0], 1)}
        result |= received(*spans[talk.listener], scene.speakers) | sent(*spans[talk.speakers[0]])
        result |= {"relay_late_ms": [round(tally.late_median_ms, 2), round(tally.late_worst_ms, 1)]}
        result |= await asyncio.to_thread(heard, tapes[talk.speakers[0]], tapes[talk.listener], judged=scene.speakers == 1)
        results.append(result)
        print(json.dumps(result), flush=True)
    return results


def _taped(talks: dict[str, Talk]) -> list[Page]:
    return [page for talk in talks.values() for page in (talk.speakers[0], talk.listener) if page is not None]


Lines = dict[str, dict[str, Any]]


async def lines(page: Page) -> Lines:
    return {line["id"]: line for line in await page.call("lines()")}


def _grown(before: Lines, after: Lines, kind: str, name: str) -> list[float]:
    return [line.get(name, 0) - before.get(key, {}).get(name, 0) for key, line in after.items() if line["type"] == kind]


def received(before: Lines, after: Lines, voices: int) -> dict[str, Any]:
    """What the listener's browser says of the time between, all lines together."""
    grown = functools.partial(_grown, before, after, "inbound-rtp")
    # Idle lines are silent all the time: what counts is the time of those voices that can sound at once.
    samples = min(voices, len(grown("totalSamplesReceived"))) * max(grown("totalSamplesReceived"))
    audible = sum(grown("concealedSamples")) - sum(grown("silentConcealedSamples"))
    seconds = max(grown("totalSamplesReceived")) / 48_000
    emitted = max(1, sum(grown("jitterBufferEmittedCount")))
    return {
        "concealed": round(audible / max(1, samples), 5),
        "target_ms": round(1_000 * sum(grown("jitterBufferTargetDelay")) / emitted, 1),
        "buffer_ms": round(1_000 * sum(grown("jitterBufferDelay")) / emitted, 1),
        "packets_lost": sum(grown("packetsLost")),
        "packets": sum(grown("packetsReceived")),
        "retransmitted": sum(grown("retransmittedPacketsReceived")),
        "redundant": sum(grown("fecPacketsReceived")),
        "received_kbit": round(sum(grown("bytesReceived")) * 8 / 1_000 / max(1, seconds), 1),
        "codec": sorted({line["codec"] for line in after.values() if line["type"] == "inbound-rtp" and line["codec"]}),
    }


def sent(before: Lines, after: Lines) -> dict[str, Any]:
    grown = functools.partial(_grown, before, after, "outbound-rtp")
    codecs = sorted({line["codec"] for line in after.values() if line["type"] == "outbound-rtp" and line["codec"]})
    return {"sent_kbit": round(sum(grown("bytesSent")) * 8 / 1_000 / RECORDED_S, 1), "sent_codec": codecs}


def heard(spoken: list[hearing.Recording], received: list[hearing.Recording], *, judged: bool) -> dict[str, Any]:
    """PESQ and delay, where one voice alone is heard."""
    mouth, ear = spoken[0], hearing.mixed(received)
    facts: dict[str, Any] = {"untaped": mouth.missing + ear.missing}
    if judged:
        late = [1_000 * one for one in hearing.delays(mouth, ear)]
        facts["pesq"] = [round(one, 2) for one in hearing.qualities(mouth, ear, WINDOWS)]
        facts["delay_ms"] = round(statistics.median(late), 1) if late else None
        facts["delay_spread_ms"] = [round(one, 1) for one in statistics.quantiles(late, n=20)[:: 18]] if len(late) > 20 else None
    return facts


def cpu_times() -> tuple[int, int]:
    """Idle and all jiffies of this machine so far."""
    times = [int(part) for part in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return times[3] + times[4], sum(times)


if __name__ == "__main__":
    asyncio.run(main())
