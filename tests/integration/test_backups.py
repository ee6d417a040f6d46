"""Everything into one file and back, on each database, also while a server runs."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest
from tests.shell import arengo, serving


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def test_what_was_backed_up_is_there_again_after_a_restore(
    data_dir: Path, tmp_path: Path, database_url: str, empty_database_url: str
) -> None:
    arengo("account", "create", "ann", "--data-dir", data_dir, "--database-url", database_url)

    made = arengo("backup", tmp_path / "b.tar", "--data-dir", data_dir, "--database-url", database_url)
    assert (made.code, made.out) == (0, str(tmp_path / "b.tar"))
    back = arengo("restore", tmp_path / "b.tar", "--data-dir", tmp_path / "other", "--database-url", empty_database_url)
    assert back.code == 0, back.err

    again = arengo("account", "create", "ann", "--data-dir", tmp_path / "other", "--database-url", empty_database_url)
    assert "name_taken" in again.err


def test_a_backup_of_a_running_server_has_what_was_said_yes_to(data_dir: Path, tmp_path: Path) -> None:
    with serving(data_dir):
        arengo("account", "create", "ann", "--data-dir", data_dir)
        assert arengo("backup", tmp_path / "b.tar", "--data-dir", data_dir).code == 0

    assert (tmp_path / "b.tar").stat().st_mode & 0o077 == 0
    arengo("restore", tmp_path / "b.tar", "--data-dir", tmp_path / "other")
    assert arengo("token", "create", "ann", "--data-dir", tmp_path / "other").code == 0


async def test_the_password_of_a_postgresql_is_on_no_command_line(
    empty_postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = empty_postgres.replace("postgres@", "postgres:very-secret@")
    arengo("account", "create", "ann", "--data-dir", tmp_path / "data", "--database-url", url)
    for tool in ("pg_dump", "pg_restore"):
        spy = tmp_path / tool
        spy.write_text(
            f'#!/bin/sh\necho "$0 $@" >>{tmp_path}/lines\necho "$PGPASSWORD" >>{tmp_path}/passwords\nexec {shutil.which(tool)} "$@"\n'
        )
        spy.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    assert arengo("backup", tmp_path / "b.tar", "--data-dir", tmp_path / "data", "--database-url", url).code == 0
    back = arengo("restore", tmp_path / "b.tar", "--data-dir", tmp_path / "other", "--database-url", url, "--force")

    assert back.code == 0, back.err
    lines = (tmp_path / "lines").read_text()
    assert "pg_dump" in lines
    assert "pg_restore" in lines
    assert "very-secret" not in lines
    assert (tmp_path / "passwords").read_text().split() == ["very-secret", "very-secret"]


def test_a_restore_refuses_a_running_server_and_data_that_is_there(data_dir: Path, tmp_path: Path) -> None:
    arengo("account", "create", "ann", "--data-dir", data_dir)
    arengo("backup", tmp_path / "b.tar", "--data-dir", data_dir)
    arengo("account", "create", "bob", "--data-dir", data_dir)

    with serving(data_dir):
        running = arengo("restore", tmp_path / "b.tar", "--data-dir", data_dir, "--force")
    assert (running.code, running.err) == (1, "A server runs on this data directory already; stop it first.")

    full = arengo("restore", tmp_path / "b.tar", "--data-dir", data_dir)
    assert full.code == 1
    assert "is not empty" in full.err
    assert arengo("token", "create", "bob", "--data-dir", data_dir).code == 0

    assert arengo("restore", tmp_path / "b.tar", "--data-dir", data_dir, "--force").code == 0
    assert arengo("token", "create", "ann", "--data-dir", data_dir).code == 0
    assert "no_such_person" in arengo("token", "create", "bob", "--data-dir", data_dir).err
    assert (data_dir / "arengo.db.before-restore").exists()


def test_a_file_that_is_no_backup_is_refused_and_nothing_is_written_outside(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "text.tar").write_text("no tar")
    evil = tmp_path / "evil.tar"
    with tarfile.open(evil, "w") as tar:
        tar.add(tmp_path / "text.tar", "../../outside")

    for file in (tmp_path / "text.tar", evil):
        ended = arengo("restore", file, "--data-dir", data_dir)
        assert ended.code == 1
        assert "is not a backup of Arengo" in ended.err
    assert not (tmp_path.parent / "outside").exists()


def test_a_backup_replaces_nothing(data_dir: Path, tmp_path: Path) -> None:
    arengo("account", "create", "ann", "--data-dir", data_dir)
    (tmp_path / "b.tar").write_text("mine")

    ended = arengo("backup", tmp_path / "b.tar", "--data-dir", data_dir)

    assert ended.code == 1
    assert (tmp_path / "b.tar").read_text() == "mine"
