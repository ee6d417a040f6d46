"""Which files of a server other people of the machine can read, and how they are closed."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from arengo.adapters.db.engine import Database
from arengo.settings import Settings

OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_ENTER = stat.S_IXGRP | stat.S_IXOTH
_PUBLIC = ".crt"  # a certificate is there to be shown
_log = logging.getLogger("arengo.data")


def close_to_others(settings: Settings) -> None:
    """Close the files that a server made to everybody but their owner, and log which ones were open.

    The data directory itself stays as it is: it may be somebody's home. `arengo doctor` names the files of other users.
    """
    closed = []
    for path in _open_to_others(settings):
        found = path.stat()
        if found.st_uid == os.geteuid():
            path.chmod(stat.S_IMODE(found.st_mode) & ~OTHERS)
            closed.append(path)
    if closed:
        _log.warning("Closed to everybody but their owner: %s.", ", ".join(map(str, closed)))


def readable_by_others(settings: Settings) -> list[Path]:
    """The files and folders that somebody beside their owner can get at; a closed data directory keeps everything in it."""
    return [path for path in _open_to_others(settings) if all(_may_enter(folder) for folder in _folders(path, settings.data_dir))]


def _open_to_others(settings: Settings) -> list[Path]:
    return [path for path in _ours(settings) if not path.is_symlink() and path.stat().st_mode & OTHERS]


def _ours(settings: Settings) -> Iterable[Path]:
    database = Database(settings.database).path
    if database is not None and database.parent.is_dir():
        yield from sorted(path for path in database.parent.iterdir() if path.name.startswith(database.name))
    for folder in (settings.backups, settings.tls_dir):
        if folder.is_dir() and not folder.is_symlink():
            yield folder
            yield from sorted(path for path in folder.iterdir() if path.suffix != _PUBLIC)


def _may_enter(folder: Path) -> bool:
    return bool(folder.stat().st_mode & _OTHERS_ENTER)


def _folders(path: Path, top: Path) -> list[Path]:
    """The folders between *path* and *top*, which is one of them; the next one where *path* lies elsewhere."""
    return [folder for folder in path.parents if folder.is_relative_to(top)] or [path.parent]
