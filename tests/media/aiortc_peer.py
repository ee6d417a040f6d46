"""A peer written by others: aiortc speaks and hears by WHIP and WHEP."""

from __future__ import annotations

import asyncio
import fractions
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urljoin

import aioice.ice
import av
import httpx
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, MediaStreamTrack
from tests.voices.ear import Samples
from tests.voices.fixtures import voice_samples

RATE = 48_000
CONNECT_WITHIN_S = 10.0


@contextmanager
def loopback_allowed() -> Iterator[None]:
    """aioice leaves 127.0.0.1 out of its own addresses; on this machine it is the way to the server."""
    original = aioice.ice.get_host_addresses

    def with_loopback(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        return ["127.0.0.1", *original(use_ipv4=use_ipv4, use_ipv6=False)]

    aioice.ice.get_host_addresses = with_loopback
    try:
        yield
    finally:
        aioice.ice.get_host_addresses = original


class VoiceTrack(AudioStreamTrack):
    """A known voice in a loop, 20 ms a frame."""

    def __init__(self, name: str) -> None:
        super().__init__()
        samples, rate = voice_samples(name)
        assert rate == RATE
        self._loop = (samples * 32767.0).astype(np.int16)
        self._at = 0
        self._begun: float | None = None

    async def recv(self) -> av.AudioFrame:
        loop = asyncio.get_running_loop()
        self._begun = self._begun if self._begun is not None else loop.time()
        await asyncio.sleep(max(0.0, self._begun + self._at / RATE - loop.time()))
        piece = np.take(self._loop, range(self._at, self._at + 960), mode="wrap")
        frame = av.AudioFrame.from_ndarray(piece.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._at, fractions.Fraction(1, RATE)
        self._at += 960
        return frame


class Listener:
    """Decoded sound of each line, mono at 48 kHz."""

    def __init__(self) -> None:
        self.lines: list[list[Samples]] = []
        self._tasks: list[asyncio.Task[None]] = []

    def follow(self, track: MediaStreamTrack) -> None:
        line: list[Samples] = []
        self.lines.append(line)
        self._tasks.append(asyncio.ensure_future(self._read(track, line)))

    async def _read(self, track: MediaStreamTrack, line: list[Samples]) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            assert isinstance(frame, av.AudioFrame)
            assert frame.sample_rate == RATE
            samples = frame.to_ndarray().reshape(-1, len(frame.layout.channels)).mean(axis=1)
            line.append(samples.astype(np.float64) / 32768.0)

    def clear(self) -> None:
        for line in self.lines:
            line.clear()

    def sound(self) -> Samples:
        """All lines laid over each other from their first packet on."""
        lines = [np.concatenate(line) for line in self.lines if line]
        mixed = np.zeros(max((len(line) for line in lines), default=0))
        for line in lines:
            mixed[: len(line)] += line
        return mixed

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def speaking(http: httpx.AsyncClient, space_id: str, voice: str) -> AsyncIterator[RTCPeerConnection]:
    """On stage by WHIP; aiortc's offer says sendrecv."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    peer.addTrack(VoiceTrack(voice))
    async with _session(http, f"/api/v1/spaces/{space_id}/whip", peer):
        yield peer


@asynccontextmanager
async def hearing(http: httpx.AsyncClient, space_id: str, *, lines: int) -> AsyncIterator[Listener]:
    """In the audience by WHEP, with one line or three."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    listener = Listener()
    peer.on("track", listener.follow)
    for _ in range(lines):
        peer.addTransceiver("audio", direction="recvonly")
    try:
        async with _session(http, f"/api/v1/spaces/{space_id}/whep", peer):
            yield listener
    finally:
        await listener.stop()


@asynccontextmanager
async def _session(http: httpx.AsyncClient, path: str, peer: RTCPeerConnection) -> AsyncIterator[None]:
    connected = asyncio.Event()
    peer.on("connectionstatechange", lambda: connected.set() if peer.connectionState == "connected" else None)
    try:
        with loopback_allowed():
            await peer.setLocalDescription(await peer.createOffer())
        response = await http.post(path, content=peer.localDescription.sdp, headers={"content-type": "application/sdp"})
        assert response.status_code == 201, response.text
        assert response.headers["content-type"].startswith("application/sdp")
        await peer.setRemoteDescription(RTCSessionDescription(response.text, "answer"))
        async with asyncio.timeout(CONNECT_WITHIN_S):
            await connected.wait()
        yield
        gone = await http.delete(urljoin(str(response.url), response.headers["location"]))
        assert gone.is_success, gone.text
    finally:
        await peer.close()
