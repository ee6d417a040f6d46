"""Channels and media sessions of one person: the newest wins, and nobody is live by accident."""

from __future__ import annotations

import pytest
from tests.service.house import ANN, BEN, GUEST, HOST, a_house, settled
from tests.unit.domain.refused import refused

from arengo.domain.commands import ComeOnStage, InviteToStage, RaiseHand, RemovePerson, SetMic
from arengo.domain.events import CameOnStage, Mic, MicChanged
from arengo.domain.ids import PersonId
from arengo.service.attendance import Door
from arengo.service.news import MediaEnded, Replaced
from arengo.service.ports import PeerId
from arengo.service.space_door import depart

ANN_ID = PersonId(ANN.id)


async def test_a_second_channel_replaces_the_first_and_says_so() -> None:
    async with a_house() as house:
        space = await house.opens()
        first, _ = await house.enters(space, ANN)
        second, seat = await house.enters(space, ANN)
        assert isinstance(first.farewell, Replaced)
        assert second.farewell is None
        assert len(seat.room.attendance) == 1


async def test_losing_the_replaced_channel_takes_nobody_away() -> None:
    async with a_house() as house:
        space = await house.opens()
        first, seat = await house.enters(space, ANN)
        await house.enters(space, ANN)
        await house.leaves(seat, first)
        assert seat.attendant.is_present


async def test_a_second_listening_session_replaces_the_first_and_says_so() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, _ = await house.enters(space, ANN)
        first = await house.joins(space, ANN)
        await house.joins(space, ANN)
        await settled()
        assert ear.of(MediaEnded) == [MediaEnded(first, "replaced")]
        assert len(house.media.peers) == 1


async def test_who_hangs_up_what_has_just_ended_is_not_told_that_there_is_none() -> None:
    async with a_house(media_session_ended_s=60) as house:
        space = await house.opens()
        session = await house.joins(space, ANN, Door.WHEP)
        await settled()
        house.media.lose(PeerId(1), "bye")
        await settled()
        await house.spaces.close_media(space, Door.WHEP, session)
        with refused("no_such_session"):  # once is enough
            await house.spaces.close_media(space, Door.WHEP, session)
        late = await house.joins(space, ANN, Door.WHEP)
        await settled()
        house.media.lose(PeerId(2), "bye")
        await settled()
        house.clock.advance(61)
        with refused("no_such_session"):
            await house.spaces.close_media(space, Door.WHEP, late)


async def test_the_older_session_goes_on_until_the_newer_is_connected() -> None:
    async with a_house() as house:
        space = await house.opens()
        _, seat = await house.enters(space, ANN)
        await house.joins(space, ANN)
        await seat.room.ask(ANN.person, ComeOnStage(), from_app=True)
        await settled()
        house.media.connects = False
        await house.joins(space, ANN)
        await settled()
        assert {peer: p.allowed for peer, p in house.media.peers.items()} == {PeerId(1): True, PeerId(2): False}
        house.media.connect(PeerId(2))
        await settled()
        assert {peer: p.allowed for peer, p in house.media.peers.items()} == {PeerId(2): True}


async def test_a_newer_session_that_never_connects_costs_the_older_nothing() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, seat = await house.enters(space, ANN)
        await house.joins(space, ANN)
        await settled()
        house.media.connects = False
        second = await house.joins(space, ANN)
        house.media.lose(PeerId(2))
        await settled()
        assert [session.peer for session in seat.attendant.sessions] == [1]
        assert ear.of(MediaEnded) == [MediaEnded(second, "silent")]


async def test_of_two_that_are_late_the_newest_wins() -> None:
    async with a_house() as house:
        space = await house.opens()
        house.media.connects = False
        await house.joins(space, ANN)
        await house.joins(space, ANN)
        house.media.connect(PeerId(2))
        await settled()
        house.media.connect(PeerId(1))
        await settled()
        assert set(house.media.peers) == {PeerId(2)}


