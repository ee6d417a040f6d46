"""Ids sort by time, are never given twice, and are what others can read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from arengo.domain import ids


@given(st.lists(st.integers(ids.EPOCH_MS, ids.EPOCH_MS + 10_000), min_size=2, max_size=200))
def test_snowflakes_only_grow_whatever_the_clock_does(clock: list[int]) -> None:
    state, numbers = ids.Snowflakes(), []
    for now in clock:
        state = state.after(now)
        numbers.append(state.number)

    assert numbers == sorted(set(numbers))


def test_more_than_four_thousand_in_one_millisecond_borrow_from_the_next() -> None:
    state, numbers = ids.Snowflakes(), set()
    for _ in range(5_000):
        state = state.after(ids.EPOCH_MS + 1)
        numbers.add(state.number)

    assert len(numbers) == 5_000


def test_two_nodes_never_give_the_same_number() -> None:
    one, other = ids.Snowflakes(node=1).after(ids.EPOCH_MS + 1), ids.Snowflakes(node=2).after(ids.EPOCH_MS + 1)

    assert one.number != other.number


def test_a_space_id_is_thirteen_letters_and_digits() -> None:
    given_chance = iter(range(1_000))

    space = ids.space_id(lambda below: next(given_chance) % below)

    assert ids.is_space_id(space)
    assert len(space) == 13


def test_only_what_looks_like_an_id_is_one() -> None:
    assert ids.is_account_id("249473090558361600")
    assert ids.is_guest_id("g249473090558361600")
    for text in ("", "g", "-1", "1.0", "١٢٣", "9" * 21, "g1", "1 "):
        assert not ids.is_account_id(text)
    for text in ("", "g", "1", "gg1", "g-1"):
        assert not ids.is_guest_id(text)
    for text in ("", "abc", "ééééééééééééé", "0123456789ab/", "0123456789abcd"):
        assert not ids.is_space_id(text)
