"""A whole server on a real socket, and people who talk to it over HTTP and the channel."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
from tests.fakes.media_plane import FakeMediaPlane
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from arengo.bootstrap import Running, running
from arengo.domain.ids import SpaceId
from arengo.limits import Limits
from arengo.service.instance import Instance
from arengo.service.space_room import SpaceRoom
from arengo.settings import Settings
from arengo.web.listener import Listener, bind
from arengo.web.signaling import messages as wire
from arengo.web.signaling.apply import apply

PATIENCE_S = 10.0
T = TypeVar("T")
_decoder = msgspec.json.Decoder(wire.FromServer)


@dataclass
class World:
    """A running server with what is behind it."""

    url: str
    server: Running
    media: FakeMediaPlane

    async def account(self, name: str, *, scopes: list[str] | None = None) -> Talker:
        """Make an account and a token, as an operator would from the shell."""
        account = await self.server.operator.create_account(name, display=name.title(), password=None, bot=False)
        token = await self.server.operator.create_token(name, label="test", scopes=scopes)
        return Talker(self, account.id, {"authorization": f"Bearer {token}"})

    async def room(self, space: str) -> SpaceRoom:
        """Give the room behind a live space."""
        rooms = self.server.services.spaces.rooms
        return await rooms.room(SpaceId(space))

    def nobody(self) -> Talker:
        return Talker(self, "", {})


@dataclass
class Talker:
    """Somebody with a token, or nobody in particular."""

    world: World
    id: str
    headers: dict[str, str]

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        async with httpx.AsyncClient(base_url=self.world.url, timeout=PATIENCE_S, trust_env=False) as client:
            return await client.request(method, path, headers=headers, **more)

    async def opens(self, title: str = "A space", **more: Any) -> str:
        """Open a live space and give its id."""
        answer = await self.call("POST", "/api/v1/spaces", json={"title": title, "start": True, **more})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def offers(self, space: str, door: str, sdp: str | bytes, **headers: str) -> httpx.Response:
        sent = {"content-type": "application/sdp", **headers}
        return await self.call("POST", f"/api/v1/spaces/{space}/{door}", content=sdp, headers=sent)

    @asynccontextmanager
    async def channel(self, space: str, *, resume: tuple[str, int] | None = None, shown: bool = True) -> AsyncIterator[Channel]:
        """Open the channel and say hello."""
        url = self.world.url.replace("http", "ws", 1) + f"/api/v1/spaces/{space}/channel"
        async with connect(url, additional_headers=self.headers, proxy=None, max_size=2**22, max_queue=None) as socket:
            channel = Channel(socket)
            hello: dict[str, object] = {"type": "hello", "shown": shown}
            if resume is not None:
                hello["resume"] = {"token": resume[0], "version": resume[1]}
            await channel.says(hello)
            yield channel


@dataclass
class Channel:
    """One open channel; keeps a snapshot as a client does."""

    socket: ClientConnection
    heard: list[wire.FromServer] = field(default_factory=list)
    snapshot: wire.Snapshot | None = None
    you: wire.You | None = None
    resume: str = ""
    version: int = 0
    _number: int = 0

    async def says(self, message: dict[str, object] | str) -> None:
        await self.socket.send(message if isinstance(message, str) else json.dumps(message))

    async def hears(self) -> wire.FromServer:
        """Give the next message, taken in."""
        async with asyncio.timeout(PATIENCE_S):
            message = _decoder.decode(await self.socket.recv())
        self._take_in(message)
        return message

    async def until(self, kind: type[T], such: Callable[[T], bool] = lambda _: True) -> T:
        """Give the first message of that *kind* that is *such*."""
        while True:
            message = await self.hears()
            if isinstance(message, kind) and such(message):
                return message

    async def event(self, kind: type[T], such: Callable[[T], bool] = lambda _: True) -> T:
        """Give the first event of that *kind* that is *such*."""
        while True:
            message = await self.until(wire.EventMessage)
            if isinstance(message.event, kind) and such(message.event):
                return message.event

    async def welcomed(self) -> wire.Welcome:
        return await self.until(wire.Welcome)

    async def asks(self, kind: str, **fields: object) -> wire.Done | wire.Refused:
        """Ask for something and give the answer."""
        self._number += 1
        number = self._number
        await self.says({"type": "do", "id": number, "command": {"kind": kind, **fields}})
        while True:
            message = await self.hears()
            if isinstance(message, wire.Done | wire.Refused) and message.id == number:
                return message

    async def closed(self) -> tuple[int, str]:
        """Read on to the end; give code and reason."""
        while not self.socket.close_code:
            with contextlib.suppress(ConnectionClosed):
                await self.hears()
        return self.socket.close_code, self.socket.close_reason or ""

    def _take_in(self, message: wire.FromServer) -> None:
        self.heard.append(message)
        match message:
            case wire.Welcome():
                self.snapshot = message.snapshot or self.snapshot
                self.you, self.resume, self.version = message.you, message.resume, message.version
            case wire.EventMessage():
                if self.snapshot is not None:
                    self.snapshot = apply(self.snapshot, message)
                self.version = message.n
            case wire.YouMessage():
                self.you = message.you
            case _:
                pass


@asynccontextmanager
async def a_world(data_dir: Path, database_url: str | None = None, *, limits: Limits | None = None, port: int = 0) -> AsyncIterator[World]:
    """Run a server on a free port of the loopback, with a fake sound."""
    media = FakeMediaPlane()
    settings = Settings(data_dir=data_dir, database_url=database_url, limits=limits or Limits())
    bound = bind(port, "127.0.0.1")
    url = f"http://127.0.0.1:{bound.getsockname()[1]}"
    with bound:
        async with running(settings, Instance(url=url), media=media) as server:
            listener = Listener(server.app, bound, settings.limits, server.connections)
            serving = asyncio.create_task(listener.run_until_stopped())
            try:
                yield World(url, server, media)
            finally:
                listener.stop()
                await serving
