"""Ten thousand people in one space: what they are told stays small, and is put into words once."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest
from tests.fakes.socket import FakeSocket
from tests.service.house import ANN, House, a_house, an_account

from arengo.domain.commands import RaiseHand
from arengo.domain.ids import SpaceId
from arengo.limits import Limits
from arengo.service.instance import Instance
from arengo.service.resume import Stay
from arengo.web.signaling import messages as wire
from arengo.web.signaling.frames import Frames
from arengo.web.signaling.outlet import SocketOutlet

MANY = 10_000
SNAPSHOT_MOST_BYTES = 16 * 1024
_decoder = msgspec.json.Decoder(wire.FromServer)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with a_house() as house:
        yield house


class Reader:
    """Somebody whose channel ends in a socket of the test's."""

    def __init__(self, frames: Frames) -> None:
        self.socket = FakeSocket()
        self.outlet = SocketOutlet(self.socket, frames, Limits(), lambda closing: None)

    @property
    def heard(self) -> list[wire.FromServer]:
        return [_decoder.decode(message) for message in self.socket.heard]

    def forgets(self) -> None:
        self.socket.heard.clear()
        self.socket.frames.clear()


async def enters(house: House, space: SpaceId, number: int, frames: Frames) -> Reader:
    reader = Reader(frames)
    await house.spaces.enter(space, an_account(1000 + number, "Somebody " * 3).person, reader.outlet, shown=True, stay=None, since=0)
    return reader


async def test_ten_thousand_readers_cost_a_small_snapshot_and_one_frame(house: House) -> None:
    space, frames = await house.opens(), Frames(Instance())
    readers = [await enters(house, space, number, frames) for number in range(MANY)]
    assert max(len(frame) for reader in readers for frame in reader.socket.frames) < SNAPSHOT_MOST_BYTES
    assert all(len(reader.socket.frames) == 1 for reader in readers)  # nobody is told one by one who else came

    for reader in readers:
        reader.forgets()
    await house.asks(space, ANN, RaiseHand())
    assert {len(reader.socket.frames) for reader in readers} == {1}
    assert len({id(reader.socket.frames[0]) for reader in readers}) == 1


async def test_a_pulse_names_people_again_only_when_others_are_named(house: House) -> None:
    space, frames = await house.opens(), Frames(Instance())
    readers = [await enters(house, space, number, frames) for number in range(60)]
    house.spaces.pulse()
    first = readers[0]
    assert isinstance(first.heard[-1], wire.Pulse)
    assert first.heard[-1].audience is not None
    first.forgets()
    await enters(house, space, 60, frames)
    house.spaces.pulse()
    assert first.heard == [wire.Pulse(count=wire.Count(listeners=61, guests=0))]
    assert len(first.socket.frames[0]) < 150


async def test_who_came_while_others_were_named_is_told_with_everybody(house: House) -> None:
    space, frames = await house.opens(), Frames(Instance())
    _, anns = await house.enters(space, ANN)
    house.spaces.pulse()
    anns.attendant.is_shown = False
    late = await enters(house, space, 1, frames)
    anns.attendant.is_shown = True
    late.forgets()
    house.spaces.pulse()
    assert isinstance(late.heard[0], wire.Pulse)
    assert late.heard[0].audience is not None
    assert [p.id for p in late.heard[0].audience.sample] == [ANN.id, "1001"]


async def test_who_comes_back_learns_the_audience_that_is_there_now(house: House) -> None:
    space, frames = await house.opens(), Frames(Instance())
    ann, anns = await house.enters(space, ANN)
    await house.leaves(anns, ann)
    await enters(house, space, 1, frames)
    back = Reader(frames)
    stay = Stay(space, ANN.person, True, anns.room.epoch)
    await house.spaces.enter(space, ANN.person, back.outlet, shown=True, stay=stay, since=anns.room.space.version)
    welcome, pulse = back.heard
    assert isinstance(welcome, wire.Welcome)
    assert welcome.snapshot is None
    assert isinstance(pulse, wire.Pulse)
    assert pulse.audience is not None
    assert pulse.audience.listeners == 2
