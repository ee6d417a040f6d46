"""`arengo doctor`: looks at everything around a server and says what is right, what is doubtful and what is wrong."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterable

from arengo.adapters.db.engine import Database
from arengo.adapters.network.addresses import own_addresses
from arengo.cli.checkup import Finding, Level, certificate, clock, data_directory, disk, outside_view, ports, web_app
from arengo.cli.control import is_running
from arengo.cli.exits import DONE, FAILED
from arengo.cli.options import add_server_options, server_settings
from arengo.domain.errors import ArengoError
from arengo.settings import Settings

_SIGNS = {Level.FINE: "ok   ", Level.DOUBTFUL: "look ", Level.WRONG: "WRONG"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what `arengo doctor` understands."""
    add_server_options(parser)


def run(options: argparse.Namespace) -> int:
    """Print every finding; 1 when anything is wrong."""
    settings = server_settings(options)
    worst = Level.FINE
    for finding in _findings(settings):
        print(f"{_SIGNS[finding.level]}  {finding.sentence}")
        worst = max(worst, finding.level)
    return FAILED if worst is Level.WRONG else DONE


def _findings(settings: Settings) -> Iterable[Finding]:
    running = is_running(settings)
    addresses = own_addresses()
    checks: list[Callable[[], Iterable[Finding]]] = [
        lambda: [
            Finding.fine(f"Python {sys.version.split()[0]}; the server {'runs' if running else 'does not run'} on this data directory.")
        ],
        lambda: data_directory(settings),
        lambda: disk(settings),
        lambda: _database(settings),
        clock,
        web_app,
        lambda: ports(settings, running=running),
        lambda: certificate(settings),
        lambda: outside_view(settings, addresses),
    ]
    for check in checks:
        try:
            yield from check()
        except OSError as error:
            yield Finding.wrong(f"This could not be looked at: {error.strerror or error}.")


def _database(settings: Settings) -> Iterable[Finding]:
    database = Database(settings.database)
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    if database.path is not None and not database.path.exists():
        return [Finding.fine("There is no database yet; the server makes one.")]
    try:
        asyncio.run(_ask(database))
    except ArengoError as error:
        return [Finding.wrong(f"{kind}: {error.detail}")]
    return [Finding.fine(f"{kind} answers.")]


async def _ask(database: Database) -> None:
    try:
        await database.connect()
    finally:
        await database.close()
