"""Ten thousand people in one space: what they are told stays small, and is put into words once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import pairwise
from random import Random

import msgspec
import pytest
from tests.fakes.socket import FakeSocket
from tests.service.house import ANN, BEN, CLEO, HOST, Ear, House, a_house, an_account, settled

from arengo.domain.commands import ComeOnStage, InviteToStage, LowerHand, RaiseHand, StepDown
from arengo.domain.errors import Refusal
from arengo.domain.ids import SpaceId
from arengo.limits import Limits
from arengo.service.instance import Instance
from arengo.service.news import Gathered, Noted, Told, Welcomed
from arengo.service.resume import Stay
from arengo.service.spaces import Seat
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
    for number in range(20):
        await house.asks(space, an_account(50_000 + number), RaiseHand())
    assert {len(reader.socket.frames) for reader in readers} == {0}
    house.spaces.pulse()
    assert {len(reader.socket.heard) for reader in readers} == {20}
    assert {len(reader.socket.frames) for reader in readers} == {1}
    assert len({id(reader.socket.frames[0]) for reader in readers}) == 1


async def test_those_close_are_told_at_once_and_everybody_in_order_without_gaps() -> None:
    chance = Random(7)  # noqa: S311 - the same in every run
    async with a_house(gather_people=4) as house:
        space = await house.opens(everyone=True)
        people = [HOST, ANN, BEN, CLEO, *(an_account(100 + n) for n in range(8))]
        ears: dict[str, tuple[Ear, Seat]] = {}
        for _ in range(600):
            who = chance.choice(people)
            match chance.randrange(8):
                case 0 if who.id not in ears:
                    ears[who.id] = await house.enters(space, who)
                case 1 if who.id in ears and who is not HOST:
                    ear, seat = ears.pop(who.id)
                    assert_in_order(ear)
                    await house.leaves(seat, ear)
                case 2:
                    house.spaces.pulse()
                case _:
                    command = chance.choice([RaiseHand(), LowerHand(None), ComeOnStage(), StepDown(), InviteToStage(who.person)])
                    by = HOST if isinstance(command, InviteToStage) else who
                    await settled()
                    before = (await house.spaces.view(space, HOST)).space.version
                    with suppress(Refusal):
                        version = await house.asks(space, by, command)
                        told = (by, HOST) if version > before else (HOST,)
                        assert {versions(ears[p.id][0])[-1] for p in told if p.id in ears} <= {version}
            house.clock.advance(1)
        house.spaces.pulse()
        assert len(ears) > 3
        for ear, seat in ears.values():
            assert_in_order(ear)
            assert versions(ear)[-1] == seat.room.space.version


def versions(ear: Ear) -> list[int]:
    """The versions that somebody has been told, those of a welcome among them."""
    told: list[int] = []
    for news in ear.news:
        match news:
            case Told(version) | Noted(version) | Welcomed(version=version):
                told.append(version)
            case Gathered(several):
                told += [n.version for n in several]
            case _:
                pass
    return told


def assert_in_order(ear: Ear) -> None:
    told = versions(ear)
    anew = {n.version for n in ear.of(Welcomed)}
    assert all(after == before + 1 or (after in anew and after >= before) for before, after in pairwise(told)), told


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
