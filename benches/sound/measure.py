"""One measurement: people meet, talk until everything has settled, and are taped."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from playwright.async_api import Browser

from benches.sound import hearing
from benches.sound.hearing import Recording
from benches.sound.rows import Row
from benches.sound.systems import AnyPage, FirefoxPage, Stage, System, Talk

_CONNECTS_WITHIN_S = 20.0
_WARM_UP_S = 12.0  # receiver reports have come, and what follows from them has happened
_WINDOWS = 4
_TAPED_S = _WINDOWS * hearing.WINDOW_S + 1.6
_FIREFOX_TAPED_S = 26.0  # it answers within 30 s
_FIREFOX_SLACK_S = 0.5  # its recorder has no clock: it began at some time after this was subtracted
_HEARS = "lines().then((all) => all.some((one) => one.type === 'inbound-rtp' && one.packetsReceived > 0))"

Result = dict[str, Any]
Lines = list[dict[str, Any]]


async def measure(row: Row, seed: int, systems: Sequence[System], browser: Browser, page_url: str) -> list[Result]:
    """*systems* at the same time under the conditions of *row*; a result for each."""
    async with AsyncExitStack() as hall:
        stage = Stage(browser, page_url, row.scene, seed, hall)
        talks: dict[str, Talk] = {}
        for system in systems:
            talk = talks[system.name] = await system.talk(stage)
            async with asyncio.timeout(_CONNECTS_WITHIN_S):
                while not await talk.listener.evaluate(_HEARS):
                    await asyncio.sleep(0.2)
        await asyncio.sleep(_WARM_UP_S)
        before, cpu_before = await _all_lines(talks), _cpu_times()
        taping = {name: asyncio.gather(_tape(talk.speakers[0]), _tape(talk.listener)) for name, talk in talks.items()}
        await asyncio.sleep(_TAPED_S)
        after, cpu_after = await _all_lines(talks), _cpu_times()
        carried = {name: (talk.leg.payloads.copy(), talk.leg.late_s) for name, talk in talks.items() if talk.leg}
        tapes = {name: (spoken[0], hearing.mixed(heard)) for name, (spoken, heard) in [(name, await both) for name, both in taping.items()]}
        names = {name: await talk.listener.evaluate("payloads") for name, talk in talks.items()}
    idle, passed = (b - a for a, b in zip(cpu_before, cpu_after, strict=True))
    machine = {"busy": round(1 - idle / max(1, passed), 2), "load": round(os.getloadavg()[0], 1)}
    results = []
    for name, talk in talks.items():
        said, heard = (
            _Grown(kind, before[page], after[page]) for kind, page in (("outbound", talk.speakers[0]), ("inbound", talk.listener))
        )
        result = {"row": row.key, "system": name, "seed": seed}
        result |= await asyncio.to_thread(_heard, *tapes[name], judged=row.scene.speakers == 1, dated=not row.scene.firefox)
        result |= _received(heard, row.scene.speakers) | {"sent_kbit": said.kbit("bytesSent")}
        if name in carried:
            payloads, late_s = carried[name]
            result["came_as"] = {names[name].get(str(number), number): count for number, count in payloads.items() if count}
            result["relay_late_ms"] = round(1_000 * late_s, 1)
        results.append(result | machine)
    return results


async def _tape(page: AnyPage) -> list[Recording]:
    """Each track of *page*; handing tapes over stops everything else, so that is done after what is measured."""
    if isinstance(page, FirefoxPage):
        began = time.time() - _FIREFOX_SLACK_S
        samples, rate = await page.browser.record(_FIREFOX_TAPED_S)
        return [Recording(hearing.resampled(samples, rate), began)]
    await page.evaluate("record()")
    await asyncio.sleep(_TAPED_S + 1.0)
    return [hearing.recording(tape) for tape in json.loads(await page.evaluate("recorded()"))]


async def _all_lines(talks: dict[str, Talk]) -> dict[AnyPage, Lines]:
    pages = [page for talk in talks.values() for page in (*talk.speakers, talk.listener)]
    return dict(zip(pages, await asyncio.gather(*(page.evaluate("lines()") for page in pages)), strict=True))


def _heard(spoken: Recording, heard: Recording, *, judged: bool, dated: bool) -> Result:
    """PESQ and delay, where one voice alone is heard."""
    facts: Result = {"untaped": spoken.missing + heard.missing}
    if judged:
        facts["pesq"] = [round(one, 2) for one in hearing.qualities(spoken, heard, _WINDOWS)]
    if judged and dated:
        late = [1_000 * one for one in hearing.delays(spoken, heard)]
        facts["delay_ms"] = round(statistics.median(late), 1) if late else None
    return facts


class _Grown:
    """By how much a page's statistics grew, on all its lines of a kind (webrtc-stats)."""

    def __init__(self, kind: str, before: Lines, after: Lines) -> None:
        self._before, self._after = {line["id"]: line for line in before}, [line for line in after if line["type"] == f"{kind}-rtp"]

    def each(self, name: str) -> list[float]:
        return [line.get(name, 0) - self._before.get(line["id"], {}).get(name, 0) for line in self._after]

    def all(self, name: str) -> float:
        return sum(self.each(name))

    def kbit(self, name: str) -> float:
        return round(self.all(name) * 8 / max(1, *self.each("timestamp"), 1), 1)


def _received(grown: _Grown, voices: int) -> Result:
    """What the listener's browser says of the time between."""
    samples = grown.each("totalSamplesReceived")
    # Idle lines are silent all the time: what counts is the time of the voices that can sound at once.
    sounding = max(1, max(samples) * min(voices, len(samples)))
    emitted, lost = max(1, grown.all("jitterBufferEmittedCount")), grown.all("packetsLost")
    return {
        "concealed": round((grown.all("concealedSamples") - grown.all("silentConcealedSamples")) / sounding, 5),
        "target_ms": round(1_000 * grown.all("jitterBufferTargetDelay") / emitted, 1),
        "lost": round(lost / max(1, lost + grown.all("packetsReceived")), 3),
        "retransmitted": grown.all("retransmittedPacketsReceived"),
        "received_kbit": grown.kbit("bytesReceived"),
    }


def _cpu_times() -> tuple[int, int]:
    """Idle and all jiffies of this machine so far."""
    times = [int(part) for part in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return times[3] + times[4], sum(times)
