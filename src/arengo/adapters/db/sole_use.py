"""One server at a time on a PostgreSQL database, also where each has a data directory of its own.

An advisory lock on a connection that is kept for nothing else. It ends with the connection: after a crash nothing is left
to clean up, and after a restart of PostgreSQL the server takes it again. For SQLite the shell locks the file.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum, auto
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from arengo.adapters.db.engine import Database, async_url, why_not_open
from arengo.domain.errors import Refusal, Unavailable

_KEY: Final = 4_273_467
_LOOK_AGAIN_S: Final = 0.1
_log = logging.getLogger("arengo.data")

_TAKE = text("SELECT pg_try_advisory_lock(:key)")
_END_MY_OLD_CONNECTION = text(
    """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity JOIN pg_locks USING (pid)
    WHERE application_name = :name AND locktype = 'advisory' AND granted AND pid <> pg_backend_pid()
    """
)
# PostgreSQL must notice soon that a machine which held the lock lost its power.
_KEEPALIVE = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}


@asynccontextmanager
async def sole_use(database: Database, *, wait_s: float, patience_s: float, look_s: float) -> AsyncIterator[asyncio.Task[None]]:
    """Have the database to ourselves until the block ends; the task fails when another server has taken it meanwhile.

    Refusal `in_use` when another server keeps it for more than *patience_s*; Unavailable when it does not answer.
    """
    if database.is_sqlite:
        keeping = asyncio.create_task(_nothing_to_keep())
    else:
        lock = _Lock(database, wait_s=wait_s, patience_s=patience_s)
        await lock.take()
        keeping = asyncio.create_task(lock.keep(look_s), name="sole use")
    try:
        yield keeping
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        if not database.is_sqlite:
            await lock.release()


async def _nothing_to_keep() -> None:
    await asyncio.Event().wait()


class _Held(Enum):
    BY_US = auto()
    BY_OUR_OLD_CONNECTION = auto()
    BY_ANOTHER = auto()


class _Lock:
    def __init__(self, database: Database, *, wait_s: float, patience_s: float) -> None:
        self._name = f"arengo {secrets.token_hex(8)}"
        self._patience_s = patience_s
        settings = {"application_name": self._name, **_KEEPALIVE}
        arguments = {"timeout": wait_s, "command_timeout": wait_s, "server_settings": settings}
        self._engine = create_async_engine(
            async_url(database.url), poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=arguments
        )
        self._connection: AsyncConnection | None = None
        self._without_since: float | None = None

    async def take(self) -> None:
        while await self._try() is not _Held.BY_US:
            self._give_up_after_a_while()
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def keep(self, look_s: float) -> None:
        """Take the lock again whenever its connection is lost; Refusal `in_use` when another server has it."""
        while True:
            await asyncio.sleep(look_s)
            if self._connection is None or not await self._is_alive(self._connection):
                await self._take_again()

    async def release(self) -> None:
        await self._drop()
        await self._engine.dispose()

    async def _take_again(self) -> None:
        if self._connection is not None:
            _log.warning("The connection that keeps the database to this server is lost; it is made anew as soon as possible.")
            await self._drop()
        try:
            held = await self._try()
        except Unavailable:
            return
        if held is _Held.BY_US:
            _log.warning("The database is kept to this server again.")
        elif held is _Held.BY_ANOTHER:
            self._give_up_after_a_while()

    async def _try(self) -> _Held:
        connection: AsyncConnection | None = None
        try:
            connection = await self._engine.connect()
            if await connection.scalar(_TAKE, {"key": _KEY}):
                self._connection, self._without_since = connection, None
                return _Held.BY_US
            ended = (await connection.execute(_END_MY_OLD_CONNECTION, {"name": self._name})).all()
            await connection.close()
        except (DBAPIError, OSError) as error:
            await _close(connection)
            why = why_not_open(error, None)
            if why is None:
                raise
            raise Unavailable(why) from error
        return _Held.BY_OUR_OLD_CONNECTION if ended else _Held.BY_ANOTHER

    async def _is_alive(self, connection: AsyncConnection) -> bool:
        try:
            await connection.exec_driver_sql("SELECT 1")
        except (DBAPIError, OSError):
            return False
        return True

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        await _close(connection)

    def _give_up_after_a_while(self) -> None:
        self._without_since = self._without_since or time.monotonic()
        if time.monotonic() - self._without_since > self._patience_s:
            raise Refusal("Another server uses this database; stop it first, or give this one a database of its own.", code="in_use")


async def _close(connection: AsyncConnection | None) -> None:
    if connection is not None:
        with contextlib.suppress(DBAPIError, OSError):
            await connection.invalidate()
            await connection.close()
