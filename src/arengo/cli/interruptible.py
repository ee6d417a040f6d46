"""Run until done or told to stop: by Ctrl-C, or by SIGTERM as service managers do."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress


def run_until_stopped(work: Coroutine[None, None, None]) -> None:
    """Run *work*; SIGINT and SIGTERM cancel it, so that it can say goodbye, also where a shell has SIGINT ignored."""

    async def guarded() -> None:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(guarded())
