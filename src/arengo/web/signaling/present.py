"""The rules' own words put into what goes over the wire."""

from __future__ import annotations

from datetime import UTC, datetime

from arengo.domain import events as ev
from arengo.domain.identity import Person
from arengo.domain.snapshot import invited_seen_by, stage_in_order
from arengo.domain.space import Member, Space
from arengo.domain.stage import may_come
from arengo.service.instance import Instance
from arengo.service.news import Crowd
from arengo.web.signaling import messages as wire


def person(who: Person) -> wire.Person:
    return wire.Person(id=who.id, name=who.name, handle=who.handle, kind=who.kind, bot=who.bot)


def when(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: texts that sort as the times do."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def facts(space: Space, instance: Instance) -> wire.SpaceFacts:
    settings = space.settings
    return wire.SpaceFacts(
        id=space.id,
        title=settings.title,
        url=instance.space_url(space.id),
        state=space.state.value,
        visibility=settings.visibility.value,
        who_may_speak=settings.who_may_speak.value,
        guests_allowed=settings.guests_allowed,
        capacity=settings.capacity,
        topics=list(settings.topics),
        lang=settings.lang,
        host=person(space.host),
        stand_in=space.stand_in,
        scheduled_start=_maybe(settings.scheduled_start),
        started_at=_maybe(space.started_at),
        ended_at=_maybe(space.ended_at),
        end_reason=space.end_reason,
    )


def snapshot(space: Space, reader: Person, audience: wire.Audience, instance: Instance) -> wire.Snapshot:
    return wire.Snapshot(
        version=space.version,
        space=facts(space, instance),
        stage=stage(space),
        hands=[wire.Hand(person=person(m.person), since=when(m.hand_since)) for m in space.hands() if m.hand_since],
        invited=[person(p) for p in invited_seen_by(space, reader)],
        audience=audience,
    )


def stage(space: Space) -> list[wire.OnStage]:
    return [on_stage(space, m) for m in stage_in_order(space)]


def on_stage(space: Space, member: Member) -> wire.OnStage:
    return wire.OnStage(
        person=person(member.person),
        role=space.role(member.person.id).value,
        voice=member.voice,
        mic=member.mic.value,
        muted_by=member.muted_by.value if member.muted_by else None,
        presence=member.presence.value,
        since=when(member.on_stage_since) if member.on_stage_since else "",
    )


def audience(crowd: Crowd) -> wire.Audience:
    return wire.Audience(listeners=crowd.listeners, guests=crowd.guests, sample=[person(p) for p in crowd.sample])


def you(space: Space, reader: Person, voice: int) -> wire.You:
    member = space.member(reader)
    return wire.You(
        person=person(reader),
        role=space.role(reader.id).value,
        invited_by=person(member.invited_by) if member.invited_by else None,
        may_speak_now=may_come(space, reader),
        hand_up=member.hand_since is not None,
        voice=voice or None,
        mic=member.mic.value,
        muted_by=member.muted_by.value if member.muted_by else None,
    )


def event(told: ev.Event) -> wire.AnyEvent:
    """Give the wire's word for an event that may be told."""
    match told:
        case ev.SpaceStarted(at):
            return wire.SpaceStarted(at=when(at))
        case ev.SpaceEnded(at, reason):
            return wire.SpaceEnded(at=when(at), reason=reason)
        case ev.SpaceCancelled(at):
            return wire.SpaceCancelled(at=when(at))
        case ev.SettingsChanged(s):
            return wire.SettingsChanged(
                title=s.title,
                topics=list(s.topics),
                who_may_speak=s.who_may_speak.value,
                guests_allowed=s.guests_allowed,
                capacity=s.capacity,
                lang=s.lang,
                scheduled_start=_maybe(s.scheduled_start),
            )
        case ev.HandRaised(who, at):
            return wire.HandRaised(hand=wire.Hand(person=person(who), since=when(at)))
        case ev.HandLowered(who):
            return wire.HandLowered(person_id=who)
        case ev.StageInvited(who, by):
            return wire.StageInvited(person=person(who), by=person(by))
        case ev.StageInvitationClosed(who, why):
            return wire.StageInvitationClosed(person_id=who, why=why)
        case ev.CameOnStage():
            return wire.CameOnStage(entry=_entry(told))
        case ev.LeftStage(who, why):
            return wire.LeftStage(person_id=who, why=why)
        case ev.RoleChanged(who, role):
            return wire.RoleChanged(person_id=who, role=role.value)
        case ev.MicChanged(who, mic, by):
            return wire.MicChanged(person_id=who, mic=mic.value, muted_by=by.value if by else None)
        case ev.PresenceChanged(who, presence, _):
            return wire.PresenceChanged(person_id=who, presence=presence.value)
        case ev.PersonRemoved(who):
            return wire.PersonRemoved(person_id=who.id)
        case ev.StandInChanged(who):
            return wire.StandInChanged(person_id=who)
        case ev.CohostNamed() | ev.EntryPermitted():
            return wire.Noted()


def _entry(came: ev.CameOnStage) -> wire.OnStage:
    return wire.OnStage(
        person=person(came.person),
        role=came.role.value,
        voice=came.voice,
        mic=came.mic.value,
        muted_by=None if came.mic is ev.Mic.ON else "self",
        presence=came.presence.value,
        since=when(came.at),
    )


def _maybe(at: datetime | None) -> str | None:
    return when(at) if at else None
