"""The three ways to a listener's ear that are measured: Arengo, LiveKit, and two peers directly."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import json
import os
import re
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from playwright.async_api import Browser, Page, Playwright
from tests.media.firefox import Firefox, address_of_this_machine, firefox
from tests.media.live_server import LiveServer, Person
from tests.ports import free_port

from benches.sound.relay import CLEAR, Address, Leg, Loss

CHROMIUM = os.environ.get("ARENGO_CHROMIUM", "/usr/bin/chromium")
HERE = address_of_this_machine()  # Firefox refuses loopback
MOST_SPEAKERS = 6
_STARTS_WITHIN_S = 20.0
_KEY, _SECRET = "bench", "a secret that is known to the bench alone"


class Scene(NamedTuple):
    """The network between people, and how many of them speak.

    Not *relayed*: straight, with no delay of ours. *firefox*: the listener has that instead of Chromium.
    """

    to_listener: Loss = CLEAR
    from_speaker: Loss = CLEAR
    speakers: int = 1
    relayed: bool = True
    firefox: bool = False


class FirefoxPage:
    """A page of Firefox with the call of Chromium's that we need."""

    def __init__(self, browser: Firefox) -> None:
        self.browser = browser

    async def evaluate(self, expression: str) -> Any:
        """The plain value of *expression* in the page, awaited."""
        return json.loads(await self.browser.call(f"async () => JSON.stringify((await ({expression})) ?? null)"))


AnyPage = Page | FirefoxPage


@dataclass(slots=True)
class Stage:
    """Where the pages of one measurement come from, and how they are connected; ends with *hall*."""

    browser: Browser
    page_url: str
    scene: Scene
    seed: int
    hall: AsyncExitStack

    async def page(self) -> Page:
        context = await self.browser.new_context()
        self.hall.push_async_callback(context.close)
        page = await context.new_page()
        await page.goto(self.page_url)
        return page

    async def listeners_page(self) -> AnyPage:
        if not self.scene.firefox:
            return await self.page()
        browser = await self.hall.enter_async_context(firefox())
        await browser.open(self.page_url)
        await browser.click_button("Listen")  # without a click it plays nothing
        return FirefoxPage(browser)

    def leg(self, to: Address, *, up: Loss = CLEAR, down: Loss = CLEAR, number: int = 0) -> Leg | None:
        """Between one page and *to*; None where people go straight. Each *number* loses other packets."""
        if not self.scene.relayed:
            return None
        leg = Leg(to, up, down, seed=10_000 * self.seed + number)
        self.hall.callback(leg.close)
        return leg


class Talk(NamedTuple):
    """One conversation: the pages of those who speak and of who listens, and the leg towards the latter."""

    speakers: list[Page]
    listener: AnyPage
    leg: Leg | None = None


def end(leg: Leg | None) -> Address | None:
    """What a page takes in place of the other side's own address."""
    return (HERE, leg.port) if leg else None


class Server(ABC):
    """A server in the middle, with its media port."""

    name: str
    media: Address

    @abstractmethod
    async def room(self) -> str:
        """A new room."""

    @abstractmethod
    async def join(self, room: str, number: int, page: AnyPage, **facts: object) -> None:
        """Bring *page* into *room* as its participant *number*; *facts* are for page.js."""

    async def talk(self, stage: Stage) -> Talk:
        room, speakers = await self.room(), []
        for number in range(stage.scene.speakers):
            speakers.append(await stage.page())
            leg = stage.leg(self.media, up=stage.scene.from_speaker, number=number)
            await self.join(room, number, speakers[-1], speaks=True, leg=end(leg))
        page, leg = await stage.listeners_page(), stage.leg(self.media, down=stage.scene.to_listener, number=MOST_SPEAKERS)
        await self.join(room, MOST_SPEAKERS, page, speaks=False, leg=end(leg))
        return Talk(speakers, page, leg)


class Arengo(Server):
    """A real `arengo serve`, joined by the app's own media code."""

    name = "arengo"

    def __init__(self, server: LiveServer, people: list[Person]) -> None:
        self.server, self.people, self.media = server, people, (HERE, server.media_port)
        self.space = ""

    async def room(self) -> str:
        if self.space:
            await self.server.call(self.people[0].token, "POST", f"/spaces/{self.space}/end")
        self.space = str((await self.server.space(self.people[0]))["id"])
        return self.space

    async def join(self, room: str, number: int, page: AnyPage, **facts: object) -> None:
        person = self.people[number]
        facts |= {"url": self.server.url, "space": room, "token": person.token, "person": person.id}
        await page.evaluate(f"joinArengo({json.dumps(facts)})")
        if facts["speaks"]:
            await self.server.call(person.token, "PUT", f"/spaces/{room}/{'stage' if number else 'mic'}", {"mic": "on"})


class LiveKit(Server):
    """A LiveKit server, joined by its own client as it comes: 48 kbit/s, DTX, one redundant copy."""

    name = "livekit"

    def __init__(self) -> None:
        self.port, self.media = free_port(), (HERE, free_port())

    async def room(self) -> str:
        return f"room-{time.monotonic_ns()}"

    async def join(self, room: str, number: int, page: AnyPage, **facts: object) -> None:
        facts |= {"url": f"ws://127.0.0.1:{self.port}", "token": _token(room, f"person-{number}")}
        await page.evaluate(f"joinLiveKit({json.dumps(facts)})")


class Direct:
    """Two browsers without a server between them."""

    name = "direct"

    async def talk(self, stage: Stage) -> Talk:
        speaker, listener = await stage.page(), await stage.page()
        offer = await speaker.evaluate("offer()")
        if stage.scene.relayed:  # the listener answers to where checks come from, which is the relay
            offer = re.sub(r"a=candidate:.*\r\n", "", offer)
        answer = await listener.evaluate(f"answer({json.dumps(offer)})")
        [(host, port), *_] = re.findall(r"a=candidate:\S+ 1 udp \d+ ([\d.]+) (\d+) typ host", answer)
        leg = stage.leg((host, int(port)), up=stage.scene.to_listener)
        await speaker.evaluate(f"accept({json.dumps(answer)}, {json.dumps(end(leg))})")
        return Talk([speaker], listener)


System = Server | Direct


async def chromium(playwright: Playwright, program: Path, microphone: Path) -> Browser:
    """A browser whose microphones play the file *microphone* in a loop."""
    flags = (
        f"use-file-for-fake-audio-capture={microphone}", "use-fake-ui-for-media-stream", "use-fake-device-for-media-stream",
        "autoplay-policy=no-user-gesture-required", "allow-loopback-in-peer-connection", "no-sandbox", "disable-gpu",
    )  # fmt: skip
    return await playwright.chromium.launch(executable_path=program, args=[f"--{flag}" for flag in flags])


@contextlib.asynccontextmanager
async def arengo(folder: Path, program: Path) -> AsyncIterator[Arengo]:
    """The Arengo *program*, with people who may speak and one who listens."""
    server = LiveServer(folder, address=HERE, command=(str(program),))
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
        async with asyncio.timeout(_STARTS_WITHIN_S), httpx.AsyncClient(trust_env=False) as http:
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
