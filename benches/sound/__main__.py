"""What an ear hears of Arengo, LiveKit and a direct connection, side by side in one Chromium: `make sound`.

Environment: ROWS=0,15 these rows anew, the others stay as they are. SEEDS=1 so many, SYSTEMS=arengo,livekit these alone: then it
is only printed. TREE=path: server and app of another tree; ARENGO=command: its server. BEFORE=1: what later ones are compared with.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, TextIO

import httpx
from benches.sound import report
from benches.sound.measure import measure
from benches.sound.rows import ROWS, Speech, speech_file
from benches.sound.systems import CHROMIUM, Direct, System, arengo, chromium, livekit
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import async_playwright
from tests.media.firefox import BidiError
from websockets import WebSocketException

ROOT = Path(__file__).parents[2]
TREE = Path(os.environ.get("TREE") or ROOT).resolve()
OUT = ROOT / "target" / "sound"
LIVEKIT = ROOT / "benches" / ".peers" / "livekit-server"
CLIENT = Path(__file__).parent / "node_modules" / "livekit-client"
RESULTS, BEFORE = (ROOT / "benches" / "results" / name for name in ("sound.json", "sound-before.json"))
DOCS = ROOT / "docs"
_WITHIN_S = 300.0  # one measurement


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    results = asyncio.run(run())
    print("", *report.tables(results, json.loads(BEFORE.read_text())), sep="\n")
    out = BEFORE if os.environ.get("BEFORE") else RESULTS
    if out is RESULTS and any(os.environ.get(name) for name in ("SEEDS", "SYSTEMS")):
        return
    if os.environ.get("ROWS"):
        anew = {result["row"] for result in results}
        results += [result for result in json.loads(out.read_text()) if result["row"] not in anew]
    out.write_text("[\n" + ",\n".join(json.dumps(result) for result in results) + "\n]\n")
    results, before = (json.loads(path.read_text()) for path in (RESULTS, BEFORE))
    (DOCS / "sound" / "pesq.svg").write_text(report.plot(results, before))
    (DOCS / "sound.md").write_text(report.page(results, before, versions()))


async def its_turn(turn: TextIO) -> None:
    """Wait until no other measurement is under way on this machine: two at a time would disturb each other."""
    while True:
        with suppress(BlockingIOError):
            return fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        await asyncio.sleep(1.0)


async def run() -> list[dict[str, Any]]:
    """Measure what the environment asks for; each result is printed as it comes."""
    if task := asyncio.current_task():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    chosen, wanted = (tuple(filter(None, os.environ.get(name, "").split(","))) for name in ("ROWS", "SYSTEMS"))
    seeds, command = int(os.environ.get("SEEDS") or 3), os.environ.get("ARENGO") or f"env PYTHONPATH={TREE}/src {sys.executable} -m arengo"
    results: list[dict[str, Any]] = []
    async with AsyncExitStack() as hall:
        turn = hall.enter_context((Path(tempfile.gettempdir()) / "arengo-sound.lock").open("w"))
        playwright = await hall.enter_async_context(async_playwright())
        folder = Path(hall.enter_context(tempfile.TemporaryDirectory()))
        url = page_of(folder)
        ours = await hall.enter_async_context(arengo(folder, first(folder / "arengo", command)))
        systems: dict[str, System] = {"arengo": ours, "direct": Direct()}
        if LIVEKIT.exists():
            systems["livekit"] = await hall.enter_async_context(livekit(folder, first(folder / "livekit", str(LIVEKIT))))
        rows = [row for row in ROWS if not chosen or row.key in chosen]
        for speech in (one for one in Speech if any(row.speech is one for row in rows)):
            cells = [(row, seed) for row in rows if row.speech is speech for seed in range(1, 1 + (seeds if row.seeded else 1))]
            async with await chromium(playwright, first(folder / "chromium", CHROMIUM), speech_file(speech, OUT)) as browser:
                for row, seed in cells:
                    for names in [(name,) for name in row.systems] if row.scene.firefox else [row.systems]:
                        present = [systems[name] for name in names if name in systems and (not wanted or name in wanted)]
                        await its_turn(turn)
                        try:
                            measured = await asyncio.wait_for(measure(row, seed, present, browser, url), _WITHIN_S) if present else []
                        except (PlaywrightError, BidiError, WebSocketException, TimeoutError, AssertionError, httpx.HTTPError) as error:
                            print(f"{row.title}, seed {seed}: could not be measured: {error!r}", flush=True)
                            measured = []
                        fcntl.flock(turn, fcntl.LOCK_UN)
                        results += measured
                        (OUT / "latest.json").write_text(json.dumps(results))
                        print(*map(report.line, measured), sep="\n", flush=True)
    return results


def first(script: Path, command: str) -> Path:
    """A program that does *command* before what else this machine does, where one may (sched(7), autogroup)."""
    script.write_text(f'#!/bin/sh\n{{ echo -18 >/proc/self/autogroup; }} 2>/dev/null\nexec {command} "$@"\n')
    script.chmod(0o755)
    return script


def page_of(folder: Path) -> str:
    """Make a page of the app's media code as it is in TREE, LiveKit's client, and page.js; its address."""
    entry, app, page = (folder / name for name in ("app.ts", "app.js", "index.html"))
    entry.write_text(f"export * from {json.dumps(f'{TREE}/web/src/media/index.ts')};\n")
    rolldown = ROOT / "web" / "node_modules" / ".bin" / "rolldown"
    subprocess.run([rolldown, entry, "--format", "iife", "--name", "Arengo", "--file", app], check=True, capture_output=True)
    scripts = (app, CLIENT / "dist" / "livekit-client.umd.js", Path(__file__).parent / "page.js")
    body = "".join(f"<script>{one.read_text()}</script>" for one in scripts)
    page.write_text(f"<!doctype html><meta charset=utf-8><body><button>Listen</button>{body}")
    return page.as_uri()


def versions() -> str:
    told = [subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout for program in (CHROMIUM, LIVEKIT)]
    browser, server = " ".join(told[0].split()[:2]), told[1].split()[-1]
    return f"{browser}, LiveKit {server} with livekit-client {json.loads((CLIENT / 'package.json').read_text())['version']}"


if __name__ == "__main__":
    main()
