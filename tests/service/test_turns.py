"""The order in which a room takes what it is asked."""

from __future__ import annotations

import asyncio

import pytest

from arengo.domain.errors import Unavailable
from arengo.domain.ids import PersonId
from arengo.service.space_turns import Turn, Turns

ANN, BEN, HOST = PersonId("ann"), PersonId("ben"), PersonId("host")


def a_turn(by: PersonId | None = ANN, *, silences: tuple[PersonId, ...] = (), urgent: bool = False) -> Turn:
    answer = asyncio.get_running_loop().create_future()
    return Turn(lambda space, now: (), answer, frozenset(silences), 0.0, by=by, is_urgent=urgent)


async def test_what_silences_somebody_overtakes_a_thousand_others() -> None:
    turns = Turns(1_000)
    for _ in range(1_000):
        turns.add(a_turn())
    mute = a_turn(HOST, silences=(BEN,))
    turns.add(mute)

    assert await turns.next() is mute
    assert len(turns) == 1_000


async def test_what_a_host_asks_keeps_its_order_and_overtakes_others() -> None:
    turns = Turns(10)
    hand, rename, settings = a_turn(), a_turn(HOST, urgent=True), a_turn(HOST, urgent=True)
    mute = a_turn(HOST, silences=(BEN,), urgent=True)
    for turn in (hand, rename, mute, settings):
        turns.add(turn)

    assert [await turns.next() for _ in range(4)] == [rename, mute, settings, hand]


async def test_one_too_many_is_refused_unless_it_silences_or_is_urgent() -> None:
    turns = Turns(1)
    turns.add(a_turn())

    with pytest.raises(Unavailable):
        turns.add(a_turn(BEN))
    turns.add(a_turn(BEN, silences=(BEN,)))
    turns.add(a_turn(HOST, silences=(ANN,)))
    turns.add(a_turn(HOST, urgent=True))

    assert len(turns) == 3, "ann's own was dropped when she was silenced"


async def test_what_somebody_asked_before_they_were_silenced_is_not_done_after_it() -> None:
    turns = Turns(10)
    opens_mic, mutes_self, another = a_turn(ANN), a_turn(ANN, silences=(ANN,)), a_turn(BEN)
    mute = a_turn(HOST, silences=(ANN,))
    for turn in (opens_mic, mutes_self, another, mute):
        turns.add(turn)

    assert isinstance(opens_mic.answer.exception(), Unavailable)
    assert [await turns.next() for _ in range(3)] == [mute, mutes_self, another]


async def test_ones_own_silence_stays_behind_what_one_asked_before() -> None:
    turns = Turns(10)
    lowers_hand, mutes_self = a_turn(ANN), a_turn(ANN, silences=(ANN,))
    turns.add(lowers_hand)
    turns.add(mutes_self)

    assert [await turns.next() for _ in range(2)] == [lowers_hand, mutes_self]


async def test_a_room_that_closes_answers_all() -> None:
    turns = Turns(10)
    both = [a_turn(), a_turn(HOST, urgent=True)]
    for turn in both:
        turns.add(turn)
    turns.give_all(Unavailable("The space is being closed."))

    assert all(isinstance(turn.answer.exception(), Unavailable) for turn in both)
    assert len(turns) == 0
