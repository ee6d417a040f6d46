"""One room: turns, news, limits, and the lists that rooms are shown in."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.service.house import ANN, BEN, CLEO, GUEST, HOST, a_house, an_account, settled
from tests.unit.domain.refused import refused

from arengo.adapters.db.engine import Database
from arengo.adapters.db.spaces import DatabaseSpaces
from arengo.domain.commands import (
    ChangeSettings,
    ComeOnStage,
    DeclineStage,
    EndSpace,
    InviteToStage,
    RaiseHand,
    StartSpace,
)
from arengo.domain.errors import Refusal, Unavailable
from arengo.domain.events import HandRaised, Mic, StageInvited
from arengo.domain.hosting import SettingsChange
from arengo.domain.identity import Identity
from arengo.domain.ids import PersonId, SpaceId
from arengo.domain.lifecycle import State
from arengo.domain.settings import Settings, WhoMaySpeak
from arengo.service.attendance import Door
from arengo.service.news import Failing, Noted, Pulsed, Told, Yours
from arengo.service.ports import PeerId
from arengo.service.rates import TooOften
from arengo.service.reactions import REACTIONS


async def test_two_hundred_commands_at_once_are_all_taken(database: Database) -> None:
    async with a_house(DatabaseSpaces(database)) as house:
        space = await house.opens()
        ear, _ = await house.enters(space, HOST)
        crowd = [an_account(1000 + number) for number in range(200)]
        await asyncio.gather(*(house.asks(space, person, RaiseHand()) for person in crowd))
        told = [n for n in ear.of(Told) if isinstance(n.event, HandRaised)]
        assert len(told) == 200
        assert [n.version for n in told] == list(range(told[0].version, told[0].version + 200))
        stored = await house.store.find(space)
        assert stored is not None
        assert {m.person.id for m in stored.hands()} == {person.id for person in crowd}
        assert stored.version == told[-1].version


async def test_too_many_waiting_commands_are_unavailable_and_none_is_lost() -> None:
    async with a_house(commands_waiting=10) as house:
        space = await house.opens()
        answers = await asyncio.gather(*(house.asks(space, an_account(1000 + n), RaiseHand()) for n in range(50)), return_exceptions=True)
        refused_ones = [a for a in answers if isinstance(a, Unavailable)]
        view = await house.spaces.view(space, None)
        assert len(refused_ones) == 40
        assert len(view.space.hands()) == 10


async def test_a_thousand_hands_a_second_are_limited_without_effect_on_others() -> None:
    async with a_house() as house:
        space = await house.opens()
        answers = await asyncio.gather(*(house.asks(space, ANN, RaiseHand()) for _ in range(1000)), return_exceptions=True)
        too_often = [a for a in answers if isinstance(a, TooOften)]
        assert len(too_often) == 1000 - 60
        assert too_often[0].retry_after > 0
        await house.asks(space, BEN, RaiseHand())
        assert len((await house.spaces.view(space, None)).space.hands()) == 2


async def test_the_same_news_goes_to_everybody_as_one_object() -> None:
    async with a_house() as house:
        space = await house.opens()
        ears = [(await house.enters(space, person))[0] for person in (ANN, BEN, CLEO)]
        await house.asks(space, HOST, ChangeSettings(SettingsChange(title="Anew")))
        house.spaces.pulse()
        assert len({id(ear.of(Told)[-1]) for ear in ears}) == 1
        assert len({id(ear.of(Pulsed)[-1]) for ear in ears}) == 1


async def test_an_invitation_is_told_to_those_concerned_and_its_number_to_the_rest() -> None:
    async with a_house() as house:
        space = await house.opens(everyone=False)
        ann, _ = await house.enters(space, ANN)
        ben, _ = await house.enters(space, BEN)
        host, _ = await house.enters(space, HOST)
        await settled()
        await house.asks(space, HOST, InviteToStage(ANN.person))
        assert isinstance(ann.events[-1], StageInvited)
        assert isinstance(host.events[-1], StageInvited)
        assert not any(isinstance(e, StageInvited) for e in ben.events)
        assert isinstance(ben.news[-1], Noted)


async def test_who_is_invited_is_told_what_is_theirs() -> None:
    async with a_house() as house:
        space = await house.opens(everyone=False)
        ann, _ = await house.enters(space, ANN)
        await house.asks(space, HOST, InviteToStage(ANN.person))
        yours = ann.of(Yours)[-1]
        invited_by = yours.space.member(yours.person).invited_by
        assert invited_by is not None
        assert invited_by.id == HOST.id


async def test_reactions_are_gathered_into_one_pulse() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, seat = await house.enters(space, ANN)
        house.spaces.pulse()
        for person in (ANN, BEN):
            for _ in range(3):
                seat.room.react(person.person, REACTIONS[0])
        house.spaces.pulse()
        house.spaces.pulse()
        gathered = [p.reactions for p in ear.of(Pulsed) if p.reactions]
        assert [(r.emoji, r.count, r.people) for r in gathered[0]] == [(REACTIONS[0], 6, (ANN.id, BEN.id))]
        assert len(gathered) == 1


async def test_reactions_have_a_most_and_a_list() -> None:
    async with a_house() as house:
        space = await house.opens()
        _, seat = await house.enters(space, GUEST)
        with refused("unknown_emoji"):
            seat.room.react(GUEST.person, "💣")
        for _ in range(19):
            seat.room.react(GUEST.person, REACTIONS[0])
        with refused("rate_limited"):
            seat.room.react(GUEST.person, REACTIONS[0])


async def test_the_audience_is_a_count_and_a_sample() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, _ = await house.enters(space, HOST)
        for number in range(70):
            await house.enters(space, an_account(1000 + number))
        await house.enters(space, GUEST, shown=False)
        house.spaces.pulse()
        crowd = ear.of(Pulsed)[-1].crowd
        assert crowd is not None
        assert (crowd.listeners, crowd.guests, len(crowd.sample)) == (71, 1, 60)
        assert crowd.sample[0].id == "1000"
        house.spaces.pulse()
        assert ear.of(Pulsed)[-1].crowd == crowd


async def test_a_large_audience_is_told_of_itself_less_often() -> None:
    async with a_house(pulse_people=10) as house:
        space = await house.opens()
        ear, seat = await house.enters(space, HOST)
        for number in range(24):
            await house.enters(space, an_account(1000 + number))
        for _ in range(6):
            seat.room.react(ANN.person, REACTIONS[0])
            house.spaces.pulse()
        assert [sum(r.count for r in p.reactions) for p in ear.of(Pulsed)] == [3, 3]


async def test_the_audience_is_paged_in_the_order_of_coming() -> None:
    async with a_house() as house:
        space = await house.opens()
        for number in range(5):
            await house.enters(space, an_account(1000 + number))
        await house.enters(space, GUEST, shown=False)
        first = await house.spaces.audience(space, None, after=None, most=3)
        rest = await house.spaces.audience(space, None, after=first[-1].id, most=3)
        assert [p.id for p in [*first, *rest]] == ["1000", "1001", "1002", "1003", "1004"]


async def test_a_scheduled_space_waits_and_starts() -> None:
    async with a_house() as house:
        space = await house.opens(start=False)
        ear, _ = await house.enters(space, ANN)
        with refused("not_live"):
            await house.asks(space, ANN, RaiseHand())
        await house.asks(space, HOST, StartSpace())
        assert [type(e).__name__ for e in ear.events] == ["SpaceStarted", "CameOnStage"]


async def test_a_room_that_nobody_needs_is_dropped_and_loaded_again() -> None:
    async with a_house() as house:
        space = await house.opens(start=False)
        await house.passes(1)
        await house.asks(space, HOST, InviteToStage(ANN.person))
        await house.passes(1)
        view = await house.spaces.view(space, HOST)
        assert view.space.members[PersonId(ANN.id)].may_speak


async def test_an_ended_space_is_still_shown_and_takes_nobody_in() -> None:
    async with a_house() as house:
        space = await house.opens()
        await house.asks(space, HOST, EndSpace())
        await house.passes(2)
        assert (await house.spaces.view(space, None)).space.state is State.ENDED
        with refused("already_ended"):
            await house.enters(space, ANN)
        with refused("already_ended"):
            await house.joins(space, ANN)


async def test_what_somebody_else_wrote_is_not_written_over() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, _ = await house.enters(space, ANN)
        await settled()
        stored = await house.store.find(space)
        assert stored is not None
        await house.store.save(replace(stored, version=99), changed=(), over={stored.version})
        with pytest.raises(Unavailable):
            await house.asks(space, BEN, RaiseHand())
        assert isinstance(ear.farewell, Failing)
        await house.passes(1)
        await house.asks(space, BEN, RaiseHand())
        assert (await house.spaces.view(space, None)).space.version > 99


@pytest.mark.parametrize("space", ["", "short", "x" * 13, "x" * 5000, "../../etc/pass", "Abc123Def456é"])
async def test_there_is_no_space_of_another_name(space: str) -> None:
    async with a_house() as house:
        with refused("no_such_space"):
            await house.spaces.view(SpaceId(space), HOST)
        with refused("no_such_space"):
            await house.asks(SpaceId(space), HOST, RaiseHand())


async def test_an_operator_ends_any_space() -> None:
    async with a_house() as house:
        live, scheduled = await house.opens(), await house.opens(start=False)
        await house.spaces.end_by_operator(live)
        await house.spaces.end_by_operator(scheduled)
        assert (await house.spaces.view(live, None)).space.end_reason == "operator"
        assert (await house.spaces.view(scheduled, None)).space.state is State.CANCELLED


async def test_people_are_found_in_the_space_or_anywhere() -> None:
    async with a_house() as house:
        space = await house.opens()
        await house.enters(space, GUEST)
        assert (await house.spaces.person(space, GUEST.id, by=HOST.person)).name == "Guest"
        assert (await house.spaces.person(space, CLEO.id, by=HOST.person)).name == "Cleo"
        with refused("no_such_person"):
            await house.spaces.person(space, "404", by=HOST.person)


async def test_figures_count_spaces_people_and_channels() -> None:
    async with a_house() as house:
        space = await house.opens()
        await house.enters(space, HOST)
        await house.enters(space, GUEST)
        await house.joins(space, ANN, Door.WHIP)
        figures = house.spaces.figures()
        assert figures.spaces == {"live": 1}
        assert figures.people == {"host": 1, "guest": 1, "speaker": 1}
        assert (figures.channels, figures.media_sessions) == (2, 1)


async def test_before_the_start_everything_is_unavailable() -> None:
    async with a_house() as house:
        await house.spaces.stop()
        with pytest.raises(Unavailable):
            await house.spaces.listed(State.LIVE, None)


async def test_declining_is_told_to_the_host_alone() -> None:
    async with a_house() as house:
        space = await house.opens(everyone=False)
        host, _ = await house.enters(space, HOST)
        await house.asks(space, HOST, InviteToStage(ANN.person))
        await house.asks(space, ANN, DeclineStage())
        assert type(host.events[-1]).__name__ == "StageInvitationClosed"


async def test_opening_everybody_the_stage_is_told_to_each() -> None:
    async with a_house() as house:
        space = await house.opens(everyone=False)
        ear, _ = await house.enters(space, ANN)
        await house.asks(space, HOST, ChangeSettings(SettingsChange(who_may_speak=WhoMaySpeak.EVERYONE)))
        house.spaces.pulse()
        yours = ear.of(Yours)[-1]
        assert yours.space.settings.who_may_speak is WhoMaySpeak.EVERYONE


async def test_a_full_sound_is_unavailable_and_leaves_nothing_behind() -> None:
    async with a_house() as house:
        space = await house.opens()
        house.media.shutdown()
        with pytest.raises(Unavailable):
            await house.joins(space, ANN)
        assert (await house.spaces.view(space, None)).crowd.listeners == 0


async def test_a_stage_that_fills_up_meanwhile_closes_the_whip_session_again() -> None:
    async with a_house(stage_capacity=4) as house:
        settings = Settings("A space", who_may_speak=WhoMaySpeak.EVERYONE, capacity=4)
        space = (await house.spaces.open(HOST, settings, start=True)).space.id
        first, second = await asyncio.gather(house.joins(space, ANN, Door.WHIP), house.joins(space, BEN, Door.WHIP), return_exceptions=True)
        assert isinstance(first, str)
        assert isinstance(second, Refusal)
        assert second.code == "stage_full"
        assert set(house.media.peers) == {PeerId(1)}


async def test_a_person_without_any_part_is_not_remembered() -> None:
    async with a_house() as house:
        space = await house.opens()
        passing: Identity = an_account(500)
        await house.enters(space, passing)
        assert PersonId("500") not in (await house.spaces.view(space, None)).space.members


async def test_muted_arrivals_are_shown_as_such() -> None:
    async with a_house() as house:
        space = await house.opens()
        await house.asks(space, ANN, ComeOnStage(Mic.OFF))
        member = (await house.spaces.view(space, None)).space.members[PersonId(ANN.id)]
        assert (member.mic, member.muted_by and member.muted_by.value) == (Mic.OFF, "self")


async def test_a_room_that_is_looked_at_while_its_first_turn_is_written_is_kept() -> None:
    async with a_house() as house:
        house.memory.hold = asyncio.Event()
        opening = asyncio.create_task(house.opens())
        await settled()
        await house.spaces.rooms.look()
        house.memory.hold.set()
        space = await asyncio.wait_for(opening, timeout=1)
        assert (await house.spaces.view(space, None)).space.is_live


async def test_a_turn_that_is_being_taken_when_its_room_is_closed_is_answered() -> None:
    async with a_house() as house:
        house.memory.hold = asyncio.Event()
        opening = asyncio.create_task(house.opens())
        await settled()
        await house.spaces.rooms.stop()
        with pytest.raises(Unavailable):
            await asyncio.wait_for(opening, timeout=1)


async def test_a_room_that_has_been_dropped_takes_no_more_turns() -> None:
    async with a_house() as house:
        space = await house.opens(start=False)
        room = await house.spaces.rooms.room(space)
        await house.spaces.rooms.look()
        assert house.spaces.rooms.find(space) is None
        with pytest.raises(Unavailable):
            await asyncio.wait_for(room.ask(HOST.person, StartSpace()), timeout=1)
        await house.asks(space, HOST, StartSpace())
        assert (await house.spaces.view(space, None)).space.is_live
