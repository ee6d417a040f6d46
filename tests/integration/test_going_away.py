"""The end of a server and the beginning of the next, as browsers live through it."""

from __future__ import annotations

import json
import re
import signal
import ssl
import time
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from tests.shell import Served, arengo, serving
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from arengo.adapters.tls.local_ca import local_certificate
from arengo.service.clock import SystemClock


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


def a_live_space(server: Served) -> tuple[str, dict[str, str]]:
    """The id of a space, and the header by which its host is known."""
    arengo("account", "create", "ann", "--data-dir", server.data_dir)
    headers = {"Authorization": f"Bearer {arengo('token', 'create', 'ann', '--data-dir', server.data_dir).out}"}
    made = httpx.post(f"{server.url}/api/v1/spaces", json={"title": "Evening", "start": True}, headers=headers)
    return str(made.json()["id"]), headers


def test_a_server_that_stops_tells_channels_that_it_goes_away(data_dir: Path) -> None:
    with serving(data_dir) as server:
        space, headers = a_live_space(server)
        channel = f"{server.url.replace('http', 'ws', 1)}/api/v1/spaces/{space}/channel"
        with connect(channel, additional_headers=headers) as socket:
            socket.send(json.dumps({"type": "hello"}))
            assert json.loads(socket.recv())["type"] == "welcome"
            server.process.send_signal(signal.SIGTERM)
            assert close_code(socket) == 1001


def test_a_server_that_was_killed_leaves_nothing_in_the_way_of_the_next(data_dir: Path) -> None:
    with serving(data_dir) as server:
        space, headers = a_live_space(server)
        server.end(signal.SIGKILL)
    assert (data_dir / "control.sock").exists()

    began = time.monotonic()
    with serving(data_dir) as server:
        print(f"serves again after {time.monotonic() - began:.2f} s")
        facts = httpx.get(f"{server.url}/api/v1/spaces/{space}", headers=headers).json()
        assert (facts["state"], facts["title"]) == ("live", "Evening")
        assert arengo("space", "end", space, "--data-dir", data_dir).code == 0


def test_a_renewed_certificate_is_used_after_sighup_without_a_restart(data_dir: Path, tmp_path: Path) -> None:
    now = SystemClock().now()
    made = local_certificate(tmp_path / "tls", [ip_address("127.0.0.1")], now)
    with serving(data_dir, "--tls-cert", made.certificate, "--tls-key", made.key) as server:
        port = int(re.search(r":(\d+)$", server.url)[1])  # type: ignore[index]
        trust = ssl.create_default_context(cafile=str(made.authority))
        assert server.url.startswith("https://")
        assert httpx.get(f"{server.url}/healthz", verify=trust).status_code == 200
        first = serial(port)

        local_certificate(tmp_path / "tls", [ip_address("127.0.0.1")], now + timedelta(days=380))
        server.process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 20
        while serial(port) == first:
            assert time.monotonic() < until


def close_code(socket: ClientConnection) -> int | None:
    """The code with which the other side closes, after whatever else it says."""
    try:
        while True:
            socket.recv(timeout=20)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def serial(port: int) -> int:
    pem = ssl.get_server_certificate(("127.0.0.1", port), timeout=20)
    return x509.load_pem_x509_certificate(pem.encode()).serial_number
