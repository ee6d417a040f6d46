"""A whole server without sound, spoken to as a browser or a program would."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.fakes.clock import StoppedClock
from tests.fakes.media_plane import FakeMediaPlane

from arengo.bootstrap import Running, running
from arengo.service.instance import Instance, Signup
from arengo.settings import Settings

URL = "https://talk.example.org"
PASSWORD = "correct horse battery"


@dataclass
class Browser:
    """Keeps cookies, and sends what our own pages send along."""

    http: httpx.AsyncClient

    async def send(self, method: str, path: str, **given: object) -> httpx.Response:
        headers = {"Origin": URL, "X-CSRF-Token": self.http.cookies.get("arengo_csrf", "")}
        return await self.http.request(method, path, headers=headers, **given)  # type: ignore[arg-type]

    async def post(self, path: str, **given: object) -> httpx.Response:
        return await self.send("POST", path, **given)

    async def get(self, path: str) -> httpx.Response:
        return await self.send("GET", path)

    async def sign_up(self, name: str, **more: str) -> str:
        """Make an account, signed in from then on; gives its id."""
        answer = await self.post("/api/v1/accounts", json={"name": name, "password": PASSWORD, **more})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


Open = Callable[..., Browser]


@pytest.fixture
def media() -> FakeMediaPlane:
    """The sound that is not there."""
    return FakeMediaPlane()


@pytest.fixture
def signup() -> Signup:
    """Who may make an account; a test module says otherwise by its own fixture."""
    return "open"


@pytest.fixture
def settings(tmp_path: Path, database_url: str, signup: Signup) -> Settings:
    return Settings(data_dir=tmp_path / "data", database_url=database_url, signup=signup)


@pytest.fixture
async def server(settings: Settings, clock: StoppedClock, media: FakeMediaPlane) -> AsyncIterator[Running]:
    """The server, on each database in turn."""
    instance = Instance(name="The loggia", url=URL, signup=settings.signup, version="1.2.3")
    async with running(settings, instance, clock=clock, media=media) as server:
        yield server


@pytest.fixture
async def open_browser(server: Running) -> AsyncIterator[Open]:
    """Makes browsers, each with its own cookies and address."""
    clients: list[httpx.AsyncClient] = []

    def open_one(address: str = "203.0.113.7") -> Browser:
        transport = httpx.ASGITransport(app=server.app, client=(address, 50_000), raise_app_exceptions=False)  # type: ignore[arg-type]
        clients.append(httpx.AsyncClient(transport=transport, base_url=URL))
        return Browser(clients[-1])

    yield open_one
    for client in clients:
        await client.aclose()


@pytest.fixture
def browser(open_browser: Open) -> Browser:
    return open_browser()
