"""What a room tells those who are in it; the edge puts it into words and onto the wire.

News that goes to many is one object, so that an edge can encode it once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from arengo.domain.errors import Refusal
from arengo.domain.events import Event
from arengo.domain.identity import Person
from arengo.domain.ids import Voice
from arengo.domain.space import Space

MediaEnd = Literal["replaced", "silent", "removed", "banned", "signed_out", "ended", "server"]


@dataclass(frozen=True, slots=True)
class Crowd:
    """The audience: how many listen, guests among them, and those longest here."""

    listeners: int = 0
    guests: int = 0
    sample: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True)
class Reactions:
    """One emoji since the last pulse: how often, and some of those who sent it."""

    emoji: str
    count: int
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Told:
    """An event, by which the space came to *version*."""

    version: int
    event: Event


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Noted:
    """An event that the reader may not see brought the space to *version*."""

    version: int


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Pulsed:
    """What is gathered; None and empty: unchanged. Not *is_named*: of the crowd only the numbers have changed."""

    crowd: Crowd | None
    reactions: tuple[Reactions, ...]
    is_named: bool = True


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Gathered:
    """Events that a large audience is told together, in order."""

    news: tuple[Told | Noted, ...]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Loudness:
    """How loud the speech of voices is, in dBov; of voices that are not named nothing has changed."""

    voices: tuple[tuple[Voice, int], ...]


@dataclass(frozen=True, slots=True)
class Yours:
    """What concerns the reader alone, in *space* as it is now."""

    space: Space
    person: Person
    voice: Voice


@dataclass(frozen=True, slots=True)
class Welcomed:
    """The beginning, or a fresh one; *fresh* False: the events that were missed follow instead of a snapshot."""

    space: Space
    person: Person
    voice: Voice
    crowd: Crowd
    resume: str
    fresh: bool
    version: int


@dataclass(frozen=True, slots=True)
class MediaEnded:
    session: str
    why: MediaEnd


News = Told | Noted | Gathered | Pulsed | Loudness | Yours | Welcomed | MediaEnded


@dataclass(frozen=True, slots=True)
class Replaced:
    """Another channel of the same person took over."""


@dataclass(frozen=True, slots=True)
class PutOut:
    """The person may not be here any more."""

    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Over:
    """The space has ended or was cancelled."""


@dataclass(frozen=True, slots=True)
class GoingAway:
    """The server stops, and will be back."""


@dataclass(frozen=True, slots=True)
class Failing:
    """The space cannot be kept here just now; come back."""


Farewell = Replaced | PutOut | Over | GoingAway | Failing


class Outlet(Protocol):
    """One reader's channel; neither method waits, and a reader who does not keep up is dropped by the outlet itself."""

    def tell(self, news: News) -> None: ...
    def close(self, farewell: Farewell) -> None:
        """Say what was told so far, then close."""
