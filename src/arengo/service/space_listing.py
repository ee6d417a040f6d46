"""Spaces as they are shown in a list: live ones by their audience, scheduled ones by their time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from arengo.domain.identity import Person
from arengo.domain.ids import Voice
from arengo.domain.lifecycle import State
from arengo.domain.snapshot import stage_in_order
from arengo.domain.space import Space
from arengo.service.news import Crowd
from arengo.service.space_room import SpaceRoom

SPEAKERS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class SpaceView:
    """A space with what only its room knows."""

    space: Space
    crowd: Crowd
    active: tuple[Voice, ...] = ()  # who is heard now, dominant first

    @property
    def speakers(self) -> tuple[Person, ...]:
        """At most six of those on stage, whoever is heard now at the front."""
        loudness = {voice: place for place, voice in enumerate(self.active)}
        stage = sorted(stage_in_order(self.space), key=lambda m: loudness.get(m.voice, len(loudness)))
        return tuple(m.person for m in stage[:SPEAKERS_SHOWN])


def view_of(room: SpaceRoom) -> SpaceView:
    return SpaceView(room.space, room.herald.crowd(room.space), room.active)


def is_overdue(space: Space, latest: datetime) -> bool:
    """Tell whether *space* should have begun before *latest* and has not."""
    planned = space.settings.scheduled_start
    return space.state is State.SCHEDULED and planned is not None and planned < latest


def by_audience(views: Iterable[SpaceView], *, most: int) -> list[SpaceView]:
    """The fullest first; the same audience: the newest first."""
    return sorted(views, key=lambda v: (-v.crowd.listeners, v.space.started_at is None, _newest_first(v.space)))[:most]


def _newest_first(space: Space) -> float:
    return -(space.started_at or space.created_at).timestamp()
