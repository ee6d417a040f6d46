"""People who lose their connection, servers that restart, hosts who are away."""

from __future__ import annotations

from tests.fakes.clock import StoppedClock
from tests.fakes.space_store import MemorySpaces
from tests.service.house import ANN, BEN, CLEO, GUEST, HOST, Ear, House, a_house, settled

from arengo.domain.commands import ComeOnStage, InviteToStage, MakeCohost, MutePerson, RaiseHand, SetMic
from arengo.domain.events import HandLowered, LeftStage, Mic, Presence, PresenceChanged, SpaceEnded, StandInChanged
from arengo.domain.ids import PersonId, SpaceId
from arengo.service.attendance import Door
from arengo.service.news import GoingAway, Noted, Over, Pulsed, Told
from arengo.service.resume import Stay

ANN_ID = PersonId(ANN.id)


async def on_stage(house: House, space: SpaceId) -> dict[str, str]:
    view = await house.spaces.view(space, HOST)
    return {m.person.id: m.presence.value for m in view.space.on_stage()}


async def stay_of(house: House, space: SpaceId, ear: Ear) -> Stay | None:
    return await house.spaces.stay(space, ear.welcome.resume)


async def test_a_listener_who_is_gone_is_counted_for_a_little() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, seat = await house.enters(space, ANN)
        await house.leaves(seat, ear)
        await house.passes(9)
        assert (await house.spaces.view(space, None)).crowd.listeners == 1
        await house.passes(1)
        assert (await house.spaces.view(space, None)).crowd.listeners == 0


async def test_a_place_on_stage_is_kept_for_a_minute() -> None:
    async with a_house() as house:
        space = await house.opens()
        host, _ = await house.enters(space, HOST)
        ear, seat = await house.enters(space, ANN)
        await house.asks(space, ANN, ComeOnStage())
        await house.leaves(seat, ear)
        await settled()
        assert isinstance(host.events[-1], PresenceChanged)
        await house.passes(59)
        assert (await on_stage(house, space))[ANN.id] == "away"
        await house.passes(1)
        assert host.events[-1] == LeftStage(ANN_ID, "left")


async def test_a_media_session_alone_is_presence() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, seat = await house.enters(space, ANN)
        await house.joins(space, ANN)
        await house.asks(space, ANN, ComeOnStage())
        await house.leaves(seat, ear)
        await house.passes(90)
        assert (await on_stage(house, space))[ANN.id] == "here"


async def test_whoever_has_only_posted_an_offer_is_no_listener() -> None:
    async with a_house() as house:
        house.media.connects = False
        space = await house.opens()
        ear, _ = await house.enters(space, HOST)
        for person in (ANN, GUEST):
            await house.joins(space, person, Door.WHEP)
        await settled()
        house.spaces.pulse()
        assert (await house.spaces.view(space, None)).crowd.listeners == 0
        assert [p.id for p in await house.spaces.audience(space, None, after=None, most=9)] == []
        assert ear.of(Pulsed) == []
        figures = house.spaces.figures()
        assert (sum(figures.people.values()), figures.media_sessions, figures.joining) == (1, 0, 2)


async def test_a_listener_counts_from_when_they_are_connected() -> None:
    async with a_house() as house:
        house.media.connects = False
        space = await house.opens()
        await house.joins(space, GUEST, Door.WHEP)
        peer = next(iter(house.media.peers))
        house.media.connect(peer)
        await settled()
        crowd = (await house.spaces.view(space, None)).crowd
        assert (crowd.listeners, crowd.guests) == (1, 1)
        assert house.spaces.figures().media_sessions == 1


async def test_an_offer_that_nobody_follows_up_leaves_nothing_behind() -> None:
    async with a_house() as house:
        house.media.connects = False
        space = await house.opens()
        await house.joins(space, GUEST, Door.WHEP)
        house.media.lose(next(iter(house.media.peers)))
        await settled()
        room = house.spaces.rooms.find(space)
        assert room is not None
        assert room.attendance.everybody() == ()


async def test_a_slow_change_of_network_is_not_cut_off() -> None:
    async with a_house() as house:
        space = await house.opens()
        await house.joins(space, GUEST, Door.WHEP)
        await settled()
        house.media.connects = False
        await house.joins(space, GUEST, Door.WHEP)
        old, new = house.media.peers
        house.media.lose(old)
        await house.passes(15)
        assert (await house.spaces.view(space, None)).crowd.listeners == 0
        house.media.connect(new)
        await settled()
        assert (await house.spaces.view(space, None)).crowd.listeners == 1
        house.media.lose(new, "bye")
        await settled()
        assert (await house.spaces.view(space, None)).crowd.listeners == 0


