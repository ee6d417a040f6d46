"""Offers that nobody follows up: they hold no place against those who connect."""

from __future__ import annotations

import contextlib
from itertools import count

import pytest
from tests.fakes.media_plane import FakeMediaPlane
from tests.fakes.offers import an_offer
from tests.service.house import ANN, House, a_house, settled
from tests.unit.domain.refused import refused

from arengo.domain.errors import ArengoError, Unavailable
from arengo.domain.identity import Person
from arengo.domain.ids import PersonId, SpaceId
from arengo.limits import Limits
from arengo.service.attendance import Door
from arengo.service.news import MediaEnded
from arengo.service.ports import PeerId

SCHOOL = "203.0.113.7"
_guests = count(100)


async def offers(house: House, space: SpaceId, address: str = SCHOOL, offer: str | None = None) -> PeerId:
    """Post the offer of a new guest, who does not connect by themself; gives the last peer that there is."""
    house.media.connects = False
    guest = Person(PersonId(f"g{next(_guests)}"), "Guest", kind="guest")
    await house.spaces.open_media(space, guest, Door.WHEP, offer or an_offer("recvonly"), address)
    return list(house.media.peers)[-1]


async def connects(house: House, peer: PeerId) -> None:
    house.media.connect(peer)
    await settled()


async def test_a_whole_school_joins_at_once() -> None:
    async with a_house() as house:
        space = await house.opens()
        peers = [await offers(house, space) for _ in range(2_000)]
        for peer in peers:
            house.media.connect(peer)
        while (heard := (await house.spaces.view(space, None)).crowd.listeners) < len(peers):
            await settled()
        assert heard == 2_000


async def test_the_oldest_offer_of_an_address_gives_way_and_nobody_elses() -> None:
    async with a_house(media_sessions_joining_per_address=10) as house:
        space = await house.opens()
        other = await offers(house, space, "198.51.100.1")
        first = await offers(house, space)
        for _ in range(10):
            await offers(house, space)
        await settled()
        assert first not in house.media.peers
        assert other in house.media.peers
        assert house.spaces.figures().joining == 11


async def test_a_browser_that_connects_soon_gets_in_among_a_thousand_that_never_do() -> None:
    async with a_house(media_sessions_joining_per_address=10) as house:
        space = await house.opens()
        for _ in range(100):
            for _ in range(5):
                await offers(house, space)
            honest = await offers(house, space)
            for _ in range(5):
                await offers(house, space)
            await connects(house, honest)
        assert (await house.spaces.view(space, None)).crowd.listeners == 100
        assert house.spaces.figures().joining <= 10


async def test_a_56_holds_four_times_what_a_64_holds() -> None:
    async with a_house(media_sessions_joining_per_address=5) as house:
        space = await house.opens()
        for network in range(100):
            await offers(house, space, f"2001:db8:1:{network:x}::1")
        await settled()
        assert house.spaces.figures().joining == 20


async def test_places_that_nobody_connected_to_go_to_those_who_come() -> None:
    async with a_house(media=FakeMediaPlane(most=10 + Limits().media_sessions_spare)) as house:
        space = await house.opens()
        await house.spaces.weigh()
        for number in range(30):
            await offers(house, space, f"198.51.100.{number}")
        await settled()
        assert len(house.media.peers) == 10
        for _ in range(10):
            await connects(house, await offers(house, space))
            await offers_in_vain(house, space)
        assert (await house.spaces.view(space, None)).crowd.listeners == 10
        with pytest.raises(Unavailable, match="carries"):
            await offers(house, space)


async def offers_in_vain(house: House, space: SpaceId) -> None:
    """Post one more that does not connect, or is refused."""
    with contextlib.suppress(ArengoError):
        await offers(house, space, "198.51.100.99")


async def test_an_offer_that_makes_no_sense_takes_nobodys_place() -> None:
    async with a_house(media_sessions_joining_per_address=3) as house:
        space = await house.opens()
        peers = [await offers(house, space) for _ in range(3)]
        for _ in range(10):
            with refused("sdp_no_ice"):
                await offers(house, space, offer=an_offer("recvonly", ice=False))
        assert list(house.media.peers) == peers


async def test_a_session_that_gives_way_is_told_to_its_owner() -> None:
    async with a_house(media_sessions_joining_per_address=1) as house:
        house.media.connects = False
        space = await house.opens()
        ear, _ = await house.enters(space, ANN)
        await house.spaces.open_media(space, ANN.person, Door.APP, an_offer(), SCHOOL)
        await offers(house, space)
        await settled()
        assert [news.why for news in ear.of(MediaEnded)] == ["server"]
        assert ear.farewell is None
