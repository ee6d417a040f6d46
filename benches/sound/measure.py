"""One measurement: people meet, talk until everything has settled, and are taped."""

from __future__ import annotations

import asyncio
import functools
import os
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from benches.sound import hearing
from benches.sound.chromium import Chromium, Page
from benches.sound.hearing import Recording
from benches.sound.relay import Relay
from benches.sound.rows import Row
from benches.sound.systems import HEARS, Arengo, Direct, FirefoxPage, LiveKit, Stage, Talk, until

WARM_UP_S = 12.0  # receiver reports have come, and what follows from them has happened
_WINDOWS = 4
_TAPED_S = _WINDOWS * hearing.WINDOW_S + 1.6
_FIREFOX_TAPED_S = 26.0  # it answers within 30 s
_FIREFOX_SLACK_S = 0.5  # its recorder has no clock: it began at some time after this was subtracted

Result = dict[str, Any]
Lines = dict[str, dict[str, Any]]


async def measure(
    row: Row, seed: int, systems: Sequence[Arengo | LiveKit | Direct], browser: Chromium, page_url: str, relay: Relay
) -> list[Result]:
    """*systems* at the same time under the conditions of *row*; a result for each."""
    async with AsyncExitStack() as hall:
        stage = Stage(browser, page_url, relay, replace(row.scene, seed=seed), hall)
        talks: dict[str, Talk] = {}
        for system in systems:
            talks[system.name] = await system.talk(stage)
            await until(talks[system.name].listener, HEARS)
        await asyncio.sleep(WARM_UP_S)
        before, cpu_before = await _all_lines(talks), _cpu_times()
        tapes = await _taped(talks)
        names = {name: await talk.listener.call("payloads") for name, talk in talks.items()}
        after, cpu_after = await _all_lines(talks), _cpu_times()
        tally = relay.close_all()
    busy = 1 - (cpu_after[0] - cpu_before[0]) / max(1, cpu_after[1] - cpu_before[1])
    results = []
    for name, talk in talks.items():
        result: Result = {"row": row.key, "system": name, "seed": seed}
        result |= await asyncio.to_thread(_heard, *tapes[name], judged=row.scene.speakers == 1, dated=not row.scene.firefox)
        result |= _received(before[talk.listener], after[talk.listener], row.scene.speakers)
        result |= _sent(before[talk.speakers[0]], after[talk.speakers[0]], tally.payloads.get(talk.listeners_port or 0, {}), names[name])
        result |= {"busy": round(busy, 2), "load": round(os.getloadavg()[0], 1), "relay_late_ms": [round(tally.late_median_ms, 2), round(tally.late_worst_ms, 1)]}
        results.append(result)
    return results


async def _taped(talks: dict[str, Talk]) -> dict[str, tuple[Recording, Recording]]:
    """What the first speaker said and what the listener heard, by system."""
    taped: dict[Page | FirefoxPage, list[Recording]] = {}

    async def in_chromium(page: Page) -> None:
        await page.call("record()")
        await asyncio.sleep(_TAPED_S)
        taped[page] = [hearing.recording(tape) for tape in await page.call("recorded()")]

    async def in_firefox(page: FirefoxPage) -> None:
        began = time.time()
        samples, rate = await page.browser.record(_FIREFOX_TAPED_S)
        taped[page] = [Recording(hearing.resampled(samples, rate), began - _FIREFOX_SLACK_S)]

    pages = [page for talk in talks.values() for page in (talk.speakers[0], talk.listener)]
    await asyncio.gather(*(in_chromium(page) if isinstance(page, Page) else in_firefox(page) for page in pages))
    return {name: (taped[talk.speakers[0]][0], hearing.mixed(taped[talk.listener])) for name, talk in talks.items()}


async def _all_lines(talks: dict[str, Talk]) -> dict[Page | FirefoxPage, Lines]:
    pages = [page for talk in talks.values() for page in talk.pages()]
    told = await asyncio.gather(*(page.call("lines()") for page in pages))
    return {page: {line["id"]: line for line in lines} for page, lines in zip(pages, told, strict=True)}


def _heard(spoken: Recording, heard: Recording, *, judged: bool, dated: bool) -> Result:
    """PESQ and delay, where one voice alone is heard."""
    facts: Result = {"untaped": spoken.missing + heard.missing}
    if judged:
        facts["pesq"] = [round(one, 2) for one in hearing.qualities(spoken, heard, _WINDOWS)]
    if judged and dated:
        late = [1_000 * one for one in hearing.delays(spoken, heard)]
        facts["delay_ms"] = round(statistics.median(late), 1) if late else None
    return facts


def _grown(before: Lines, after: Lines, kind: str, name: str) -> list[float]:
    return [line.get(name, 0) - before.get(key, {}).get(name, 0) for key, line in after.items() if line["type"] == kind]


def _received(before: Lines, after: Lines, voices: int) -> Result:
    """What the listener's browser says of the time between, all its lines together (webrtc-stats)."""
    grown = functools.partial(_grown, before, after, "inbound-rtp")
    samples = max(grown("totalSamplesReceived"))
    # Idle lines are silent all the time: what counts is the time of the voices that can sound at once.
    sounding = samples * min(voices, len(grown("totalSamplesReceived")))
    emitted = max(1, sum(grown("jitterBufferEmittedCount")))
    return {
        "concealed": round((sum(grown("concealedSamples")) - sum(grown("silentConcealedSamples"))) / max(1, sounding), 5),
        "target_ms": round(1_000 * sum(grown("jitterBufferTargetDelay")) / emitted, 1),
        "buffer_ms": round(1_000 * sum(grown("jitterBufferDelay")) / emitted, 1),
        "lost": round(sum(grown("packetsLost")) / max(1, sum(grown("packetsReceived")) + sum(grown("packetsLost"))), 3),
        "retransmitted": sum(grown("retransmittedPacketsReceived")),
        "received_kbit": round(sum(grown("bytesReceived")) * 8 * 48 / max(1, samples), 1),
    }


def _sent(before: Lines, after: Lines, came: dict[int, int], names: dict[str, str]) -> Result:
    """What the first speaker sent, and what the listener's leg carried: packets by the codec of their payload type."""
    grown = functools.partial(_grown, before, after, "outbound-rtp")
    sent = round(sum(grown("bytesSent")) * 8 / 1_000 / _TAPED_S, 1)
    return {"sent_kbit": sent, "came_as": {names.get(str(number), str(number)): count for number, count in came.items()}}


def _cpu_times() -> tuple[int, int]:
    """Idle and all jiffies of this machine so far."""
    times = [int(part) for part in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return times[3] + times[4], sum(times)
