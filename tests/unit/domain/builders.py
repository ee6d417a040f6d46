"""Spaces and people for tests of the rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from arengo.domain.commands import ComeOnStage, Command, InviteToStage, MakeCohost, StartSpace, decide
from arengo.domain.events import Events, Mic, Presence
from arengo.domain.hosting import open_space
from arengo.domain.identity import Person
from arengo.domain.ids import PersonId, SpaceId, voice_of
from arengo.domain.moment import Moment
from arengo.domain.settings import Settings, Visibility, WhoMaySpeak
from arengo.domain.space import Space, evolve_all

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SPACE_ID = SpaceId("Abc123Def456G")


def a_person(number: int, name: str | None = None) -> Person:
    return Person(PersonId(str(number)), name or f"Person {number}", handle=f"p{number}")


def a_guest(number: int = 1) -> Person:
    return Person(PersonId(f"g{number}"), f"Guest {number}", kind="guest")


HOST = a_person(1, "Hanna")
ANN = a_person(2, "Ann")
BEN = a_person(3, "Ben")
CLEO = a_person(4, "Cleo")
GUEST = a_guest()


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def a_moment(person: Person, seconds: float = 0, presence: Presence = Presence.HERE) -> Moment:
    return Moment(at(seconds), voice_of(SPACE_ID, person.id), presence)


def events_of(space: Space, by: Person, command: Command, seconds: float = 0) -> Events:
    return decide(space, by, command, a_moment(by, seconds))


def after(space: Space, by: Person, command: Command, seconds: float = 0) -> Space:
    return evolve_all(space, events_of(space, by, command, seconds))


def a_space(
    *,
    live: bool = True,
    everyone: bool = False,
    private: bool = False,
    guests_allowed: bool = True,
    speakers: Iterable[Person] = (),
    cohosts: Iterable[Person] = (),
    mic: Mic = Mic.ON,
    capacity: int = 13,
) -> Space:
    """A space of HOST; *speakers* and *cohosts* came on stage a second after each other."""
    settings = Settings(
        "A space",
        visibility=Visibility.PRIVATE if private else Visibility.PUBLIC,
        who_may_speak=WhoMaySpeak.EVERYONE if everyone else WhoMaySpeak.INVITED,
        guests_allowed=guests_allowed,
        capacity=capacity,
    )
    space = open_space(SPACE_ID, HOST, settings, NOON)
    if not live:
        return space
    space = after(space, HOST, StartSpace())
    seconds = 0
    for person in cohosts:
        seconds += 1
        space = after(space, HOST, MakeCohost(person), seconds)
        space = after(space, person, ComeOnStage(mic), seconds)
    for person in speakers:
        seconds += 1
        space = after(space, HOST, InviteToStage(person), seconds)
        space = after(space, person, ComeOnStage(mic), seconds)
    return space
