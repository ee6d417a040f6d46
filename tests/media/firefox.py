"""Debian's Firefox, driven by WebDriver BiDi over its own WebSocket (W3C WebDriver BiDi)."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from tests.voices.ear import Samples
from tests.voices.opus import decode
from websockets.asyncio.client import ClientConnection, connect

FIREFOX = "firefox-esr"
_STARTS_WITHIN_S = 30.0
_ANSWERS_WITHIN_S = 30.0
_RATE = 48_000
# A profile of our own: no first-run pages, no background requests, and sound without a device.
_PREFERENCES: dict[str, bool | int | str] = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "services.settings.server": "",
    "remote.active-protocols": 1,
}

# Keeps the streams that the page's audio elements play, and its peer connections.
_TAP = """() => {
  const peers = [];
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...all) { super(...all); peers.push(this); }
  };
  window.arengoPeers = peers;
  const streams = new Map();
  const native = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "srcObject");
  Object.defineProperty(HTMLMediaElement.prototype, "srcObject", {
    configurable: true,
    get() { return native.get.call(this); },
    set(stream) {
      native.set.call(this, stream);
      if (stream instanceof MediaStream) streams.set(this, stream); else streams.delete(this);
    },
  });
  window.arengoPlays = streams;
}"""

# Records each of them as Ogg Opus: an AudioContext would need a sound card, a recorder does not.
_RECORD = """async (seconds) => {
  const one = async (stream) => {
    const recorder = new MediaRecorder(stream, { mimeType: "audio/ogg;codecs=opus", audioBitsPerSecond: 64000 });
    const parts = [];
    recorder.ondataavailable = (event) => parts.push(event.data);
    const stopped = new Promise((done) => (recorder.onstop = done));
    recorder.start();
    await new Promise((done) => setTimeout(done, seconds * 1000));
    recorder.stop();
    await stopped;
    return new Promise((done) => {
      const reader = new FileReader();
      reader.onload = () => done(reader.result.split(",")[1]);
      reader.readAsDataURL(new Blob(parts));
    });
  };
  const elements = [...window.arengoPlays.keys()].filter((element) => !element.paused && !element.muted);
  const streams = new Set(elements.map((element) => window.arengoPlays.get(element)));
  return JSON.stringify(await Promise.all([...streams].map(one)));
}"""


_SOUNDS = """async () => {
  const sum = { packetsReceived: 0, packetsLost: 0, concealedSamples: 0, silentConcealedSamples: 0, totalSamplesReceived: 0 };
  for (const peer of window.arengoPeers) {
    if (peer.connectionState === "closed") continue;
    (await peer.getStats()).forEach((entry) => {
      if (entry.type !== "inbound-rtp") return;
      for (const key of Object.keys(sum)) sum[key] += entry[key] ?? 0;
    });
  }
  return JSON.stringify(sum);
}"""


@dataclass(frozen=True, slots=True)
class Sounds:
    """What the page's peer connections have received so far, all lines together (webrtc-stats)."""

    packets: int
    lost: int
    concealed: int  # samples invented while there was a voice
    samples: int


class BidiError(Exception):
    """Firefox refused a command."""


