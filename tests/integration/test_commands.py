"""What an operator does from the shell, beside a running server and without one."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from tests.shell import arengo, serving

from arengo.limits import Limits


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def usual_umask() -> Iterator[None]:
    """New files can be read by everybody unless a program sees to it, as on most machines."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """What others may do with everything in *folder*."""
    return {str(path.relative_to(folder)): path.stat().st_mode & 0o077 for path in folder.rglob("*")}


def a_token(data_dir: Path, name: str = "ann") -> str:
    arengo("account", "create", name, "--data-dir", data_dir)
    return arengo("token", "create", name, "--data-dir", data_dir).out


def who(url: str, token: str) -> httpx.Response:
    return httpx.get(f"{url}/api/v1/me", headers={"Authorization": f"Bearer {token}"})


def test_accounts_and_tokens_are_made_beside_a_running_server_and_without_one(data_dir: Path) -> None:
    before = a_token(data_dir, "ann")
    with serving(data_dir) as server:
        beside = a_token(data_dir, "bob")

        assert who(server.url, before).json()["name"] == "ann"
        assert who(server.url, beside).json()["name"] == "bob"
        assert "\n" not in beside


def test_a_ban_beside_a_running_server_acts_at_once(data_dir: Path) -> None:
    with serving(data_dir) as server:
        token = a_token(data_dir)
        assert who(server.url, token).status_code == 200

        assert arengo("account", "ban", "ann", "--data-dir", data_dir).out == "ann is banned."

        assert who(server.url, token).status_code in (401, 403)


def test_another_password_beside_a_running_server_ends_logins_and_tokens_at_once(data_dir: Path) -> None:
    with serving(data_dir) as server:
        token = a_token(data_dir)
        assert who(server.url, token).status_code == 200

        said = arengo("account", "password", "ann", "--password", "-", "--data-dir", data_dir, typed="battery staple\n")

        assert said.out == "ann has a new password; every login and token has ended."
        assert who(server.url, token).status_code == 401
        signed_in = httpx.post(f"{server.url}/api/v1/session", json={"name": "ann", "password": "battery staple"})
        assert signed_in.json()["name"] == "ann"
        server.end()

    later = a_token(data_dir, "ann")
    assert arengo("account", "password", "ann", "--data-dir", data_dir, typed="another battery\n").code == 0
    with serving(data_dir) as server:
        assert who(server.url, later).status_code == 401


def test_a_ban_acts_while_the_database_is_locked_and_is_kept_when_it_is_free(data_dir: Path) -> None:
    with serving(data_dir) as server:
        token = a_token(data_dir)
        who(server.url, token)
        with closing(sqlite3.connect(data_dir / "arengo.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            said = arengo("account", "ban", "ann", "--data-dir", data_dir)
            assert said.code == 0
            assert "as soon as the database answers" in said.out
            assert who(server.url, token).json()["code"] == "banned"
            other.execute("ROLLBACK")
        server.end()

    assert arengo("token", "create", "ann", "--data-dir", data_dir).code == 0
    with closing(sqlite3.connect(data_dir / "arengo.db")) as kept:
        assert kept.execute("SELECT count(*) FROM bans").fetchone() == (1,)


def test_a_space_is_ended_from_the_shell_with_or_without_a_server(data_dir: Path) -> None:
    with serving(data_dir) as server:
        token = a_token(data_dir)
        headers = {"Authorization": f"Bearer {token}"}
        ids = [
            httpx.post(f"{server.url}/api/v1/spaces", json={"title": "Evening", "start": True}, headers=headers).json()["id"]
            for _ in range(2)
        ]

        assert arengo("space", "end", ids[0], "--data-dir", data_dir).code == 0
        facts = httpx.get(f"{server.url}/api/v1/spaces/{ids[0]}", headers=headers).json()
        assert (facts["state"], facts["end_reason"]) == ("ended", "operator")
        server.end()

    assert arengo("space", "end", ids[1], "--data-dir", data_dir).code == 0
    with serving(data_dir) as server:
        assert httpx.get(f"{server.url}/api/v1/spaces/{ids[1]}", headers=headers).json()["state"] == "ended"


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["space", "end", "0123456789abc"], 1, "no_such_space"),
        (["account", "create", "A B"], 1, "name_invalid"),
        (["account", "ban", "nobody"], 1, "no_such_person"),
        (["account", "password", "nobody", "--password", "long enough"], 1, "no_such_person"),
        (["token", "create", "nobody"], 1, "no_such_person"),
        (["restore", "/nowhere.tar"], 3, "There is no file"),
        (["backup"], 3, "There is no database"),
        (["serve", "--tls-cert", "/nowhere"], 2, "together"),
        (["serve", "--url", "talk.example.org"], 2, "no address such as"),
        (["serve", "--database-url", "mysql://x"], 2, "postgresql"),
        (["serve", "--trust-proxy", "everybody"], 2, "no network"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_an_exit_code(data_dir: Path, words: list[str], code: int, sentence: str) -> None:
    ended = arengo(*words, "--data-dir", data_dir)

    assert (ended.code, ended.out) == (code, "")
    assert sentence in ended.err


def test_a_port_that_is_taken_is_told_as_such(data_dir: Path) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        ended = arengo("serve", "--port", str(port), "--bind", "127.0.0.1", "--media-port", "0", "--data-dir", data_dir)

    assert ended.code == 3
    assert ended.err == f"Port {port} is taken by another program; choose another with --port."


def test_a_media_port_that_is_taken_is_told_as_such(data_dir: Path) -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as taken:
        taken.bind(("", 0))
        port = taken.getsockname()[1]

        ended = arengo("serve", "--port", "0", "--bind", "127.0.0.1", "--media-port", str(port), "--data-dir", data_dir)

    assert ended.code == 3
    assert f"Port {port} is taken" in ended.err


def test_a_second_server_on_the_same_data_is_refused(data_dir: Path) -> None:
    with serving(data_dir):
        ended = arengo("serve", "--port", "0", "--bind", "127.0.0.1", "--media-port", "0", "--data-dir", data_dir)

    assert ended.code == 1
    assert "A server runs on this data directory already; stop it first." in ended.err


def test_a_second_server_is_refused_also_where_the_first_ones_socket_is_gone(data_dir: Path) -> None:
    with serving(data_dir) as server:
        (data_dir / "control.sock").unlink()
        ended = arengo("serve", "--port", "0", "--bind", "127.0.0.1", "--media-port", "0", "--data-dir", data_dir)

        assert ended.code == 3
        assert "Another process uses this data" in ended.err
        assert httpx.get(f"{server.url}/readyz").status_code == 200


def test_a_second_server_on_the_same_sqlite_file_is_refused_whatever_its_data_directory_is(data_dir: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    with serving(data_dir, "--database-url", url):
        second = ["--port", "0", "--bind", "127.0.0.1", "--media-port", "0", "--data-dir", tmp_path / "other"]
        ended = arengo("serve", *second, "--database-url", url)

    assert ended.code == 3
    assert f"it holds {tmp_path}/shared.db.lock" in ended.err


def test_a_command_waits_for_another_process_and_says_so_when_it_takes_too_long(data_dir: Path) -> None:
    data_dir.mkdir()
    with (data_dir / "data.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = arengo("account", "create", "ann", "--data-dir", data_dir)

    assert refused.code == 3
    assert "Another process uses this data" in refused.err
    assert arengo("account", "create", "ann", "--data-dir", data_dir).code == 0


def test_what_a_server_and_its_commands_write_is_for_their_owner_alone(data_dir: Path, usual_umask: None) -> None:
    data_dir.mkdir(mode=0o755)
    arengo("account", "create", "ann", "--data-dir", data_dir)
    alone = modes(data_dir)
    with serving(data_dir):
        beside = modes(data_dir)

    assert {"arengo.db"} <= alone.keys()
    assert {"arengo.db", "arengo.db-wal", "arengo.db-shm", "control.sock"} <= beside.keys()
    assert set(alone.values()) | set(beside.values()) == {0}


def test_files_that_others_could_read_are_closed_when_a_server_starts_and_the_log_names_them(data_dir: Path) -> None:
    arengo("account", "create", "ann", "--data-dir", data_dir)
    (data_dir / "backups").mkdir(mode=0o755)
    (data_dir / "notes.txt").write_text("mine")
    for name in ("arengo.db", "backups", "notes.txt"):
        (data_dir / name).chmod(0o755)

    with serving(data_dir) as server:
        left = modes(data_dir)
        said = server.log.read_text()

    assert [name for name, others in left.items() if others] == ["notes.txt"]
    assert f"Closed to everybody but their owner: {data_dir}/arengo.db, {data_dir}/backups." in said


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_ends_in_time_and_in_peace(data_dir: Path, by: signal.Signals) -> None:
    with serving(data_dir) as server:
        took = server.end(by)

        assert server.process.returncode == 0
        assert not (data_dir / "control.sock").exists()
    assert took < 3 * Limits().shutdown_s  # the machine may be busy; the server's own limit is shutdown_s
    print(f"stopped in {took:.2f} s")


def test_the_control_socket_belongs_to_its_owner_alone(data_dir: Path) -> None:
    with serving(data_dir):
        assert (data_dir / "control.sock").stat().st_mode & 0o077 == 0
        assert data_dir.stat().st_mode & 0o077 == 0


def test_nonsense_on_the_control_socket_is_answered_and_harms_nobody(data_dir: Path) -> None:
    with serving(data_dir) as server:
        for line in (b"\n", b"{}\n", b"\xff\xfe\n", b'{"kind":"create_account"}\n', b'{"kind":"hello"}\n'):
            with socket.socket(socket.AF_UNIX) as shell:
                shell.connect(str(data_dir / "control.sock"))
                shell.sendall(line)
                reply = json.loads(shell.makefile().readline())
        assert reply == {"text": "hello", "code": None}
        with socket.socket(socket.AF_UNIX) as shell:
            shell.connect(str(data_dir / "control.sock"))
            shell.sendall(b"x" * 200_000)
        assert httpx.get(f"{server.url}/healthz").status_code == 200


def test_doctor_finds_nothing_wrong_with_good_surroundings(data_dir: Path) -> None:
    ended = arengo("doctor", "--port", "0", "--media-port", "0", "--data-dir", data_dir)

    assert "cannot be" not in ended.out
    assert "will be made" in ended.out


def test_doctor_tells_what_is_wrong(data_dir: Path) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        ended = arengo(
            "doctor", "--port", port, "--bind", "127.0.0.1", "--media-port", "0", "--url", "http://talk.invalid", "--data-dir", data_dir
        )

    assert ended.code == 1
    assert f"TCP port {port} is taken" in ended.out
    assert "is not https" in ended.out
    assert "not known to DNS" in ended.out


def test_doctor_names_what_others_can_read_and_how_to_close_it(data_dir: Path) -> None:
    arengo("account", "create", "ann", "--data-dir", data_dir)
    (data_dir / "arengo.db").chmod(0o644)
    closed = arengo("doctor", "--port", "0", "--media-port", "0", "--data-dir", data_dir)
    data_dir.chmod(0o755)
    opened = arengo("doctor", "--port", "0", "--media-port", "0", "--data-dir", data_dir)
    data_dir.chmod(0o777)
    shared = arengo("doctor", "--port", "0", "--media-port", "0", "--data-dir", data_dir)

    assert "Others" not in closed.out
    assert f"look   Others on this machine can look into {data_dir}; chmod 700 {data_dir} closes it." in opened.out
    assert f"WRONG  Others on this machine can read {data_dir}/arengo.db; chmod go= {data_dir}/arengo.db closes it." in opened.out
    assert f"WRONG  Others on this machine can change what is in {data_dir}; chmod 700 {data_dir} closes it." in shared.out


def test_a_database_that_does_not_open_is_told_with_its_own_reason(data_dir: Path, tmp_path: Path) -> None:
    data_dir.mkdir()
    (data_dir / "arengo.db").write_text("this is a letter to my aunt, not a database at all " * 50)

    letter = arengo("account", "create", "ann", "--data-dir", data_dir)
    nowhere = arengo("account", "create", "ann", "--data-dir", data_dir, "--database-url", f"postgresql://a@/b?host={tmp_path}")

    assert (letter.code, letter.err) == (3, "The database does not open: file is not a database")
    assert (nowhere.code, nowhere.err) == (3, "The database cannot be reached.")


def test_a_postgresql_that_knows_no_such_database_says_so(data_dir: Path, postgres: str) -> None:
    ended = arengo("account", "create", "ann", "--data-dir", data_dir, "--database-url", postgres.format("nothing"))

    assert ended.code == 3
    assert 'database "nothing" does not exist' in ended.err
