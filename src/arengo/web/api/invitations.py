"""Inviting somebody to sign up."""

from __future__ import annotations

import msgspec
from litestar import post
from litestar.di import NamedDependency

from arengo.domain.identity import Identity
from arengo.domain.scopes import require_scope
from arengo.service.services import Services


class Invitation(msgspec.Struct, frozen=True):
    """A code for one sign-up, and the page that takes it."""

    code: str
    url: str


@post("/api/v1/invitations", status_code=201, tags=["accounts"], summary="Invite somebody to sign up")
async def invite(services: NamedDependency[Services], account: NamedDependency[Identity]) -> Invitation:
    """A new invitation, good for one account and two weeks."""
    require_scope(account, "account")
    code = await services.accounts.invite(account.id)
    return Invitation(code, f"{services.settings.url}/signup?invitation={code}")


handlers = [invite]
