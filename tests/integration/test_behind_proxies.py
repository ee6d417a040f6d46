"""The configurations in docs/operating, run by Caddy and nginx as Debian packages them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path

import httpx
import pytest
from tests.fakes.media_plane import FakeMediaPlane
from tests.fakes.offers import an_offer
from tests.ports import free_port
from websockets.asyncio.client import connect

from arengo.adapters.tls.local_ca import local_certificate
from arengo.bootstrap import running
from arengo.service.clock import SystemClock
from arengo.service.instance import Instance
from arengo.settings import Settings
from arengo.web.listener import Listener, bind

DOCS = Path(__file__).parents[2] / "docs" / "operating"
ASKER = "127.0.0.5"  # another loopback address than the proxy's own
PASSWORD = "correct horse"


@dataclass
class Front:
    """A proxy on https, the server behind it, and a client that comes from ASKER."""

    url: str
    media: FakeMediaPlane
    http: httpx.AsyncClient
    trust: ssl.SSLContext

    async def post(self, path: str, **given: object) -> httpx.Response:
        headers = {"Origin": self.url, "X-CSRF-Token": self.http.cookies.get("arengo_csrf", "")}
        return await self.http.post(path, headers=headers, **given)  # type: ignore[arg-type]


@pytest.fixture(params=["caddy", "nginx"])
async def front(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Front]:
    """Each proxy in turn, with the configuration that the documentation gives."""
    proxy_port, http_port = free_port(), free_port()
    url = f"https://localhost:{proxy_port}"
    settings = Settings(data_dir=tmp_path / "data", trusted_proxies=(ip_network("127.0.0.1/32"),))
    media = FakeMediaPlane()
    certificate = local_certificate(tmp_path / "tls", [ip_address("127.0.0.1")], SystemClock().now())
    trust = ssl.create_default_context(cafile=str(certificate.authority))
    async with running(settings, Instance(url=url), media=media) as server, contextlib.AsyncExitStack() as stack:
        bound = bind(0, "127.0.0.1")
        listener = Listener(server.app, bound, settings.limits, server.connections)
        serving = asyncio.create_task(listener.run_until_stopped())
        here = f"127.0.0.1:{bound.getsockname()[1]}"
        if request.param == "caddy":
            command = caddy(tmp_path, here, proxy_port, http_port, certificate.certificate, certificate.key)
        else:
            command = nginx(tmp_path, here, proxy_port, http_port, certificate.certificate, certificate.key)
        await stack.enter_async_context(proxy(command, tmp_path, proxy_port))
        transport = httpx.AsyncHTTPTransport(local_address=ASKER, verify=trust)
        async with httpx.AsyncClient(transport=transport, base_url=url) as http:
            yield Front(url, media, http, trust)
        listener.stop()
        await serving


async def test_one_signs_up_through_the_proxy_with_cookies_for_https_alone(front: Front) -> None:
    answer = await front.post("/api/v1/accounts", json={"name": "ann", "password": PASSWORD})

    assert answer.status_code == 201
    assert all("secure" in cookie.lower() for cookie in answer.headers.get_list("set-cookie"))
    assert "strict-transport-security" in answer.headers
    assert (await front.post("/api/v1/tokens", json={"label": "x"})).status_code == 201


async def test_the_space_channel_works_through_the_proxy(front: Front) -> None:
    await front.post("/api/v1/accounts", json={"name": "ann", "password": PASSWORD})
    space = (await front.post("/api/v1/spaces", json={"title": "Evening", "start": True})).json()["id"]
    cookie = "; ".join(f"{name}={value}" for name, value in front.http.cookies.items())

    channel = f"{front.url.replace('https', 'wss')}/api/v1/spaces/{space}/channel"
    async with connect(channel, ssl=front.trust, origin=front.url, additional_headers={"Cookie": cookie}) as socket:  # type: ignore[arg-type]
        await socket.send(json.dumps({"type": "hello"}))
        welcome = json.loads(await socket.recv())

    assert welcome["type"] == "welcome"
    assert welcome["you"]["role"] == "host"


async def test_the_server_learns_who_asks_and_not_what_the_asker_pretends(front: Front) -> None:
    front.media.connects = False  # a newer session takes over from an older one once it is connected
    await front.post("/api/v1/accounts", json={"name": "ann", "password": PASSWORD})
    space = (await front.post("/api/v1/spaces", json={"title": "Evening", "start": True})).json()["id"]

    for pretended in ({}, {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http"}):
        answer = await front.http.post(
            f"/api/v1/spaces/{space}/whep",
            content=an_offer("recvonly"),
            headers={"Content-Type": "application/sdp", "Authorization": f"Bearer {await token(front)}", **pretended},
        )
        assert answer.status_code == 201, answer.text

    assert [peer.requester for peer in front.media.peers.values()] == [ASKER] * 3


async def test_the_location_of_a_whip_session_leads_back_through_the_proxy(front: Front) -> None:
    await front.post("/api/v1/accounts", json={"name": "ann", "password": PASSWORD})
    space = (await front.post("/api/v1/spaces", json={"title": "Evening", "start": True})).json()["id"]
    whip = f"{front.url}/api/v1/spaces/{space}/whip"
    bearer = {"Authorization": f"Bearer {await token(front)}"}

    answer = await front.http.post(whip, content=an_offer("sendonly"), headers={**bearer, "Content-Type": "application/sdp"})
    assert answer.status_code == 201, answer.text
    session = httpx.URL(whip).join(answer.headers["location"])

    assert str(session).startswith(whip + "/")
    assert (await front.http.delete(session, headers=bearer)).status_code == 200
    assert (await front.http.delete(session, headers=bearer)).status_code == 404


async def test_too_large_a_body_is_refused_by_the_server_not_by_the_proxy(front: Front) -> None:
    answer = await front.http.post("/api/v1/session", json={"name": "x" * 2_000_000, "password": "x"})

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_figures_are_not_told_through_the_proxy(front: Front) -> None:
    async with httpx.AsyncClient(verify=front.trust) as beside:
        assert (await beside.get(f"{front.url}/metrics")).status_code == 403


async def token(front: Front) -> str:
    return str((await front.post("/api/v1/tokens", json={"label": "x"})).json()["token"])


def caddy(folder: Path, here: str, port: int, http_port: int, certificate: Path, key: Path) -> list[str]:
    """The documented Caddyfile, with our own address, port and certificate in place of a public name."""
    given = in_docs("behind-caddy.md", "caddyfile").replace("127.0.0.1:8000", here)
    given = given.replace("talk.example.org {", f"https://localhost:{port} {{\n\ttls {certificate} {key}")
    (folder / "Caddyfile").write_text(f"{{\n\tadmin off\n\thttp_port {http_port}\n\tauto_https disable_redirects\n}}\n{given}")
    return [program("caddy"), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def nginx(folder: Path, here: str, port: int, http_port: int, certificate: Path, key: Path) -> list[str]:
    """The documented server blocks, with our own address, ports and certificate, in the smallest nginx.conf."""
    given = in_docs("behind-nginx.md", "nginx").replace("127.0.0.1:8000", here)
    given = given.replace("/etc/letsencrypt/live/talk.example.org/fullchain.pem", str(certificate))
    given = given.replace("/etc/letsencrypt/live/talk.example.org/privkey.pem", str(key)).replace("talk.example.org", "localhost")
    given = re.sub(r"listen (\[::\]:)?443", rf"listen \g<1>{port}", given)
    given = re.sub(r"listen (\[::\]:)?80;", rf"listen \g<1>{http_port};", given)
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}{given}}}\n"
    )
    return [program("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]


def in_docs(file: str, language: str) -> str:
    """The block of that language in the document."""
    found = re.search(rf"^```{language}\n(.*?)^```$", (DOCS / file).read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None, f"{file} has no block of {language}"
    return found[1]


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        raise RuntimeError(f"{name} is not installed; `make test` installs it from the Debian package {name}.")
    return found


@contextlib.asynccontextmanager
async def proxy(command: list[str], folder: Path, port: int) -> AsyncIterator[None]:
    """Runs *command* and waits until it listens at *port*."""
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (folder / "proxy.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log, env=environment)
    try:
        async with asyncio.timeout(30):
            while not await _listens(port):
                assert process.returncode is None, (folder / "proxy.log").read_text()
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        await asyncio.sleep(0.05)
        return False
    writer.close()
    return True
