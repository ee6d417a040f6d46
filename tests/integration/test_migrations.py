"""From no tables to ours, and never without a copy of what was there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, insert, text
from tests.fakes.clock import StoppedClock

from arengo.adapters.db.engine import Database
from arengo.adapters.db.migrate import migrate
from arengo.adapters.db.schema import accounts
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


async def test_a_database_with_something_in_it_is_copied_before_it_changes(database: Database, tmp_path: Path) -> None:
    async with database.write() as connection:
        await connection.execute(insert(accounts).values(id="1", name="ann", display="Ann", bot=False, created_at=NOW))
        for table in ("space_members", "spaces"):
            await connection.execute(text(f"DROP TABLE {table}"))
        await connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))

    copy = await migrate(Database(database.url.render_as_string(hide_password=False)), backups=tmp_path / "kept", now=NOW)

    assert copy is not None
    assert copy.stat().st_size > 0
    assert copy.stat().st_mode & 0o077 == 0
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT name FROM accounts"))).scalar_one() == "ann"
        assert (await connection.execute(text("SELECT count(*) FROM spaces"))).scalar_one() == 0


async def test_a_database_of_a_newer_version_is_left_alone(database: Database, tmp_path: Path) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(Unavailable, match="newer version"):
        await migrate(Database(database.url.render_as_string(hide_password=False)), backups=tmp_path, now=NOW)


def test_the_tool_that_copies_postgresql_is_installed_for_the_tests() -> None:
    assert shutil.which("pg_dump"), "`make test` installs the Debian package postgresql, which brings pg_dump"
