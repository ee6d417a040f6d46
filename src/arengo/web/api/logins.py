"""Where an account is signed in, and its password."""

from __future__ import annotations

import msgspec
from litestar import Response, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from arengo.domain.identity import Identity
from arengo.domain.scopes import require_scope
from arengo.service.services import Services
from arengo.web.api.session import AnyRequest, Me, account_me, signed_in
from arengo.web.auth import SESSION_COOKIE, device_cookie


class NewPassword(msgspec.Struct, frozen=True):
    """The present password and another; *keep_tokens* leaves API tokens as they are."""

    current: str
    new: str
    keep_tokens: bool = False


class LoginFacts(msgspec.Struct, frozen=True):
    """One login; *here* is the one that asks, and *used_at* is right to the hour."""

    id: str
    opened_at: str
    used_at: str
    browser: str | None
    platform: str | None
    here: bool


class LoginList(msgspec.Struct, frozen=True):
    """All logins of the account."""

    sessions: list[LoginFacts]


@put("/api/v1/me/password", tags=["session"], summary="Change my password")
async def change_password(
    data: JSONBody[NewPassword], request: AnyRequest, services: NamedDependency[Services], account: NamedDependency[Identity]
) -> Response[Me]:
    """Needs the present password. The login that asks goes on with a fresh cookie; every other login ends with all that it opened.

    So do API tokens, also one that asks, unless `keep_tokens`. An account without a password gets one only from the operator.
    """
    require_scope(account, "account")
    secret = request.cookies.get(SESSION_COOKIE) if account.credential and account.credential.kind == "login" else None
    done = await services.password_changes.change(account, data.current, data.new, secret=secret, keep_tokens=data.keep_tokens)
    if secret is None:
        return Response(account_me(done.account, csrf=""), cookies=[device_cookie(request, done.device)])
    return signed_in(request, done)


@get("/api/v1/me/sessions", tags=["session"], summary="Where I am signed in")
async def list_logins(services: NamedDependency[Services], account: NamedDependency[Identity]) -> LoginList:
    """Every login of the account, the last used at the front."""
    require_scope(account, "account")
    mine = account.credential.id if account.credential else None
    return LoginList(
        [
            LoginFacts(
                login.id,
                login.opened_at.isoformat(),
                login.used_at.isoformat(),
                login.browser.name,
                login.browser.platform,
                login.id == mine,
            )
            for login in await services.sessions.of(account.id)
        ]
    )


@delete("/api/v1/me/sessions/{login_id:str}", status_code=204, tags=["session"], summary="End a login")
async def end_login(login_id: FromPath[str], services: NamedDependency[Services], account: NamedDependency[Identity]) -> None:
    """Sign out there, and end at once what was opened from there."""
    require_scope(account, "account")
    await services.sessions.end(login_id, account.id)


@delete("/api/v1/me/sessions", status_code=204, tags=["session"], summary="End all other logins")
async def end_other_logins(services: NamedDependency[Services], account: NamedDependency[Identity]) -> None:
    """Sign out everywhere but here, and end at once what was opened from there; API tokens stay."""
    require_scope(account, "account")
    await services.sessions.end_others(account)


handlers = [change_password, list_logins, end_login, end_other_logins]
