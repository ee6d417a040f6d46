"""What silences somebody acts on the sound before anything else; what lets a voice through is written first."""

from __future__ import annotations

import asyncio

import pytest
from tests.service.house import ANN, BEN, HOST, Ear, a_house, settled

from arengo.domain.commands import (
    ComeOnStage,
    Command,
    EndSpace,
    MuteAll,
    MutePerson,
    RaiseHand,
    RemovePerson,
    SetMic,
    StepDown,
    TakeOffStage,
)
from arengo.domain.errors import Unavailable
from arengo.domain.events import HandRaised, LeftStage, Mic, MicChanged, SpaceEnded
from arengo.domain.ids import PersonId
from arengo.domain.lifecycle import State
from arengo.service.news import MediaEnded, Over, PutOut

ANN_ID = PersonId(ANN.id)

SILENCING: list[tuple[str, Command, bool]] = [
    ("mute", MutePerson(ANN_ID), True),
    ("mute all", MuteAll(), True),
    ("take off the stage", TakeOffStage(ANN_ID), True),
    ("remove", RemovePerson(ANN.person), True),
    ("end", EndSpace(), True),
    ("mute oneself", SetMic(Mic.OFF), False),
    ("step down", StepDown(), False),
]


@pytest.mark.parametrize(("name", "command", "by_host"), SILENCING, ids=[name for name, _, _ in SILENCING])
async def test_the_voice_ends_before_anything_is_written(name: str, command: Command, by_host: bool) -> None:
    async with a_house() as house:
        space = await house.opens()
        await house.joins(space, ANN)
        await house.asks(space, ANN, ComeOnStage())
        assert len(house.media.heard) == 1
        house.memory.hold = asyncio.Event()
        asking = asyncio.create_task(house.asks(space, HOST if by_host else ANN, command))
        await settled()
        assert house.media.heard == set()
        assert not asking.done()
        house.memory.hold.set()
        await asking


async def test_while_the_end_of_a_space_is_written_nobody_is_sent_to_join_the_sound_again() -> None:
    async with a_house() as house:
        space = await house.opens()
        ears = [(await house.enters(space, who))[0] for who in (ANN, BEN)]
        for who in (ANN, BEN):
            await house.joins(space, who)
        house.memory.hold = asyncio.Event()
        ending = asyncio.create_task(house.asks(space, HOST, EndSpace()))
        await settled()
        assert {ended.why for ear in ears for ended in ear.of(MediaEnded)} == {"ended"}
        house.memory.hold.set()
        await ending
        assert [ended.why for ear in ears for ended in ear.of(MediaEnded)] == ["ended", "ended"]


async def test_a_mute_silences_while_another_command_holds_the_turn() -> None:
    async with a_house() as house:
        space = await house.opens()
        await house.joins(space, ANN)
        await house.asks(space, ANN, ComeOnStage())
        house.memory.hold = asyncio.Event()
        slow = asyncio.create_task(house.asks(space, BEN, RaiseHand()))
        await settled()
        muting = asyncio.create_task(house.asks(space, HOST, MutePerson(ANN_ID)))
        await settled()
        assert house.media.heard == set()
        house.memory.hold.set()
        await asyncio.gather(slow, muting)
        assert house.media.heard == set()


async def test_a_voice_is_let_through_only_once_it_is_written() -> None:
    async with a_house() as house:
        space = await house.opens()
        await house.joins(space, ANN)
        house.memory.hold = asyncio.Event()
        coming = asyncio.create_task(house.asks(space, ANN, ComeOnStage()))
        await settled()
        assert house.media.heard == set()
        house.memory.hold.set()
        await coming
        assert len(house.media.heard) == 1


async def test_while_the_database_is_away_mutes_are_told_and_written_later() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, _ = await house.enters(space, BEN)
        await house.joins(space, ANN)
        await house.asks(space, ANN, ComeOnStage())
        house.memory.away = True
        await house.asks(space, HOST, MutePerson(ANN_ID))
        assert house.media.heard == set()
        assert isinstance(ear.events[-1], MicChanged)
        house.memory.away = False
        await house.passes(2)
        stored = await house.store.find(space)
        assert stored is not None
        assert stored.members[ANN_ID].mic is Mic.OFF


async def test_while_the_database_is_away_other_commands_are_unavailable_and_work_later() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, _ = await house.enters(space, BEN)
        house.memory.away = True
        with pytest.raises(Unavailable) as caught:
            await house.asks(space, ANN, RaiseHand())
        assert caught.value.retry_after > 0
        assert ear.events == []
        house.memory.away = False
        await house.passes(2)
        await house.asks(space, ANN, RaiseHand())
        assert isinstance(ear.events[-1], HandRaised)


async def test_the_sound_goes_on_while_the_database_is_away() -> None:
    async with a_house() as house:
        space = await house.opens()
        await house.joins(space, ANN)
        await house.asks(space, ANN, ComeOnStage())
        house.memory.away = True
        with pytest.raises(Unavailable):
            await house.asks(space, BEN, RaiseHand())
        await house.passes(30)
        assert len(house.media.heard) == 1


async def test_a_ban_silences_and_puts_out_while_the_database_is_away() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, _ = await house.enters(space, ANN)
        others, _ = await house.enters(space, BEN)
        await house.joins(space, ANN)
        await house.asks(space, ANN, ComeOnStage())
        house.memory.away = True
        await house.spaces.ban(ANN.id)
        assert house.media.peers == {}
        assert isinstance(ear.farewell, PutOut)
        assert ear.farewell.refusal.code == "banned"
        assert others.events[-1] == LeftStage(ANN_ID, "banned")
        house.memory.away = False
        await house.passes(2)
        stored = await house.store.find(space)
        assert stored is not None
        assert not stored.members[ANN_ID].is_on_stage


async def test_the_space_of_a_banned_host_ends() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, _ = await house.enters(space, BEN)
        await house.spaces.ban(HOST.id)
        assert isinstance(ear.events[-1], SpaceEnded)
        assert isinstance(ear.farewell, Over)


async def test_the_host_ends_the_space_while_the_database_is_away() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, _ = await house.enters(space, BEN)
        await house.joins(space, BEN)
        house.memory.away = True
        await house.asks(space, HOST, EndSpace())
        assert house.media.peers == {}
        assert isinstance(ear.farewell, Over)
        house.memory.away = False
        await house.passes(2)
        stored = await house.store.find(space)
        assert stored is not None
        assert stored.state is State.ENDED


async def test_a_write_of_unknown_outcome_is_made_good_by_the_next() -> None:
    async with a_house() as house:
        space = await house.opens()
        house.memory.is_forgetful = True
        with pytest.raises(Unavailable):
            await house.asks(space, ANN, RaiseHand())
        house.memory.is_forgetful = False
        house.clock.advance(5)
        await house.asks(space, BEN, RaiseHand())
        stored = await house.store.find(space)
        assert stored is not None
        assert [m.person.id for m in stored.hands()] == [BEN.id]
        assert stored.version == (await house.spaces.view(space, None)).space.version


async def test_a_caller_who_goes_away_does_not_undo_their_command() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear: Ear
        ear, _ = await house.enters(space, BEN)
        house.memory.hold = asyncio.Event()
        asking = asyncio.create_task(house.asks(space, ANN, RaiseHand()))
        await settled()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        house.memory.hold.set()
        await settled()
        assert isinstance(ear.events[-1], HandRaised)
