"""Time, brought to those who are not allowed to look at the clock themselves."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the service needs to know of time."""

    def now(self) -> datetime:
        """The wall clock, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds that only go forward, from an unknown beginning."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def until_the_beat(period: float) -> float:
    """Seconds until the loop's clock is at a whole number of periods again; half of a period at least, to leave room for others.

    What everybody who waits by it does falls together, and the process wakes up once for all of them.
    """
    rest = period - asyncio.get_running_loop().time() % period
    return rest if rest >= period / 2 else rest + period
