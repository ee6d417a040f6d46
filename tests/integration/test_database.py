"""The database under the service: transactions, waiting, and the world's faults."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from tests.fakes.clock import StoppedClock

from arengo.adapters.db.engine import Database
from arengo.adapters.db.schema import accounts
from arengo.domain.errors import Unavailable


async def add_account(database: Database, number: int) -> None:
    row = {"id": str(number), "name": f"p{number}", "display": "0", "bot": False, "created_at": StoppedClock().now()}
    async with database.write() as connection:
        await connection.execute(insert(accounts).values(row))


async def test_two_hundred_writers_lose_no_update(database: Database) -> None:
    await add_account(database, 1)

    async def count_one_up() -> None:
        async with database.write() as connection:
            query = select(accounts.c.display).where(accounts.c.id == "1").with_for_update()
            seen = int((await connection.execute(query)).scalar_one())
            await connection.execute(update(accounts).values(display=str(seen + 1)))

    await asyncio.gather(*(count_one_up() for _ in range(200)))

    async with database.read() as connection:
        assert await connection.scalar(select(accounts.c.display)) == "200"


async def test_what_raises_in_a_write_is_rolled_back(database: Database) -> None:
    async def fail_after_writing() -> None:
        async with database.write() as connection:
            await connection.execute(insert(accounts).values(id="1", name="ann", display="Ann", bot=False, created_at=StoppedClock().now()))
            raise LookupError

    with pytest.raises(LookupError):
        await fail_after_writing()

    async with database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(accounts)) == 0


async def test_an_error_that_goes_to_the_log_names_no_value(database: Database) -> None:
    await add_account(database, 1)

    async def add_again() -> None:
        row = {"id": "1", "name": "very secret", "display": "very secret", "bot": False, "created_at": StoppedClock().now()}
        async with database.write() as connection:
            await connection.execute(insert(accounts).values(row))

    with pytest.raises(IntegrityError) as raised:
        await add_again()
    assert "very secret" not in str(raised.value)


async def test_closing_waits_for_who_is_at_it_and_lets_nobody_new_in(database: Database) -> None:
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def ask_slowly() -> int | None:
        async with database.read() as connection:
            inside.set()
            await go_on.wait()
            return await connection.scalar(text("SELECT 7"))

    asking = asyncio.create_task(ask_slowly())
    await inside.wait()
    closing = asyncio.create_task(database.close())
    await asyncio.sleep(0.05)
    with pytest.raises(Unavailable):
        await add_account(database, 1)
    assert not closing.done()
    go_on.set()
    assert await asking == 7
    await closing


async def test_instants_come_back_aware_and_in_utc(database: Database) -> None:
    await add_account(database, 1)

    async with database.read() as connection:
        assert await connection.scalar(select(accounts.c.created_at)) == StoppedClock().now()


async def test_a_locked_database_is_unavailable_within_about_two_seconds_and_works_again_after(database: Database) -> None:
    async with locked_by_somebody_else(database):
        began = time.monotonic()
        with pytest.raises(Unavailable):
            await add_account(database, 1)
        assert time.monotonic() - began < 3

    await add_account(database, 1)


async def test_a_closed_database_is_unavailable_not_a_fault(database: Database) -> None:
    await database.close()

    with pytest.raises(Unavailable):
        await database.ping()


async def test_a_postgresql_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    database = Database(f"postgresql://nobody@/nothing?host={tmp_path}")

    with pytest.raises(Unavailable):
        await database.connect()
    await database.close()


async def test_an_sqlite_file_that_goes_away_is_unavailable_until_it_is_back(tmp_path: Path) -> None:
    path = tmp_path / "arengo.db"
    sqlite3.connect(path).close()
    database = Database(f"sqlite:///{path}")
    await database.connect()

    path.rename(tmp_path / "away.db")
    with pytest.raises(Unavailable):
        await database.ping()
    assert not path.exists()

    (tmp_path / "away.db").rename(path)
    await database.ping()
    await database.close()


@asynccontextmanager
async def locked_by_somebody_else(database: Database) -> AsyncIterator[None]:
    if database.path is not None:
        with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield
            other.execute("ROLLBACK")
        return
    other = await asyncpg.connect(database.url.render_as_string(hide_password=False))
    async with other.transaction():
        await other.execute("LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE")
        yield
    await other.close()


async def test_a_postgresql_that_throws_everybody_out_is_unavailable_until_it_takes_them_back(postgres: str, empty_postgres: str) -> None:
    database = Database(empty_postgres)
    await database.connect()
    name = database.url.database
    operator = await asyncpg.connect(postgres.format("postgres"))

    await operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await database.ping()

    await operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    await database.ping()
    await operator.close()
    await database.close()


async def test_a_postgresql_that_hangs_is_unavailable_and_is_asked_again_later(empty_postgres: str) -> None:
    database = Database(empty_postgres)
    await database.connect()
    async with database.read() as connection:
        backend = int((await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one())

    os.kill(backend, signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable):
            await database.ping()
    finally:
        os.kill(backend, signal.SIGCONT)

    await database.ping()
    await database.close()
