"""Who is let into a space, who sees it at all, and in which order spaces are listed."""

from __future__ import annotations

import asyncio

import pytest
from tests.fakes.clock import StoppedClock
from tests.service.house import ANN, GUEST, HOST, House, a_house
from tests.unit.domain.refused import refused

from arengo.domain.commands import (
    ChangeSettings,
    ComeOnStage,
    PermitEntry,
    RaiseHand,
    WithdrawEntry,
)
from arengo.domain.errors import ArengoError
from arengo.domain.hosting import SettingsChange
from arengo.domain.identity import Identity
from arengo.domain.ids import PersonId, SpaceId, Voice
from arengo.domain.lifecycle import State
from arengo.domain.settings import Settings
from arengo.service.attendance import Door
from arengo.service.news import PutOut
from arengo.service.ports import ActiveVoices
from arengo.service.space_ear import MediaEar


async def test_closing_the_doors_to_guests_puts_them_out() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, _ = await house.enters(space, GUEST)
        await house.joins(space, GUEST, Door.WHEP)
        await house.asks(space, HOST, ChangeSettings(SettingsChange(guests_allowed=False)))
        assert isinstance(ear.farewell, PutOut)
        assert ear.farewell.refusal.code == "guests_forbidden"
        assert house.media.peers == {}


async def test_a_permit_taken_back_puts_out_of_a_private_space() -> None:
    async with a_house() as house:
        space = await house.opens(private=True)
        await house.asks(space, HOST, PermitEntry(ANN.person))
        ear, _ = await house.enters(space, ANN)
        await house.asks(space, HOST, WithdrawEntry(PersonId(ANN.id)))
        assert isinstance(ear.farewell, PutOut)
        assert ear.farewell.refusal.code == "private"


async def test_no_door_shows_a_private_space_to_a_stranger() -> None:
    async with a_house() as house:
        space = await house.opens(private=True)
        for who in (ANN, GUEST):
            for attempt in (
                house.spaces.view(space, who),
                house.spaces.ask(space, who, RaiseHand()),
                house.enters(space, who),
                house.joins(space, who, Door.WHEP),
                house.joins(space, who),
                house.spaces.audience(space, who, after=None, most=5),
                house.spaces.permitted(space, who),
            ):
                with refused("no_such_space"):
                    await attempt
        assert await house.spaces.listed(State.LIVE, ANN) == []
        assert await house.spaces.listed(State.LIVE, None) == []
        assert len(await house.spaces.listed(State.LIVE, HOST)) == 1


NOWHERE = SpaceId("nothing000000")


@pytest.mark.parametrize("who", [ANN, GUEST], ids=["account", "guest"])
@pytest.mark.parametrize("start", [True, False], ids=["live", "scheduled"])
async def test_a_private_space_answers_a_stranger_as_one_that_does_not_exist(who: Identity, start: bool) -> None:
    async with a_house() as house:
        hidden = await house.opens(private=True, start=start)
        await house.passes(5)  # a room that nobody needs is dropped
        rooms = {room.space.id for room in house.spaces.rooms}
        assert (hidden in rooms) is start
        for _ in range(50):
            assert await tried(house, hidden, who) == await tried(house, NOWHERE, who)
        assert {room.space.id for room in house.spaces.rooms} == rooms


async def test_what_a_stranger_tried_is_not_remembered_once_they_are_let_in() -> None:
    async with a_house() as house:
        space = await house.opens(private=True)
        for _ in range(100):
            await tried(house, space, ANN)
        await house.asks(space, HOST, PermitEntry(ANN.person))
        await house.joins(space, ANN, Door.WHEP)
        await house.asks(space, ANN, RaiseHand())


async def tried(house: House, space: SpaceId, who: Identity) -> list[object]:
    """Try every door; gives what each says, and what it asked of the store."""
    told: list[object] = []
    for attempt in (
        house.spaces.view(space, who),
        house.spaces.ask(space, who, RaiseHand()),
        house.enters(space, who),
        house.joins(space, who, Door.WHEP),
        house.joins(space, who, Door.WHIP),
        house.joins(space, who),
        house.spaces.audience(space, who, after=None, most=5),
        house.spaces.permitted(space, who),
        house.spaces.person(space, HOST.id, by=who.person),
    ):
        house.memory.calls.clear()
        with pytest.raises(ArengoError) as caught:
            await attempt
        told.append((caught.value.code, caught.value.detail, caught.value.facts, tuple(house.memory.calls)))
    return told


async def test_only_the_host_learns_who_has_a_permit() -> None:
    async with a_house() as house:
        space = await house.opens(private=True)
        await house.asks(space, HOST, PermitEntry(ANN.person))
        assert [p.id for p in await house.spaces.permitted(space, HOST)] == [ANN.id]
        with refused("not_permitted"):
            await house.spaces.permitted(space, ANN)


async def test_live_spaces_are_listed_by_audience_and_scheduled_ones_by_time() -> None:
    async with a_house() as house:
        empty, full = await house.opens(), await house.opens()
        await house.enters(full, ANN)
        assert [v.space.id for v in await house.spaces.listed(State.LIVE, None)] == [full, empty]
        later = await house.spaces.open(HOST, Settings("Later", scheduled_start=StoppedClock().at.replace(hour=20)), start=False)
        sooner = await house.spaces.open(HOST, Settings("Sooner", scheduled_start=StoppedClock().at.replace(hour=19)), start=False)
        assert [v.space.id for v in await house.spaces.listed(State.SCHEDULED, None)] == [sooner.space.id, later.space.id]


async def test_a_space_that_is_long_overdue_is_not_listed() -> None:
    async with a_house() as house:
        await house.spaces.open(HOST, Settings("Soon", scheduled_start=StoppedClock().at.replace(hour=13)), start=False)
        house.clock.advance(3600 * 12)
        assert len(await house.spaces.listed(State.SCHEDULED, None)) == 1
        house.clock.advance(3600 * 2)
        assert await house.spaces.listed(State.SCHEDULED, None) == []


async def test_whoever_is_heard_now_is_shown_first() -> None:
    async with a_house() as house:
        space = await house.opens()
        _, seat = await house.enters(space, ANN)
        await house.asks(space, ANN, ComeOnStage())
        ear = MediaEar({}, lambda _: seat.room)
        await ear.hear(ActiveVoices(space, (seat.attendant.voice, Voice(0))))
        view = (await house.spaces.listed(State.LIVE, None))[0]
        assert [p.id for p in view.speakers] == [ANN.id, HOST.id]


async def test_a_host_has_only_so_many_spaces_at_a_time() -> None:
    async with a_house(live_spaces_per_host=1, scheduled_spaces_per_host=1) as house:
        await house.opens()
        await house.opens(start=False)
        with refused("too_many_spaces"):
            await house.opens()
        with refused("too_many_spaces"):
            await house.opens(start=False)


async def test_a_host_who_opens_many_spaces_at_once_gets_no_more_of_them() -> None:
    async with a_house(live_spaces_per_host=2) as house:
        opened = await asyncio.gather(*(house.opens() for _ in range(6)), return_exceptions=True)
        assert [getattr(answer, "code", "opened") for answer in opened].count("opened") == 2
        assert len(await house.spaces.listed(State.LIVE, None)) == 2
        with refused("too_many_spaces"):
            await house.opens()
