"""`arengo restore`: put a backup back where no server runs."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from arengo.adapters.db.backup import read_backup
from arengo.adapters.db.engine import Database
from arengo.bootstrap import database_alone
from arengo.cli.control import sole_use
from arengo.cli.exits import DONE, UNAVAILABLE, CliError
from arengo.cli.options import add_data_options, data_settings
from arengo.settings import Settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what `arengo restore` understands."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a file that `arengo backup` wrote")
    parser.add_argument("--force", action="store_true", help="also where data is already; the old database is kept aside")
    add_data_options(parser)


def run(options: argparse.Namespace) -> int:
    """Put the file back."""
    settings = data_settings(options)
    if not options.file.is_file():
        raise CliError(f"There is no file {options.file}.", UNAVAILABLE)
    with sole_use(settings):
        if set(settings.data_dir.iterdir()) - set(settings.locks) and not options.force:
            raise CliError(f"{settings.data_dir} is not empty; --force restores into it all the same.")
        asyncio.run(_put_back(settings, options.file, force=options.force))
    print(f"Restored into {settings.data_dir}.")
    return DONE


async def _put_back(settings: Settings, file: Path, *, force: bool) -> None:
    database = Database(settings.database)
    async with database_alone(database, settings.limits):
        await read_backup(database, settings.data_dir, file, force=force)
