"""What every `MediaPlane` does, the compiled core and the fake alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

import pytest
from tests.fakes.media_plane import FakeMediaPlane
from tests.fakes.offers import an_offer

from arengo.adapters.media.plane import CoreMediaPlane
from arengo.domain.errors import Refusal, Unavailable
from arengo.service.ports import MediaEvent, MediaPlane, NodeId, PeerClosed, PeerId

NODE = NodeId("local")
SPACE = "Abc123Def456G"
PATIENCE_S = 10.0


class Stoppable(MediaPlane, Protocol):
    def shutdown(self) -> None: ...


class MediaPlaneContract:
    """The sentences; subclasses bring a `plane`."""

    @pytest.fixture
    async def events(self, plane: Stoppable) -> AsyncIterator[asyncio.Queue[MediaEvent]]:
        """What the plane says, as it says it."""
        heard: asyncio.Queue[MediaEvent] = asyncio.Queue()

        async def listen() -> None:
            async for event in plane.events():
                heard.put_nowait(event)

        listening = asyncio.create_task(listen())
        yield heard
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    async def test_answers_every_line_of_a_whole_stay(self, plane: Stoppable) -> None:
        answer = await accept(plane, 1, an_offer())
        assert answer.startswith("v=0")
        assert answer.count("m=audio") == 4

    async def test_answers_a_publisher_and_a_listener(self, plane: Stoppable) -> None:
        assert "m=audio" in await accept(plane, 1, an_offer("sendonly"), may_receive=False)
        assert "m=audio" in await accept(plane, 2, an_offer("recvonly"), may_send=False)

    @pytest.mark.parametrize(
        ("offer", "code"),
        [
            ("", "sdp_malformed"),
            ("Good morning", "sdp_malformed"),
            ("\x00\xff" * 100, "sdp_malformed"),
            (an_offer("sendonly", kind="video"), "sdp_video_refused"),
            ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n", "sdp_no_audio"),
            (an_offer("sendonly", codec="PCMU/8000"), "sdp_no_opus"),
            (an_offer("sendonly", fingerprint=False), "sdp_no_fingerprint"),
            (an_offer("sendonly", ice=False), "sdp_no_ice"),
            (an_offer("sendonly") + "a=x:y\r\n" * 100_000, "sdp_too_large"),
        ],
        ids=["empty", "prose", "bytes", "video", "no-audio", "no-opus", "no-fingerprint", "no-ice", "large"],
    )
    async def test_refuses_what_cannot_be_answered_with_its_code(self, plane: Stoppable, offer: str, code: str) -> None:
        with pytest.raises(Refusal) as caught:
            await accept(plane, 1, offer)
        assert caught.value.code == code

    async def test_tells_that_a_peer_was_closed_and_why(self, plane: Stoppable, events: asyncio.Queue[MediaEvent]) -> None:
        await accept(plane, 1, an_offer())
        await plane.close_peer(NODE, PeerId(1), "removed")
        assert await closed(events) == PeerClosed(PeerId(1), "removed")

    async def test_closes_every_peer_of_a_space_and_no_other(self, plane: Stoppable, events: asyncio.Queue[MediaEvent]) -> None:
        await accept(plane, 1, an_offer())
        await accept(plane, 2, an_offer())
        await accept(plane, 3, an_offer(), space="another000000")
        await plane.close_space(NODE, SPACE, "ended")
        assert {(await closed(events)).peer, (await closed(events)).peer} == {1, 2}
        await plane.close_peer(NODE, PeerId(3), "server")
        assert await closed(events) == PeerClosed(PeerId(3), "server")

    async def test_ignores_what_concerns_nobody(self, plane: Stoppable) -> None:
        await plane.allow_publish(NODE, PeerId(99), True)
        await plane.close_peer(NODE, PeerId(99), "server")
        await plane.close_space(NODE, "another000000", "ended")
        await plane.tap(NODE, "another000000", frozenset())

    async def test_lets_a_voice_through_and_takes_it_back(self, plane: Stoppable) -> None:
        await accept(plane, 1, an_offer())
        await plane.allow_publish(NODE, PeerId(1), True)
        await plane.allow_publish(NODE, PeerId(1), False)

    async def test_keeps_a_peer_prompt_and_ignores_who_is_unknown(self, plane: Stoppable, events: asyncio.Queue[MediaEvent]) -> None:
        await accept(plane, 1, an_offer())
        await plane.keep_prompt(NODE, PeerId(1), True)
        await plane.keep_prompt(NODE, PeerId(1), False)
        await plane.keep_prompt(NODE, PeerId(99), True)
        await plane.close_peer(NODE, PeerId(1), "removed")
        assert await closed(events) == PeerClosed(PeerId(1), "removed")

    async def test_takes_no_peer_after_its_end(self, plane: Stoppable) -> None:
        plane.shutdown()
        plane.shutdown()
        with pytest.raises(Unavailable) as caught:
            await accept(plane, 1, an_offer())
        assert caught.value.code == "media_stopped"

    async def test_is_full_at_its_most(self, small_plane: Stoppable) -> None:
        await accept(small_plane, 1, an_offer())
        with pytest.raises(Unavailable) as caught:
            await accept(small_plane, 2, an_offer())
        assert caught.value.code == "media_full"


class TestFakeMediaPlane(MediaPlaneContract):
    @pytest.fixture
    def plane(self) -> Stoppable:
        return FakeMediaPlane()

    @pytest.fixture
    def small_plane(self) -> Stoppable:
        return FakeMediaPlane(most=1)


class TestCoreMediaPlane(MediaPlaneContract):
    @pytest.fixture
    def plane(self) -> Iterator[Stoppable]:
        plane = CoreMediaPlane(udp_port=0, tcp_port=None, bind="127.0.0.1")
        yield plane
        plane.shutdown()

    @pytest.fixture
    def small_plane(self) -> Iterator[Stoppable]:
        plane = CoreMediaPlane(udp_port=0, tcp_port=None, bind="127.0.0.1", max_peers=1)
        yield plane
        plane.shutdown()

    async def test_an_offer_that_nobody_waits_for_any_more_leaves_no_peer(
        self, plane: Stoppable, events: asyncio.Queue[MediaEvent]
    ) -> None:
        asking = asyncio.create_task(accept(plane, 1, an_offer()))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert await closed(events) == PeerClosed(PeerId(1), "server")


async def accept(plane: MediaPlane, peer: int, offer: str, *, space: str = SPACE, may_send: bool = True, may_receive: bool = True) -> str:
    answer = await plane.accept_offer(
        NODE, PeerId(peer), space, voice=1000 + peer, offer=offer, may_send=may_send, may_receive=may_receive, requester="127.0.0.1"
    )
    return answer.sdp


async def closed(events: asyncio.Queue[MediaEvent]) -> PeerClosed:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            event = await events.get()
            if isinstance(event, PeerClosed):
                return event
