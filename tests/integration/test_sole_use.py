"""One server at a time on a PostgreSQL, through everything that may happen to the connection that says so."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from tests.shell import arengo, serving

from arengo.adapters.db.engine import Database
from arengo.adapters.db.sole_use import sole_use
from arengo.domain.errors import Refusal

QUICKLY = {"wait_s": 0.5, "patience_s": 0.5, "look_s": 0.05}
HOLDERS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"


@pytest.fixture
async def operator(empty_postgres: str) -> AsyncIterator[asyncpg.Connection]:
    """Somebody else on the same database."""
    connection = await asyncpg.connect(empty_postgres)
    yield connection
    await connection.close()


async def another_holder(operator: asyncpg.Connection, than: int | None) -> int:
    """Wait until somebody else than *than* has the lock."""
    async with asyncio.timeout(20):
        while (holder := await operator.fetchval(HOLDERS)) in (None, than):
            pass
    return int(holder)


async def test_a_second_server_on_the_same_postgresql_is_refused_whatever_its_data_directory_is(
    empty_postgres: str, tmp_path: Path
) -> None:
    ports = ["--port", "0", "--bind", "127.0.0.1", "--media-port", "0"]
    with serving(tmp_path / "one", "--database-url", empty_postgres) as server:
        second = arengo("serve", *ports, "--data-dir", tmp_path / "two", "--database-url", empty_postgres)
        command = arengo("account", "create", "ann", "--data-dir", tmp_path / "two", "--database-url", empty_postgres)
        beside = arengo("account", "create", "ann", "--data-dir", tmp_path / "one", "--database-url", empty_postgres)
        server.end(signal.SIGKILL)
    for refused in (second, command):
        assert (refused.code, refused.err.splitlines()[-1].partition(";")[0]) == (1, "Another server uses this database")
    assert beside.code == 0
    assert arengo("token", "create", "ann", "--data-dir", tmp_path / "two", "--database-url", empty_postgres).code == 0


async def test_a_server_takes_its_database_again_after_everybody_was_thrown_out(empty_postgres: str, operator: asyncpg.Connection) -> None:
    async with sole_use(Database(empty_postgres), **QUICKLY) as keeping:
        first = await another_holder(operator, None)
        await operator.execute("SELECT pg_terminate_backend($1)", first)
        await another_holder(operator, first)

        with pytest.raises(Refusal) as refused:
            async with sole_use(Database(empty_postgres), **QUICKLY):
                pass
        assert refused.value.code == "in_use"
        assert not keeping.done()


async def test_a_server_is_told_when_another_has_taken_the_database_meanwhile(empty_postgres: str, operator: asyncpg.Connection) -> None:
    async with sole_use(Database(empty_postgres), **QUICKLY) as keeping:
        key = await operator.fetchrow(
            "SELECT pid, (classid::bigint << 32) | objid::bigint AS key FROM pg_locks WHERE locktype = 'advisory'"
        )
        thief = await asyncpg.connect(empty_postgres)
        waiting = asyncio.create_task(thief.execute("SELECT pg_advisory_lock($1)", key["key"]))
        async with asyncio.timeout(20):
            while await operator.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") < 2:
                pass
        await operator.execute("SELECT pg_terminate_backend($1)", key["pid"])
        await waiting

        with pytest.raises(Refusal) as refused:
            await asyncio.wait_for(keeping, 20)
        assert refused.value.code == "in_use"
        await thief.close()


async def test_a_connection_of_our_own_that_hangs_is_not_taken_for_another_server(
    empty_postgres: str, operator: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    async with sole_use(Database(empty_postgres), **QUICKLY) as keeping:
        hanging = await another_holder(operator, None)
        os.kill(hanging, signal.SIGSTOP)
        try:
            async with asyncio.timeout(20):
                while not caplog.records:
                    await operator.execute("SELECT 1")
        finally:
            os.kill(hanging, signal.SIGCONT)
        await another_holder(operator, hanging)
        assert not keeping.done()
    gc.collect()  # an error that nobody took would be told of now
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
