"""The three ways to a listener's ear that are measured: Arengo, LiveKit, and two peers directly."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tests.media.firefox import Firefox, address_of_this_machine, firefox
from tests.media.live_server import LiveServer, Person
from tests.ports import free_port

from benches.sound.chromium import Chromium, Page
from benches.sound.relay import Leg, Loss, Relay

CLEAR = Loss()
MOST_SPEAKERS = 6
_CONNECTS_WITHIN_S = 20.0
_KEY, _SECRET = "bench", "a secret that is known to the bench alone"


@dataclass(frozen=True, slots=True)
class Scene:
    """The network between people, and how many of them speak.

    Not *relayed*: straight, with no delay of ours. *firefox*: the listener has that instead of Chromium.
    """

    to_listener: Loss = CLEAR
    from_speaker: Loss = CLEAR
    speakers: int = 1
    relayed: bool = True
    firefox: bool = False
    seed: int = 1


@dataclass(slots=True)
class Stage:
    """Where the pages of one measurement come from, and how they are connected; ends with *hall*."""

    browser: Chromium
    page_url: str
    relay: Relay
    scene: Scene
    hall: AsyncExitStack

    async def page(self) -> Page:
        page = await self.browser.page(self.page_url)
        self.hall.push_async_callback(page.close)
        return page

    async def listeners_page(self) -> Page | FirefoxPage:
        if not self.scene.firefox:
            return await self.page()
        browser = await self.hall.enter_async_context(firefox())
        await browser.open(self.page_url)
        await browser.click_button("Listen")  # without a click it plays nothing
        return FirefoxPage(browser)

    def leg(self, to: tuple[str, int], *, up: Loss = CLEAR, down: Loss = CLEAR, number: int = 0) -> list[str | int] | None:
        """The address that stands for *to* in the relay; None where people go straight. Each *number* loses other packets."""
        if not self.scene.relayed:
            return None
        port = self.relay.open(Leg(to, up, down, seed=10_000 * self.scene.seed + number))
        return [address_of_this_machine() if self.scene.firefox else "127.0.0.1", port]


class FirefoxPage:
    """A page of Firefox with the calls of Chromium's."""

    def __init__(self, browser: Firefox) -> None:
        self.browser = browser

    async def call(self, expression: str) -> Any:
        """The plain value of *expression* in the page, awaited."""
        return json.loads(await self.browser.call(f"async () => JSON.stringify((await ({expression})) ?? null)"))


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation: the pages of those who speak and of who listens, and the relay's port towards the latter."""

    speakers: list[Page]
    listener: Page | FirefoxPage
    listeners_port: int | None = None

    def pages(self) -> list[Page | FirefoxPage]:
        return [*self.speakers, self.listener]


async def until(page: Page | FirefoxPage, condition: str) -> None:
    """Wait until *condition*, over `all`, holds for the lines of *page*."""
    async with asyncio.timeout(_CONNECTS_WITHIN_S):
        while not await page.call(f"lines().then((all) => {condition})"):
            await asyncio.sleep(0.2)


def port_of(leg: list[str | int] | None) -> int | None:
    return None if leg is None else int(leg[1])


HEARS = "all.some((one) => one.type === 'inbound-rtp' && one.packetsReceived > 0)"


@dataclass(frozen=True, slots=True)
class Arengo:
    """A real `arengo serve`, joined by the app's own media code."""

    server: LiveServer
    people: list[Person]
    name: str = "arengo"

    async def talk(self, stage: Stage) -> Talk:
        speakers, listener = self.people[: stage.scene.speakers], self.people[-1]
        space = await self.server.space(speakers[0])
        to = (self.server.address, self.server.media_port)

        async def join(page: Page | FirefoxPage, person: Person, leg: object, *, speaks: bool) -> None:
            facts = {"url": self.server.url, "space": space["id"], "token": person.token, "person": person.id, "speaks": speaks, "leg": leg}
            await page.call(f"joinArengo({json.dumps(facts)})")
            await until(page, "peers.some((peer) => peer.connectionState === 'connected')")

        pages = []
        for number, person in enumerate(speakers):
            pages.append(await stage.page())
            await join(pages[-1], person, stage.leg(to, up=stage.scene.from_speaker, number=number), speaks=True)
            await self.server.call(person.token, "PUT", f"/spaces/{space['id']}/{'stage' if number else 'mic'}", {"mic": "on"})
        page, leg = await stage.listeners_page(), stage.leg(to, down=stage.scene.to_listener, number=100)
        await join(page, listener, leg, speaks=False)
        return Talk(pages, page, port_of(leg))


