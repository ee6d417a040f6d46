"""A server with too much to carry: pulses get rarer, then new listeners wait outside; nobody inside is put out."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.fakes.media_plane import FakeMediaPlane
from tests.service.house import ANN, BEN, CLEO, GUEST, HOST, House, a_house, settled

from arengo.domain.commands import InviteToStage
from arengo.domain.errors import Unavailable
from arengo.limits import Limits
from arengo.service.attendance import Door
from arengo.service.news import Pulsed

LIMITS = Limits()
BUSY, FULL = LIMITS.thin_busy, LIMITS.refuse_busy


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with a_house() as house:
        yield house


async def carries(house: House, busy: float, *, seconds: int = 1, lag_s: float = 0.0) -> None:
    """Let the media plane be that busy for some seconds."""
    house.media.figures["busy"] = busy
    for _ in range(seconds):
        house.clock.advance(1)
        await house.spaces.weigh(lag_s=lag_s)


async def test_who_is_new_is_refused_with_a_time_to_come_back(house: House) -> None:
    space = await house.opens()
    await carries(house, FULL)
    waits = []
    for _ in range(50):
        with pytest.raises(Unavailable) as caught:
            await house.enters(space, ANN)
        assert caught.value.code == "media_full"
        waits.append(caught.value.retry_after)
    least, most = LIMITS.full_retry_s, LIMITS.full_retry_s + LIMITS.full_retry_spread_s
    assert all(least <= wait <= most for wait in waits)
    assert max(waits) - min(waits) > LIMITS.full_retry_spread_s / 4  # they do not all come back at once


async def test_a_late_service_refuses_as_a_busy_media_plane_does(house: House) -> None:
    space = await house.opens()
    await carries(house, 0.0, lag_s=LIMITS.refuse_lag_s)
    with pytest.raises(Unavailable, match="carries"):
        await house.joins(space, GUEST, Door.WHEP)


async def test_who_is_inside_stays_and_gets_their_sound(house: House) -> None:
    space = await house.opens()
    ear, seat = await house.enters(space, ANN)
    await carries(house, 1.0, lag_s=10)
    await house.joins(space, ANN)
    assert ear.farewell is None
    await house.leaves(seat, ear)
    await house.enters(space, ANN)  # a lost connection is no reason to wait outside
    assert seat.attendant.sessions


async def test_those_who_speak_or_are_invited_always_come_in(house: House) -> None:
    space = await house.opens(everyone=False)
    await house.asks(space, HOST, InviteToStage(BEN.person))
    await carries(house, 1.0, lag_s=10)
    for person in (HOST, BEN):
        await house.enters(space, person)
        await house.joins(space, person)
    await house.joins(space, BEN, Door.WHIP)
    with pytest.raises(Unavailable):
        await house.enters(space, CLEO)


async def test_listeners_are_let_in_again_once_it_has_been_calm_for_a_while(house: House) -> None:
    space = await house.opens()
    await carries(house, FULL)
    await carries(house, 0.95 * FULL, seconds=100)  # less, but not calm
    with pytest.raises(Unavailable):
        await house.enters(space, ANN)
    await carries(house, 0.1, seconds=int(LIMITS.shed_calm_s))
    with pytest.raises(Unavailable):
        await house.enters(space, ANN)
    await carries(house, 0.1)
    await house.enters(space, ANN)


async def test_pulses_are_rarer_before_anybody_is_refused(house: House) -> None:
    space = await house.opens()
    ear, seat = await house.enters(space, ANN)
    await carries(house, BUSY)
    for _ in range(8 * LIMITS.thin_pulses):
        seat.room.herald.react(HOST.person, "👏")
        house.spaces.pulse()
    assert len(ear.of(Pulsed)) == 8
    assert sum(r.count for pulse in ear.of(Pulsed) for r in pulse.reactions) == 8 * LIMITS.thin_pulses
    await house.enters(space, BEN)


async def test_the_last_places_are_kept_for_those_who_speak() -> None:
    async with a_house(media=FakeMediaPlane(most=4), reserved_share=0.5, media_sessions_spare=0) as house:
        space = await house.opens()
        await house.spaces.weigh()
        await house.joins(space, ANN, Door.WHEP)
        await house.joins(space, BEN, Door.WHEP)
        await settled()
        with pytest.raises(Unavailable) as caught:
            await house.joins(space, CLEO, Door.WHEP)
        assert caught.value.code == "media_full"
        await house.joins(space, HOST)
