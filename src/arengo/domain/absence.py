"""What happens when people on stage, or whoever has a hand up, lose their connection.

Rule 1: a place on stage is kept for a grace; the host's and the space are kept longer.
Rule 2: a host who drops is stood in for by a co-host, else by who has been on stage longest; the host comes back as host.
Rule 3: a space in which nobody could be heard for a set time ends by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from arengo.domain.events import (
    Event,
    Events,
    HandLowered,
    LeftStage,
    Presence,
    PresenceChanged,
    SpaceEnded,
    StandInChanged,
)
from arengo.domain.ids import PersonId
from arengo.domain.space import Member, Space, evolve_all

AbsentSince = Callable[[PersonId], datetime | None]


@dataclass(frozen=True, slots=True)
class Graces:
    """For how long things are kept while nobody is there."""

    place: timedelta = timedelta(seconds=60)
    host: timedelta = timedelta(seconds=30)
    hand: timedelta = timedelta(seconds=60)
    silence: timedelta = timedelta(minutes=15)


def note_presence(space: Space, person: PersonId, presence: Presence, now: datetime) -> Events:
    """Write down that somebody on stage lost or regained their connection."""
    member = space.members.get(person)
    if member is None or not member.is_on_stage or member.presence is presence:
        return ()
    changed = PresenceChanged(person, presence, now)
    if person == space.host.id and presence is Presence.HERE and space.stand_in is not None:
        return (changed, StandInChanged(None))
    return (changed,)


def everyone_away(space: Space, now: datetime) -> Events:
    """After a restart nobody is there yet, and every grace runs anew."""
    return tuple(PresenceChanged(m.person.id, Presence.AWAY, now) for m in space.on_stage())


def review(space: Space, now: datetime, graces: Graces, *, absent_since: AbsentSince, last_voice: datetime) -> Events:
    """Decide what absence has come to: hands and places given up, a stand-in, the end.

    *absent_since*: since when somebody is not connected, None while they are; *last_voice*: when somebody could last be heard.
    """
    if not space.is_live:
        return ()
    if now - last_voice >= graces.silence:
        return (SpaceEnded(now, "nobody_spoke"),)
    given_up = (*_hands_given_up(space, now, graces, absent_since), *_places_given_up(space, now, graces))
    return (*given_up, *_stand_in(evolve_all(space, given_up), now, graces))


def _hands_given_up(space: Space, now: datetime, graces: Graces, absent_since: AbsentSince) -> Events:
    lowered: list[Event] = []
    for member in space.hands():
        since = absent_since(member.person.id)
        if since is None or member.hand_since is None:
            continue
        if now - max(since, member.hand_since) >= graces.hand:
            lowered.append(HandLowered(member.person.id))
    return tuple(lowered)


def _places_given_up(space: Space, now: datetime, graces: Graces) -> Events:
    return tuple(
        LeftStage(m.person.id, "left") for m in space.on_stage() if m.person.id != space.host.id and _is_away_for(m, graces.place, now)
    )


def _stand_in(space: Space, now: datetime, graces: Graces) -> tuple[Event, ...]:
    host = space.members[space.host.id]
    if host.presence is Presence.HERE:
        return () if space.stand_in is None else (StandInChanged(None),)
    if not _is_away_for(host, graces.host, now):
        return ()
    present = space.members.get(space.stand_in) if space.stand_in is not None else None
    if present is not None and present.is_on_stage and not _is_away_for(present, graces.host, now):
        return ()
    chosen = _next_keeper(space)
    return () if chosen == space.stand_in else (StandInChanged(chosen),)


def _next_keeper(space: Space) -> PersonId | None:
    here = [m for m in space.on_stage() if m.presence is Presence.HERE and m.person.id != space.host.id]
    if not here:
        return None
    return min(here, key=lambda m: (not m.is_cohost, m.on_stage_since, m.person.id)).person.id


def _is_away_for(member: Member, grace: timedelta, now: datetime) -> bool:
    since = member.presence_since
    return member.presence is Presence.AWAY and since is not None and now - since >= grace
