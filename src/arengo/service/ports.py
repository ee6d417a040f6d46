"""What the service needs from the world, named for the need."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import NewType, Protocol

NodeId = NewType("NodeId", str)
PeerId = NewType("PeerId", int)


@dataclass(frozen=True, slots=True)
class SdpAnswer:
    """An answer to an SDP offer, as text."""

    sdp: str


@dataclass(frozen=True, slots=True)
class PeerConnected:
    peer: PeerId
    transport: str


@dataclass(frozen=True, slots=True)
class PeerPublishing:
    peer: PeerId


@dataclass(frozen=True, slots=True)
class PeerClosed:
    peer: PeerId
    why: str


@dataclass(frozen=True, slots=True)
class VoiceLevels:
    space: str
    levels: tuple[tuple[int, int], ...]  # (voice, dBov)


@dataclass(frozen=True, slots=True)
class ActiveVoices:
    space: str
    voices: tuple[int, ...]  # dominant first


MediaEvent = PeerConnected | PeerPublishing | PeerClosed | VoiceLevels | ActiveVoices


class MediaPlane(Protocol):
    """The sound, addressed by node from the start; never hears of hosts or raised hands."""

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
    ) -> SdpAnswer: ...

    async def allow_publish(self, node: NodeId, peer: PeerId, allowed: bool) -> None: ...
    async def close_peer(self, node: NodeId, peer: PeerId, why: str) -> None: ...
    async def close_space(self, node: NodeId, space: str, why: str) -> None: ...
    async def tap(self, node: NodeId, space: str, peers: frozenset[PeerId]) -> None: ...
    def events(self) -> AsyncIterator[MediaEvent]: ...
