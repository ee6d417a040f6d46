"""Who is in a room just now: their channel and their media sessions.

A participant is present who has a channel or a connected media session; one who lost both is kept in mind for a little.
Somebody who has only posted an offer is on their way: kept apart, counted and shown nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import dropwhile, islice

from arengo.domain.identity import Credential, Person
from arengo.domain.ids import PersonId, SpaceId, Voice
from arengo.service.news import Crowd, Outlet
from arengo.service.ports import PeerId


class Door(Enum):
    """How a media session came in; the name is also the last part of its address."""

    APP = "media"
    WHIP = "whip"
    WHEP = "whep"

    @property
    def may_send(self) -> bool:
        return self is not Door.WHEP

    @property
    def may_receive(self) -> bool:
        return self is not Door.WHIP


@dataclass(slots=True, eq=False)
class MediaSession:
    """One peer connection of one participant; *allowed* and *prompt* are what the media plane was last told."""

    id: str
    peer: PeerId
    door: Door
    space: SpaceId
    person: PersonId
    credential: Credential | None = None  # that opened it
    allowed: bool = False
    prompt: bool = False
    is_connected: bool = False


@dataclass(slots=True, eq=False)
class Attendant:
    """One person in the room."""

    person: Person
    voice: Voice
    is_shown: bool = False  # until they say so, by their channel or with their offer
    outlet: Outlet | None = None
    credential: Credential | None = None  # that opened the outlet
    version: int = 0  # of the space, up to which this channel has been told
    sessions: list[MediaSession] = field(default_factory=list)
    publisher: MediaSession | None = None  # the one session that may carry the voice
    gone_since: float | None = None  # monotonic seconds

    @property
    def is_present(self) -> bool:
        return self.outlet is not None or any(session.is_connected for session in self.sessions)


class Attendance:
    """The people in a room, in the order in which they came; its length counts those who have been present."""

    def __init__(self) -> None:
        self._people: dict[PersonId, Attendant] = {}
        self._coming: dict[PersonId, Attendant] = {}  # who have posted an offer and are not connected yet
        self._sessions: dict[str, MediaSession] = {}
        self._gone: dict[PersonId, Attendant] = {}
        self._voices: dict[Voice, PersonId] = {}
        self._guests = 0

    def __len__(self) -> int:
        return len(self._people)

    def find(self, person: PersonId) -> Attendant | None:
        return self._people.get(person) or self._coming.get(person)

    def session(self, session: str) -> MediaSession | None:
        return self._sessions.get(session)

    def sessions(self) -> Iterable[MediaSession]:
        return self._sessions.values()

    def voices(self) -> Mapping[Voice, PersonId]:
        return self._voices

    def present(self) -> tuple[Attendant, ...]:
        return tuple(self._people.values())

    def everybody(self) -> tuple[Attendant, ...]:
        """Give also those who are on their way."""
        return (*self._people.values(), *self._coming.values())

    def with_channel(self) -> Iterator[Attendant]:
        return (a for a in self._people.values() if a.outlet is not None)

    def remove(self, attendant: Attendant) -> None:
        self._uncount(attendant)
        self._coming.pop(attendant.person.id, None)
        self._voices.pop(attendant.voice, None)
        for session in tuple(attendant.sessions):
            self.remove_session(attendant, session)

    def add_session(self, attendant: Attendant, session: MediaSession) -> None:
        attendant.sessions.append(session)
        self._sessions[session.id] = session

    def remove_session(self, attendant: Attendant, session: MediaSession) -> None:
        self._sessions.pop(session.id, None)
        if session in attendant.sessions:
            attendant.sessions.remove(session)
        if attendant.publisher is session:
            attendant.publisher = None

    def note(self, attendant: Attendant, now: float) -> None:
        """Take in that *attendant* is on their way or present, or remember since when they are gone."""
        person = attendant.person.id
        self._voices[attendant.voice] = person
        if attendant.is_present:
            attendant.gone_since = None
            self._gone.pop(person, None)
            self._coming.pop(person, None)
            if person not in self._people:
                self._people[person] = attendant
                self._guests += attendant.person.is_guest
        elif person not in self._people:
            self._wait_for(attendant)
        elif attendant.gone_since is None:
            attendant.gone_since = now
            self._gone[person] = attendant

    def gone_for(self, seconds: float, now: float) -> list[Attendant]:
        """Give those who have been gone for at least *seconds*."""
        return [a for a in self._gone.values() if a.gone_since is not None and now - a.gone_since >= seconds]

    def give_up(self, attendant: Attendant) -> None:
        """Count *attendant*, who is gone, no more; one with a media session under way is on their way again."""
        self._uncount(attendant)
        self._wait_for(attendant)

    def _wait_for(self, attendant: Attendant) -> None:
        if attendant.sessions:
            self._coming[attendant.person.id] = attendant
        else:
            self.remove(attendant)

    def _uncount(self, attendant: Attendant) -> None:
        if self._people.pop(attendant.person.id, None) is not None:
            self._guests -= attendant.person.is_guest
        self._gone.pop(attendant.person.id, None)
        attendant.gone_since = None

    def crowd(self, on_stage: frozenset[PersonId], *, sample: int) -> Crowd:
        """Give the audience, which is everybody here who is not on stage; costs the size of the sample."""
        listeners = len(self._people) - sum(1 for person in on_stage if person in self._people)
        audience = (a.person for a in self._people.values() if a.is_shown and a.person.id not in on_stage)
        return Crowd(listeners, self._guests, tuple(islice(audience, sample)))

    def listeners_after(self, on_stage: frozenset[PersonId], after: PersonId | None, *, most: int) -> list[Person]:
        """Give at most *most* shown listeners who came after *after*."""
        people = iter(self._people.values())
        if after is not None and after in self._people:
            people = dropwhile(lambda a: a.person.id != after, people)
            next(people)
        return list(islice((a.person for a in people if a.is_shown and a.person.id not in on_stage), most))
