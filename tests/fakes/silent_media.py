"""A media plane without sound: answers every offer and remembers what it was told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from arengo.service.ports import MediaEvent, NodeId, PeerId, SdpAnswer


@dataclass
class SilentMedia:
    """Every call is kept in *told* as words; events come from *said*."""

    told: list[str] = field(default_factory=list)
    said: asyncio.Queue[MediaEvent] = field(default_factory=asyncio.Queue)

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
        self.told.append(f"accept {peer} from {requester}")
        return SdpAnswer("v=0\r\n")

    async def allow_publish(self, node: NodeId, peer: PeerId, allowed: bool) -> None:
        self.told.append(f"{'allow' if allowed else 'silence'} {peer}")

    async def close_peer(self, node: NodeId, peer: PeerId, why: str) -> None:
        self.told.append(f"close {peer}: {why}")

    async def close_space(self, node: NodeId, space: str, why: str) -> None:
        self.told.append(f"close space {space}: {why}")

    async def tap(self, node: NodeId, space: str, peers: frozenset[PeerId]) -> None:
        self.told.append(f"tap {space}")

    async def events(self) -> AsyncIterator[MediaEvent]:
        while True:
            yield await self.said.get()

    def stats(self) -> dict[str, int | float | list[int]]:
        return {"peers": 2, "packets_in_total": 50, "forward_delay_us_log2": [0, 3, 1]}

    def shutdown(self) -> None:
        self.told.append("shutdown")
