"""How loud voices are: told to all who listen, seldom and shortly, and to newcomers at once."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.fakes.socket import FakeSocket
from tests.service.house import ANN, BEN, CLEO, HOST, House, a_house, settled

from arengo.domain.commands import ComeOnStage, StepDown
from arengo.domain.ids import SpaceId
from arengo.limits import Limits
from arengo.service.instance import Instance
from arengo.service.news import Loudness, News, Pulsed, Told, Welcomed
from arengo.service.resume import Stay
from arengo.service.spaces import Seat
from arengo.web.signaling.frames import Frames
from arengo.web.signaling.outlet import SocketOutlet


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with a_house() as house:
        yield house


async def measured(house: House, space: SpaceId, loudness: dict[Seat, int]) -> None:
    house.media.measure(space, {seat.attendant.voice: dbov for seat, dbov in loudness.items()})
    await settled()


async def two_on_stage(house: House, space: SpaceId) -> tuple[Seat, Seat]:
    _, anns = await house.enters(space, ANN)
    _, bens = await house.enters(space, BEN)
    await house.asks(space, ANN, ComeOnStage())
    await house.asks(space, BEN, ComeOnStage())
    return anns, bens


async def test_the_next_pulse_tells_what_has_changed_and_nothing_else(house: House) -> None:
    space = await house.opens()
    ear, _ = await house.enters(space, HOST)
    anns, bens = await two_on_stage(house, space)
    ann, ben = anns.attendant.voice, bens.attendant.voice
    await measured(house, space, {anns: -30, bens: -18})
    assert ear.of(Loudness) == []
    house.spaces.pulse()
    await measured(house, space, {anns: -31, bens: -18})
    await measured(house, space, {anns: -32, bens: -18})
    house.spaces.pulse()
    house.spaces.pulse()
    await measured(house, space, {})  # both are muted
    await measured(house, space, {anns: -32})
    house.spaces.pulse()
    assert [told.voices for told in ear.of(Loudness)] == [((ann, -30), (ben, -18)), ((ann, -32),)]


async def test_a_newcomer_learns_it_right_after_the_welcome(house: House) -> None:
    space = await house.opens()
    anns, bens = await two_on_stage(house, space)
    ear, _ = await house.enters(space, CLEO)
    assert ear.of(Loudness) == []
    await measured(house, space, {anns: -30, bens: -18})
    late, _ = await house.enters(space, HOST)
    kinds: list[type[News]] = [type(news) for news in late.news]
    assert kinds.index(Loudness) == kinds.index(Welcomed) + 1
    assert late.of(Loudness)[0].voices == ((anns.attendant.voice, -30), (bens.attendant.voice, -18))


async def test_who_comes_back_learns_it_before_the_events_that_were_missed(house: House) -> None:
    space = await house.opens()
    anns, _ = await two_on_stage(house, space)
    ear, seat = await house.enters(space, CLEO)
    since = seat.room.space.version
    await house.leaves(seat, ear)
    await measured(house, space, {anns: -30})
    await house.asks(space, BEN, StepDown())
    stay = Stay(space, CLEO.person, True, seat.room.epoch)
    back, _ = await house.enters(space, CLEO, stay=stay, since=since)
    assert [type(news) for news in back.news] == [Welcomed, Loudness, Told, Pulsed]


async def test_who_has_left_the_stage_is_forgotten(house: House) -> None:
    space = await house.opens()
    anns, bens = await two_on_stage(house, space)
    await measured(house, space, {anns: -30, bens: -18})
    await house.asks(space, BEN, StepDown())
    await measured(house, space, {anns: -31})
    late, _ = await house.enters(space, CLEO)
    assert late.of(Loudness)[0].voices == ((anns.attendant.voice, -31),)


async def test_a_server_under_load_tells_it_more_seldom() -> None:
    async with a_house(pulse_people=2) as house:
        space = await house.opens()
        ear, _ = await house.enters(space, HOST)
        anns, _ = await two_on_stage(house, space)
        for loudness in range(-40, -20):
            await measured(house, space, {anns: loudness})
            house.spaces.pulse()
        assert len(ear.of(Loudness)) == 10


def test_one_frame_is_written_for_all() -> None:
    frames = Frames(Instance())
    news = Loudness(((7, -30),))
    sockets = [FakeSocket() for _ in range(3)]
    for socket in sockets:
        SocketOutlet(socket, frames, Limits(), lambda closing: None).tell(news)
    assert len({id(socket.frames[0]) for socket in sockets}) == 1
    assert len(sockets[0].frames[0]) < 80
