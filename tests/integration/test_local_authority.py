"""https for phones of the same network, from an authority that the server keeps itself."""

from __future__ import annotations

import re
import ssl
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
from cryptography import x509
from tests.fakes.clock import StoppedClock
from tests.shell import serving

from arengo.adapters.tls.local_ca import local_certificate, names_of

NOW = StoppedClock().now()
LAN = [ip_address("192.168.1.20"), ip_address("fd00::20"), ip_address("198.51.100.7"), ip_address("127.0.0.1")]


def test_the_certificate_is_for_private_addresses_and_names_alone(tmp_path: Path) -> None:
    made = local_certificate(tmp_path, LAN, NOW)

    names = names_of(x509.load_pem_x509_certificate(made.certificate.read_bytes()))
    assert {"localhost", "192.168.1.20", "fd00::20", "127.0.0.1"} <= set(names)
    assert "198.51.100.7" not in names


def test_the_keys_are_for_the_owner_alone(tmp_path: Path) -> None:
    made = local_certificate(tmp_path, LAN, NOW)

    for key in (made.key, tmp_path / "ca.key"):
        assert key.stat().st_mode & 0o077 == 0


def test_the_same_machine_keeps_its_certificate_and_a_moved_one_gets_another_of_the_same_authority(tmp_path: Path) -> None:
    first = local_certificate(tmp_path, LAN, NOW)
    leaf, authority = first.certificate.read_bytes(), first.authority.read_bytes()

    assert local_certificate(tmp_path, LAN, NOW).certificate.read_bytes() == leaf
    moved = local_certificate(tmp_path, [ip_address("10.0.0.5")], NOW)
    assert moved.certificate.read_bytes() != leaf
    assert moved.authority.read_bytes() == authority


def test_a_certificate_that_runs_out_soon_is_made_anew(tmp_path: Path) -> None:
    leaf = local_certificate(tmp_path, LAN, NOW).certificate.read_bytes()

    assert local_certificate(tmp_path, LAN, NOW + timedelta(days=380)).certificate.read_bytes() != leaf


def test_a_client_that_trusts_the_authority_reaches_the_server_by_https(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--tls-local", "--tls-port", "0") as server:
        assert server.process.stdout is not None
        lines = [server.process.stdout.readline() for _ in range(2)]
        url = re.search(r"https://\S+:(\d+)", lines[0])
        assert url is not None
        here = f"https://localhost:{url[1]}"

        authority = httpx.get(f"{server.url}/ca.crt")
        assert authority.headers["content-type"] == "application/x-x509-ca-cert"
        trusting = ssl.create_default_context(cadata=authority.text)
        answer = httpx.get(f"{here}/healthz", verify=trusting)

        assert answer.status_code == 200
        assert httpx.get(f"https://127.0.0.1:{url[1]}/healthz", verify=trusting).status_code == 200
        assert "max-age" in answer.headers["strict-transport-security"]
        assert "Scarica il certificato" in httpx.get(f"{here}/trust", verify=trusting, headers={"Accept-Language": "it"}).text
        instance = httpx.get(f"{here}/api/v1/instance", verify=trusting)
        assert instance.json()["url"] == url[0]
        assert "secure" in instance.headers["set-cookie"].lower()
