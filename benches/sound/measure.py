"""One measurement: people meet, talk until everything has settled, and are taped."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

from benches.sound import hearing
from benches.sound.rows import Row
from benches.sound.systems import AnyPage, Stage, System, Talk
from playwright.async_api import Browser
from tests.media.firefox import Firefox

_WARM_UP_S = 12.0  # receiver reports have come, and what follows from them has happened
_WINDOWS = 4
_TAPED_S = _WINDOWS * hearing.WINDOW_S + 1.6
_FIREFOX_TAPED_S = 26.0  # it answers within 30 s
_FIREFOX_SLACK_S = 0.5  # its recorder has no clock: it began at some time after this was subtracted

Result = dict[str, Any]
Totals = dict[str, dict[str, float]]  # by the kind of line and the name of the figure


async def measure(row: Row, seed: int, systems: Sequence[System], browser: Browser, page_url: str) -> list[Result]:
    """*systems* at the same time under the conditions of *row*; a result for each."""
    async with AsyncExitStack() as hall:
        stage = Stage(browser, page_url, row.scene, seed, hall)
        talks: dict[str, Talk] = {}
        for system in systems:
            talk = talks[system.name] = await system.talk(stage)
            while not await talk.listener.evaluate("hears()"):
                await asyncio.sleep(0.2)
        await asyncio.sleep(_WARM_UP_S)
        before = await _all_totals(talks)
        taping = {name: asyncio.gather(_tape(talk.speakers[0]), _tape(talk.listener)) for name, talk in talks.items()}
        await asyncio.sleep(_TAPED_S)
        after = await _all_totals(talks)
        carried = {name: (talk.leg.payloads.copy(), talk.leg.late_s) for name, talk in talks.items() if talk.leg}
        tapes = {name: (spoken[0], hearing.mixed(heard)) for name, (spoken, heard) in [(name, await both) for name, both in taping.items()]}
        names = {name: await talk.listener.evaluate("payloads") for name, talk in talks.items()}
    results = []
    for name, talk in talks.items():
        result = {"row": row.key, "system": name, "seed": seed, "load": round(os.getloadavg()[0], 1)}
        result |= await asyncio.to_thread(_heard, *tapes[name], judged=row.scene.speakers == 1, dated=not row.scene.firefox)
        result |= _received(before[talk.listener], after[talk.listener], row.scene.speakers)
        sent = _grown("outbound-rtp", before[talk.speakers[0]], after[talk.speakers[0]])
        result["sent_kbit"] = round(sent["bytesSent"] * 8 / sent["at"], 1)
        if name in carried:
            payloads, late_s = carried[name]
            result["came_as"] = {names[name].get(str(number), number): count for number, count in payloads.items() if count}
            result["relay_late_ms"] = round(1_000 * late_s, 1)
        results.append(result)
    return results


async def _tape(page: AnyPage) -> list[hearing.Recording]:
    """Each track of *page*; handing tapes over stops everything else, so that is done after what is measured."""
    if isinstance(page, Firefox):
        began = time.time() - _FIREFOX_SLACK_S
        samples, rate = await page.record(_FIREFOX_TAPED_S)
        return [hearing.Recording(hearing.resampled(samples, rate), began)]
    await page.evaluate("record()")
    await asyncio.sleep(_TAPED_S + 1.0)
    return [hearing.recording(tape) for tape in json.loads(await page.evaluate("recorded()"))]


async def _all_totals(talks: dict[str, Talk]) -> dict[AnyPage, Totals]:
    pages = [page for talk in talks.values() for page in (*talk.speakers, talk.listener)]
    return dict(zip(pages, await asyncio.gather(*(page.evaluate("totals()") for page in pages)), strict=True))


def _heard(spoken: hearing.Recording, heard: hearing.Recording, *, judged: bool, dated: bool) -> Result:
    """PESQ and delay, where one voice alone is heard."""
    windows = hearing.qualities(spoken, heard, _WINDOWS) if judged else []
    late = hearing.delays(spoken, heard) if judged and dated else []
    return {
        "pesq": round(statistics.mean(windows), 3) if windows else None,
        "delay_ms": round(1_000 * statistics.median(late), 1) if late else None,
        "untaped": spoken.missing + heard.missing,
    }


def _grown(kind: str, before: Totals, after: Totals) -> dict[str, float]:
    """By how much each figure grew; zero for those that a browser does not know."""
    return defaultdict(float, {name: value - before[kind].get(name, 0) for name, value in after[kind].items()})


def _received(before: Totals, after: Totals, voices: int) -> Result:
    """What the listener's browser says of the time between."""
    grown = _grown("inbound-rtp", before, after)
    # Idle lines are silent all the time: what counts is the time of the voices that can sound at once.
    sounding = max(1, grown["longest"] * min(voices, after["inbound-rtp"]["lines"]))
    return {
        "concealed": round((grown["concealedSamples"] - grown["silentConcealedSamples"]) / sounding, 5),
        "target_ms": round(1_000 * grown["jitterBufferTargetDelay"] / max(1, grown["jitterBufferEmittedCount"]), 1),
        "lost": round(grown["packetsLost"] / max(1, grown["packetsLost"] + grown["packetsReceived"]), 3),
        "retransmitted": grown["retransmittedPacketsReceived"],
        "received_kbit": round(grown["bytesReceived"] * 8 / max(1, grown["at"]), 1),
    }
