"""From no tables to ours, and never without a copy of what was there."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Insert, insert, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from tests.fakes.clock import StoppedClock

from arengo.adapters.db import migrations
from arengo.adapters.db.accounts import DatabaseAccounts
from arengo.adapters.db.engine import Database, async_url
from arengo.adapters.db.migrate import migrate
from arengo.adapters.db.schema import accounts, login_sessions
from arengo.adapters.db.tables import metadata
from arengo.domain.errors import Unavailable

NOW = StoppedClock().now()


@pytest.fixture
async def database_url(empty_database_url: str, tmp_path: Path) -> str:
    """A database of the test's own, whose tables it may change."""
    await migrate(Database(empty_database_url), backups=tmp_path / "never", now=NOW)
    return empty_database_url


async def test_the_migrations_end_at_the_tables_that_the_code_uses(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_new_database_needs_no_copy(empty_database_url: str, tmp_path: Path) -> None:
    assert await migrate(Database(empty_database_url), backups=tmp_path / "kept", now=NOW) is None


async def test_a_database_that_is_up_to_date_is_left_alone(database_url: str, tmp_path: Path) -> None:
    assert await migrate(Database(database_url), backups=tmp_path / "kept", now=NOW) is None


ANN = insert(accounts).values(id="1", name="ann", display="Ann", bot=False, created_at=NOW)


async def an_old_database(url: str, revision: str, *rows: Insert) -> None:
    """Make the tables as they were at *revision*, and put *rows* into them."""

    def make(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", next(iter(migrations.__path__)))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        for row in rows:
            connection.execute(row)

    engine = create_async_engine(async_url(make_url(url)))
    async with engine.begin() as connection:
        await connection.run_sync(make)
    await engine.dispose()


async def test_a_database_with_something_in_it_is_copied_before_it_changes(empty_database_url: str, tmp_path: Path) -> None:
    await an_old_database(empty_database_url, "0001", ANN)

    copy = await migrate(Database(empty_database_url), backups=tmp_path / "kept", now=NOW)

    assert copy is not None
    assert copy.stat().st_size > 0
    assert copy.stat().st_mode & 0o077 == 0
    database = Database(empty_database_url)
    await database.connect()
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT name FROM accounts"))).scalar_one() == "ann"
        assert (await connection.execute(text("SELECT count(*) FROM spaces"))).scalar_one() == 0
    await database.close()


async def test_logins_that_had_no_id_go_on_and_get_one(empty_database_url: str, tmp_path: Path) -> None:
    logins = [
        insert(login_sessions).values(secret_hash=bytes.fromhex(digit * 64), account_id="1", created_at=NOW, used_at=NOW) for digit in "ab"
    ]
    await an_old_database(empty_database_url, "0002", ANN, *logins)

    await migrate(Database(empty_database_url), backups=tmp_path / "kept", now=NOW)

    database = Database(empty_database_url)
    await database.connect()
    store = DatabaseAccounts(database)
    assert await store.session(bytes.fromhex("a" * 64), used_after=NOW - timedelta(days=1)) is not None
    assert await store.close_login("b" * 16, "1") == bytes.fromhex("b" * 64)
    await database.close()


async def test_a_database_of_a_newer_version_is_left_alone(database: Database, tmp_path: Path) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(Unavailable, match="newer version"):
        await migrate(Database(database.url.render_as_string(hide_password=False)), backups=tmp_path, now=NOW)


def test_the_tool_that_copies_postgresql_is_installed_for_the_tests() -> None:
    assert shutil.which("pg_dump"), "`make test` installs the Debian package postgresql, which brings pg_dump"
