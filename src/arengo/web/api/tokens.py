"""API tokens of one's own account."""

from __future__ import annotations

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from arengo.domain.errors import Refusal
from arengo.domain.identity import Identity
from arengo.domain.scopes import require_scope
from arengo.service.account_store import ApiToken
from arengo.service.services import Services


class NewToken(msgspec.Struct, frozen=True):
    """What a token is for; without *scopes* it may do all that the account may."""

    label: str
    scopes: list[str] | None = None


class TokenFacts(msgspec.Struct, frozen=True):
    """A token without its secret."""

    id: str
    label: str
    scopes: list[str] | None
    created_at: str
    used_at: str | None


class FreshToken(msgspec.Struct, frozen=True):
    """A token with its secret, shown this once."""

    id: str
    label: str
    scopes: list[str] | None
    created_at: str
    token: str


class TokenList(msgspec.Struct, frozen=True):
    """All tokens of the account."""

    tokens: list[TokenFacts]


@get("/api/v1/tokens", tags=["tokens"], summary="List my tokens")
async def list_tokens(services: NamedDependency[Services], account: NamedDependency[Identity]) -> TokenList:
    """Every token of the account, oldest first."""
    require_scope(account, "account")
    return TokenList([_facts(token) for token in await services.tokens.of(account.id)])


@post("/api/v1/tokens", status_code=201, tags=["tokens"], summary="Make a token")
async def make_token(data: JSONBody[NewToken], services: NamedDependency[Services], account: NamedDependency[Identity]) -> FreshToken:
    """A new token; one made by a token has at most the scopes of that token."""
    require_scope(account, "account")
    scopes = data.scopes
    if account.scopes is not None:
        scopes = sorted(account.scopes) if scopes is None else scopes
        for scope in sorted(set(scopes) - account.scopes):
            raise Refusal("A token cannot give more than it has.", code="scope_missing", facts={"scope": scope})
    token, secret = await services.tokens.create(account.id, label=data.label, scopes=scopes, by=account.credential)
    facts = _facts(token)
    return FreshToken(facts.id, facts.label, facts.scopes, facts.created_at, secret)


@delete("/api/v1/tokens/{token_id:str}", status_code=204, tags=["tokens"], summary="Revoke a token")
async def revoke_token(token_id: FromPath[str], services: NamedDependency[Services], account: NamedDependency[Identity]) -> None:
    """Refuse the token from now on, and end at once what it opened."""
    require_scope(account, "account")
    await services.tokens.revoke(token_id, account.id)


def _facts(token: ApiToken) -> TokenFacts:
    return TokenFacts(
        token.id,
        token.label,
        None if token.scopes is None else sorted(token.scopes),
        token.created_at.isoformat(),
        token.used_at.isoformat() if token.used_at else None,
    )


handlers = [list_tokens, make_token, revoke_token]
