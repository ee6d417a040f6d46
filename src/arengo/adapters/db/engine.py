"""The database: SQLite beside the server, or PostgreSQL by URL, behind one small face.

A write takes the lock at its beginning (`BEGIN IMMEDIATE` on SQLite), so that what it read is still so when it commits.
A database that is locked, unreachable or gone is `Unavailable` after about `Limits.database_wait_s`, never a hang.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from arengo.adapters.disk import free_bytes
from arengo.domain.errors import ProtocolViolation, Unavailable

# PostgreSQL: lock not available, query cancelled, too many connections, shutting down, starting up, closed for now.
_PASSING_STATES = ("55P03", "57014", "53300", "57P01", "57P02", "57P03", "55000")
_DISK_FULL = "53100"
_READ_ONLY = "25006"
_LEAST_BYTES = 1 << 20  # SQLite reports some full disks as "disk I/O error"; with less than this we do not believe it

_SHUT_CLASSES = ("28", "3D", "42501")  # wrong password or role, no such database, no permission


class Database:
    """Connections to the database at *url* (`sqlite:///PATH` or `postgresql://…`)."""

    def __init__(self, url: str, *, wait_s: float = 2.0, readers: int = 4) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._wait_s = wait_s
        self._readers = readers
        self._reading: AsyncEngine | None = None
        self._writing: AsyncEngine | None = None
        self._read_turns = Turns(readers if self.is_sqlite else 4 * readers, wait_s)
        self._write_turns = Turns(1, wait_s) if self.is_sqlite else self._read_turns
        self._file: tuple[int, int] | None = None
        self.takes_no_writes = False
        """Whether the last write found the disk full, or the database read-only."""

    @property
    def path(self) -> Path | None:
        """The file of an SQLite database."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    async def connect(self) -> None:
        """Open the database, which must have its tables (`migrate`), and ask it something."""
        if self.is_sqlite:
            self._reading = _sqlite_engine(self.url, begin="BEGIN", pool=self._readers, wait_s=self._wait_s)
            self._writing = _sqlite_engine(self.url, begin="BEGIN IMMEDIATE", pool=1, wait_s=self._wait_s)
            self._file = self._file_identity()
        else:
            self._reading = self._writing = _postgres_engine(self.url, pool=4 * self._readers, wait_s=self._wait_s)
        for engine in {self._reading, self._writing}:
            event.listen(engine.sync_engine, "before_cursor_execute", _refuse_text_that_cannot_be_kept)
        await self.ping()

    async def close(self) -> None:
        """Let nobody new in, wait a while for those who are at it, and give every connection back; twice does no harm."""
        engines = {self._reading, self._writing}
        self._reading = self._writing = None
        # A connection in use would go back to a pool that is no more, and stay open.
        for turns in {self._read_turns, self._write_turns}:
            await turns.wait_for_all()
        for engine in engines:
            if engine is not None:
                await engine.dispose()

    async def ping(self) -> None:
        """Return when the database answers; `Unavailable` when it does not."""
        async with self.read() as connection:
            await connection.exec_driver_sql("SELECT 1")

    async def try_to_write(self) -> None:
        """Write what is there already, to see whether the disk takes it; `Unavailable` when it does not."""
        async with self.write() as connection:
            await connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads: one consistent view on SQLite, each statement's own on PostgreSQL."""
        async with self._transaction(self._reading, self._read_turns) as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write; commits at the end of the block, rolls back when it raises."""
        async with self._transaction(self._writing, self._write_turns) as connection:
            yield connection
        self.takes_no_writes = False

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine | None, turns: Turns) -> AsyncIterator[AsyncConnection]:
        if engine is None:
            raise Unavailable("The database is not open.")
        if self.is_sqlite and self._file_identity() != self._file:
            # SQLite would go on writing into a file that nobody can open any more.
            await engine.dispose()
            raise Unavailable("The database file is gone or was replaced while the server runs.")
        try:
            async with turns.one(), engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            self.takes_no_writes = self.takes_no_writes or _is_disk_full(error) or _is_read_only(error)
            why = why_passing(error, self.path)
            if why is not None:
                raise Unavailable(why) from error
            raise
        except (TimeoutError, ConnectionError, OSError) as error:
            raise Unavailable("The database cannot be reached just now.") from error

    def _file_identity(self) -> tuple[int, int] | None:
        path = self.path
        if path is None:
            return None
        try:
            found = os.stat(path)
        except OSError:
            return None
        return found.st_dev, found.st_ino


class Turns:
    """Lets so many at once at the database, in the order in which they came.

    A long queue that moves is no reason to give up; one that has not moved for *wait_s* is.
    """

    def __init__(self, at_once: int, wait_s: float) -> None:
        self._at_once = at_once
        self._free = asyncio.Semaphore(at_once)
        self._wait_s = wait_s
        self._done = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """One turn; Unavailable when nobody's turn came to a good end for too long."""
        await self._come()
        stuck = False
        try:
            yield
        except (DBAPIError, OSError):
            stuck = True
            raise
        finally:
            self._done += not stuck
            self._free.release()

    async def wait_for_all(self) -> None:
        """Return once nobody has a turn, or after *wait_s*."""
        taken = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(self._wait_s):
                while taken < self._at_once:
                    await self._free.acquire()
                    taken += 1
        for _ in range(taken):
            self._free.release()

    async def _come(self) -> None:
        done = -1
        while done != self._done:
            done = self._done
            with suppress(TimeoutError):
                async with asyncio.timeout(self._wait_s):
                    await self._free.acquire()
                return
        raise Unavailable("The database has no time just now.")


