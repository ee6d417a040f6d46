"""What has changed in a space, in the past tense; the version of a space counts them.

Most are told to everybody as they stand. Those in `UNTOLD` concern what others may not see: their number alone is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal

from arengo.domain.identity import Person
from arengo.domain.ids import PersonId, Voice
from arengo.domain.lifecycle import EndReason
from arengo.domain.roles import Role
from arengo.domain.settings import Settings

InvitationEnd = Literal["accepted", "declined", "withdrawn"]
LeavingReason = Literal["stepped_down", "taken_off", "left", "removed", "banned"]


class Mic(Enum):
    ON = "on"
    OFF = "off"


class MutedBy(Enum):
    SELF = "self"
    HOST = "host"


class Presence(Enum):
    HERE = "here"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class SpaceStarted:
    at: datetime


@dataclass(frozen=True, slots=True)
class SpaceEnded:
    at: datetime
    reason: EndReason


@dataclass(frozen=True, slots=True)
class SpaceCancelled:
    at: datetime


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    settings: Settings


@dataclass(frozen=True, slots=True)
class HandRaised:
    person: Person
    at: datetime


@dataclass(frozen=True, slots=True)
class HandLowered:
    person: PersonId


@dataclass(frozen=True, slots=True)
class StageInvited:
    """*person* is permitted to speak and asked to come."""

    person: Person
    by: Person


@dataclass(frozen=True, slots=True)
class StageInvitationClosed:
    """The question is answered; the permission survives acceptance alone."""

    person: PersonId
    why: InvitationEnd


@dataclass(frozen=True, slots=True)
class CameOnStage:
    person: Person
    role: Role
    voice: Voice
    mic: Mic
    presence: Presence
    at: datetime


@dataclass(frozen=True, slots=True)
class LeftStage:
    person: PersonId
    why: LeavingReason


@dataclass(frozen=True, slots=True)
class RoleChanged:
    """Somebody on stage changed role without leaving it."""

    person: PersonId
    role: Role


@dataclass(frozen=True, slots=True)
class MicChanged:
    person: PersonId
    mic: Mic
    muted_by: MutedBy | None


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """Somebody on stage lost or regained their connection at *at*; the place is kept."""

    person: PersonId
    presence: Presence
    at: datetime


@dataclass(frozen=True, slots=True)
class PersonRemoved:
    person: Person


@dataclass(frozen=True, slots=True)
class StandInChanged:
    person: PersonId | None


@dataclass(frozen=True, slots=True)
class CohostNamed:
    """Somebody who is not on stage became co-host, or is one no more."""

    person: Person
    cohost: bool


@dataclass(frozen=True, slots=True)
class EntryPermitted:
    """An account may enter a private space, or may no more."""

    person: Person
    permitted: bool


Event = (
    SpaceStarted
    | SpaceEnded
    | SpaceCancelled
    | SettingsChanged
    | HandRaised
    | HandLowered
    | StageInvited
    | StageInvitationClosed
    | CameOnStage
    | LeftStage
    | RoleChanged
    | MicChanged
    | PresenceChanged
    | PersonRemoved
    | StandInChanged
    | CohostNamed
    | EntryPermitted
)
Events = tuple[Event, ...]

UNTOLD: tuple[type[Event], ...] = (CohostNamed, EntryPermitted)
INVITATIONS: tuple[type[Event], ...] = (StageInvited, StageInvitationClosed)
"""Told to the moderators and to the person concerned; to others only their number."""


def silences(event: Event) -> bool:
    """Tell whether *event* ends somebody's voice: it acts before it is written, and is never refused for want of a database."""
    match event:
        case SpaceEnded() | LeftStage() | PersonRemoved() | MicChanged(mic=Mic.OFF) | EntryPermitted(permitted=False):
            return True
        case _:
            return False


def is_observed(event: Event) -> bool:
    """Tell whether *event* is a fact of the world that nobody asked for; it is written later when the database is away."""
    return isinstance(event, PresenceChanged | StandInChanged)