async def test_a_speaker_by_whip_is_away_until_they_are_connected() -> None:
    async with a_house() as house:
        house.media.connects = False
        space = await house.opens()
        await house.joins(space, ANN, Door.WHIP)
        assert (await on_stage(house, space))[ANN.id] == "away"
        house.media.connect(next(iter(house.media.peers)))
        await settled()
        assert (await on_stage(house, space))[ANN.id] == "here"


async def test_coming_back_in_time_keeps_the_place_and_the_open_microphone() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, seat = await house.enters(space, ANN)
        session = await house.joins(space, ANN)
        await house.asks(space, ANN, ComeOnStage())
        await house.leaves(seat, ear)
        await house.spaces.close_media(space, Door.APP, session)
        await house.passes(30)
        await house.enters(space, ANN)
        await house.joins(space, ANN)
        await settled()
        assert (await on_stage(house, space))[ANN.id] == "here"
        assert len(house.media.heard) == 1


async def test_an_absent_host_is_stood_in_for_and_comes_back_as_host() -> None:
    async with a_house() as house:
        space = await house.opens()
        host, host_seat = await house.enters(space, HOST)
        ear, _ = await house.enters(space, ANN)
        await house.asks(space, HOST, MakeCohost(ANN.person))
        await house.asks(space, ANN, ComeOnStage(Mic.OFF))
        await house.leaves(host_seat, host)
        await house.passes(31)
        assert ear.events[-1] == StandInChanged(ANN_ID)
        await house.enters(space, HOST)
        await settled()
        assert ear.events[-1] == StandInChanged(None)
        assert (await house.spaces.view(space, None)).space.host.id == HOST.id


async def test_a_speaker_who_stands_in_sees_the_invitations() -> None:
    async with a_house() as house:
        space = await house.opens()
        host, seat = await house.enters(space, HOST)
        ear, _ = await house.enters(space, ANN)
        await house.asks(space, ANN, ComeOnStage(Mic.OFF))
        await house.asks(space, HOST, InviteToStage(BEN.person))
        welcomes = len([n for n in ear.news if type(n).__name__ == "Welcomed"])
        await house.leaves(seat, host)
        await house.passes(31)
        assert len([n for n in ear.news if type(n).__name__ == "Welcomed"]) == welcomes + 1
        assert ear.welcome.fresh


async def test_the_hand_of_somebody_who_is_gone_goes_down() -> None:
    async with a_house() as house:
        space = await house.opens()
        host, _ = await house.enters(space, HOST)
        ear, seat = await house.enters(space, ANN)
        await house.asks(space, ANN, RaiseHand())
        await house.leaves(seat, ear)
        await house.passes(58)
        assert not any(isinstance(e, HandLowered) for e in host.events)
        await house.passes(3)
        assert host.events[-1] == HandLowered(ANN_ID)


async def test_a_space_in_which_nobody_is_heard_ends_and_says_so() -> None:
    async with a_house(silence_ends_space_s=30) as house:
        space = await house.opens()
        ear, _ = await house.enters(space, ANN)
        await house.joins(space, HOST, Door.WHIP)
        await settled()
        await house.passes(60)
        assert ear.farewell is None
        await house.asks(space, HOST, SetMic(Mic.OFF))
        await house.passes(31)
        last = ear.events[-1]
        assert isinstance(last, SpaceEnded)
        assert last.reason == "nobody_spoke"
        assert isinstance(ear.farewell, Over)


async def test_after_a_restart_roles_hands_and_mutes_are_back_and_everybody_is_away() -> None:
    store, clock = MemorySpaces(), StoppedClock()
    async with a_house(store, clock=clock) as house:
        space = await house.opens()
        ear, _ = await house.enters(space, ANN)
        await house.asks(space, ANN, ComeOnStage())
        await house.asks(space, HOST, MutePerson(ANN_ID))
        await house.asks(space, BEN, RaiseHand())
        await house.asks(space, HOST, MakeCohost(CLEO.person))
    assert isinstance(ear.farewell, GoingAway)
    async with a_house(store, clock=clock) as house:
        await settled()
        view = await house.spaces.view(space, HOST)
        assert await on_stage(house, space) == {HOST.id: "away", ANN.id: "away"}
        muted_by = view.space.members[ANN_ID].muted_by
        assert muted_by is not None
        assert muted_by.value == "host"
        assert [m.person.id for m in view.space.hands()] == [BEN.id]
        assert view.space.role(PersonId(CLEO.id)).value == "cohost"


