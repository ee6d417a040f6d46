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
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from tests.media.live_server import LiveServer, Person
from tests.ports import free_port

from benches.sound.chromium import Chromium, Page
from benches.sound.relay import Leg, Loss, Relay

MOST_SPEAKERS = 6
_CONNECTS_WITHIN_S = 20.0
_KEY, _SECRET = "bench", "a secret that is known to the bench alone"


@dataclass(frozen=True, slots=True)
class Scene:
    """The network between people, and how many of them speak. Not *relayed*: straight, with no delay of ours."""

    to_listener: Loss = Loss()
    from_speaker: Loss = Loss()
    speakers: int = 1
    relayed: bool = True
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Stage:
    """Where pages come from and how they are connected."""

    browser: Chromium
    page_url: str
    relay: Relay
    scene: Scene

    async def page(self) -> Page:
        return await self.browser.page(self.page_url)

    def port(self, to: tuple[str, int], *, up: Loss = Loss(), down: Loss = Loss(), number: int = 0) -> int | None:  # noqa: B008 - frozen
        if not self.scene.relayed:
            return None
        return self.relay.open(Leg(to, up, down, seed=10_000 * self.scene.seed + number))


@dataclass(slots=True)
class Talk:
    """The pages of one conversation: speakers first, and who listens."""

    speakers: list[Page] = field(default_factory=list)
    listener: Page | None = None

    def pages(self) -> list[Page]:
        return [*self.speakers, *([self.listener] if self.listener else [])]


async def until(page: Page, condition: str) -> None:
    """Wait until *condition*, over `all`, holds for the lines of *page*."""
    async with asyncio.timeout(_CONNECTS_WITHIN_S):
        while not await page.call(f"lines().then((all) => {condition})"):
            await asyncio.sleep(0.2)


SENDS = "all.some((one) => one.type === 'outbound-rtp' && one.packetsSent > 0)"
HEARS = "all.some((one) => one.type === 'inbound-rtp' && one.packetsReceived > 0)"


@dataclass(frozen=True, slots=True)
class Arengo:
    """A real `arengo serve`, joined by the app's own media code."""

    server: LiveServer
    people: list[Person]
    name: str = "arengo"

    async def talk(self, stage: Stage) -> Talk:
        talk = Talk()
        speakers, listener = self.people[: stage.scene.speakers], self.people[-1]
        space = await self.server.space(speakers[0])
        for number, person in enumerate([*speakers, listener]):
            speaks = person is not listener
            page = await stage.page()
            if speaks:
                talk.speakers.append(page)
            else:
                talk.listener = page
            to = (self.server.address, self.server.media_port)
            up, down = (stage.scene.from_speaker, Loss()) if speaks else (Loss(), stage.scene.to_listener)
            facts = {
                "url": self.server.url, "space": space["id"], "token": person.token, "person": person.id,
                "speaks": speaks, "port": stage.port(to, up=up, down=down, number=number),
            }  # fmt: skip
            await page.call(f"joinArengo({json.dumps(facts)})")
            await until(page, "peers.some((peer) => peer.connectionState === 'connected')")
            if speaks:
                path = "mic" if number == 0 else "stage"
                await self.server.call(person.token, "PUT", f"/spaces/{space['id']}/{path}", {"mic": "on"})
        return talk


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
        talk = Talk()
        room = f"room-{time.monotonic_ns()}"
        for number in range(stage.scene.speakers + 1):
            speaks = number < stage.scene.speakers
            page = await stage.page()
            if speaks:
                talk.speakers.append(page)
            else:
                talk.listener = page
            up, down = (stage.scene.from_speaker, Loss()) if speaks else (Loss(), stage.scene.to_listener)
            facts = {
                "url": f"ws://127.0.0.1:{self.port}", "token": _token(room, f"person-{number}"),
                "speaks": speaks, "port": stage.port(("127.0.0.1", self.media_port), up=up, down=down, number=number),
            }  # fmt: skip
            await page.call(f"joinLiveKit({json.dumps(facts)})")
        return talk


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
        port = stage.port((found[1], int(found[2])), down=Loss(), up=stage.scene.to_listener)
        await speaker.call(f"accept({json.dumps(answer)}, {json.dumps(port)})")
        return Talk([speaker], listener)
