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
from arengo.service.ids import SystemIds

_numbers = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server, as a URL with `{}` for the database; with a migrated database `model` to copy."""
    with running_postgres() as url:
        asyncio.run(_make_model(url))
        yield url


async def _make_model(url: str) -> None:
    await _command(url, "CREATE DATABASE model")
    database = Database(url.format("model"))
    await migrate(database, backups=Path("never"), now=StoppedClock().now())
    await database.close()


async def _command(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url.format("postgres"))
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
    name = f"t{next(_numbers)}"
    await _command(database_server, f"CREATE DATABASE {name} TEMPLATE model STRATEGY file_copy")
    return database_server.format(name)


@pytest.fixture
async def empty_database_url(database_server: str | None, tmp_path: Path) -> str:
    """The URL of a database without tables."""
    if database_server is None:
        return f"sqlite:///{tmp_path}/new.db"
    name = f"t{next(_numbers)}"
    await _command(database_server, f"CREATE DATABASE {name}")
    return database_server.format(name)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database, of each kind in turn."""
    database = Database(database_url)
    await database.connect()
    yield database
    await database.close()


@pytest.fixture
async def empty_postgres(postgres: str) -> str:
    """The URL of a PostgreSQL database without tables."""
    name = f"t{next(_numbers)}"
    await _command(postgres, f"CREATE DATABASE {name}")
    return postgres.format(name)