def why_not_open(error: DBAPIError | OSError, path: Path | None) -> str | None:
    """A sentence about a database (SQLite's file at *path*) that does not open; None when *error* is our own fault."""
    if isinstance(error, OSError):
        return "The database cannot be reached."
    closed = _why_closed(error)
    return why_passing(error, path) if closed is None else f"The database does not open: {closed}"


def _why_closed(error: DBAPIError) -> str | None:
    """Why the database lets nobody in, as it says itself; None when *error* is no such thing."""
    state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
    said = str(error.orig).strip().splitlines()
    if isinstance(state, str):
        refused = state.startswith(_SHUT_CLASSES)
    else:
        refused = any(word in str(error.orig) for word in ("not a database", "malformed", "unable to open"))
    return said[0].rpartition(">: ")[2] if refused and said else None


def why_passing(error: DBAPIError, path: Path | None) -> str | None:
    """A sentence about what the world is doing to the database (SQLite's file at *path*); None when *error* is our own fault."""
    if _is_read_only(error):
        return "The database is read-only just now."
    is_full = _is_disk_full(error)
    if not is_full and not _is_passing(error):
        return None
    free = None if path is None else free_bytes(path)
    if is_full or (free is not None and free < _LEAST_BYTES):
        return "The disk of the database is full" + ("." if free is None else f": {free // 1024} KiB are free.")
    return "The database does not answer just now."


def _is_disk_full(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) == _DISK_FULL or "disk is full" in str(error.orig)


def _is_read_only(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) == _READ_ONLY or "readonly database" in str(error.orig)


def _is_passing(error: DBAPIError) -> bool:
    """Whether *error* is the world's fault and may be gone in a moment: locked, unreachable, shutting down."""
    state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
    if isinstance(state, str):
        return state in _PASSING_STATES or state.startswith("08")
    if error.connection_invalidated or isinstance(error.orig, (OSError, asyncio.TimeoutError)):
        return True
    if isinstance(error, OperationalError):
        said = str(error.orig)
        return any(word in said for word in ("locked", "busy", "unable to open", "disk I/O"))
    return isinstance(error, InterfaceError)


def async_url(url: URL) -> URL:
    """The same database, by the driver that is used here, which calls libpq's `sslmode` otherwise."""
    if url.get_backend_name() == "sqlite":
        return url.set(drivername="sqlite+aiosqlite")
    url = url.set(drivername="postgresql+asyncpg")
    mode = url.query.get("sslmode")
    return url if mode is None else url.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})


def _refuse_text_that_cannot_be_kept(_c: Any, _cursor: Any, _statement: str, parameters: Any, _context: Any, is_many: bool) -> None:
    """PostgreSQL takes no NUL, and neither database half a surrogate; so that both answer alike, none gets so far."""
    for row in parameters if is_many else (parameters,):
        for value in row.values() if isinstance(row, Mapping) else row:
            if isinstance(value, str) and ("\0" in value or not _is_unicode(value)):
                raise ProtocolViolation("A text holds a character that cannot be kept.")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _sqlite_engine(url: URL, *, begin: str, pool: int, wait_s: float) -> AsyncEngine:
    # mode=rw: a database that has gone must not come back as an empty file.
    file = url.set(database=f"file:{url.database}").update_query_dict({"mode": "rw", "uri": "true"})
    engine = create_async_engine(async_url(file), pool_size=pool, max_overflow=0, hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def _settings(dbapi_connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        set_up_sqlite(dbapi_connection, wait_s=wait_s)

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def set_up_sqlite(dbapi_connection: DBAPIConnection, *, wait_s: float, foreign_keys: bool = True) -> None:
    """Give a new SQLite connection our settings.

    `synchronous=FULL`: what was said yes to survives a power cut; in WAL mode that costs one fsync for each commit,
    and there are a few commits a second. The driver must not begin transactions by itself: it would begin them
    deferred, and two that read before they write lose one update.
    """
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={int(wait_s * 1000)}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
    cursor.close()


def _postgres_engine(url: URL, *, pool: int, wait_s: float) -> AsyncEngine:
    milliseconds = str(int(wait_s * 1000))
    return create_async_engine(
        async_url(url),
        pool_size=pool,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,  # an error goes to the log, and parameters are hashes of passwords and tokens
        connect_args={
            "timeout": wait_s,
            "command_timeout": wait_s,
            "server_settings": {"lock_timeout": milliseconds, "application_name": "arengo"},
        },
    )
