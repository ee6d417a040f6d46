"""One file that holds everything: the database, and what the data directory keeps beside it."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import tarfile
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Final

from arengo.adapters.db.engine import Database
from arengo.adapters.db.migrate import back_up, run_on_postgres
from arengo.domain.errors import Refusal, Unavailable

_FORMAT: Final = 1
_MANIFEST: Final = "arengo-backup.json"
_BESIDE: Final = ("tls",)
"""What of the data directory goes along: the local authority, so that phones need not trust a new one."""


async def write_backup(database: Database, data_dir: Path, target: Path, now: datetime) -> None:
    """Copy database and secrets into *target* (tar, readable by its owner alone), also while a server runs."""
    with tempfile.TemporaryDirectory(prefix="arengo-backup-") as scratch:
        copy = Path(scratch) / _copy_name(database)
        if await back_up(database, copy) is None:
            raise Unavailable("A backup of PostgreSQL needs pg_dump, which is not installed here.")
        await asyncio.to_thread(_pack, copy, data_dir, target, now)


async def read_backup(database: Database, data_dir: Path, source: Path, *, force: bool) -> None:
    """Put *source* back; with *force* over data that is there, which is kept aside under another name."""
    with tempfile.TemporaryDirectory(prefix="arengo-restore-") as scratch:
        await asyncio.to_thread(_unpack, source, Path(scratch))
        copy = Path(scratch) / _copy_name(database)
        if not copy.exists():
            other = "PostgreSQL" if database.is_sqlite else "SQLite"
            raise Refusal(f"This backup is of a {other} database; give the matching --database-url.", code="other_database")
        if database.path is not None:
            await asyncio.to_thread(_put_sqlite, copy, database.path, force)
        else:
            await _put_postgres(database, copy, force=force)
        await asyncio.to_thread(_put_beside, Path(scratch), data_dir, force)


def _copy_name(database: Database) -> str:
    return "arengo.db" if database.is_sqlite else "arengo.dump"


def _pack(copy: Path, data_dir: Path, target: Path, now: datetime) -> None:
    try:
        target.touch(mode=0o600, exist_ok=False)
    except FileExistsError as error:
        raise Refusal(f"{target} exists already; a backup replaces nothing.", code="exists") from error
    try:
        _write_tar(copy, data_dir, target, now)
    except OSError:
        target.unlink()
        raise


def _write_tar(copy: Path, data_dir: Path, target: Path, now: datetime) -> None:
    with tarfile.open(target, "w") as tar:
        manifest = json.dumps({"format": _FORMAT, "made_at": now.isoformat(timespec="seconds")}).encode()
        entry = tarfile.TarInfo(_MANIFEST)
        entry.size = len(manifest)
        tar.addfile(entry, io.BytesIO(manifest))
        tar.add(copy, copy.name)
        for name in _BESIDE:
            if (data_dir / name).is_dir():
                tar.add(data_dir / name, name)


def _unpack(source: Path, scratch: Path) -> None:
    try:
        with tarfile.open(source) as tar:
            tar.extractall(scratch, filter="data")
        manifest = json.loads((scratch / _MANIFEST).read_bytes())
    except (tarfile.TarError, OSError, ValueError) as error:
        raise Refusal(f"{source} is not a backup of Arengo.", code="not_a_backup") from error
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise Refusal("This backup was made by a newer version of Arengo.", code="newer_backup")


def _put_sqlite(copy: Path, path: Path, force: bool) -> None:
    if path.exists():
        if not force:
            raise Refusal(f"{path} exists already; --force keeps it aside and restores.", code="exists")
        aside = path.with_name(f"{path.name}.before-restore")
        path.replace(aside)
        for suffix in ("-wal", "-shm"):
            beside = path.with_name(path.name + suffix)
            if beside.exists():
                beside.replace(aside.with_name(aside.name + suffix))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copyfile(copy, path)
    path.chmod(0o600)


async def _put_postgres(database: Database, copy: Path, *, force: bool) -> None:
    if shutil.which("pg_restore") is None:
        raise Unavailable("Restoring PostgreSQL needs pg_restore, which is not installed here.")
    options = ["--clean", "--if-exists"] if force else []
    arguments = ["--exit-on-error", "--single-transaction", "--no-owner", *options]
    code, said = await run_on_postgres(database.url, "pg_restore", *arguments, str(copy))
    if code != 0:
        raise Refusal(f"pg_restore: {said.partition(chr(10))[0] or 'failed'} (--force replaces what is there)", code="exists")


def _put_beside(scratch: Path, data_dir: Path, force: bool) -> None:
    for name in _BESIDE:
        if (scratch / name).is_dir():
            if (data_dir / name).exists() and not force:
                raise Refusal(f"{data_dir / name} exists already; --force replaces it.", code="exists")
            shutil.copytree(scratch / name, data_dir / name, dirs_exist_ok=True)
