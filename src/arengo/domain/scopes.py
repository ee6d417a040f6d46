"""What an API token may be allowed, a part of what its account may do, and for how long anybody may do anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from arengo.domain import refusals
from arengo.domain.errors import Refusal
from arengo.domain.identity import Credential, Identity

SCOPES: Final[Mapping[str, str]] = {
    "spaces:read": "see spaces, who is in them, and follow their channel",
    "spaces:write": "open, change, moderate and end spaces, and act in them",
    "speak": "send sound into a space",
    "listen": "receive the sound of a space",
    "account": "read and change the account, its tokens and invitations",
}


def parse_scopes(names: Iterable[str] | None) -> frozenset[str] | None:
    """The scopes of *names*; None stays None: all that the account may do. `scope_unknown` for others."""
    if names is None:
        return None
    scopes = frozenset(names)
    for name in sorted(scopes - SCOPES.keys()):
        raise Refusal(f"There is no scope {name!r}; there are {', '.join(SCOPES)}.", code="scope_unknown", facts={"scope": name})
    return scopes


def require_scope(identity: Identity, scope: str) -> None:
    """Refuse with `scope_missing` what the token was not made for."""
    if not identity.has_scope(scope):
        raise Refusal(f"This token lacks the scope {scope}.", code="scope_missing", facts={"scope": scope})


def require_valid(credential: Credential | None) -> None:
    """Refuse with `not_signed_in` if the credential that asks has ended since it was recognised."""
    if credential is not None and credential.has_ended:
        raise refusals.signed_out()


def require_account(identity: Identity) -> None:
    """Refuse guests, who have no account to act with."""
    if identity.is_guest:
        raise refusals.not_signed_in()
