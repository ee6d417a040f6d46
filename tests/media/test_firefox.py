"""Firefox as Debian ships it opens the link, taps Listen and hears."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from tests.media.firefox import Firefox, address_of_this_machine, firefox
from tests.media.live_server import running
from tests.media.test_commands import speaking
from tests.voices.ear import Ear

from arengo.adapters.media.headless import hearing

pytestmark = pytest.mark.asyncio(loop_scope="package")

# Packets a second with one frame of 20 ms each, and with three.
SINGLE = range(40, 61)
MERGED = range(12, 26)
PACE_WITHIN_S = 15.0


async def test_firefox_hears_the_space(trained: Ear, tmp_path: Path) -> None:
    async with running(tmp_path, address=address_of_this_machine()) as server:
        host = await server.person("ada")
        space = await server.space(host)
        async with speaking(space["url"], host, "ann"), firefox() as browser:
            await browser.open(space["url"])
            await browser.click_button("Listen")
            await asyncio.sleep(3)
            samples, rate = await browser.record(5)
            assert len(samples) > 4 * rate
            assert trained.voices(samples, rate) == {"ann"}


async def test_firefox_plays_merged_frames_and_the_way_there_and_back(trained: Ear, tmp_path: Path) -> None:
    async with running(tmp_path, "--media-merge-from", "3", address=address_of_this_machine()) as server:
        host = await server.person("ada")
        space = await server.space(host)
        async with speaking(space["url"], host, "ann"), firefox() as browser, server.http() as http:
            await browser.open(space["url"])
            await browser.click_button("Listen")
            await asyncio.sleep(3)
            before = await browser.sounds()
            await paced(browser, SINGLE)
            async with AsyncExitStack() as crowd:
                for _ in range(3):
                    await enters(crowd, http, f"{server.url}/api/v1/spaces/{space['id']}")
                await paced(browser, MERGED)
                samples, rate = await browser.record(5)
                assert trained.voices(samples, rate) == {"ann"}
            await paced(browser, SINGLE)
            after = await browser.sounds()
    share = (after.concealed - before.concealed) / (after.samples - before.samples)
    print(f"Firefox, frames merged and single in turns: {share:.2%} of the samples concealed while a slot was lent")
    assert after.lost == before.lost
    assert share < 0.01


async def enters(crowd: AsyncExitStack, http: httpx.AsyncClient, space: str) -> None:
    """Add a listener to *crowd*, who stays as long as it."""
    sound = await crowd.enter_async_context(hearing(http, space))
    listening = asyncio.create_task(sound.ended())
    crowd.callback(listening.cancel)


async def paced(browser: Firefox, wanted: range) -> None:
    """Wait until as many packets come each second as *wanted*."""
    async with asyncio.timeout(PACE_WITHIN_S):
        seen = -1
        while seen not in wanted:
            before = await browser.sounds()
            await asyncio.sleep(1)
            seen = (await browser.sounds()).packets - before.packets
