"""A revoked token takes its voice along: a listener hears it no more, and its channel is closed."""

from __future__ import annotations

import asyncio
import contextlib

import numpy as np
import pytest
from tests.media.aiortc_peer import RATE, hearing, speaking
from tests.media.live_server import LiveServer
from tests.voices.ear import Samples
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

pytestmark = pytest.mark.asyncio(loop_scope="package")

LISTEN_S = 4.0
GENEROUS_S = 2.0  # the machine may be busy, and a listener's buffer plays on; what was measured is printed


def seconds_of_voice(sound: Samples) -> float:
    """How much of *sound* is louder than the noise of a decoder, in pieces of 20 ms."""
    pieces = sound[: len(sound) // 960 * 960].reshape(-1, 960)
    return float(np.count_nonzero(np.sqrt(np.mean(pieces**2, axis=1)) > 0.005) * 960 / RATE)


async def test_a_revoked_token_is_heard_no_more_and_its_channel_is_closed(live: LiveServer) -> None:
    host = await live.person("selma")
    robot = await live.call(host.token, "POST", "/tokens", {"label": "robot"})
    space = await live.space(host)
    channel = live.url.replace("http", "ws", 1) + f"/api/v1/spaces/{space['id']}/channel"
    async with (
        live.http(robot["token"]) as http,
        live.http() as nobody,
        speaking(http, space["id"], "ann"),
        hearing(nobody, space["id"], lines=1) as listener,
        connect(channel, additional_headers={"authorization": f"Bearer {robot['token']}"}, proxy=None) as socket,
    ):
        await socket.send('{"type":"hello"}')
        await asyncio.sleep(LISTEN_S)
        before = seconds_of_voice(listener.sound())
        assert before > LISTEN_S / 4

        listener.clear()
        await live.call(host.token, "DELETE", f"/tokens/{robot['id']}")
        await asyncio.sleep(LISTEN_S)
        after = seconds_of_voice(listener.sound())
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            async with asyncio.timeout(GENEROUS_S):
                async for _ in socket:
                    pass

        print(f"{after:.2f} s of the voice were heard after its token was revoked, {before:.2f} s before")
        assert after < before / 2
        assert after < GENEROUS_S
        assert (socket.close_code, socket.close_reason) == (4401, "not_signed_in")
