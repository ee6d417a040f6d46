"""Firefox as Debian ships it opens the link, taps Listen and hears."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from tests.media.firefox import firefox
from tests.media.live_server import running
from tests.media.test_commands import speaking
from tests.voices.ear import Ear

pytestmark = pytest.mark.asyncio(loop_scope="package")


def address_of_this_machine() -> str:
    """An address that is not loopback, which Firefox refuses as a candidate; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])


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
