"""One measurement: people meet, talk until everything has settled, and are taped."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from benches.sound import hearing
from benches.sound.chromium import Chromium
from benches.sound.hearing import Recording
from benches.sound.relay import Relay
from benches.sound.rows import Row
from benches.sound.systems import AnyPage, FirefoxPage, Stage, System, Talk

_WARM_UP_S = 12.0  # receiver reports have come, and what follows from them has happened
_WINDOWS = 4
_TAPED_S = _WINDOWS * hearing.WINDOW_S + 1.6
_FIREFOX_TAPED_S = 26.0  # it answers within 30 s
_FIREFOX_SLACK_S = 0.5  # its recorder has no clock: it began at some time after this was subtracted

Result = dict[str, Any]
Lines = list[dict[str, Any]]


async def measure(row: Row, seed: int, systems: Sequence[System], browser: Chromium, page_url: str, relay: Relay) -> list[Result]:
    """*systems* at the same time under the conditions of *row*; a result for each."""
    async with AsyncExitStack() as hall:
        hall.callback(relay.close_all)
        stage = Stage(browser, page_url, relay, replace(row.scene, seed=seed), hall)
        talks: dict[str, Talk] = {}
        for system in systems:
            talks[system.name] = await system.talk(stage)
            await talks[system.name].is_heard()
        await asyncio.sleep(_WARM_UP_S)
        before, cpu_before = await _all_lines(talks), _cpu_times()
        tapes = await _taped(talks)
        after, cpu_after = await _all_lines(talks), _cpu_times()
        names = {name: await talk.listener.call("payloads") for name, talk in talks.items()}
        tally = relay.close_all()
    idle, passed = (b - a for a, b in zip(cpu_before, cpu_after, strict=True))
    machine = {"busy": round(1 - idle / max(1, passed), 2), "load": round(os.getloadavg()[0], 1), "relay_late_ms": round(tally.late_ms, 1)}
    results = []
    for name, talk in talks.items():
        came = tally.payloads.get(talk.leg[1] if talk.leg else 0, {})
        result = {"row": row.key, "system": name, "seed": seed}
        result |= await asyncio.to_thread(_heard, *tapes[name], judged=row.scene.speakers == 1, dated=not row.scene.firefox)
        result |= _received(before[talk.listener], after[talk.listener], row.scene.speakers)
        result |= {"sent_kbit": _Grown("outbound-rtp", before[talk.speakers[0]], after[talk.speakers[0]]).kbit("bytesSent")}
        result |= {"came_as": {names[name].get(str(number), number): count for number, count in came.items()}, **machine}
        results.append(result)
    return results


async def _taped(talks: dict[str, Talk]) -> dict[str, tuple[Recording, Recording]]:
    """What the first speaker said and what the listener heard, by system."""

    async def tape(page: AnyPage) -> list[Recording]:
        if isinstance(page, FirefoxPage):
            began = time.time() - _FIREFOX_SLACK_S
            samples, rate = await page.browser.record(_FIREFOX_TAPED_S)
            return [Recording(hearing.resampled(samples, rate), began)]
        await page.call("record()")
        await asyncio.sleep(_TAPED_S)
        return [hearing.recording(one) for one in await page.call("recorded()")]

    pairs = await asyncio.gather(*(asyncio.gather(tape(talk.speakers[0]), tape(talk.listener)) for talk in talks.values()))
    return {name: (spoken[0], hearing.mixed(heard)) for name, (spoken, heard) in zip(talks, pairs, strict=True)}


async def _all_lines(talks: dict[str, Talk]) -> dict[AnyPage, Lines]:
    pages = [page for talk in talks.values() for page in (*talk.speakers, talk.listener)]
    return dict(zip(pages, await asyncio.gather(*(page.call("lines()") for page in pages)), strict=True))


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
        self._before, self._after = {line["id"]: line for line in before}, [line for line in after if line["type"] == kind]

    def each(self, name: str) -> list[float]:
        return [line.get(name, 0) - self._before.get(line["id"], {}).get(name, 0) for line in self._after]

    def all(self, name: str) -> float:
        return sum(self.each(name))

    def kbit(self, name: str) -> float:
        return round(self.all(name) * 8 / max(1, *self.each("timestamp"), 1), 1)


def _received(before: Lines, after: Lines, voices: int) -> Result:
    """What the listener's browser says of the time between."""
    grown = _Grown("inbound-rtp", before, after)
    samples = grown.each("totalSamplesReceived")
    # Idle lines are silent all the time: what counts is the time of the voices that can sound at once.
    sounding = max(1, max(samples) * min(voices, len(samples)))
    emitted = max(1, grown.all("jitterBufferEmittedCount"))
    lost = grown.all("packetsLost")
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
