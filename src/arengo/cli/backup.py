"""`arengo backup`: everything into one file, also while the server runs."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from arengo.adapters.db.backup import write_backup
from arengo.adapters.db.engine import Database
from arengo.cli.exits import DONE, UNAVAILABLE, CliError
from arengo.cli.options import add_data_options, data_settings
from arengo.service.clock import SystemClock


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what `arengo backup` understands."""
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="where to (default: arengo-<date>.tar here)")
    add_data_options(parser)


def run(options: argparse.Namespace) -> int:
    """Write the file and print its name."""
    settings = data_settings(options)
    now = SystemClock().now()
    target: Path = options.file or Path(f"arengo-{now:%Y%m%dT%H%M%SZ}.tar")
    database = Database(settings.database)
    if database.path is not None and not database.path.is_file():
        raise CliError(f"There is no database at {database.path}.", UNAVAILABLE)
    asyncio.run(write_backup(database, settings.data_dir, target, now))
    print(target)
    return DONE