@contextlib.asynccontextmanager
async def arengo(folder: Path, command: tuple[str, ...]) -> AsyncIterator[Arengo]:
    """An Arengo started by *command*, with six people who may speak and one who listens."""
    server = LiveServer(folder, command=command)
    try:
        await server.start()
        yield Arengo(server, [await server.person(f"person{number}") for number in range(MOST_SPEAKERS + 1)])
    finally:
        await server.stop()


@dataclass(frozen=True, slots=True)
class LiveKit:
    """A LiveKit server, joined by its own client as it comes: 48 kbit/s, DTX, one redundant copy."""

    port: int
    media_port: int
    name: str = "livekit"

    async def talk(self, stage: Stage) -> Talk:
        room, to = f"room-{time.monotonic_ns()}", ("127.0.0.1", self.media_port)

        async def join(page: Page | FirefoxPage, name: str, leg: object, *, speaks: bool) -> None:
            facts = {"url": f"ws://127.0.0.1:{self.port}", "token": _token(room, name), "speaks": speaks, "leg": leg}
            await page.call(f"joinLiveKit({json.dumps(facts)})")

        pages = []
        for number in range(stage.scene.speakers):
            pages.append(await stage.page())
            await join(pages[-1], f"speaker-{number}", stage.leg(to, up=stage.scene.from_speaker, number=number), speaks=True)
        page, leg = await stage.listeners_page(), stage.leg(to, down=stage.scene.to_listener, number=100)
        await join(page, "listener", leg, speaks=False)
        return Talk(pages, page, port_of(leg))


@contextlib.asynccontextmanager
async def livekit(folder: Path, program: Path) -> AsyncIterator[LiveKit]:
    """A LiveKit server of this machine alone."""
    server = LiveKit(free_port(), free_port())
    settings = folder / "livekit.yaml"
    settings.write_text(  # noqa: ASYNC240 - a few bytes
        f"port: {server.port}\nbind_addresses: [127.0.0.1]\n"
        f"rtc: {{udp_port: {server.media_port}, use_external_ip: false, node_ip: 127.0.0.1, use_ice_lite: true, enable_loopback_candidate: true}}\n"
        f"keys: {{{_KEY}: {_SECRET}}}\nlogging: {{level: error, pion_level: error}}\n"
    )
    log = (folder / "livekit.log").open("wb")  # noqa: ASYNC230
    process = await asyncio.create_subprocess_exec(program, "--config", settings, stdout=log, stderr=log)
    try:
        async with asyncio.timeout(_CONNECTS_WITHIN_S), httpx.AsyncClient(trust_env=False) as http:
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if (await http.get(f"http://127.0.0.1:{server.port}/")).is_success:
                        break
                await asyncio.sleep(0.1)
        yield server
    finally:
        process.terminate()
        await process.wait()
        log.close()


def _token(room: str, identity: str) -> str:
    """A JSON Web Token (RFC 7519) with LiveKit's grants."""
    claims = {"iss": _KEY, "sub": identity, "exp": int(time.time()) + 3_600, "video": {"roomJoin": True, "room": room}}
    signed = b".".join(_base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return (signed + b"." + _base64url(hmac.digest(_SECRET.encode(), signed, hashlib.sha256))).decode()


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


@dataclass(frozen=True, slots=True)
class Direct:
    """Two browsers without a server between them."""

    name: str = "direct"

    async def talk(self, stage: Stage) -> Talk:
        speaker, listener = await stage.page(), await stage.page()
        offer = await speaker.call("offer()")
        if stage.scene.relayed:  # the listener answers to where checks come from, which is the relay
            offer = re.sub(r"a=candidate:.*\r\n", "", offer)
        answer = await listener.call(f"answer({json.dumps(offer)})")
        found = re.search(r"a=candidate:\S+ 1 udp \d+ ([\d.]+) (\d+) typ host", answer)
        assert found is not None, "the browser has no address"
        leg = stage.leg((found[1], int(found[2])), up=stage.scene.to_listener)
        await speaker.call(f"accept({json.dumps(answer)}, {json.dumps(leg)})")
        return Talk([speaker], listener)
