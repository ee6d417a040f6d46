"""Who asks: a bearer token, or the session cookie with its proofs that the person's own page asks.

A cookie goes along with whatever page sends a request; so what changes something also shows the token that only our
pages can read (`X-CSRF-Token`, double submit, bound to the session), and comes from our own origin.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Final
from urllib.parse import urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.di import NamedDependency, Provide
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler

from arengo.domain import refusals
from arengo.domain.errors import Refusal
from arengo.domain.identity import Identity
from arengo.service.services import Services
from arengo.web.config import web_config

SESSION_COOKIE: Final = "arengo_session"
CSRF_COOKIE: Final = "arengo_csrf"
DEVICE_COOKIE: Final = "arengo_device"
_SIGN_IN: Final = "/api/v1/session"
CSRF_HEADER: Final = "x-csrf-token"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_COOKIE_AGE_S: Final = 400 * 86_400  # the most that browsers keep; the server ends logins sooner by itself

Connection = ASGIConnection[Any, Any, Any, Any]


async def identify(connection: Connection, services: Services) -> Identity | None:
    """Who asks, or None for nobody; for requests, WebSockets and SDP alike.

    Refusal `not_signed_in` for a token that is not one, `origin` and `csrf` for a cookie without its proofs, `banned`.
    """
    token = _bearer(connection)
    if token is not None:
        identity = await services.recognition.by_token(token)
        if identity is None:
            raise Refusal("This token is unknown or was revoked.", code="not_signed_in")
        return identity
    cookie = connection.cookies.get(SESSION_COOKIE)
    if not cookie:
        return None
    if connection.scope["type"] == ScopeType.WEBSOCKET:
        if "origin" not in connection.headers:
            raise _foreign_origin()
        require_own_origin(connection)
    return await services.recognition.by_cookie(cookie)


async def provide_identity(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Identity:
    """Dependency `identity`: somebody, else 401 `not_signed_in`."""
    identity = await identify(request, services)
    if identity is None:
        raise Refusal("Sign in first.", code="not_signed_in")
    return identity


async def provide_maybe_identity(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Identity | None:
    """Dependency `maybe_identity`: somebody or None. It asks for `services`, so that the framework needs no task for each of the two."""
    return await identify(request, services)


async def provide_account(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Identity:
    """Dependency `account`: somebody with an account, else 401 `not_signed_in`."""
    identity = await provide_identity(request, services)
    if identity.is_guest:
        raise refusals.not_signed_in()
    return identity


DEPENDENCIES: Final = {
    "identity": Provide(provide_identity),
    "maybe_identity": Provide(provide_maybe_identity),
    "account": Provide(provide_account),
}


async def check_cookie_proofs(request: Request[Any, Any, Any]) -> None:
    """Before every request: what changes something by cookie shows that our own page asks."""
    if request.method in _SAFE or _bearer(request) is not None:
        return
    cookie = request.cookies.get(SESSION_COOKIE)
    if not cookie:
        return
    require_own_origin(request)
    shown = request.headers.get(CSRF_HEADER, "")
    kept = request.cookies.get(CSRF_COOKIE, "")
    due = csrf_token(request, cookie)
    if not (_same(shown, kept) and _same(shown, due)):
        raise Refusal("Send the value of the cookie arengo_csrf as the header X-CSRF-Token.", code="csrf")


def own_origin(connection: Connection, _: BaseRouteHandler) -> None:
    """Guard of what needs no cookie yet must not be started by another site: signing in, signing up."""
    if _bearer(connection) is None:
        require_own_origin(connection)


def require_own_origin(connection: Connection) -> None:
    """Refuse a browser that asks on behalf of another site; clients that are no browsers send no Origin."""
    origin = connection.headers.get("origin")
    if origin is None:
        if connection.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            raise _foreign_origin()
        return
    services: Services = connection.app.state.services
    asked = urlsplit(origin)
    scheme = {"ws": "http", "wss": "https"}.get(connection.scope["scheme"], connection.scope["scheme"])
    here = (scheme, connection.headers.get("host", "").lower())
    ours = urlsplit(services.settings.url)
    if (asked.scheme, asked.netloc.lower()) not in (here, (ours.scheme, ours.netloc.lower())):
        raise _foreign_origin()


def csrf_token(connection: Connection, session: str) -> str:
    """The token that goes with that session cookie (or with none: the empty text)."""
    return hmac.digest(web_config(connection).csrf_secret, session.encode(errors="replace"), hashlib.sha256).hex()[:32]


def session_cookies(connection: Connection, session: str) -> list[Cookie]:
    """The cookies of somebody who has just been recognised."""
    secure = connection.scope["scheme"] == "https"
    return [
        Cookie(SESSION_COOKIE, value=session, path="/", max_age=_COOKIE_AGE_S, httponly=True, secure=secure, samesite="lax"),
        csrf_cookie(connection, session),
    ]


def device_cookie(connection: Connection, device: str) -> Cookie:
    """By which this browser is known when its owner signs in again; it survives signing out, and only signing in sees it."""
    secure = connection.scope["scheme"] == "https"
    return Cookie(DEVICE_COOKIE, value=device, path=_SIGN_IN, max_age=_COOKIE_AGE_S, httponly=True, secure=secure, samesite="strict")


def csrf_cookie(connection: Connection, session: str) -> Cookie:
    """The readable half of the double submit."""
    secure = connection.scope["scheme"] == "https"
    value = csrf_token(connection, session)
    return Cookie(CSRF_COOKIE, value=value, path="/", max_age=_COOKIE_AGE_S, secure=secure, samesite="lax")


def _bearer(connection: Connection) -> str | None:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="replace"), other.encode(errors="replace"))


def _foreign_origin() -> Refusal:
    return Refusal("Another site asks in your name; that is refused.", code="origin")
