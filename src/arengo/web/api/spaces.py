"""Spaces: open, look, change, start, end."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
import segno
from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from arengo.domain.commands import CancelSpace, ChangeSettings, EndSpace, StartSpace
from arengo.domain.errors import ProtocolViolation
from arengo.domain.hosting import SettingsChange
from arengo.domain.identity import Identity
from arengo.domain.ids import SpaceId
from arengo.domain.lifecycle import State
from arengo.domain.scopes import require_scope
from arengo.domain.settings import Settings, Visibility, WhoMaySpeak
from arengo.service.services import Services
from arengo.web.api import shapes
from arengo.web.signaling import messages as wire
from arengo.web.signaling import present


class NewSpace(msgspec.Struct, frozen=True):
    """A space to open; with *start* it is live at once. A time without a zone is in UTC."""

    title: str
    topics: list[str] = []
    lang: str | None = None
    visibility: wire.Visibility = "public"
    who_may_speak: wire.WhoMaySpeak = "invited"
    guests_allowed: bool = True
    scheduled_start: datetime | None = None
    start: bool = False


class SpaceChange(msgspec.Struct, frozen=True):
    """Only what is given changes."""

    title: str | None = None
    topics: list[str] | None = None
    lang: str | None = None
    who_may_speak: wire.WhoMaySpeak | None = None
    guests_allowed: bool | None = None
    scheduled_start: datetime | None = None


@get("/api/v1/spaces", tags=["spaces"], summary="Spaces to see")
async def list_spaces(
    services: NamedDependency[Services],
    maybe_identity: NamedDependency[Identity | None],
    in_state: Annotated[Literal["live", "scheduled"], QueryParameter(name="state", description="live or scheduled")] = "live",
) -> shapes.Spaces:
    """Live spaces by audience, scheduled ones by time; only what the reader may see."""
    if maybe_identity is not None:
        require_scope(maybe_identity, "spaces:read")
    views = await services.spaces.listed(State(in_state), maybe_identity)
    return shapes.Spaces([shapes.card(view, services.settings) for view in views])


@post("/api/v1/spaces", tags=["spaces"], summary="Open a space")
async def open_space(data: JSONBody[NewSpace], services: NamedDependency[Services], identity: NamedDependency[Identity]) -> wire.SpaceFacts:
    """Open a space with the one who asks as its host."""
    require_scope(identity, "spaces:write")
    settings = Settings(
        title=data.title,
        topics=tuple(data.topics),
        lang=data.lang,
        visibility=Visibility(data.visibility),
        who_may_speak=WhoMaySpeak(data.who_may_speak),
        guests_allowed=data.guests_allowed,
        capacity=services.limits.stage_capacity,
        scheduled_start=_instant(data.scheduled_start),
    )
    view = await services.spaces.open(identity, settings, start=data.start)
    return present.facts(view.space, services.settings)


@get("/api/v1/spaces/{space_id:str}", tags=["spaces"], summary="One space")
async def one_space(
    space_id: FromPath[str], services: NamedDependency[Services], maybe_identity: NamedDependency[Identity | None]
) -> shapes.SpaceDetail:
    """The space, who is in it, and what the reader may do there."""
    if maybe_identity is not None:
        require_scope(maybe_identity, "spaces:read")
    view = await services.spaces.view(SpaceId(space_id), maybe_identity)
    return shapes.detail(view, maybe_identity.person if maybe_identity else None, services.settings)


@patch("/api/v1/spaces/{space_id:str}", tags=["spaces"], summary="Change a space")
async def change_space(
    space_id: FromPath[str], data: JSONBody[SpaceChange], services: NamedDependency[Services], identity: NamedDependency[Identity]
) -> wire.SpaceFacts:
    """Change what is given, also while live."""
    change = SettingsChange(
        title=data.title,
        topics=data.topics,
        lang=data.lang,
        who_may_speak=WhoMaySpeak(data.who_may_speak) if data.who_may_speak else None,
        guests_allowed=data.guests_allowed,
        scheduled_start=_instant(data.scheduled_start),
    )
    return await _ask(space_id, services, identity, ChangeSettings(change))


@post("/api/v1/spaces/{space_id:str}/start", status_code=200, tags=["spaces"], summary="Go live")
async def start_space(space_id: FromPath[str], services: NamedDependency[Services], identity: NamedDependency[Identity]) -> wire.SpaceFacts:
    """Go live; a live space stays so."""
    return await _ask(space_id, services, identity, StartSpace())


@post("/api/v1/spaces/{space_id:str}/end", status_code=200, tags=["spaces"], summary="End a live space")
async def end_space(space_id: FromPath[str], services: NamedDependency[Services], identity: NamedDependency[Identity]) -> wire.SpaceFacts:
    """End it for everybody; the host alone may."""
    return await _ask(space_id, services, identity, EndSpace())


@post("/api/v1/spaces/{space_id:str}/cancel", status_code=200, tags=["spaces"], summary="Call off a scheduled space")
async def cancel_space(
    space_id: FromPath[str], services: NamedDependency[Services], identity: NamedDependency[Identity]
) -> wire.SpaceFacts:
    """Call off what has not begun; the host alone may."""
    return await _ask(space_id, services, identity, CancelSpace())


@get("/api/v1/spaces/{space_id:str}/qr.svg", media_type="image/svg+xml", tags=["spaces"], summary="The link as a QR code")
async def qr_code(
    space_id: FromPath[str], services: NamedDependency[Services], maybe_identity: NamedDependency[Identity | None]
) -> Response[bytes]:
    """The address of the space's page, to be scanned with a phone."""
    if maybe_identity is not None:
        require_scope(maybe_identity, "spaces:read")
    view = await services.spaces.view(SpaceId(space_id), maybe_identity)
    cache = "private, max-age=3600" if view.space.settings.visibility is Visibility.PUBLIC else "no-store"
    drawn = io.BytesIO()
    segno.make(services.settings.space_url(view.space.id), error="m").save(drawn, kind="svg", scale=8, border=4, light="#fff")
    return Response(drawn.getvalue(), media_type="image/svg+xml", headers={"Cache-Control": cache})


async def _ask(
    space_id: str, services: Services, identity: Identity, command: ChangeSettings | StartSpace | EndSpace | CancelSpace
) -> wire.SpaceFacts:
    require_scope(identity, "spaces:write")
    view = await services.spaces.ask(SpaceId(space_id), identity, command)
    return present.facts(view.space, services.settings)


def _instant(at: datetime | None) -> datetime | None:
    if at is None:
        return None
    if not _YEARS[0] <= at.year <= _YEARS[1]:
        raise ProtocolViolation("scheduled_start: This is no time that a space could start at.", facts={"field": "scheduled_start"})
    aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(microsecond=0)


_YEARS = (2000, 9998)  # in every zone a date that can be written


handlers = [list_spaces, open_space, one_space, change_space, start_space, end_space, cancel_space, qr_code]
