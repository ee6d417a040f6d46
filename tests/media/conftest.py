"""One real server for all tests of the sound."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.media.live_server import LiveServer, running
from tests.voices.ear import Ear
from tests.voices.fixtures import ear


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def live(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveServer]:
    async with running(tmp_path_factory.mktemp("live")) as server:
        yield server


@pytest.fixture(scope="package")
def trained() -> Ear:
    return ear()
