"""Argon2id on a few threads of low priority, so that the sound never waits for a login."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from arengo.domain.errors import Unavailable

T = TypeVar("T")

_NICE = 10


_M_MMAP_THRESHOLD = -3  # mallopt(3)
_LARGE_BYTES = 1 << 20


def _give_large_blocks_back() -> None:
    """Have glibc return every large block to the system; by itself it keeps the 19 MiB of a hash for each thread."""
    with contextlib.suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


class Argon2Passwords:
    """Argon2id with 19 MiB, two passes, one lane: the second choice of RFC 9106's users in OWASP's sheet, fit for small machines."""

    def __init__(self, *, at_once: int, waiting: int) -> None:
        _give_large_blocks_back()
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="arengo-password", initializer=_lower_priority)
        self._room = at_once + waiting
        self._nobody = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        fits = await self._run(lambda: self._fits(password, password_hash or self._nobody))
        return fits and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        return self._hasher.check_needs_rehash(password_hash)

    def close(self) -> None:
        """Let the threads end; what waits is dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _fits(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._room <= 0:
            raise Unavailable("Too many people sign in at this moment.", retry_after=5)
        self._room -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._room += 1


def _lower_priority() -> None:
    with contextlib.suppress(OSError):  # a sandbox may forbid it; hashing then competes as others do
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