async def test_a_second_whip_session_replaces_the_first_and_is_heard() -> None:
    async with a_house() as house:
        space = await house.opens()
        await house.joins(space, ANN, Door.WHIP)
        await house.joins(space, ANN, Door.WHIP)
        assert [peer.allowed for peer in house.media.peers.values()] == [True]


async def test_a_returning_app_is_heard_again_without_an_act() -> None:
    async with a_house() as house:
        space = await house.opens()
        _, seat = await house.enters(space, ANN)
        await house.joins(space, ANN)
        await seat.room.ask(ANN.person, ComeOnStage(), from_app=True)
        await house.joins(space, ANN)
        assert house.heard(space, seat)


async def test_whip_comes_on_stage_with_an_open_microphone() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, _ = await house.enters(space, BEN)
        await house.joins(space, ANN, Door.WHIP)
        came = next(e for e in ear.events if isinstance(e, CameOnStage))
        assert (came.person.id, came.mic) == (ANN.id, Mic.ON)
        assert len(house.media.heard) == 1


async def test_whip_without_permission_is_refused_before_any_sound_is_touched() -> None:
    async with a_house() as house:
        space = await house.opens(everyone=False)
        with refused("not_invited"):
            await house.joins(space, ANN, Door.WHIP)
        assert house.media.log == []


async def test_whip_accepts_an_invitation_that_came_before_its_owner() -> None:
    async with a_house() as house:
        space = await house.opens(everyone=False)
        await house.asks(space, HOST, InviteToStage(ANN.person))
        await house.joins(space, ANN, Door.WHIP)
        assert len(house.media.heard) == 1


async def test_whip_opens_the_microphone_that_the_host_closed() -> None:
    async with a_house() as house:
        space = await house.opens()
        await house.joins(space, ANN, Door.WHIP)
        await house.asks(space, ANN, SetMic(Mic.OFF))
        assert house.media.heard == set()
        await house.joins(space, ANN, Door.WHIP)
        assert len(house.media.heard) == 1


async def test_an_app_that_only_listens_leaves_the_voice_to_whip() -> None:
    async with a_house() as house:
        space = await house.opens()
        await house.joins(space, ANN, Door.WHIP)
        await house.joins(space, ANN, Door.APP)
        assert {peer: p.allowed for peer, p in house.media.peers.items()} == {PeerId(1): True, PeerId(2): False}


async def test_opening_the_microphone_in_the_app_takes_the_voice_over() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, seat = await house.enters(space, ANN)
        whip = await house.joins(space, ANN, Door.WHIP)
        await house.joins(space, ANN, Door.APP)
        await house.asks(space, ANN, SetMic(Mic.OFF))
        await seat.room.ask(ANN.person, SetMic(Mic.ON), from_app=True)
        assert {peer: p.allowed for peer, p in house.media.peers.items()} == {PeerId(2): True}
        assert ear.of(MediaEnded) == [MediaEnded(whip, "replaced")]


@pytest.mark.parametrize("how", ["hung up", "silent"])
async def test_when_whip_ends_no_other_microphone_opens_by_itself(how: str) -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, seat = await house.enters(space, ANN)
        await house.joins(space, ANN, Door.APP)
        session = await house.joins(space, ANN, Door.WHIP)
        if how == "hung up":
            await house.spaces.close_media(space, Door.WHIP, session)
        else:
            house.media.lose(PeerId(2))
        await settled()
        assert house.media.heard == set()
        last = ear.events[-1]
        assert isinstance(last, MicChanged)
        assert last.mic is Mic.OFF
        await seat.room.ask(ANN.person, SetMic(Mic.ON), from_app=True)
        assert house.heard(space, seat)


async def test_hanging_up_the_only_session_by_whip_leaves_the_stage() -> None:
    async with a_house() as house:
        space = await house.opens()
        session = await house.joins(space, ANN, Door.WHIP)
        await house.spaces.close_media(space, Door.WHIP, session)
        view = await house.spaces.view(space, None)
        assert [m.person.id for m in view.space.on_stage()] == [HOST.id]
        assert house.media.peers == {}


