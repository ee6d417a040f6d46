"""What tests of the service share: a stopped clock, and each database in turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import asyncpg
import pytest
from tests.fakes.clock import StoppedClock
from tests.postgres import running_postgres

from arengo.adapters.db.engine import Database
from arengo.adapters.db.migrate import migrate
from arengo.adapters.db.tables import metadata
from arengo.service.ids import SystemIds

_SHARED = "shared"
_numbers = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server, as a URL with `{}` for the database; one database in it has our tables."""
    with running_postgres() as url:
        asyncio.run(_make_shared(url))
        yield url


async def _make_shared(url: str) -> None:
    await _command(url, f"CREATE DATABASE {_SHARED}")
    await migrate(Database(url.format(_SHARED)), backups=Path("never"), now=StoppedClock().now())


async def _command(url: str, sql: str, *, database: str = "postgres") -> None:
    connection = await asyncpg.connect(url.format(database))
    await connection.execute(sql)
    await connection.close()


@pytest.fixture
def clock() -> StoppedClock:
    """A clock that only the test moves."""
    return StoppedClock()


@pytest.fixture
def ids(clock: StoppedClock) -> SystemIds:
    """New ids by the stopped clock."""
    return SystemIds(clock)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Both databases, one after the other."""
    return str(request.param)


@pytest.fixture
def database_server(database_kind: str, request: pytest.FixtureRequest) -> str | None:
    """The server of the databases, as a URL with `{}`; None for SQLite."""
    return None if database_kind == "sqlite" else str(request.getfixturevalue("postgres"))


@pytest.fixture
async def database_url(database_server: str | None, tmp_path: Path) -> str:
    """The URL of a database with all tables and no rows."""
    if database_server is None:
        url = f"sqlite:///{tmp_path}/arengo.db"
        await migrate(Database(url), backups=tmp_path / "backups", now=StoppedClock().now())
        return url
    tables = ", ".join(table.name for table in metadata.sorted_tables)
    await _command(database_server, f"TRUNCATE {tables} CASCADE", database=_SHARED)
    return database_server.format(_SHARED)


@pytest.fixture
async def empty_database_url(database_server: str | None, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database without tables."""
    if database_server is None:
        yield f"sqlite:///{tmp_path}/new.db"
        return
    async for url in _new_postgres(database_server):
        yield url


@pytest.fixture
async def empty_postgres(postgres: str) -> AsyncIterator[str]:
    """The URL of a PostgreSQL database without tables."""
    async for url in _new_postgres(postgres):
        yield url


async def _new_postgres(server: str) -> AsyncIterator[str]:
    name = f"t{next(_numbers)}"
    await _command(server, f"CREATE DATABASE {name}")
    yield server.format(name)
    await _command(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database, of each kind in turn."""
    database = Database(database_url)
    await database.connect()
    yield database
    await database.close()
