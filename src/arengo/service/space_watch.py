"""What a room does by itself as time goes by."""

from __future__ import annotations

from datetime import datetime, timedelta

from arengo.domain import absence
from arengo.domain.absence import Graces
from arengo.domain.errors import Unavailable
from arengo.domain.events import Events
from arengo.domain.ids import PersonId
from arengo.domain.space import Space
from arengo.limits import Limits
from arengo.service.space_room import SpaceRoom


class RoomWatch:
    """Looks after one room once a second: who is gone for too long, what the database still has to learn."""

    def __init__(self, room: SpaceRoom) -> None:
        self._room = room
        self._graces = graces_of(room.tools.limits)
        self._began = room.now()
        self._last_voice = self._began
        self._left: dict[PersonId, datetime] = {}

    async def look(self) -> None:
        """Do what is due; what cannot be done now is due again next time."""
        room = self._room
        room.lag_s = 0.0
        self._forget_the_gone()
        now = room.now()
        if not room.space.is_live or room.media.is_anybody_heard():
            self._last_voice = now
        try:
            if room.owes():
                await room.post(lambda space, now: ())
            if self._due(room.space, now):
                await room.post(self._due)
        except Unavailable:
            return

    def is_idle(self) -> bool:
        """Tell whether nobody would miss the room."""
        room = self._room
        unneeded = room.space.state.is_over or (not room.space.is_live and len(room.attendance) == 0)
        return room.is_failed or (unneeded and not room.is_busy() and not room.still_owes())

    def _due(self, space: Space, now: datetime) -> Events:
        return absence.review(space, now, self._graces, absent_since=self._absent_since, last_voice=self._last_voice)

    def _forget_the_gone(self) -> None:
        room = self._room
        moment = room.tools.clock.monotonic()
        for attendant in room.attendance.gone_for(room.tools.limits.audience_grace_s, moment):
            gone_s = moment - (attendant.gone_since or moment)
            room.attendance.give_up(attendant)
            if room.space.member(attendant.person).hand_since is not None:
                self._left[attendant.person.id] = room.now() - timedelta(seconds=gone_s)
        for person in [p for p in self._left if not _has_hand_up(room.space, p)]:
            del self._left[person]

    def _absent_since(self, person: PersonId) -> datetime | None:
        attendant = self._room.attendance.find(person)
        if attendant is None:
            return self._left.get(person, self._began)
        if attendant.gone_since is None:
            return None
        return self._room.now() - timedelta(seconds=self._room.tools.clock.monotonic() - attendant.gone_since)


def graces_of(limits: Limits) -> Graces:
    return Graces(
        place=timedelta(seconds=limits.place_grace_s),
        host=timedelta(seconds=limits.host_grace_s),
        hand=timedelta(seconds=limits.hand_grace_s),
        silence=timedelta(seconds=limits.silence_ends_space_s),
    )


def _has_hand_up(space: Space, person: PersonId) -> bool:
    member = space.members.get(person)
    return member is not None and member.hand_since is not None
