"""The people of a space: its audience, co-hosts, permits, and those who have to go."""

from __future__ import annotations

from typing import Annotated

from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, Parameter

from arengo.domain import commands as rules
from arengo.domain.identity import Identity
from arengo.domain.ids import PersonId, SpaceId
from arengo.domain.scopes import require_scope
from arengo.service.services import Services
from arengo.web.api.shapes import People, Version
from arengo.web.api.stage import SPACE, ask, ask_about
from arengo.web.signaling import present


@get(f"{SPACE}/people", tags=["people"], summary="The audience")
async def audience(
    space_id: FromPath[str],
    services: NamedDependency[Services],
    maybe_identity: NamedDependency[Identity | None],
    after: Annotated[str | None, Parameter(description="`next` of the page before", max_length=24)] = None,
    limit: Annotated[int, Parameter(ge=1, le=200)] = 100,
) -> People:
    """Those who listen and let themselves be shown, in the order in which they came."""
    if maybe_identity is not None:
        require_scope(maybe_identity, "spaces:read")
    page = await services.spaces.audience(SpaceId(space_id), maybe_identity, after=after, most=limit)
    return People([present.person(p) for p in page], page[-1].id if len(page) == limit else None)


@put(f"{SPACE}/cohosts/{{person_id:str}}", tags=["people"], summary="Make a co-host")
async def make_cohost(
    space_id: FromPath[str], person_id: FromPath[str], services: NamedDependency[Services], identity: NamedDependency[Identity]
) -> Version:
    """Name a co-host, whether they are there or not; the host alone may."""
    return await ask_about(services, space_id, identity, person_id, rules.MakeCohost)


@delete(f"{SPACE}/cohosts/{{person_id:str}}", status_code=200, tags=["people"], summary="Drop a co-host")
async def drop_cohost(
    space_id: FromPath[str], person_id: FromPath[str], services: NamedDependency[Services], identity: NamedDependency[Identity]
) -> Version:
    """Make a co-host a speaker again."""
    return await ask(services, space_id, identity, rules.DropCohost(PersonId(person_id)))


@get(f"{SPACE}/permits", tags=["people"], summary="Who may enter")
async def permits(space_id: FromPath[str], services: NamedDependency[Services], identity: NamedDependency[Identity]) -> People:
    """The accounts that the host lets into a private space; the host alone learns them."""
    require_scope(identity, "spaces:read")
    return People([present.person(p) for p in await services.spaces.permitted(SpaceId(space_id), identity)])


@put(f"{SPACE}/permits/{{account_id:str}}", tags=["people"], summary="Let somebody in")
async def permit(
    space_id: FromPath[str], account_id: FromPath[str], services: NamedDependency[Services], identity: NamedDependency[Identity]
) -> Version:
    """Let an account into a private space."""
    return await ask_about(services, space_id, identity, account_id, rules.PermitEntry)


@delete(f"{SPACE}/permits/{{account_id:str}}", status_code=200, tags=["people"], summary="Let somebody in no more")
async def withdraw_permit(
    space_id: FromPath[str], account_id: FromPath[str], services: NamedDependency[Services], identity: NamedDependency[Identity]
) -> Version:
    """Take a permit back; from a private space the person goes at once."""
    return await ask(services, space_id, identity, rules.WithdrawEntry(PersonId(account_id)))


@delete(f"{SPACE}/people/{{person_id:str}}", status_code=200, tags=["people"], summary="Remove somebody")
async def remove(
    space_id: FromPath[str], person_id: FromPath[str], services: NamedDependency[Services], identity: NamedDependency[Identity]
) -> Version:
    """Put somebody out of the space, without return."""
    return await ask_about(services, space_id, identity, person_id, rules.RemovePerson)


handlers = [audience, make_cohost, drop_cohost, permits, permit, withdraw_permit, remove]
