"""Signing in, signing out, and who one is."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import JSONBody

from arengo.domain.identity import Identity
from arengo.domain.scopes import require_scope
from arengo.service.account_store import Account
from arengo.service.services import Services
from arengo.service.sessions import SignedIn
from arengo.web.auth import CSRF_COOKIE, DEVICE_COOKIE, SESSION_COOKIE, csrf_token, device_cookie, own_origin, session_cookies
from arengo.web.browsers import browser_of
from arengo.web.edge import client_address

AnyRequest = Request[Any, Any, Any]


class Me(msgspec.Struct, frozen=True):
    """The one who asks; *name* is None for a guest, *csrf* goes into `X-CSRF-Token`."""

    id: str
    name: str | None
    display: str
    kind: Literal["account", "guest"]
    lang: str | None
    csrf: str


class Session(msgspec.Struct, frozen=True):
    """Who is signed in in this browser; *me* is None for nobody."""

    me: Me | None


class SignIn(msgspec.Struct, frozen=True):
    """Name and password."""

    name: str
    password: str


class BeGuest(msgspec.Struct, frozen=True):
    """How a guest wants to be called."""

    display: str | None = None


class ChangeMe(msgspec.Struct, frozen=True):
    """Only what is given changes."""

    display: str | None = None
    lang: str | None = None


@post("/api/v1/session", status_code=200, guards=[own_origin], tags=["session"], summary="Sign in")
async def sign_in(data: JSONBody[SignIn], request: AnyRequest, services: NamedDependency[Services]) -> Response[Me]:
    """Open a login; the cookie `arengo_session` is it.

    With the cookie `arengo_device` of an earlier one, strangers' wrong passwords do not lock its owner out.
    """
    login = await services.sessions.sign_in(
        data.name,
        data.password,
        address=client_address(request),
        device=request.cookies.get(DEVICE_COOKIE),
        browser=browser_of(request.headers.get("user-agent", "")),
    )
    return signed_in(request, login)


@get("/api/v1/session", tags=["session"], summary="Is anybody signed in")
async def session(request: AnyRequest, services: NamedDependency[Services], maybe_identity: NamedDependency[Identity | None]) -> Session:
    """As `GET /api/v1/me`, but that nobody is signed in is an answer and no error: a page asks this when it opens."""
    return Session(None if maybe_identity is None else await who_is(request, services, maybe_identity))


@delete("/api/v1/session", status_code=204, tags=["session"], summary="Sign out")
async def sign_out(request: AnyRequest, services: NamedDependency[Services]) -> Response[None]:
    """End the login of the cookie, and at once what it opened; nobody signed in is not an error."""
    cookie = request.cookies.get(SESSION_COOKIE)
    if cookie:
        await services.sessions.sign_out(cookie)
    gone = [Cookie(name, value="", path="/", max_age=0) for name in (SESSION_COOKIE, CSRF_COOKIE)]
    return Response(None, status_code=204, cookies=gone)


@post("/api/v1/session/guest", status_code=200, guards=[own_origin], tags=["session"], summary="Be a guest")
async def be_guest(
    data: JSONBody[BeGuest], request: AnyRequest, services: NamedDependency[Services], maybe_identity: NamedDependency[Identity | None]
) -> Response[Me]:
    """A guest identity in the cookie; the same again for who has one, and no change for who is signed in."""
    if maybe_identity is not None and not maybe_identity.is_guest:
        return Response(await who_is(request, services, maybe_identity))
    if maybe_identity is None:
        guest = services.guests.welcome(client_address(request), data.display)
    else:
        guest = services.guests.renew(maybe_identity, data.display)
    me = _guest(guest.identity, csrf_token(request, guest.text))
    return Response(me, cookies=session_cookies(request, guest.text))


@get("/api/v1/me", tags=["session"], summary="Who am I")
async def me(request: AnyRequest, services: NamedDependency[Services], identity: NamedDependency[Identity]) -> Me:
    """The account or guest behind the cookie or token."""
    return await who_is(request, services, identity)


@patch("/api/v1/me", tags=["session"], summary="Change how I am called")
async def change_me(
    data: JSONBody[ChangeMe], request: AnyRequest, services: NamedDependency[Services], identity: NamedDependency[Identity]
) -> Response[Me]:
    """Display name and language."""
    require_scope(identity, "account")
    csrf = csrf_token(request, request.cookies.get(SESSION_COOKIE, ""))
    if identity.is_guest:
        guest = services.guests.renew(identity, data.display)
        me = _guest(guest.identity, csrf_token(request, guest.text))
        return Response(me, cookies=session_cookies(request, guest.text))
    return Response(account_me(await services.accounts.change(identity.id, display=data.display, lang=data.lang), csrf))


def signed_in(request: AnyRequest, login: SignedIn, *, status: int = 200) -> Response[Me]:
    """The answer to somebody who has just signed in or up, or has a fresh secret."""
    me = account_me(login.account, csrf_token(request, login.secret))
    cookies = [*session_cookies(request, login.secret), device_cookie(request, login.device)]
    return Response(me, status_code=status, cookies=cookies)


async def who_is(request: AnyRequest, services: Services, identity: Identity) -> Me:
    """*identity* as it sees itself."""
    csrf = csrf_token(request, request.cookies.get(SESSION_COOKIE, ""))
    if identity.is_guest:
        return _guest(identity, csrf)
    return account_me(await services.accounts.account(identity.id), csrf)


def account_me(account: Account, csrf: str) -> Me:
    """An account as it sees itself."""
    return Me(account.id, account.name, account.display, "account", account.lang, csrf)


def _guest(identity: Identity, csrf: str) -> Me:
    return Me(identity.id, None, identity.display, "guest", None, csrf)


handlers = [session, sign_in, sign_out, be_guest, me, change_me]
