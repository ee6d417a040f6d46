"""What a credential opened ends with it: the sound first, then the channel, and what waits is not carried out."""

from __future__ import annotations

import asyncio

import pytest
from tests.service.house import ANN, BEN, GUEST, HOST, Ear, a_house, by, settled
from tests.unit.domain.refused import refused

from arengo.domain.commands import ComeOnStage, EndSpace, RaiseHand
from arengo.domain.errors import Refusal
from arengo.domain.events import Mic, MicChanged, Presence
from arengo.domain.ids import PersonId
from arengo.service.attendance import Door
from arengo.service.news import MediaEnded, PutOut

ANN_ID = PersonId(ANN.id)


def is_signed_out(ear: Ear) -> bool:
    return isinstance(ear.farewell, PutOut) and ear.farewell.refusal.code == "not_signed_in"


async def test_a_channel_and_a_voice_end_with_the_credential_that_opened_them() -> None:
    async with a_house() as house:
        space, ann = await house.opens(), by("token", ANN)
        ear, _ = await house.enters(space, ann)
        session = await house.joins(space, ann, Door.WHIP)
        await settled()
        assert len(house.media.heard) == 1
        await house.ends(ann)
        assert house.media.peers == {}
        assert ear.of(MediaEnded) == [MediaEnded(session, "signed_out")]
        assert is_signed_out(ear)


async def test_the_voice_is_gone_while_the_database_is_away() -> None:
    async with a_house() as house:
        space, ann = await house.opens(), by("login", ANN)
        ear, _ = await house.enters(space, ann)
        await house.joins(space, ann)
        await house.asks(space, ann, ComeOnStage())
        house.memory.away = True
        await house.ends(ann)
        assert house.media.heard == set()
        assert house.media.peers == {}
        assert is_signed_out(ear)


async def test_the_voice_is_gone_while_another_command_holds_the_turn() -> None:
    async with a_house() as house:
        space, ann = await house.opens(), by("token", ANN)
        await house.joins(space, ann, Door.WHIP)
        await settled()
        house.memory.hold = asyncio.Event()
        slow = asyncio.create_task(house.asks(space, BEN, RaiseHand()))
        await settled()
        await house.ends(ann)
        assert house.media.peers == {}
        house.memory.hold.set()
        await slow


async def test_what_the_same_account_opened_by_another_credential_goes_on() -> None:
    async with a_house() as house:
        space, robot, desk = await house.opens(), by("token", ANN), by("login", ANN)
        ear, seat = await house.enters(space, desk)
        await house.joins(space, desk)
        await house.joins(space, robot, Door.WHIP)
        await settled()
        await house.ends(desk)
        assert is_signed_out(ear)
        assert house.heard(space, seat)
        assert [session.door for session in seat.attendant.sessions] == [Door.WHIP]


async def test_a_voice_by_a_token_ends_and_the_channel_by_the_login_is_told() -> None:
    async with a_house() as house:
        space, desk, robot = await house.opens(), by("login", ANN), by("token", ANN)
        ear, seat = await house.enters(space, desk)
        await house.joins(space, desk)
        session = await house.joins(space, robot, Door.WHIP)
        await settled()
        await house.ends(robot)
        await settled()
        assert house.media.heard == set()
        assert ear.of(MediaEnded)[-1] == MediaEnded(session, "signed_out")
        assert ear.farewell is None
        assert len(seat.attendant.sessions) == 1  # by which the app still listens


async def test_a_microphone_that_ended_with_its_login_does_not_open_again_by_itself() -> None:
    async with a_house() as house:
        space, ann, again = await house.opens(), by("login", ANN), by("login", ANN)
        await house.joins(space, ann)
        await house.asks(space, ann, ComeOnStage())
        others, _ = await house.enters(space, BEN)
        await house.ends(ann)
        await settled()
        assert [e.mic for e in others.events if isinstance(e, MicChanged)] == [Mic.OFF]
        await house.joins(space, again)
        await settled()
        assert house.media.heard == set()


async def test_a_place_on_stage_is_kept_for_a_while_for_another_login() -> None:
    async with a_house() as house:
        space, ann = await house.opens(), by("login", ANN)
        await house.enters(space, ann)
        await house.asks(space, ann, ComeOnStage())
        await house.ends(ann)
        await settled()
        member = (await house.spaces.view(space, None)).space.members[ANN_ID]
        assert (member.is_on_stage, member.presence) == (True, Presence.AWAY)


async def test_a_command_that_waits_for_its_turn_is_not_obeyed_after_the_end() -> None:
    async with a_house() as house:
        host = by("token", HOST)
        space = await house.opens(host)
        house.memory.hold = asyncio.Event()
        slow = asyncio.create_task(house.asks(space, BEN, RaiseHand()))
        await settled()
        ending = asyncio.create_task(house.asks(space, host, EndSpace()))
        await settled()
        await house.ends(host)
        house.memory.hold.set()
        await slow
        with pytest.raises(Refusal) as caught:
            await ending
        assert caught.value.code == "not_signed_in"
        assert (await house.spaces.view(space, None)).space.is_live


@pytest.mark.parametrize("door", list(Door))
async def test_nothing_is_opened_by_a_credential_that_ended_on_the_way(door: Door) -> None:
    async with a_house() as house:
        space, ann = await house.opens(), by("login", ANN)
        await house.ends(ann)
        with refused("not_signed_in"):
            await house.joins(space, ann, door)
        with refused("not_signed_in"):
            await house.enters(space, ann)
        assert house.media.peers == {}


async def test_a_voice_whose_turn_comes_after_the_end_is_not_let_through() -> None:
    async with a_house() as house:
        space, ann = await house.opens(), by("token", ANN)
        house.memory.hold = asyncio.Event()
        slow = asyncio.create_task(house.asks(space, BEN, RaiseHand()))
        await settled()
        coming = asyncio.create_task(house.joins(space, ann, Door.WHIP))
        await settled()
        await house.ends(ann)
        house.memory.hold.set()
        await slow
        with pytest.raises(Refusal) as caught:
            await coming
        assert caught.value.code == "not_signed_in"
        assert house.media.peers == {}


async def test_a_channel_that_was_replaced_by_another_login_does_not_end_it() -> None:
    async with a_house() as house:
        space, first, second = await house.opens(), by("login", ANN), by("login", ANN)
        await house.enters(space, first)
        ear, _ = await house.enters(space, second)
        await house.ends(first)
        assert ear.farewell is None


async def test_a_guest_who_signs_out_is_gone_too() -> None:
    async with a_house() as house:
        space, guest = await house.opens(), by("pass", GUEST)
        ear, _ = await house.enters(space, guest)
        await house.joins(space, guest, Door.WHEP)
        await house.ends(guest)
        assert house.media.peers == {}
        assert is_signed_out(ear)
