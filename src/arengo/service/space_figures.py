"""How many spaces and people there are, and how fast rooms answer, for those who watch over the server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from arengo.domain.shedding import Shedding
from arengo.service.space_room import SpaceRoom


@dataclass(frozen=True, slots=True)
class SpaceFigures:
    """*spaces* by state, of those with a room; *people* by role, guests apart; *joining*: media sessions that are not connected yet.

    *event_lag_s*: the slowest turn of the last second; *shedding*: what is shed for the load.
    """

    spaces: Mapping[str, int]
    people: Mapping[str, int]
    channels: int
    media_sessions: int
    joining: int
    event_lag_s: float
    shedding: Shedding


def figures_of(rooms: Iterable[SpaceRoom], shedding: Shedding) -> SpaceFigures:
    """Count what is in *rooms* now."""
    spaces: Counter[str] = Counter()
    people: Counter[str] = Counter()
    channels = sessions = joining = 0
    lag_s = 0.0
    for room in rooms:
        spaces[room.space.state.value] += 1
        lag_s = max(lag_s, room.lag_s)
        for session in room.attendance.sessions():
            sessions += session.is_connected
            joining += not session.is_connected
        for attendant in room.attendance.present():
            person = attendant.person
            people["guest" if person.is_guest else room.space.role(person.id).value] += 1
            channels += attendant.outlet is not None
    return SpaceFigures(spaces, people, channels, sessions, joining, lag_s, shedding)
