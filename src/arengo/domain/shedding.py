"""What a server sheds when it has too much to carry: first thin events, then new listeners.

Rule 1: who is inside stays; who speaks, moderates or is invited always comes in, as long as there is a place at all.
Rule 2: shedding rises with the first measure over its mark, and falls one step at a time, after every measure has been
well below its mark for a while.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from arengo.domain.identity import Person
from arengo.domain.space import Space


class Shedding(IntEnum):
    """What is shed now; each step holds those before it."""

    NOTHING = 0
    EVENTS = 1  # pulses are told less often
    LISTENERS = 2  # nobody new listens


@dataclass(frozen=True, slots=True)
class Load:
    """*busy*: the share of its time that the busiest media thread works; *lag_s*: how late the service's own loop is."""

    busy: float
    lag_s: float


@dataclass(frozen=True, slots=True)
class Marks:
    """The load with which each step begins, lightest first; each ends after *calm_s* below its load in *ends*."""

    steps: Sequence[Load]
    ends: Sequence[Load]
    calm_s: float


@dataclass(frozen=True, slots=True)
class Shed:
    """What is shed, and since when the load has been calm enough to shed less."""

    step: Shedding = Shedding.NOTHING
    calm_since: float | None = None


def shed(before: Shed, load: Load, marks: Marks, now: float) -> Shed:
    """Weigh *load* at *now*, in monotonic seconds."""
    due = Shedding(sum(_reaches(load, mark) for mark in marks.steps))
    if due > before.step:
        return Shed(due)
    if before.step is Shedding.NOTHING or _reaches(load, marks.ends[before.step - 1]):
        return Shed(before.step)
    calm_since = now if before.calm_since is None else before.calm_since
    if now - calm_since < marks.calm_s:
        return Shed(before.step, calm_since)
    return Shed(Shedding(before.step - 1), now)


def has_reserve(space: Space, person: Person) -> bool:
    """Tell whether *person* is never refused for the load: whoever speaks, moderates, or is invited to."""
    member = space.member(person)
    is_called = member.is_on_stage or member.is_cohost or member.may_speak or member.invited_by is not None
    return is_called or person.id in (space.host.id, space.stand_in)


def _reaches(load: Load, mark: Load) -> bool:
    return load.busy >= mark.busy or load.lag_s >= mark.lag_s
