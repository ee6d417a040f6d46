"""The three ways to a listener's ear that are measured: Arengo, LiveKit, and two peers directly."""

from __future__ import annotations

import asyncio
import base64
import contextlib
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
from benches.sound.relay import CLEAR, Address, Leg, Loss, Relay

HERE = address_of_this_machine()  # Firefox refuses loopback
MOST_SPEAKERS = 6
_CONNECTS_WITHIN_S = 20.0
_KEY, _SECRET = "bench", "a secret that is known to the bench alone"
_HEARS = "lines().then((all) => all.some((one) => one.type === 'inbound-rtp' && one.packetsReceived > 0))"


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


class FirefoxPage:
    """A page of Firefox with the calls of Chromium's."""

    def __init__(self, browser: Firefox) -> None:
        self.browser = browser

    async def call(self, expression: str) -> Any:
        """The plain value of *expression* in the page, awaited."""
        return json.loads(await self.browser.call(f"async () => JSON.stringify((await ({expression})) ?? null)"))


AnyPage = Page | FirefoxPage


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

    async def listeners_page(self) -> AnyPage:
        if not self.scene.firefox:
            return await self.page()
        browser = await self.hall.enter_async_context(firefox())
        await browser.open(self.page_url)
        await browser.click_button("Listen")  # without a click it plays nothing
        return FirefoxPage(browser)

    def leg(self, to: Address, *, up: Loss = CLEAR, down: Loss = CLEAR, number: int = 0) -> Address | None:
        """The address that stands for *to* in the relay; None where people go straight. Each *number* loses other packets."""
        if not self.scene.relayed:
            return None
        return HERE, self.relay.open(Leg(to, up, down, seed=10_000 * self.scene.seed + number))


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation: the pages of those who speak and of who listens, and the relay's end towards the latter."""

    speakers: list[Page]
    listener: AnyPage
    leg: Address | None = None

    async def is_heard(self) -> None:
        """Return when the first packet has come."""
        async with asyncio.timeout(_CONNECTS_WITHIN_S):
            while not await self.listener.call(_HEARS):
                await asyncio.sleep(0.2)


class Arengo:
    """A real `arengo serve`, joined by the app's own media code."""

    name = "arengo"

    def __init__(self, server: LiveServer, people: list[Person]) -> None:
        self.server, self.people, self.media = server, people, (HERE, server.media_port)

    async def talk(self, stage: Stage) -> Talk:
        space = (await self.server.space(self.people[0]))["id"]

        async def join(number: int, page: AnyPage, leg: Address | None, *, speaks: bool) -> None:
            person = self.people[number]
            facts = {"url": self.server.url, "space": space, "token": person.token, "person": person.id, "speaks": speaks, "leg": leg}
            await page.call(f"joinArengo({json.dumps(facts)})")
            if speaks:
                await self.server.call(person.token, "PUT", f"/spaces/{space}/{'stage' if number else 'mic'}", {"mic": "on"})

        return await _meet(stage, self.media, join)


class LiveKit:
    """A LiveKit server, joined by its own client as it comes: 48 kbit/s, DTX, one redundant copy."""

    name = "livekit"

    def __init__(self) -> None:
        self.port, self.media = free_port(), (HERE, free_port())

    async def talk(self, stage: Stage) -> Talk:
        room = f"room-{time.monotonic_ns()}"

        async def join(number: int, page: AnyPage, leg: Address | None, *, speaks: bool) -> None:
            facts = {"url": f"ws://127.0.0.1:{self.port}", "token": _token(room, f"person-{number}"), "speaks": speaks, "leg": leg}
            await page.call(f"joinLiveKit({json.dumps(facts)})")

        return await _meet(stage, self.media, join)


async def _meet(stage: Stage, media: Address, join: Any) -> Talk:
    """Bring everybody in by *join*, whom a server at *media* connects."""
    speakers = []
    for number in range(stage.scene.speakers):
        speakers.append(await stage.page())
        await join(number, speakers[-1], stage.leg(media, up=stage.scene.from_speaker, number=number), speaks=True)
    page, leg = await stage.listeners_page(), stage.leg(media, down=stage.scene.to_listener, number=MOST_SPEAKERS)
    await join(MOST_SPEAKERS, page, leg, speaks=False)
    return Talk(speakers, page, leg)


class Direct:
    """Two browsers without a server between them."""

    name = "direct"

    async def talk(self, stage: Stage) -> Talk:
        speaker, listener = await stage.page(), await stage.page()
        offer = await speaker.call("offer()")
        if stage.scene.relayed:  # the listener answers to where checks come from, which is the relay
            offer = re.sub(r"a=candidate:.*\r\n", "", offer)
        answer = await listener.call(f"answer({json.dumps(offer)})")
        [(host, port), *_] = re.findall(r"a=candidate:\S+ 1 udp \d+ ([\d.]+) (\d+) typ host", answer)
        leg = stage.leg((host, int(port)), up=stage.scene.to_listener)
        await speaker.call(f"accept({json.dumps(answer)}, {json.dumps(leg)})")
        return Talk([speaker], listener)


System = Arengo | LiveKit | Direct


@contextlib.asynccontextmanager
async def arengo(folder: Path, command: tuple[str, ...]) -> AsyncIterator[Arengo]:
    """An Arengo started by *command*, with people who may speak and one who listens."""
    server = LiveServer(folder, address=HERE, command=command)
    try:
        await server.start()
        yield Arengo(server, [await server.person(f"person{number}") for number in range(MOST_SPEAKERS + 1)])
    finally:
        await server.stop()


@contextlib.asynccontextmanager
async def livekit(folder: Path, program: Path) -> AsyncIterator[LiveKit]:
    """A LiveKit server of this machine alone."""
    server, settings = LiveKit(), folder / "livekit.yaml"
    rtc = f"{{udp_port: {server.media[1]}, tcp_port: 0, use_external_ip: false, node_ip: {HERE}, use_ice_lite: true}}"
    settings.write_text(
        f"{{port: {server.port}, bind_addresses: [127.0.0.1], rtc: {rtc}, keys: {{{_KEY}: {_SECRET}}}, logging: {{level: error}}}}"
    )
    process = await asyncio.create_subprocess_exec(program, "--config", settings)
    try:
        async with asyncio.timeout(_CONNECTS_WITHIN_S), httpx.AsyncClient(trust_env=False) as http:
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    await http.get(f"http://127.0.0.1:{server.port}/")
                    break
                await asyncio.sleep(0.1)
        yield server
    finally:
        process.terminate()
        await process.wait()


def _token(room: str, identity: str) -> str:
    """A JSON Web Token (RFC 7519) with LiveKit's grants."""
    claims = {"iss": _KEY, "sub": identity, "exp": int(time.time()) + 3_600, "video": {"roomJoin": True, "room": room}}
    signed = b".".join(_base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return (signed + b"." + _base64url(hmac.digest(_SECRET.encode(), signed, "sha256"))).decode()


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
