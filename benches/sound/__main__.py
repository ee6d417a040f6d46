"""What an ear hears of Arengo, LiveKit and a direct connection, side by side in one Chromium: `make sound`.

Environment: ROWS=0,15 these rows alone, SEEDS=1 so many seeds, SYSTEMS=arengo,livekit these alone: then the result is
only printed. TREE=path takes server and app from another tree, ARENGO=command its server by another command.
BEFORE=1 keeps the result as what later ones are compared with.
"""

from __future__ import annotations

import asyncio
import functools
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from benches.sound import report
from benches.sound.chromium import CHROMIUM, chromium
from benches.sound.measure import measure
from benches.sound.relay import Relay
from benches.sound.rows import ROWS
from benches.sound.speech import Speech, speech_file
from benches.sound.systems import Direct, System, arengo, livekit

ROOT = Path(__file__).parents[2]
OUT = ROOT / "target" / "sound"
LIVEKIT = ROOT / "benches" / ".peers" / "livekit-server"
RESULTS, BEFORE = (ROOT / "benches" / "results" / name for name in ("sound.json", "sound-before.json"))


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    results = asyncio.run(run())
    before = json.loads(BEFORE.read_text()) if BEFORE.exists() else []
    (OUT / "latest.json").write_text(_rows(results))
    print("\n" + report.tables(results, before))
    if any(os.environ.get(name) for name in ("ROWS", "SEEDS", "SYSTEMS")):
        return
    if os.environ.get("BEFORE"):
        BEFORE.write_text(_rows(results))
        return
    RESULTS.write_text(_rows(results))
    plots = ROOT / "docs" / "sound"
    plots.mkdir(exist_ok=True)
    (plots / "pesq.svg").write_text(report.plot(results, before))
    (ROOT / "docs" / "sound.md").write_text(report.page(results, before, _versions()))


def _rows(results: list[dict[str, Any]]) -> str:
    return "[\n" + ",\n".join(json.dumps(result) for result in results) + "\n]\n"


async def run() -> list[dict[str, Any]]:
    """Measure what the environment asks for; each result is printed as it comes."""
    prefer("self")
    chosen, wanted = (tuple(filter(None, os.environ.get(name, "").split(","))) for name in ("ROWS", "SYSTEMS"))
    tree = Path(os.environ.get("TREE") or ROOT).resolve()
    command = os.environ.get("ARENGO", "").split() or ["env", f"PYTHONPATH={tree / 'src'}", sys.executable, "-m", "arengo"]
    bundle(tree)
    results = []
    async with AsyncExitStack() as hall:
        folder = Path(hall.enter_context(tempfile.TemporaryDirectory()))
        relay, url = hall.enter_context(Relay()), hall.enter_context(served(OUT))
        ours = await hall.enter_async_context(arengo(folder, tuple(command)))
        prefer(ours.server.process.pid if ours.server.process else "self")
        systems: dict[str, System] = {"arengo": ours, "direct": Direct()}
        systems["livekit"] = await hall.enter_async_context(livekit(folder, LIVEKIT))
        for speech in Speech:
            rows = [row for row in ROWS if row.speech is speech and (not chosen or row.key in chosen)]
            browser = await hall.enter_async_context(chromium(speech_file(speech, OUT))) if rows else None
            for row in rows:
                for seed in range(1, 1 + (int(os.environ.get("SEEDS") or 3) if row.seeded else 1)):
                    for names in row.together:
                        present = [systems[name] for name in names if not wanted or name in wanted]
                        if not present or browser is None:
                            continue
                        for result in await measure(row, seed, present, browser, url, relay):
                            print(report.line(result), flush=True)
                            results.append(result)
    return results


def prefer(process: int | str) -> None:
    """Let what is measured run before what else this machine does, where one may (sched(7), autogroup)."""
    with suppress(OSError):
        Path(f"/proc/{process}/autogroup").write_text("-18")


def bundle(tree: Path) -> None:
    """Make a page of the app's media code as it is in *tree*, LiveKit's client, and page.js."""
    here, entry = Path(__file__).parent, OUT / "app.ts"
    entry.write_text(f"export * from {json.dumps(str(tree / 'web' / 'src' / 'media' / 'index.ts'))};\n")
    rolldown = ROOT / "web" / "node_modules" / ".bin" / "rolldown"
    subprocess.run([rolldown, entry, "--format", "iife", "--name", "Arengo", "--file", OUT / "app.js"], check=True, capture_output=True)
    (OUT / "livekit.js").write_bytes((here / "node_modules" / "livekit-client" / "dist" / "livekit-client.umd.js").read_bytes())
    (OUT / "page.js").write_bytes((here / "page.js").read_bytes())
    scripts = "".join(f"<script src={name}.js></script>" for name in ("app", "livekit", "page"))
    (OUT / "index.html").write_text(f"<!doctype html><meta charset=utf-8><body><button>Listen</button>{scripts}")


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve *folder*; the address of its page."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/index.html"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return


def _versions() -> str:
    client = json.loads((Path(__file__).parent / "package.json").read_text())["dependencies"]["livekit-client"]
    told = [subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout for program in (CHROMIUM, LIVEKIT)]
    browser, server = (" ".join(text.split()[:2]) for text in told)
    return f"{browser}, {server} with livekit-client {client}"


if __name__ == "__main__":
    main()
