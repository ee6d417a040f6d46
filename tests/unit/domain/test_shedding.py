"""What is shed under load: first events, then new listeners, and back only when it has been calm for a while."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.domain.builders import ANN, BEN, CLEO, GUEST, HOST, a_space
from tests.unit.domain.builders import after as after_command

from arengo.domain.commands import InviteToStage
from arengo.domain.shedding import Load, Marks, Shed, Shedding, has_reserve, shed

MARKS = Marks((Load(0.8, 0.2), Load(0.95, 1.0)), ends=(Load(0.72, 0.16), Load(0.855, 0.8)), calm_s=10)
CALM, HIGH, FULL = Load(0.1, 0.0), Load(0.85, 0.0), Load(0.99, 0.0)


def after(*loads: Load, before: Shed | None = None) -> Shed:
    """What is shed after *loads*, one each second."""
    now = before or Shed()
    for second, load in enumerate(loads):
        now = shed(now, load, MARKS, 100.0 + second)
    return now


@pytest.mark.parametrize(
    ("load", "step"),
    [
        (CALM, Shedding.NOTHING),
        (HIGH, Shedding.EVENTS),
        (Load(0.1, 0.3), Shedding.EVENTS),
        (FULL, Shedding.LISTENERS),
        (Load(0.0, 1.5), Shedding.LISTENERS),
    ],
)
def test_the_first_measure_over_its_mark_is_enough(load: Load, step: Shedding) -> None:
    assert after(load).step is step


def test_less_is_shed_one_step_at_a_time_after_each_calm_while() -> None:
    steps = [after(FULL, *[CALM] * seconds).step for seconds in range(23)]
    assert steps[10] is Shedding.LISTENERS
    assert steps[11] is Shedding.EVENTS
    assert steps[20] is Shedding.EVENTS
    assert steps[21] is Shedding.NOTHING


def test_a_load_between_the_marks_changes_nothing() -> None:
    between = Load(0.9, 0.0)  # below what begins to refuse listeners, above what ends it
    assert after(FULL, *[between] * 100).step is Shedding.LISTENERS
    assert after(FULL, *[Load(0.1, 0.85)] * 100).step is Shedding.LISTENERS
    assert after(HIGH, *[Load(0.75, 0.0)] * 100).step is Shedding.EVENTS


def test_a_thread_that_is_nearly_full_takes_more_but_tells_events_less_often() -> None:
    assert after(FULL, *[Load(0.84, 0.0)] * 100).step is Shedding.EVENTS


def test_one_busy_second_begins_the_calm_anew() -> None:
    assert after(FULL, *[CALM] * 9, FULL, *[CALM] * 9).step is Shedding.LISTENERS


@given(st.lists(st.builds(Load, st.floats(0, 1), st.floats(0, 3)), max_size=80))
def test_steps_fall_one_by_one_and_never_within_the_calm_time(loads: list[Load]) -> None:
    now, fell_at = Shed(), -1e9
    for second, load in enumerate(loads):
        before, now = now, shed(now, load, MARKS, float(second))
        if now.step < before.step:
            assert now.step == before.step - 1
            assert second - fell_at >= MARKS.calm_s
            fell_at = second


def test_the_reserve_is_for_those_who_speak_moderate_or_are_invited() -> None:
    space = after_command(a_space(speakers=[ANN]), HOST, InviteToStage(BEN))
    assert [has_reserve(space, person) for person in (HOST, ANN, BEN, CLEO, GUEST)] == [True, True, True, False, False]
