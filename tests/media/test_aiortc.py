"""aiortc, written by others, is heard and hears."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from tests.media.aiortc_peer import RATE, hearing, speaking
from tests.media.live_server import LiveServer
from tests.voices.ear import Ear

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_one_line_hears_the_one_who_speaks(live: LiveServer, trained: Ear) -> None:
    host = await live.person("ada")
    space = await live.space(host)
    async with (
        live.http(host.token) as http,
        live.http() as nobody,
        speaking(http, space["id"], "ann"),
        hearing(nobody, space["id"], lines=1) as listener,
    ):
        await asyncio.sleep(2)
        listener.clear()
        await asyncio.sleep(4)
        assert trained.voices(listener.sound(), RATE) == {"ann"}


async def test_three_lines_hear_three_voices_at_once_and_nobody_hears_themselves(live: LiveServer, trained: Ear) -> None:
    people = {voice: await live.person(f"three_{voice}") for voice in ("ann", "ben", "cal")}
    space = await live.space(people["ann"])
    async with AsyncExitStack() as stay:
        for voice, person in people.items():
            http = await stay.enter_async_context(live.http(person.token))
            await stay.enter_async_context(speaking(http, space["id"], voice))
        nobody = await stay.enter_async_context(live.http())
        listener = await stay.enter_async_context(hearing(nobody, space["id"], lines=3))
        ben = await stay.enter_async_context(live.http(people["ben"].token))
        own = await stay.enter_async_context(hearing(ben, space["id"], lines=3))
        await asyncio.sleep(2)
        listener.clear()
        own.clear()
        await asyncio.sleep(5)
        assert trained.voices(listener.sound(), RATE) == {"ann", "ben", "cal"}
        assert trained.voices(own.sound(), RATE) == {"ann", "cal"}
        assert len(listener.lines) == 3