class Firefox:
    """One headless Firefox with one page."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._page = ""

    async def open(self, url: str) -> None:
        """Go to *url* with the tap in place and wait until it has loaded."""
        await self._ask("session.new", {"capabilities": {}})
        await self._ask("script.addPreloadScript", {"functionDeclaration": _TAP})
        tree = await self._ask("browsingContext.getTree", {})
        self._page = tree["contexts"][0]["context"]
        await self._ask("browsingContext.navigate", {"context": self._page, "url": url, "wait": "complete"})

    async def click_button(self, name: str, *, within_s: float = 10.0) -> None:
        """Click the button of that accessible name as a person does, with trusted events."""
        locator = {"type": "accessibility", "value": {"role": "button", "name": name}}
        found: list[dict[str, Any]] = []
        async with asyncio.timeout(within_s):
            while not found:
                await asyncio.sleep(0.1)
                found = (await self._ask("browsingContext.locateNodes", {"context": self._page, "locator": locator}))["nodes"]
        element = {"type": "element", "element": {"sharedId": found[0]["sharedId"]}}
        pointer = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": element},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        await self._ask(
            "input.performActions", {"context": self._page, "actions": [{"type": "pointer", "id": "mouse", "actions": pointer}]}
        )

    async def record(self, seconds: float) -> tuple[Samples, int]:
        """What the page plays during *seconds*: all its elements laid over each other, and the rate in Hz."""
        lines = []
        with tempfile.TemporaryDirectory() as folder:
            for number, text in enumerate(json.loads(await self.call(_RECORD, seconds))):
                ogg = Path(folder) / f"{number}.ogg"
                await asyncio.to_thread(ogg.write_bytes, base64.b64decode(text))
                lines.append((await asyncio.to_thread(decode, ogg, rate=_RATE))[0])
        mixed = np.zeros(max((len(line) for line in lines), default=0))
        for line in lines:
            mixed[: len(line)] += line
        return mixed, _RATE

    async def sounds(self) -> Sounds:
        """What has been received so far."""
        told = json.loads(await self.call(_SOUNDS))
        invented = told["concealedSamples"] - told["silentConcealedSamples"]
        return Sounds(told["packetsReceived"], told["packetsLost"], invented, told["totalSamplesReceived"])

    async def call(self, function: str, *numbers: float) -> Any:
        """The plain value that a function of *numbers* gives in the page."""
        answer = await self._ask(
            "script.callFunction",
            {
                "functionDeclaration": function,
                "awaitPromise": True,
                "target": {"context": self._page},
                "arguments": [{"type": "number", "value": number} for number in numbers],
            },
        )
        if answer["type"] == "exception":
            raise BidiError(answer["exceptionDetails"]["text"])
        return answer["result"].get("value")

    async def evaluate(self, expression: str) -> Any:
        """What *expression* is in the page, awaited; anything that JSON can say."""
        return json.loads(await self.call(f"async () => JSON.stringify((await ({expression})) ?? null)"))

    async def _ask(self, method: str, parameters: dict[str, Any]) -> Any:
        number = next(self._numbers)
        await self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        async with asyncio.timeout(_ANSWERS_WITHIN_S):
            while True:
                answer = json.loads(await self._socket.recv())
                if answer.get("id") != number:
                    continue
                if answer["type"] == "error":
                    raise BidiError(f"{method}: {answer['error']}: {answer['message']}")
                return answer["result"]


@contextlib.asynccontextmanager
async def firefox() -> AsyncIterator[Firefox]:
    """A Firefox with an empty profile; AssertionError with the package's name where there is none."""
    program = shutil.which(FIREFOX)
    assert program is not None, f"{FIREFOX} is needed: apt-get install {FIREFOX}"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in _PREFERENCES.items()]
        await asyncio.to_thread((Path(profile) / "user.js").write_text, "\n".join(lines))
        process = await asyncio.create_subprocess_exec(
            program, "--headless", "--profile", profile, "--remote-debugging-port", "0",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        drain: asyncio.Task[None] | None = None
        try:
            async with asyncio.timeout(_STARTS_WITHIN_S):
                address = await _bidi_address(process)
            drain = asyncio.create_task(_drain(process))
            async with connect(f"{address}/session", max_size=None, proxy=None) as socket:
                yield Firefox(socket)
        finally:
            if drain is not None:
                drain.cancel()
            if process.returncode is None:
                process.terminate()
            await process.wait()


def address_of_this_machine() -> str:
    """An address that is not loopback, which Firefox refuses as a candidate; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])


async def _bidi_address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    async for line in process.stderr:
        if found := re.search(rb"WebDriver BiDi listening on (ws://\S+)", line):
            return found[1].decode()
    raise AssertionError("Firefox ended before it listened")


async def _drain(process: asyncio.subprocess.Process) -> None:
    assert process.stderr is not None
    async for _line in process.stderr:
        pass