async def test_after_a_restart_a_resume_token_takes_the_same_place_with_the_same_voice() -> None:
    store, clock = MemorySpaces(), StoppedClock()
    async with a_house(store, clock=clock) as house:
        space = await house.opens()
        ear, seat = await house.enters(space, ANN)
        await house.joins(space, ANN)
        await house.asks(space, ANN, ComeOnStage())
        voice, resume, version = seat.attendant.voice, ear.welcome.resume, seat.room.space.version
    async with a_house(store, clock=clock) as house:
        stay = await house.spaces.stay(space, resume)
        assert stay is not None
        assert stay.person == ANN.person
        ear, seat = await house.enters(space, ANN, stay=stay, since=version)
        await house.joins(space, ANN)
        await settled()
        assert ear.welcome.fresh
        assert seat.attendant.voice == voice
        assert await on_stage(house, space) == {HOST.id: "away", ANN.id: "here"}
        assert house.media.heard == {voice}
        assert len(seat.room.attendance) == 1


async def test_after_a_restart_the_graces_run_anew() -> None:
    store, clock = MemorySpaces(), StoppedClock()
    async with a_house(store, clock=clock) as house:
        space = await house.opens()
        await house.asks(space, ANN, ComeOnStage())
    clock.advance(10_000)
    async with a_house(store, clock=clock) as house:
        await house.passes(59)
        assert ANN.id in await on_stage(house, space)
        await house.passes(2)
        assert ANN.id not in await on_stage(house, space)


async def test_a_guest_resumes_as_the_same_guest() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, _ = await house.enters(space, GUEST)
        stay = await stay_of(house, space, ear)
        assert stay is not None
        assert stay.person == GUEST.person


async def test_a_resume_token_of_another_space_or_hand_is_none() -> None:
    async with a_house() as house:
        space, other = await house.opens(), await house.opens()
        ear, _ = await house.enters(space, ANN)
        token = ear.welcome.resume
        assert await house.spaces.stay(other, token) is None
        for bad in (token[:-3] + "AAA", token[3:], "", "é", "x" * 5000, "====", "AAAA"):
            assert await house.spaces.stay(space, bad) is None
        house.clock.advance(3600 * 24 + 1)
        assert await house.spaces.stay(space, token) is None


async def test_a_banned_account_does_not_resume() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, _ = await house.enters(space, ANN)
        house.people.banned.add(ANN.id)
        assert await stay_of(house, space, ear) is None


async def test_who_resumes_hears_what_they_missed_one_by_one() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, seat = await house.enters(space, ANN)
        stay, version = await stay_of(house, space, ear), seat.room.space.version
        await house.leaves(seat, ear)
        await house.asks(space, BEN, RaiseHand())
        await house.asks(space, HOST, InviteToStage(BEN.person))
        ear, _ = await house.enters(space, ANN, stay=stay, since=version)
        assert not ear.welcome.fresh
        assert [type(n) for n in ear.news[1:]] == [Told, Noted, Pulsed]
        assert [n.version for n in ear.news[1:] if isinstance(n, Told | Noted)] == [version + 1, version + 2]


async def test_who_resumes_too_late_gets_a_fresh_snapshot() -> None:
    async with a_house(events_kept=3) as house:
        space = await house.opens()
        ear, seat = await house.enters(space, ANN)
        stay, version = await stay_of(house, space, ear), seat.room.space.version
        for _ in range(2):
            await house.asks(space, BEN, RaiseHand())
            await house.asks(space, HOST, InviteToStage(BEN.person))
            await house.asks(space, BEN, ComeOnStage())
        ear, _ = await house.enters(space, ANN, stay=stay, since=version)
        assert ear.welcome.fresh


async def test_a_version_from_the_future_gets_a_fresh_snapshot() -> None:
    async with a_house() as house:
        space = await house.opens()
        ear, _ = await house.enters(space, ANN)
        ear, _ = await house.enters(space, ANN, stay=await stay_of(house, space, ear), since=10_000)
        assert ear.welcome.fresh


async def test_presence_is_here_for_who_came_and_came_with_it() -> None:
    async with a_house() as house:
        space = await house.opens()
        await house.enters(space, ANN)
        await house.asks(space, ANN, ComeOnStage())
        await house.asks(space, BEN, ComeOnStage())
        assert await on_stage(house, space) == {HOST.id: Presence.AWAY.value, ANN.id: "here", BEN.id: "away"}
