"""How many spaces and people there are, and how fast rooms answer, for those who watch over the server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from arengo.domain.shedding import Shedding
from arengo.service.space_room import SpaceRoom


@dataclass(frozen=True, slots=True)
class SpaceFigures:
    """*spaces* by state, of those with a room; *people* by role, guests apart.

    *event_lag_s*: the slowest turn of the last second; *shedding*: what is shed for the load.
    """

    spaces: Mapping[str, int]
    people: Mapping[str, int]
    channels: int
    media_sessions: int
    event_lag_s: float
    shedding: Shedding


def figures_of(rooms: Iterable[SpaceRoom], shedding: Shedding) -> SpaceFigures:
    """Count what is in *rooms* now."""
    spaces: Counter[str] = Counter()
    people: Counter[str] = Counter()
    channels = sessions = 0
    lag_s = 0.0
    for room in rooms:
        spaces[room.space.state.value] += 1
        lag_s = max(lag_s, room.lag_s)
        for attendant in room.attendance.everybody():
            person = attendant.person
            people["guest" if person.is_guest else room.space.role(person.id).value] += 1
            channels += attendant.outlet is not None
            sessions += len(attendant.sessions)
    return SpaceFigures(spaces, people, channels, sessions, lag_s, shedding)
