"""A media plane without packets, that knows who may be heard; held to the contract of `MediaPlane`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from arengo.domain.errors import Refusal, Unavailable
from arengo.service.ports import LoudnessMeasured, MediaEvent, MediaLoad, NodeId, PeerClosed, PeerConnected, PeerId, SdpAnswer

OFFER_MOST = 65_536


@dataclass
class FakePeer:
    """What the plane was told of one peer."""

    space: str
    voice: int
    may_send: bool
    may_receive: bool
    requester: str
    allowed: bool = False
    prompt: bool = False


class FakeMediaPlane:
    """Peers are connected as soon as they are accepted, unless *connects* is False; *most* is how many there may be."""

    def __init__(self, *, most: int = 20_000) -> None:
        self.peers: dict[PeerId, FakePeer] = {}
        self.log: list[str] = []
        self.connects = True
        self.figures: dict[str, int | float | list[int]] = {"forward_delay_us_log2": [0], "busy": 0.0}
        self._most = most
        self._events: asyncio.Queue[MediaEvent] = asyncio.Queue()
        self._is_stopped = False

    @property
    def heard(self) -> set[int]:
        """The voices that are let through now."""
        return {peer.voice for peer in self.peers.values() if peer.allowed}

    def connect(self, peer: PeerId) -> None:
        """Let a peer be up, when it is still there."""
        if peer in self.peers:
            self._events.put_nowait(PeerConnected(peer, "udp"))

    def lose(self, peer: PeerId, why: str = "silent") -> None:
        """Let a peer go away by itself."""
        if self.peers.pop(peer, None) is not None:
            self._events.put_nowait(PeerClosed(peer, why))

    def measure(self, space: str, loudness: Mapping[int, int]) -> None:
        """Let voices of *space* be so loud, in dBov."""
        self._events.put_nowait(LoudnessMeasured(space, tuple(loudness.items())))

    async def accept_offer(
        self,
        node: NodeId,
        peer: PeerId,
        space: str,
        *,
        voice: int,
        offer: str,
        may_send: bool,
        may_receive: bool,
        requester: str,
    ) -> SdpAnswer:
        if self._is_stopped:
            raise Unavailable("The sound is stopped.", code="media_stopped")
        if len(self.peers) >= self._most:
            raise Unavailable("Every place is taken.", code="media_full")
        lines = _media_lines(offer)
        self.peers[peer] = FakePeer(space, voice, may_send, may_receive, requester)
        self.log.append(f"accept {peer}")
        if self.connects:
            self.connect(peer)
        return SdpAnswer("v=0\r\n" + "".join(f"{line}\r\n" for line in lines))

    async def allow_publish(self, node: NodeId, peer: PeerId, allowed: bool) -> None:
        if peer in self.peers:
            self.peers[peer].allowed = allowed
            self.log.append(f"{'allow' if allowed else 'revoke'} {peer}")

    async def keep_prompt(self, node: NodeId, peer: PeerId, prompt: bool) -> None:
        if peer in self.peers:
            self.peers[peer].prompt = prompt
            self.log.append(f"{'hurry' if prompt else 'relax'} {peer}")

    async def close_peer(self, node: NodeId, peer: PeerId, why: str) -> None:
        if self.peers.pop(peer, None) is not None:
            self.log.append(f"close {peer} {why}")
            self._events.put_nowait(PeerClosed(peer, why))

    async def close_space(self, node: NodeId, space: str, why: str) -> None:
        for peer in [number for number, known in self.peers.items() if known.space == space]:
            await self.close_peer(node, peer, why)

    async def tap(self, node: NodeId, space: str, peers: frozenset[PeerId]) -> None:
        self.log.append(f"tap {space}")

    async def load(self, node: NodeId) -> MediaLoad:
        busy = self.figures["busy"]
        assert isinstance(busy, float)
        return MediaLoad(busy, self._most)

    async def events(self) -> AsyncIterator[MediaEvent]:
        while True:
            yield await self._events.get()

    def stats(self) -> dict[str, int | float | list[int]]:
        return {**self.figures, "peers": len(self.peers)}

    def shutdown(self) -> None:
        self._is_stopped = True


def _media_lines(offer: str) -> list[str]:
    if len(offer) > OFFER_MOST:
        raise Refusal("The offer is too large.", code="sdp_too_large")
    if not offer.startswith("v=0"):
        raise Refusal("That is no SDP.", code="sdp_malformed")
    lines = [line for line in offer.splitlines() if line.startswith("m=")]
    if any(line.startswith("m=video") for line in lines):
        raise Refusal("There is no video here.", code="sdp_video_refused")
    if not lines:
        raise Refusal("There is no audio in the offer.", code="sdp_no_audio")
    if "opus/48000" not in offer.lower():
        raise Refusal("There is no Opus in the offer.", code="sdp_no_opus")
    if "a=fingerprint:" not in offer:
        raise Refusal("There is no fingerprint in the offer.", code="sdp_no_fingerprint")
    if "a=ice-ufrag:" not in offer:
        raise Refusal("There is no ICE in the offer.", code="sdp_no_ice")
    return lines
