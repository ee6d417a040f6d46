"""Accounts: signing up, and what others may see of somebody."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, Parameter

from arengo.domain.identity import Identity
from arengo.domain.scopes import require_scope
from arengo.service.account_store import Account
from arengo.service.services import Services
from arengo.web.api.session import AnyRequest, Me, signed_in
from arengo.web.auth import own_origin
from arengo.web.browsers import browser_of
from arengo.web.edge import client_address


class SignUp(msgspec.Struct, frozen=True):
    """A new account; *invitation* where the server asks for one."""

    name: str
    password: str
    display: str | None = None
    invitation: str | None = None
    lang: str | None = None


class Profile(msgspec.Struct, frozen=True):
    """Somebody as everybody may see them."""

    id: str
    name: str
    display: str
    bot: bool


class People(msgspec.Struct, frozen=True):
    """Those who were found."""

    people: list[Profile]


@post("/api/v1/accounts", status_code=201, guards=[own_origin], tags=["accounts"], summary="Sign up")
async def sign_up(data: JSONBody[SignUp], request: AnyRequest, services: NamedDependency[Services]) -> Response[Me]:
    """Make an account and sign it in."""
    account = await services.accounts.sign_up(
        data.name,
        data.password,
        address=client_address(request),
        display=data.display,
        invitation=data.invitation,
        lang=data.lang,
    )
    login = await services.sessions.open(account, browser=browser_of(request.headers.get("user-agent", "")))
    return signed_in(request, login, status=201)


@get("/api/v1/accounts/{name:str}", tags=["accounts"], summary="Somebody's profile")
async def profile(name: FromPath[str], services: NamedDependency[Services]) -> Profile:
    """The public profile of the account of that name."""
    return _profile(await services.accounts.named(name))


@get("/api/v1/accounts", tags=["accounts"], summary="Find people")
async def find(
    q: Annotated[str, Parameter(description="the beginning of a name", max_length=100)],
    services: NamedDependency[Services],
    account: NamedDependency[Identity],
) -> People:
    """At most 20 accounts whose name or display name begins so; for those who are signed in."""
    require_scope(account, "spaces:read")
    return People([_profile(found) for found in await services.accounts.find(q)])


def _profile(account: Account) -> Profile:
    return Profile(account.id, account.name, account.display, account.bot)


handlers = [sign_up, profile, find]
