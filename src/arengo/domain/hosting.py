"""What the host decides about the space itself: open, start, settings, co-hosts, permits, end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from arengo.domain import refusals, text
from arengo.domain.access import may_see
from arengo.domain.events import (
    CameOnStage,
    CohostNamed,
    EntryPermitted,
    Event,
    Events,
    Mic,
    RoleChanged,
    SettingsChanged,
    SpaceCancelled,
    SpaceEnded,
    SpaceStarted,
    StageInvited,
)
from arengo.domain.identity import Person
from arengo.domain.ids import PersonId, SpaceId
from arengo.domain.lifecycle import EndReason, Step, after
from arengo.domain.moderation import demand, put_out
from arengo.domain.moment import Moment
from arengo.domain.roles import Action, Role
from arengo.domain.settings import MOST_COHOSTS, Settings, Visibility, WhoMaySpeak
from arengo.domain.space import Member, Space


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """Only what is not None changes; everything is still as the person wrote it."""

    title: str | None = None
    topics: Sequence[str] | None = None
    lang: str | None = None
    who_may_speak: WhoMaySpeak | None = None
    guests_allowed: bool | None = None
    scheduled_start: datetime | None = None


def open_space(space_id: SpaceId, host: Person, settings: Settings, now: datetime) -> Space:
    """Make a scheduled space out of what the host asked for, or refuse what may not be asked."""
    if host.is_guest:
        raise refusals.not_signed_in()
    if settings.who_may_speak is WhoMaySpeak.FOLLOWS:
        raise refusals.follows_not_available()
    clean = replace(
        settings,
        title=text.clean_title(settings.title),
        topics=text.clean_topics(settings.topics),
        lang=text.clean_lang(settings.lang),
    )
    return Space(space_id, host, clean, created_at=now, members={host.id: Member(host)})


def start(space: Space, by: Person, moment: Moment) -> Events:
    """Go live with the host on stage and the microphone closed; starting twice changes nothing."""
    _demand_host(space, by, Action.START)
    if space.is_live:
        return ()
    after(space.state, Step.START)
    return (
        SpaceStarted(moment.now),
        CameOnStage(space.host, Role.HOST, moment.voice, Mic.OFF, moment.presence, moment.now),
    )


def end(space: Space, by: Person, now: datetime) -> Events:
    """End the space for everybody; only the host does, and no stand-in."""
    _demand_host(space, by, Action.END)
    return end_by(space, "host", now)


def end_by(space: Space, reason: EndReason, now: datetime) -> Events:
    after(space.state, Step.END)
    return (SpaceEnded(now, reason),)


def stop(space: Space, reason: EndReason, now: datetime) -> Events:
    """End a live space, or call off one that has not begun, whoever decides it."""
    if space.is_live:
        return end_by(space, reason, now)
    after(space.state, Step.CANCEL)
    return (SpaceCancelled(now),)


def banned(space: Space, person: PersonId, now: datetime) -> Events:
    """Take every part in the space from a banned account; a space of theirs is over."""
    if space.state.is_over:
        return ()
    if person == space.host.id:
        return stop(space, "operator", now)
    member = space.members.get(person)
    if member is None:
        return ()
    out = put_out(space, person, "banned")
    return (*out, CohostNamed(member.person, cohost=False)) if member.is_cohost and not member.is_on_stage else out


def cancel(space: Space, by: Person, now: datetime) -> Events:
    """Call off a space that has not begun."""
    _demand_host(space, by, Action.CANCEL)
    after(space.state, Step.CANCEL)
    return (SpaceCancelled(now),)


def change_settings(space: Space, by: Person, change: SettingsChange) -> Events:
    """Change what is given, also while live."""
    demand(space, by, Action.CHANGE_SETTINGS)
    if change.who_may_speak is WhoMaySpeak.FOLLOWS:
        raise refusals.follows_not_available()
    old = space.settings
    new = replace(
        old,
        title=old.title if change.title is None else text.clean_title(change.title),
        topics=old.topics if change.topics is None else text.clean_topics(change.topics),
        lang=text.clean_lang(change.lang) or old.lang,
        who_may_speak=change.who_may_speak or old.who_may_speak,
        guests_allowed=old.guests_allowed if change.guests_allowed is None else change.guests_allowed,
        scheduled_start=change.scheduled_start or old.scheduled_start,
    )
    return () if new == old else (SettingsChanged(new),)


def make_cohost(space: Space, by: Person, person: Person) -> Events:
    """Name a co-host; who is not on stage is also invited there."""
    demand(space, by, Action.NAME_COHOST)
    if person.is_guest:
        raise refusals.guest_cannot_speak()
    member = space.member(person)
    if member.is_removed:
        raise refusals.removed()
    if member.is_cohost or person.id == space.host.id:
        return ()
    if sum(1 for _ in space.cohosts()) >= MOST_COHOSTS:
        raise refusals.too_many_cohosts(MOST_COHOSTS)
    if member.is_on_stage:
        return (RoleChanged(person.id, Role.COHOST),)
    named: Event = CohostNamed(person, cohost=True)
    return (named,) if member.invited_by is not None else (named, StageInvited(person, by))


def drop_cohost(space: Space, by: Person, person: PersonId) -> Events:
    """Make a co-host a speaker again, or a listener when they are not on stage."""
    demand(space, by, Action.NAME_COHOST)
    member = space.members.get(person)
    if member is None or not member.is_cohost:
        return ()
    if member.is_on_stage:
        return (RoleChanged(person, Role.SPEAKER),)
    return (CohostNamed(member.person, cohost=False),)


def permit_entry(space: Space, by: Person, person: Person) -> Events:
    """Let an account into a private space."""
    demand(space, by, Action.PERMIT_ENTRY)
    if person.is_guest:
        raise refusals.guest_cannot_speak()
    if space.member(person).is_removed:
        raise refusals.removed()
    return () if space.member(person).may_enter else (EntryPermitted(person, permitted=True),)


def withdraw_entry(space: Space, by: Person, person: PersonId) -> Events:
    """Take a permit back; in a private space the person goes at once."""
    demand(space, by, Action.PERMIT_ENTRY)
    member = space.members.get(person)
    if member is None or person == space.host.id:
        return ()
    is_private = space.settings.visibility is Visibility.PRIVATE
    if not member.may_enter and not (is_private and may_see(space, member.person)):
        return ()
    out: Events = put_out(space, person, "taken_off") if is_private else ()
    if is_private and member.is_cohost and not member.is_on_stage:
        out = (*out, CohostNamed(member.person, cohost=False))
    return (*out, EntryPermitted(member.person, permitted=False))


def _demand_host(space: Space, by: Person, action: Action) -> None:
    if by.is_guest:
        raise refusals.not_signed_in()
    if not space.standing(by).may(action):
        raise refusals.not_permitted(action.value)
