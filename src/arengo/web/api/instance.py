"""What this server is."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency

from arengo.service.instance import Signup
from arengo.service.services import Services
from arengo.web.auth import SESSION_COOKIE, csrf_cookie


class InstanceFacts(msgspec.Struct, frozen=True):
    """The server as newcomers need to know it."""

    name: str
    signup: Signup
    version: str
    languages: list[str]
    url: str


@get("/api/v1/instance", tags=["instance"], summary="What this server is")
async def instance_facts(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[InstanceFacts]:
    """Name, sign-up and languages; sets the readable cookie `arengo_csrf`."""
    settings = services.settings
    facts = InstanceFacts(settings.name, settings.signup, settings.version, list(settings.languages), settings.url)
    return Response(facts, cookies=[csrf_cookie(request, request.cookies.get(SESSION_COOKIE, ""))])


handlers = [instance_facts]
