"""Bring the tables to what this version needs, after a copy of what was there."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, inspect
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from arengo.adapters.db.engine import Database, async_url, set_up_sqlite, why_not_open
from arengo.domain.errors import Unavailable

_ONE_AT_A_TIME = 4_273_466  # advisory lock: two servers that start together migrate one after the other


async def migrate(database: Database, *, backups: Path, now: datetime) -> Path | None:
    """Run what is missing; returns the copy that was made first, None when nothing of worth was there.

    Raises Unavailable when the database does not answer, or was written by a newer version.
    """
    if database.path is not None:
        database.path.parent.mkdir(parents=True, exist_ok=True)
    engine = _migration_engine(database)
    try:
        async with engine.begin() as connection:
            present = await connection.run_sync(_revision)
            known = _scripts().get_current_head()
            if present == known:
                return None
            if present is not None and present not in {script.revision for script in _scripts().walk_revisions()}:
                raise Unavailable(f"The database was written by a newer version of Arengo (revision {present}).")
            is_empty = await connection.run_sync(lambda c: not inspect(c).get_table_names())
        copy = None if is_empty else await back_up(database, backups / _copy_name(database, present, now))
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
            if database.is_sqlite:
                broken = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).first()
                if broken is not None:
                    raise RuntimeError(f"The migration left a row of {broken[0]} that refers to nothing.")
    except (DBAPIError, OSError) as error:
        why = why_not_open(error, database.path)
        if why is None:
            raise
        raise Unavailable(why) from error
    else:
        return copy
    finally:
        await engine.dispose()


async def back_up(database: Database, target: Path) -> Path | None:
    """Copy the database into *target* while it is in use; None when the tool for that is not there (pg_dump)."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if database.path is not None:
        await asyncio.to_thread(_copy_sqlite, database.path, target)
        return target
    if shutil.which("pg_dump") is None:
        return None
    code, said = await run_on_postgres(database.url, "pg_dump", "--format=custom", f"--file={target}")
    if code != 0:
        await asyncio.to_thread(target.unlink, missing_ok=True)
        raise Unavailable(f"pg_dump could not copy the database: {said}")
    await asyncio.to_thread(target.chmod, 0o600)
    return target


async def run_on_postgres(url: URL, program: str, *arguments: str) -> tuple[int, str]:
    """Run a tool of PostgreSQL on the database at *url*; its exit code and what it complained of.

    The password goes by the environment: command lines are there for everybody on the machine to read.
    """
    place = url.set(drivername="postgresql", password=None).render_as_string()
    environment = {**os.environ, **({"PGPASSWORD": str(url.password)} if url.password else {})}
    process = await asyncio.create_subprocess_exec(
        program, *arguments, f"--dbname={place}", env=environment, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    return process.returncode or 0, said.decode(errors="replace").strip()


def _copy_sqlite(source: Path, target: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
    except sqlite3.OperationalError as error:
        target.unlink(missing_ok=True)
        raise Unavailable(f"The database could not be copied to {target}: {error}.") from error
    target.chmod(0o600)


def _copy_name(database: Database, revision: str | None, now: datetime) -> str:
    suffix = "db" if database.is_sqlite else "dump"
    return f"before-migration-{revision or 'unversioned'}-{now:%Y%m%dT%H%M%SZ}.{suffix}"


def _migration_engine(database: Database) -> AsyncEngine:
    engine = create_async_engine(async_url(database.url), poolclass=NullPool, hide_parameters=True)
    if database.is_sqlite:

        @event.listens_for(engine.sync_engine, "connect")
        def _settings(dbapi_connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
            # Batch migrations build tables anew, which would cascade into those that refer to them.
            set_up_sqlite(dbapi_connection, wait_s=10, foreign_keys=False)

        @event.listens_for(engine.sync_engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})")
    command.upgrade(_config(connection), "head")
