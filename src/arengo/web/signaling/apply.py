"""How a client keeps its snapshot: the reference that the web client mirrors.

Snapshot of version *n*, then events *n+1 … m* in order, equals a fresh snapshot of version *m*.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from arengo.web.signaling import messages as wire

_ORDER = {"host": 0, "cohost": 1, "speaker": 2, "listener": 3}


class Gap(Exception):
    """An event is missing before this one; the client closes and resumes."""


def apply(snapshot: wire.Snapshot, message: wire.EventMessage) -> wire.Snapshot:
    """Give the snapshot after *message*; raise Gap when its number is not the next one."""
    if message.n != snapshot.version + 1:
        raise Gap(f"after {snapshot.version} came {message.n}")
    return replace(_apply(snapshot, message.event), version=message.n)


def _apply(snapshot: wire.Snapshot, event: wire.AnyEvent) -> wire.Snapshot:
    space = snapshot.space
    match event:
        case wire.SpaceStarted(at=at):
            return replace(snapshot, space=replace(space, state="live", started_at=at))
        case wire.SpaceEnded(at=at, reason=reason):
            over = replace(space, state="ended", ended_at=at, end_reason=reason, stand_in=None)
            return replace(snapshot, space=over, stage=[], hands=[], invited=[])
        case wire.SpaceCancelled(at=at):
            return replace(snapshot, space=replace(space, state="cancelled", ended_at=at), stage=[], hands=[], invited=[])
        case wire.SettingsChanged():
            changed = replace(
                space,
                title=event.title,
                topics=event.topics,
                who_may_speak=event.who_may_speak,
                guests_allowed=event.guests_allowed,
                capacity=event.capacity,
                lang=event.lang,
                scheduled_start=event.scheduled_start,
            )
            return replace(snapshot, space=changed)
        case wire.StandInChanged(person_id=person_id):
            return replace(snapshot, space=replace(space, stand_in=person_id))
        case wire.HandRaised(hand=hand):
            others = [h for h in snapshot.hands if h.person.id != hand.person.id]
            return replace(snapshot, hands=sorted([*others, hand], key=lambda h: (h.since, h.person.id)))
        case wire.HandLowered(person_id=person_id):
            return replace(snapshot, hands=[h for h in snapshot.hands if h.person.id != person_id])
        case wire.StageInvited(person=person):
            others_invited = [p for p in snapshot.invited if p.id != person.id]
            return replace(snapshot, invited=sorted([*others_invited, person], key=lambda p: p.id))
        case wire.StageInvitationClosed(person_id=person_id):
            return replace(snapshot, invited=[p for p in snapshot.invited if p.id != person_id])
        case wire.PersonRemoved() | wire.Noted():
            return snapshot
        case _:
            return replace(snapshot, stage=_stage_after(snapshot.stage, event))


def _stage_after(stage: list[wire.OnStage], event: wire.AnyEvent) -> list[wire.OnStage]:
    match event:
        case wire.CameOnStage(entry=entry):
            return _in_order([*(e for e in stage if e.person.id != entry.person.id), entry])
        case wire.LeftStage(person_id=person_id):
            return [e for e in stage if e.person.id != person_id]
        case wire.RoleChanged(person_id=person_id, role=role):
            return _in_order(_changed(stage, person_id, lambda e: replace(e, role=role)))
        case wire.MicChanged(person_id=person_id, mic=mic, muted_by=muted_by):
            return _changed(stage, person_id, lambda e: replace(e, mic=mic, muted_by=muted_by))
        case wire.PresenceChanged(person_id=person_id, presence=presence):
            return _changed(stage, person_id, lambda e: replace(e, presence=presence))
        case _:
            return stage


def _changed(stage: list[wire.OnStage], person_id: str, change: Callable[[wire.OnStage], wire.OnStage]) -> list[wire.OnStage]:
    return [change(e) if e.person.id == person_id else e for e in stage]


def _in_order(stage: list[wire.OnStage]) -> list[wire.OnStage]:
    return sorted(stage, key=lambda e: (_ORDER[e.role], e.since, e.person.id))
