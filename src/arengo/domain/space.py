"""A space: what it is, who has a part in it, and how events change it.

Rule 1: nothing here decides; decisions are in `stage`, `moderation`, `hosting`, `access` and `absence`.
Rule 2: `evolve` is the only way from one version to the next, one event at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from arengo.domain.events import (
    CameOnStage,
    CohostNamed,
    EntryPermitted,
    Event,
    HandLowered,
    HandRaised,
    LeftStage,
    Mic,
    MicChanged,
    MutedBy,
    PersonRemoved,
    Presence,
    PresenceChanged,
    RoleChanged,
    SettingsChanged,
    SpaceCancelled,
    SpaceEnded,
    SpaceStarted,
    StageInvitationClosed,
    StageInvited,
    StandInChanged,
)
from arengo.domain.identity import Person
from arengo.domain.ids import NO_VOICE, PersonId, SpaceId, Voice
from arengo.domain.lifecycle import EndReason, State
from arengo.domain.roles import Role, Standing
from arengo.domain.settings import Settings


@dataclass(frozen=True, slots=True)
class Member:
    """What a space remembers of one person."""

    person: Person
    is_cohost: bool = False
    voice: Voice = NO_VOICE
    on_stage_since: datetime | None = None
    mic: Mic = Mic.OFF
    muted_by: MutedBy | None = None
    presence: Presence = Presence.AWAY  # meaningful on stage
    presence_since: datetime | None = None
    hand_since: datetime | None = None
    invited_by: Person | None = None  # an invitation waits for an answer
    may_speak: bool = False  # permitted, until declined, withdrawn or taken off
    may_enter: bool = False  # a permit for a private space
    is_removed: bool = False

    @property
    def is_on_stage(self) -> bool:
        return self.on_stage_since is not None

    @property
    def is_near_stage(self) -> bool:
        """On stage, asking for it or asked to it: somebody who may have to answer soon."""
        return self.is_on_stage or self.hand_since is not None or self.invited_by is not None


@dataclass(frozen=True, slots=True)
class Space:
    """One space at one version; *members* are those about whom something has to be remembered, host included."""

    id: SpaceId
    host: Person
    settings: Settings
    created_at: datetime
    state: State = State.SCHEDULED
    started_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: EndReason | None = None
    stand_in: PersonId | None = None
    members: Mapping[PersonId, Member] = field(default_factory=dict)
    version: int = 0

    @property
    def is_live(self) -> bool:
        return self.state is State.LIVE

    def member(self, person: Person) -> Member:
        """Give what is remembered of *person*, a blank where nothing is."""
        return self.members.get(person.id) or Member(person)

    def on_stage(self) -> Iterator[Member]:
        return (m for m in self.members.values() if m.is_on_stage)

    def hands(self) -> tuple[Member, ...]:
        """Give those whose hand is up, oldest first."""
        raised = [m for m in self.members.values() if m.hand_since is not None]
        return tuple(sorted(raised, key=lambda m: (m.hand_since, m.person.id)))

    def cohosts(self) -> Iterator[Member]:
        return (m for m in self.members.values() if m.is_cohost)

    def role(self, person: PersonId) -> Role:
        member = self.members.get(person)
        if person == self.host.id:
            return Role.HOST
        if member is None:
            return Role.LISTENER
        if member.is_cohost:
            return Role.COHOST
        return Role.SPEAKER if member.is_on_stage else Role.LISTENER

    def standing(self, person: Person) -> Standing:
        """Give what *person* counts as when they ask for something."""
        if person.is_guest:
            return Standing.GUEST
        role = self.role(person.id)
        if person.id == self.stand_in and role is not Role.HOST:
            return Standing.STAND_IN
        return Standing(role.value)


def evolve(space: Space, event: Event) -> Space:
    """Apply *event* and count it; the web client applies the same events the same way."""
    return replace(_apply(space, event), version=space.version + 1)


def evolve_all(space: Space, events: Iterable[Event]) -> Space:
    for event in events:
        space = evolve(space, event)
    return space


def _apply(space: Space, event: Event) -> Space:
    match event:
        case SpaceStarted(at):
            return replace(space, state=State.LIVE, started_at=at)
        case SpaceEnded(at, reason):
            return _emptied(replace(space, state=State.ENDED, ended_at=at, end_reason=reason, stand_in=None))
        case SpaceCancelled(at):
            return _emptied(replace(space, state=State.CANCELLED, ended_at=at))
        case SettingsChanged(settings):
            return replace(space, settings=settings)
        case StandInChanged(person):
            return replace(space, stand_in=person)
        case _:
            return _with_member(space, _apply_to_member(_member_of(space, event), event))


def _apply_to_member(member: Member, event: Event) -> Member:
    match event:
        case HandRaised(_, at):
            return replace(member, hand_since=at)
        case HandLowered():
            return replace(member, hand_since=None)
        case StageInvited(_, by):
            return replace(member, invited_by=by, may_speak=True)
        case StageInvitationClosed(_, why):
            return replace(member, invited_by=None, may_speak=why == "accepted")
        case CameOnStage(_, _, voice, mic, presence, at):
            muted_by = MutedBy.SELF if mic is Mic.OFF else None
            return replace(member, voice=voice, mic=mic, muted_by=muted_by, presence=presence, presence_since=at, on_stage_since=at)
        case LeftStage(_, why):
            by_own_will = why in ("stepped_down", "left")
            return replace(
                _off_stage(member),
                is_cohost=member.is_cohost and by_own_will,
                may_speak=member.may_speak and by_own_will,
            )
        case RoleChanged(_, role):
            return replace(member, is_cohost=role is Role.COHOST)
        case MicChanged(_, mic, muted_by):
            return replace(member, mic=mic, muted_by=muted_by)
        case PresenceChanged(_, presence, at):
            return replace(member, presence=presence, presence_since=at)
        case PersonRemoved():
            return Member(member.person, voice=member.voice, is_removed=True)
        case CohostNamed(_, cohost):
            return replace(member, is_cohost=cohost)
        case EntryPermitted(_, permitted):
            return replace(member, may_enter=permitted)
        case _:
            raise TypeError(event)


def _member_of(space: Space, event: Event) -> Member:
    person = getattr(event, "person", None)
    if isinstance(person, Person):
        return replace(space.member(person), person=person)
    if not isinstance(person, str):
        raise TypeError(event)
    return space.members[PersonId(person)]


def _with_member(space: Space, member: Member) -> Space:
    return replace(space, members={**space.members, member.person.id: member})


def _off_stage(member: Member) -> Member:
    return replace(member, on_stage_since=None, mic=Mic.OFF, muted_by=None, presence=Presence.AWAY, presence_since=None)


def _emptied(space: Space) -> Space:
    members = {key: replace(_off_stage(member), hand_since=None, invited_by=None) for key, member in space.members.items()}
    return replace(space, members=members)
