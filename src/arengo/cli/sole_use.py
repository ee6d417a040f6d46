"""One process at a time: the lock on a data directory, which the kernel releases when its process ends, however it ends."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from arengo.cli.exits import UNAVAILABLE, CliError
from arengo.settings import Settings

_LOOK_AGAIN_S = 0.1


@contextmanager
def locked(settings: Settings) -> Iterator[Path | None]:
    """Lock the data for this process alone until the block ends; gives the lock that another process has, None when all are ours."""
    make_data_dir(settings.data_dir)
    with ExitStack() as files:
        yield next((path for path in settings.locks if not _lock(path, files)), None)


def wait_for(lock: Path, *, since: float, most_s: float) -> None:
    """Sleep before the next try; CliError once *most_s* have passed *since* (monotonic)."""
    if time.monotonic() - since > most_s:
        raise CliError(f"Another process uses this data (it holds {lock}): a server, or a command that has not ended yet.", UNAVAILABLE)
    time.sleep(_LOOK_AGAIN_S)


def make_data_dir(directory: Path) -> None:
    """Make the data directory, for its owner alone."""
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise CliError(f"The data directory {directory} cannot be made: {error.strerror}.", UNAVAILABLE) from error


def _lock(path: Path, files: ExitStack) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = files.enter_context(path.open("ab"))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
