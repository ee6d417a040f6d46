"""What host and co-hosts do about others: invite, mute, take off the stage, remove.

Rule 1: a role that may not moderate gets `not_permitted`, before anything else is told.
Rule 2: nobody opens another's microphone.
"""

from __future__ import annotations

from arengo.domain import refusals
from arengo.domain.access import may_see
from arengo.domain.events import (
    Event,
    Events,
    HandLowered,
    LeavingReason,
    LeftStage,
    Mic,
    MicChanged,
    MutedBy,
    PersonRemoved,
    StageInvitationClosed,
    StageInvited,
)
from arengo.domain.identity import Person
from arengo.domain.ids import PersonId
from arengo.domain.roles import Action
from arengo.domain.space import Member, Space
from arengo.domain.stage import require_place


def demand(space: Space, by: Person, action: Action) -> None:
    """Refuse unless the table of permissions lets *by* do *action* here; what is over takes no more orders."""
    if by.is_guest:
        raise refusals.not_signed_in()
    if not space.standing(by).may(action):
        raise refusals.not_permitted(action.value)
    if space.state.is_over:
        raise refusals.already_ended(space.state.value)


def invite(space: Space, by: Person, person: Person) -> Events:
    """Permit *person* to speak and ask them, whether they are there or not; into a private space only the host lets."""
    demand(space, by, Action.INVITE)
    if person.is_guest:
        raise refusals.guest_cannot_speak()
    member = space.member(person)
    if member.is_removed:
        raise refusals.removed()
    if member.is_on_stage or person.id == space.host.id:
        return ()
    if member.invited_by is not None:
        return ()
    if not may_see(space, person) and by.id != space.host.id:
        raise refusals.not_permitted(Action.PERMIT_ENTRY.value)
    require_place(space, person)
    return (StageInvited(person, by),)


def withdraw_invitation(space: Space, by: Person, person: PersonId) -> Events:
    """Take an invitation and the permission back; who is on stage already stays there."""
    demand(space, by, Action.INVITE)
    member = space.members.get(person)
    if member is None or not (member.invited_by is not None or member.may_speak):
        return ()
    return (StageInvitationClosed(person, "withdrawn"),)


def lower_hand_of(space: Space, by: Person, person: PersonId) -> Events:
    demand(space, by, Action.LOWER_HANDS)
    member = space.members.get(person)
    return () if member is None or member.hand_since is None else (HandLowered(person),)


def lower_all_hands(space: Space, by: Person) -> Events:
    demand(space, by, Action.LOWER_HANDS)
    return tuple(HandLowered(member.person.id) for member in space.hands())


def mute(space: Space, by: Person, person: PersonId) -> Events:
    """Close the microphone of somebody below oneself, or one's own; they may open it again themselves."""
    demand(space, by, Action.MUTE)
    member = _on_stage(space, person)
    if person != by.id:
        _demand_above(space, by, member.person, Action.MUTE)
    return _muted(member)


def mute_all(space: Space, by: Person) -> Events:
    """Close the microphone of everybody on stage who is below *by*."""
    demand(space, by, Action.MUTE)
    return tuple(e for m in space.on_stage() if _is_above(space, by, m.person) for e in _muted(m))


def take_off_stage(space: Space, by: Person, person: PersonId) -> Events:
    """Send somebody back to the audience; permission, invitation and co-hostship go with the place."""
    demand(space, by, Action.TAKE_OFF)
    member = space.members.get(person)
    if member is None:
        return ()
    _demand_above(space, by, member.person, Action.TAKE_OFF)
    if not member.is_on_stage:
        return withdraw_invitation(space, by, person)
    return (LeftStage(person, "taken_off"),)


def remove(space: Space, by: Person, person: Person) -> Events:
    """Put somebody out of the space, without return."""
    demand(space, by, Action.REMOVE)
    _demand_above(space, by, person, Action.REMOVE)
    if space.member(person).is_removed:
        return ()
    return (*put_out(space, person.id, "removed"), PersonRemoved(person))


def put_out(space: Space, person: PersonId, why: LeavingReason) -> Events:
    """Take hand, invitation and place from *person*, whoever decides it."""
    member = space.members.get(person)
    if member is None:
        return ()
    events: list[Event] = []
    if member.hand_since is not None:
        events.append(HandLowered(person))
    if member.invited_by is not None or member.may_speak:
        events.append(StageInvitationClosed(person, "withdrawn"))
    if member.is_on_stage and person != space.host.id:
        events.append(LeftStage(person, why))
    return tuple(events)


def _muted(member: Member) -> Events:
    if member.mic is Mic.OFF:
        return ()
    return (MicChanged(member.person.id, Mic.OFF, MutedBy.HOST),)


def _on_stage(space: Space, person: PersonId) -> Member:
    member = space.members.get(person)
    if member is None or not member.is_on_stage:
        raise refusals.no_such_person()
    return member


def _demand_above(space: Space, by: Person, person: Person, action: Action) -> None:
    if not _is_above(space, by, person):
        raise refusals.not_permitted(action.value)


def _is_above(space: Space, by: Person, person: Person) -> bool:
    return space.standing(by).rank > space.standing(person).rank
