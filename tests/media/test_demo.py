"""`arengo demo`: alive at once, the same at the second start, gone at Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from tests.media.aiortc_peer import RATE, hearing
from tests.media.live_server import LiveServer
from tests.voices.ear import audible_spans

from arengo.demo.script import CHARACTERS, LIVE_TITLE, SCHEDULED_TITLE

pytestmark = pytest.mark.asyncio(loop_scope="package")
ON_STAGE = {character.display for character in CHARACTERS if character.part != "listener"}


async def the_full_stage(server: LiveServer, *, within_s: float = 20.0) -> dict[str, Any]:
    """The live space as a visitor sees it, once everybody who speaks is there."""
    async with asyncio.timeout(within_s):
        while True:
            live = (await server.call(None, "GET", "/spaces?state=live"))["spaces"]
            if len(live) == 1:
                space: dict[str, Any] = await server.call(None, "GET", f"/spaces/{live[0]['id']}")
                if {one["person"]["name"] for one in space["stage"] if one["presence"] == "here"} == ON_STAGE:
                    return space
            await asyncio.sleep(0.2)


async def test_the_demo_is_alive_at_once_and_the_same_at_the_second_start(tmp_path: Path) -> None:
    server = LiveServer(tmp_path)
    try:
        await server.start("demo")
        first = await the_full_stage(server)
        assert first["title"] == LIVE_TITLE
        assert all(one["person"]["bot"] for one in first["stage"])
        scheduled = (await server.call(None, "GET", "/spaces?state=scheduled"))["spaces"]
        assert [space["title"] for space in scheduled] == [SCHEDULED_TITLE]

        async with server.http() as http, hearing(http, first["id"], lines=3) as listener:
            await asyncio.sleep(15)
            spoken = sum(span.end_s - span.start_s for span in audible_spans(listener.sound(), RATE))
            assert spoken > 5

        begun = monotonic()
        await server.stop(signal.SIGINT)
        assert monotonic() - begun < 3.0

        await server.start("demo")
        second = await the_full_stage(server)
        assert second["id"] == first["id"]
        assert len(second["stage"]) == len(ON_STAGE)
        again = (await server.call(None, "GET", "/spaces?state=scheduled"))["spaces"]
        assert [space["id"] for space in again] == [scheduled[0]["id"]]
    finally:
        await server.stop()
    log = (tmp_path / "server.log").read_text()
    assert "Live now:" in log
    assert "Traceback" not in log
