"""By which names the server may be asked."""

from __future__ import annotations

import pytest

from arengo.web.hosts import OwnHosts, is_loopback

OURS = OwnHosts("https://talk.example.org:8443", ("also.example.net",))


@pytest.mark.parametrize(
    "host",
    [
        "talk.example.org",
        "TALK.example.org.:8443",
        "also.example.net:80",
        "localhost:9000",
        "app.localhost",
        "127.0.0.1:8000",
        "192.168.1.20:8000",
        "[fd00::7]:8000",
        "[::1]",
        "raspberrypi:8000",
        "raspberrypi.local",
        "arengo.lan:8000",
        "arengo.home.arpa",
        "",  # no browser
    ],
)
def test_own_names_addresses_and_names_that_only_a_local_network_has(host: str) -> None:
    assert OURS.has(host)


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example.com",
        "rebound.example.com:8000",
        "example.org",
        "evil.talk.example.org",
        "talk.example.org.evil.example",
        "127.0.0.1.nip.io",
        "localhost.evil.example",
        "evil.local.example",
        "a b",
        "x; script-src *",
        "rebound.example.com,localhost",
        "localhost@rebound.example.com",
    ],
)
def test_a_name_that_a_stranger_can_point_here(host: str) -> None:
    assert not OURS.has(host)


@pytest.mark.parametrize(
    ("host", "expected"), [("localhost:1", True), ("127.8.9.1", True), ("[::1]:80", True), ("10.0.0.7", False), ("", False)]
)
def test_this_machine_by_its_own_name(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