async def test_a_session_is_ended_only_by_its_name_and_through_its_door() -> None:
    async with a_house() as house:
        space = await house.opens()
        session = await house.joins(space, ANN, Door.WHEP)
        with refused("no_such_session"):
            await house.spaces.close_media(space, Door.WHIP, session)
        with refused("no_such_session"):
            await house.spaces.close_media(space, Door.WHEP, "another")
        await house.spaces.close_media(space, Door.WHEP, session)
        assert house.media.peers == {}


async def test_a_peer_that_fell_silent_is_told_and_forgotten() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, seat = await house.enters(space, ANN)
        session = await house.joins(space, ANN)
        house.media.lose(PeerId(1))
        await settled()
        assert ear.of(MediaEnded) == [MediaEnded(session, "silent")]
        assert seat.attendant.sessions == []


async def test_there_is_no_sound_before_the_space_is_live() -> None:
    async with a_house() as house:
        space = await house.opens(start=False)
        with refused("not_live"):
            await house.joins(space, ANN)


async def test_a_guest_listens_but_does_not_publish() -> None:
    async with a_house() as house:
        space = await house.opens()
        await house.joins(space, GUEST, Door.WHEP)
        with refused("not_signed_in"):
            await house.joins(space, GUEST, Door.WHIP)


async def test_who_is_removed_loses_channel_and_sound_and_does_not_return() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, _ = await house.enters(space, ANN)
        session = await house.joins(space, ANN, Door.WHIP)
        await house.asks(space, HOST, RemovePerson(ANN.person))
        assert ear.of(MediaEnded) == [MediaEnded(session, "removed")]
        assert ear.farewell is not None
        assert house.media.peers == {}
        with refused("removed"):
            await house.enters(space, ANN)
        with refused("removed"):
            await house.joins(space, ANN, Door.WHEP)


async def test_a_listener_who_hangs_up_the_last_that_they_had_is_not_counted_any_more() -> None:
    async with a_house() as house:
        space = await house.opens()
        session = await house.joins(space, GUEST, Door.WHEP)
        await settled()
        assert (await house.spaces.view(space, None)).crowd.listeners == 1
        await house.spaces.close_media(space, Door.WHEP, session)
        assert (await house.spaces.view(space, None)).crowd.listeners == 0


@pytest.mark.parametrize(("why", "left"), [("bye", 0), ("silent", 1)])
async def test_a_listener_whose_browser_said_goodbye_is_not_waited_for(why: str, left: int) -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, seat = await house.enters(space, GUEST)
        await house.joins(space, GUEST)
        await house.leaves(seat, ear)
        house.media.lose(PeerId(1), why)
        await settled()
        assert (await house.spaces.view(space, None)).crowd.listeners == left


async def test_a_raised_hand_outlasts_a_media_session_that_was_hung_up() -> None:
    async with a_house() as house:
        space = await house.opens(everyone=False)
        session = await house.joins(space, ANN)
        await house.asks(space, ANN, RaiseHand())
        await house.spaces.close_media(space, Door.APP, session)
        assert [m.person.id for m in (await house.spaces.view(space, None)).space.hands()] == [ANN.id]


async def test_leaving_for_good_gives_everything_up() -> None:
    async with a_house() as house:
        space = await house.opens()
        _, seat = await house.enters(space, ANN)
        await house.joins(space, ANN)
        await house.asks(space, ANN, ComeOnStage())
        await depart(seat.room, seat.attendant)
        assert house.media.peers == {}
        assert not seat.room.space.members[ANN_ID].is_on_stage
        assert len(seat.room.attendance) == 0


async def test_a_person_keeps_their_voice_over_every_return() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, seat = await house.enters(space, ANN)
        voice = seat.attendant.voice
        await house.leaves(seat, ear)
        await house.passes(20)
        assert (await house.enters(space, ANN))[1].attendant.voice == voice
