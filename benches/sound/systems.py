"""The three ways to a listener's ear that are measured: Arengo, LiveKit, and two peers directly."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import os
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import NamedTuple

import httpx
from benches.sound.relay import CLEAR, Address, Leg, Loss
from playwright.async_api import Browser, Page, Playwright
from tests.media.firefox import Firefox, address_of_this_machine, firefox
from tests.media.live_server import LiveServer
from tests.ports import free_port

CHROMIUM = os.environ.get("ARENGO_CHROMIUM", "/usr/bin/chromium")
HERE = address_of_this_machine()  # Firefox refuses loopback
MOST_SPEAKERS = 6
AnyPage = Page | Firefox
_KEY, _SECRET = "bench", "a secret that is known to the bench alone"


class Scene(NamedTuple):
    """The network between people, which is straight if not *relayed*, how many of them speak, and what the listener has."""

    to_listener: Loss = CLEAR
    from_speaker: Loss = CLEAR
    speakers: int = 1
    relayed: bool = True
    firefox: bool = False


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
        return browser

    def leg(self, to: Address, *, up: Loss = CLEAR, down: Loss = CLEAR, number: int = 0) -> Leg | None:
        """Between one page and *to*; None where people go straight. Each *number* loses other packets."""
        if not self.scene.relayed:
            return None
        leg = Leg(HERE, to, up, down, seed=10_000 * self.seed + number)
        self.hall.callback(leg.close)
        return leg


class Talk(NamedTuple):
    """One conversation: the pages of those who speak and of who listens, and the leg towards the latter."""

    speakers: list[Page]
    listener: AnyPage
    leg: Leg | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """A server in the middle with its media port; *join* brings participants into a *room*, with facts for page.js."""

    name: str
    media: Address
    room: Callable[[], Awaitable[str]]
    join: Callable[[str, int, AnyPage, dict[str, object]], Awaitable[None]]

    async def talk(self, stage: Stage) -> Talk:
        room, speakers = await self.room(), []
        for number in range(stage.scene.speakers):
            speakers.append(await stage.page())
            leg = stage.leg(self.media, up=stage.scene.from_speaker, number=number)
            await self.join(room, number, speakers[-1], {"speaks": True, "leg": leg and leg.end})
        page, leg = await stage.listeners_page(), stage.leg(self.media, down=stage.scene.to_listener, number=MOST_SPEAKERS)
        await self.join(room, MOST_SPEAKERS, page, {"speaks": False, "leg": leg and leg.end})
        return Talk(speakers, page, leg)


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
        await speaker.evaluate(f"accept({json.dumps(answer)}, {json.dumps(leg and leg.end)})")
        return Talk([speaker], listener)


System = Server | Direct


async def chromium(playwright: Playwright, program: Path, microphone: Path) -> Browser:
    """A browser whose microphones play the file *microphone* in a loop."""
    flags = (
        f"use-file-for-fake-audio-capture={microphone}", "use-fake-ui-for-media-stream", "use-fake-device-for-media-stream",
        "autoplay-policy=no-user-gesture-required", "allow-loopback-in-peer-connection", "no-sandbox", "disable-gpu",
    )  # fmt: skip
    return await playwright.chromium.launch(executable_path=program, args=[f"--{flag}" for flag in flags])


@asynccontextmanager
async def arengo(folder: Path, program: Path) -> AsyncIterator[Server]:
    """A real server by *program*, joined by the app's own media code."""
    server = LiveServer(folder, address=HERE, command=(str(program),))
    spaces: list[str] = []
    try:
        await server.start()
        people = [await server.person(f"person{number}") for number in range(MOST_SPEAKERS + 1)]

        async def room() -> str:
            for space in spaces[-1:]:
                await server.call(people[0].token, "POST", f"/spaces/{space}/end")
            spaces.append((await server.space(people[0]))["id"])
            return str(spaces[-1])

        async def join(room: str, number: int, page: AnyPage, facts: dict[str, object]) -> None:
            me = people[number]
            facts |= {"url": server.url, "space": room, "token": me.token, "person": me.id}
            await page.evaluate(f"joinArengo({json.dumps(facts)})")
            if facts["speaks"]:
                await server.call(me.token, "PUT", f"/spaces/{room}/{'stage' if number else 'mic'}", {"mic": "on"})

        yield Server("arengo", (HERE, server.media_port), room, join)
    finally:
        await server.stop()


@asynccontextmanager
async def livekit(folder: Path, program: Path) -> AsyncIterator[Server]:
    """LiveKit's server by *program*, joined by its own client as it comes: 48 kbit/s, DTX, one redundant copy."""
    port, media_port, settings, rooms = free_port(), free_port(), folder / "livekit.yaml", count()
    rtc = {"udp_port": media_port, "tcp_port": 0, "use_external_ip": False, "node_ip": HERE, "use_ice_lite": True}
    logging = {"level": "error", "pion_level": "error"}
    settings.write_text(
        json.dumps({"port": port, "bind_addresses": ["127.0.0.1"], "rtc": rtc, "keys": {_KEY: _SECRET}, "logging": logging})
    )

    async def room() -> str:
        return f"room-{next(rooms)}"

    async def join(room: str, number: int, page: AnyPage, facts: dict[str, object]) -> None:
        facts |= {"url": f"ws://127.0.0.1:{port}", "token": _token(room, f"person-{number}")}
        await page.evaluate(f"joinLiveKit({json.dumps(facts)})")

    process = await asyncio.create_subprocess_exec(program, "--config", settings)
    try:
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=6)) as http:
            await http.get(f"http://127.0.0.1:{port}/")
        yield Server("livekit", (HERE, media_port), room, join)
    finally:
        process.terminate()
        await process.wait()


def _token(room: str, identity: str) -> str:
    """A JSON Web Token (RFC 7519) with LiveKit's grants."""
    claims = {"iss": _KEY, "sub": identity, "exp": int(time.time()) + 3_600, "video": {"roomJoin": True, "room": room}}

    def encoded(data: bytes) -> bytes:
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    signed = b".".join(encoded(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return (signed + b"." + encoded(hmac.digest(_SECRET.encode(), signed, "sha256"))).decode()
