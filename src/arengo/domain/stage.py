"""Who may speak: the stage of a space, the raised hands, one's own microphone.

Rule 1: every rule about getting on or off the stage by one's own act lives in this file.
Rule 2: nobody comes on stage and no microphone opens but by the person's own act.
Rule 3: who was removed asks for nothing, also where the door would not have kept them out.
"""

from __future__ import annotations

from arengo.domain import refusals
from arengo.domain.events import (
    CameOnStage,
    Event,
    Events,
    HandLowered,
    HandRaised,
    LeavingReason,
    LeftStage,
    Mic,
    MicChanged,
    MutedBy,
    StageInvitationClosed,
)
from arengo.domain.identity import Person
from arengo.domain.moment import Moment
from arengo.domain.roles import Action, Role
from arengo.domain.settings import WhoMaySpeak
from arengo.domain.space import Space


def raise_hand(space: Space, by: Person, moment: Moment) -> Events:
    """Ask to speak; asking twice is not an error and changes nothing."""
    _demand(space, by, Action.RAISE_HAND)
    member = space.member(by)
    if member.is_on_stage or member.hand_since is not None:
        return ()
    return (HandRaised(by, moment.now),)


def lower_own_hand(space: Space, by: Person) -> Events:
    if space.member(by).hand_since is None:
        return ()
    return (HandLowered(by.id),)


def come_on_stage(space: Space, by: Person, mic: Mic, moment: Moment) -> Events:
    """Accept an invitation, or come where everyone may; who is there already only opens the microphone."""
    _demand(space, by, Action.SPEAK)
    member = space.member(by)
    if member.is_on_stage:
        return set_mic(space, by, mic) if mic is Mic.ON else ()
    if not may_come(space, by):
        raise refusals.not_invited()
    require_place(space, by)
    events: list[Event] = []
    if member.invited_by is not None:
        events.append(StageInvitationClosed(by.id, "accepted"))
    if member.hand_since is not None:
        events.append(HandLowered(by.id))
    role = space.role(by.id)
    on_stage_as = Role.SPEAKER if role is Role.LISTENER else role
    return (*events, CameOnStage(by, on_stage_as, moment.voice, mic, moment.presence, moment.now))


def decline(space: Space, by: Person) -> Events:
    """Say no to an invitation; the permission goes with it."""
    member = space.member(by)
    if member.invited_by is None and not member.may_speak:
        return ()
    return (StageInvitationClosed(by.id, "declined"),)


def step_down(space: Space, by: Person) -> Events:
    """Leave the stage for the audience; the host stays, and ends the space instead."""
    return _come_off(space, by, "stepped_down")


def leave(space: Space, by: Person) -> Events:
    """Go for good: the place and the hand are given up at once; a host who leaves is only away."""
    lowered = lower_own_hand(space, by)
    if by.id == space.host.id:
        return lowered
    return (*lowered, *_come_off(space, by, "left"))


def set_mic(space: Space, by: Person, mic: Mic) -> Events:
    """Mute or open one's own microphone, also after the host muted it."""
    member = space.member(by)
    if not space.is_live:
        raise refusals.not_live(space.state.value)
    if not member.is_on_stage:
        raise refusals.not_on_stage()
    if member.mic is mic:
        return ()
    return (MicChanged(by.id, mic, MutedBy.SELF if mic is Mic.OFF else None),)


def may_come(space: Space, person: Person) -> bool:
    """Tell whether *person* may come on stage without being asked again."""
    if person.is_guest:
        return False
    if space.role(person.id) in (Role.HOST, Role.COHOST) or space.member(person).may_speak:
        return True
    return space.settings.who_may_speak is WhoMaySpeak.EVERYONE


def require_place(space: Space, person: Person) -> None:
    """Refuse with `stage_full` when no place is left for *person*; host and co-hosts have theirs kept."""
    if space.role(person.id) in (Role.HOST, Role.COHOST):
        return
    speakers = sum(1 for m in space.on_stage() if space.role(m.person.id) is Role.SPEAKER)
    if speakers >= space.settings.speaker_places:
        raise refusals.stage_full(space.settings.speaker_places)


def _come_off(space: Space, by: Person, why: LeavingReason) -> Events:
    if by.id == space.host.id:
        raise refusals.not_permitted("step_down")
    if not space.member(by).is_on_stage:
        return ()
    return (LeftStage(by.id, why),)


def _demand(space: Space, by: Person, action: Action) -> None:
    if not space.is_live:
        raise refusals.not_live(space.state.value)
    if by.is_guest:
        raise refusals.not_signed_in()
    if space.member(by).is_removed:
        raise refusals.removed()
    if not space.standing(by).may(action):
        raise refusals.not_permitted(action.value)
