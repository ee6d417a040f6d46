"""Who is near the stage hears without the delay that a large audience accepts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.service.house import ANN, BEN, HOST, House, a_house, settled

from arengo.domain.commands import ComeOnStage, Command, DeclineStage, InviteToStage, LowerHand, RaiseHand, StepDown
from arengo.domain.identity import Identity
from arengo.service.attendance import Door


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with a_house() as house:
        yield house


def prompt_voices(house: House) -> set[int]:
    return {peer.voice for peer in house.media.peers.values() if peer.prompt}


@pytest.mark.parametrize(
    ("steps", "is_prompt"),
    [
        ([], False),
        ([(ANN, RaiseHand())], True),
        ([(ANN, RaiseHand()), (ANN, LowerHand(None))], False),
        ([(HOST, InviteToStage(ANN.person))], True),
        ([(HOST, InviteToStage(ANN.person)), (ANN, DeclineStage())], False),
        ([(ANN, ComeOnStage())], True),
        ([(ANN, RaiseHand()), (ANN, ComeOnStage())], True),
        ([(ANN, ComeOnStage()), (ANN, StepDown())], False),
    ],
)
async def test_a_listener_is_prompt_from_the_raised_hand_to_the_last_word(
    house: House, steps: list[tuple[Identity, Command]], is_prompt: bool
) -> None:
    space = await house.opens()
    _, seat = await house.enters(space, ANN)
    await house.enters(space, BEN)
    await house.joins(space, ANN)
    await house.joins(space, BEN)
    for who, command in steps:
        await house.asks(space, who, command)
    assert prompt_voices(house) == ({seat.attendant.voice} if is_prompt else set())


async def test_a_session_that_comes_after_the_hand_is_prompt_too(house: House) -> None:
    space = await house.opens()
    _, seat = await house.enters(space, ANN)
    await house.asks(space, ANN, RaiseHand())
    await house.joins(space, ANN, Door.WHEP)
    assert prompt_voices(house) == {seat.attendant.voice}
    await house.joins(space, ANN)
    await settled()
    assert prompt_voices(house) == {seat.attendant.voice}


async def test_the_media_plane_is_told_once(house: House) -> None:
    space = await house.opens()
    await house.enters(space, ANN)
    await house.joins(space, ANN)
    await house.asks(space, ANN, RaiseHand())
    for _ in range(5):
        await house.asks(space, BEN, RaiseHand())
    assert house.media.log.count("hurry 1") == 1
