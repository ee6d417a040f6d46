"""The sound, by the compiled core in this process.

The core is sync and never blocks for long, but for an offer, which waits for the media thread and so has threads of its own
here; its events are drained in batches when its eventfd is readable.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count

from arengo.domain.errors import Refusal, Unavailable
from arengo.media import Core, MediaUnavailable, SdpRefused
from arengo.service.ports import (
    ActiveVoices,
    LoudnessMeasured,
    MediaEvent,
    MediaLoad,
    NodeId,
    PeerClosed,
    PeerConnected,
    PeerId,
    PeerPublishing,
    SdpAnswer,
)

EVENTS_AT_ONCE = 4096
EVENTS_WAITING = 65_536
OFFERS_AT_ONCE = 4


class CoreMediaPlane:
    """A `MediaPlane` whose only node is this process; OSError when a port is taken."""

    def __init__(
        self,
        *,
        udp_port: int,
        tcp_port: int | None,
        public_ips: Sequence[str] = (),
        bind: str | None = None,
        max_peers: int = 20_000,
        shards: int | None = None,
        merge_from: int | None = 300,
    ) -> None:
        self._core = Core(
            udp_port=udp_port,
            tcp_port=tcp_port,
            public_ips=list(public_ips),
            bind=bind,
            max_peers=max_peers,
            shards=shards,
            merge_from=merge_from,
        )
        self._answering = ThreadPoolExecutor(OFFERS_AT_ONCE, thread_name_prefix="offers")  # each waits for the media thread
        self._spaces: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._numbers = count(1)
        self._is_stopped = False

    @property
    def udp_port(self) -> int:
        return self._core.udp_port

    @property
    def tcp_port(self) -> int | None:
        return self._core.tcp_port

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
        accept = partial(
            self._core.accept_offer,
            peer=peer,
            space=self._number(space),
            voice=voice,
            offer=offer,
            may_send=may_send,
            may_receive=may_receive,
            requester=requester,
        )
        answering = asyncio.get_running_loop().run_in_executor(self._answering, accept)
        try:
            answer = await asyncio.shield(answering)
        except asyncio.CancelledError:
            answering.add_done_callback(lambda done: self._withdraw(peer, done))
            raise
        except SdpRefused as error:
            code, detail = _said(error, "sdp_malformed")
            raise Refusal(detail, code=code) from None
        except MediaUnavailable as error:
            code, detail = _said(error, "media_full")
            raise Unavailable(detail, code=code, retry_after=5.0) from None
        return SdpAnswer(answer)

    def _withdraw(self, peer: PeerId, answering: asyncio.Future[str]) -> None:
        """Close a peer that came to be when nobody waited for it any more."""
        if not answering.cancelled() and answering.exception() is None:
            self._core.close_peer(peer, "server")

    async def allow_publish(self, node: NodeId, peer: PeerId, allowed: bool) -> None:
        self._core.allow_publish(peer, allowed)

    async def keep_prompt(self, node: NodeId, peer: PeerId, prompt: bool) -> None:
        self._core.keep_prompt(peer, prompt)

    async def close_peer(self, node: NodeId, peer: PeerId, why: str) -> None:
        self._core.close_peer(peer, why)

    async def close_space(self, node: NodeId, space: str, why: str) -> None:
        number = self._spaces.pop(space, None)
        if number is not None:
            self._names.pop(number, None)
            self._core.close_space(number, why)

    async def tap(self, node: NodeId, space: str, peers: frozenset[PeerId]) -> None:
        number = self._spaces.get(space)
        if number is not None:
            self._core.tap(number, sorted(peers))

    async def load(self, node: NodeId) -> MediaLoad:
        stats = self._core.stats()
        return MediaLoad(busy=_number(stats["busy"]), most_peers=int(_number(stats["max_peers"])))

    async def events(self) -> AsyncIterator[MediaEvent]:
        """Give the events of the core as they come; one reader at a time."""
        loop = asyncio.get_running_loop()
        waiting = asyncio.Event()
        waiting.set()
        loop.add_reader(self._core.fileno(), waiting.set)
        try:
            while True:
                await waiting.wait()
                waiting.clear()
                while batch := self._core.drain_events(EVENTS_AT_ONCE):
                    for raw in batch:
                        event = self._event(raw)
                        if event is not None:
                            yield event
        finally:
            with contextlib.suppress(ValueError, OSError):
                loop.remove_reader(self._core.fileno())

    def stats(self) -> dict[str, int | float | list[int]]:
        """Give the counters of the core since its start."""
        return self._core.stats()

    def shutdown(self) -> None:
        """Say goodbye to every peer and close the sockets; twice does no harm."""
        self._is_stopped = True
        self._answering.shutdown(wait=False, cancel_futures=True)
        self._core.shutdown()

    def _number(self, space: str) -> int:
        number = self._spaces.get(space)
        if number is None:
            number = next(self._numbers)
            self._spaces[space] = number
            self._names[number] = space
        return number

    def _event(self, raw: tuple[object, ...]) -> MediaEvent | None:
        match raw:
            case ("connected", int(peer), str(transport)):
                return PeerConnected(PeerId(peer), transport)
            case ("publishing", int(peer)):
                return PeerPublishing(PeerId(peer))
            case ("closed", int(peer), str(why)):
                return PeerClosed(PeerId(peer), why)
            case ("active", int(number), list(voices)) if number in self._names:
                return ActiveVoices(self._names[number], tuple(voices))
            case ("loudness", int(number), list(voices)) if number in self._names:
                return LoudnessMeasured(self._names[number], tuple(voices))
            case _:
                return None


def _number(figure: int | float | list[int]) -> float:
    return float(max(figure, default=0)) if isinstance(figure, list) else float(figure)


def _said(error: Exception, otherwise: str) -> tuple[str, str]:
    code = error.args[0] if error.args else otherwise
    return str(code), str(error.args[1]) if len(error.args) > 1 else ""
