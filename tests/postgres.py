"""A PostgreSQL of the tests' own: from the Debian package, in a folder of its own, gone with the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running_postgres() -> Iterator[str]:
    """The URL of a server without databases of ours; `{}` in it stands for the name of the database."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="arengo-pg-"))
    try:
        user = _unprivileged(folder)
        data = folder / "data"
        _run(user, programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8")
        settings = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off -c max_connections=200"
        _run(user, programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", settings, "start")
        try:
            yield f"postgresql://postgres@/{{}}?host={folder}"
        finally:
            _run(user, programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    elsewhere = shutil.which("pg_ctl")
    if elsewhere is None:
        raise RuntimeError("PostgreSQL is not installed; `make test` installs it from the Debian package postgresql.")
    return Path(elsewhere).resolve().parent


def _unprivileged(folder: Path) -> str | None:
    """Who runs the server, as PostgreSQL refuses to be root; None for whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("postgres")
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    folder.chmod(0o755)
    return "postgres"


def _run(user: str | None, *command: str | Path) -> None:
    words = [str(word) for word in command]
    if user is not None:
        words = ["runuser", "-u", user, "--", *words]
    done = subprocess.run(words, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{words[-1]}: {done.stderr}")
