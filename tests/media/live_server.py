"""A real `arengo serve` in a folder of its own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from tests.ports import free_port

ARENGO = (sys.executable, "-m", "arengo")
READY_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Person:
    """An account with a token that may do all that the account may."""

    id: str
    name: str
    token: str


@dataclass(slots=True)
class LiveServer:
    """The server under test, and calls that its tests make of it."""

    data_dir: Path
    address: str = "127.0.0.1"  # that peers are told
    port: int = field(default_factory=free_port)
    media_port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None
    command: tuple[str, ...] = ARENGO

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def options(self) -> list[str]:
        return [
            "--port", str(self.port), "--media-port", str(self.media_port),
            "--data-dir", str(self.data_dir), "--public-ip", self.address,
        ]  # fmt: skip

    async def start(self, command: str = "serve", *more: str) -> None:
        """Start and wait until it says that it is ready."""
        log = (self.data_dir / "server.log").open("ab")
        self.process = await asyncio.create_subprocess_exec(
            *self.command, command, *self.options, *more, stdout=log, stderr=log, start_new_session=True
        )
        log.close()
        async with asyncio.timeout(READY_WITHIN_S), httpx.AsyncClient(trust_env=False) as http:
            while True:
                if self.process.returncode is not None:
                    raise AssertionError(f"the server ended: {(self.data_dir / 'server.log').read_text()}")
                with contextlib.suppress(httpx.HTTPError):
                    if (await http.get(f"{self.url}/readyz")).is_success:
                        return
                await asyncio.sleep(0.05)

    async def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        """End it and wait until it has ended."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(by)
            await self.process.wait()
        self.process = None

    async def shell(self, *arguments: str) -> str:
        """Run a command of the shell beside the server; what it printed."""
        process = await asyncio.create_subprocess_exec(
            *self.command, *arguments, "--data-dir", str(self.data_dir), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return out.decode().strip()

    async def person(self, name: str) -> Person:
        await self.shell("account", "create", name, "--password", f"{name}-keeps-this-secret")
        token = await self.shell("token", "create", name)
        me = await self.call(token, "GET", "/me")
        return Person(id=me["id"], name=name, token=token)

    async def space(self, host: Person, **facts: object) -> dict[str, Any]:
        """A live space where everyone may speak, unless said otherwise."""
        return await self.call(host.token, "POST", "/spaces", {"title": "A talk", "who_may_speak": "everyone", "start": True, **facts})

    async def call(self, token: str | None, method: str, path: str, body: object = None) -> Any:
        """The native API's answer; AssertionError where it refuses."""
        async with self.http(token) as http:
            response = await http.request(method, f"/api/v1{path}", json=body)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    def http(self, token: str | None = None) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(base_url=self.url, headers=headers, trust_env=False)


@contextlib.asynccontextmanager
async def running(data_dir: Path, *more: str, address: str = "127.0.0.1") -> AsyncIterator[LiveServer]:
    """A server with the options *more*."""
    server = LiveServer(data_dir, address=address)
    try:
        await server.start("serve", *more)
        yield server
    finally:
        await server.stop()
