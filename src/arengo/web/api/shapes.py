"""Spaces as the native API shows them."""

from __future__ import annotations

import msgspec

from arengo.domain.access import may_see, reason_to_leave
from arengo.domain.identity import Person
from arengo.domain.roles import Action
from arengo.domain.snapshot import invited_seen_by
from arengo.domain.stage import may_come
from arengo.service.instance import Instance
from arengo.service.space_listing import SpaceView
from arengo.web.signaling import messages as wire
from arengo.web.signaling import present


class SpaceCard(wire.SpaceFacts, frozen=True, kw_only=True):
    """A space in a list; at most six *speakers*, whoever is heard now at the front."""

    speakers: list[wire.Person]
    on_stage: int
    listeners: int


class SpaceDetail(wire.SpaceFacts, frozen=True, kw_only=True):
    """A space with who is in it, and what the reader *may* do there."""

    stage: list[wire.OnStage]
    hands: list[wire.Hand]
    invited: list[wire.Person]
    audience: wire.Audience
    version: int
    may: dict[str, bool]


class Spaces(msgspec.Struct, frozen=True):
    spaces: list[SpaceCard]


class People(msgspec.Struct, frozen=True):
    """A page of people; *next* is the `after` of the following page, null on the last."""

    people: list[wire.Person]
    next: str | None = None


class Version(msgspec.Struct, frozen=True):
    """The number of the last event of the space."""

    version: int


def card(view: SpaceView, instance: Instance) -> SpaceCard:
    return SpaceCard(
        **msgspec.structs.asdict(present.facts(view.space, instance)),
        speakers=[present.person(p) for p in view.speakers],
        on_stage=sum(1 for _ in view.space.on_stage()),
        listeners=view.crowd.listeners,
    )


def detail(view: SpaceView, reader: Person | None, instance: Instance) -> SpaceDetail:
    space = view.space
    return SpaceDetail(
        **msgspec.structs.asdict(present.facts(space, instance)),
        stage=present.stage(space),
        hands=[wire.Hand(person=present.person(m.person), since=present.when(m.hand_since)) for m in space.hands() if m.hand_since],
        invited=[present.person(p) for p in invited_seen_by(space, reader)] if reader else [],
        audience=present.audience(view.crowd),
        version=space.version,
        may=_may(view, reader),
    )


def _may(view: SpaceView, reader: Person | None) -> dict[str, bool]:
    space = view.space
    if reader is None:
        return {"enter": may_see(space, None) and space.settings.guests_allowed}
    standing = space.standing(reader)
    actions = {action.value: standing.may(action) for action in Action}
    return {"enter": reason_to_leave(space, reader) is None, "come_on_stage": may_come(space, reader), **actions}
