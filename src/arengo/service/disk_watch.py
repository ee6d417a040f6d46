"""Whether what is new can be written; the log says once when it cannot, and once when it can again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from arengo.domain.errors import Unavailable
from arengo.limits import Limits

_log = logging.getLogger("arengo.disk")


class WrittenStorage(Protocol):
    """The database, as far as its disk goes."""

    @property
    def takes_no_writes(self) -> bool:
        """Whether its last write found no room, or the database read-only."""

    async def try_to_write(self) -> None:
        """Write something that changes nothing; `Unavailable` when that does not work."""


class DiskWatch:
    """Measures the free space now and then, and owns the task that does.

    The database has a say too: a quota, or the disk of another machine, is full without showing here, and a PostgreSQL
    that has become a standby takes no writes either.
    """

    def __init__(self, free_bytes: Callable[[], int], database: WrittenStorage, *, limits: Limits) -> None:
        self._free_bytes = free_bytes
        self._database = database
        self._limits = limits
        self._was_full = False
        self._task: asyncio.Task[None] | None = None
        self.free = limits.disk_free_bytes
        """Bytes at the last look."""

    @property
    def is_full(self) -> bool:
        """Whether there is too little room to be sure of the next write."""
        return self.free < self._limits.disk_free_bytes or self._database.takes_no_writes

    def require_room(self) -> None:
        """Raise Unavailable when the disk is full."""
        if self.is_full:
            raise Unavailable(self._why, retry_after=self._limits.disk_look_s)

    def start(self) -> None:
        """Begin to look; `stop` ends it."""
        self._task = asyncio.create_task(self._go_round(), name="disk watch")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def look(self) -> None:
        """Measure, and log a change."""
        self.free = await asyncio.to_thread(self._measured)
        if self._database.takes_no_writes:
            await self._ask_the_database()
        if self.is_full and not self._was_full:
            _log.error("%s What is new may be refused until that ends; the sound goes on.", self._why)
        elif self._was_full and not self.is_full:
            _log.warning("There is room for what is new again: %.1f MiB are free.", self.free / (1 << 20))
        self._was_full = self.is_full

    async def _ask_the_database(self) -> None:
        try:
            await self._database.try_to_write()
        except Unavailable:
            return

    def _measured(self) -> int:
        try:
            return self._free_bytes()
        except OSError:
            return 0  # a disk that does not answer has no room for us

    @property
    def _why(self) -> str:
        if self.free < self._limits.disk_free_bytes:
            return f"The disk of this server is full: {self.free / (1 << 20):.1f} MiB are free."
        return "The database takes no writes: its disk is full, or it is read-only."

    async def _go_round(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(self._limits.disk_look_s)
