"""What the account side needs to keep, named for the need; `adapters.db.accounts` keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody with a name of their own."""

    id: str
    name: str
    display: str
    created_at: datetime
    lang: str | None = None
    bot: bool = False
    banned: bool = False


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as it can be shown again: everything but its secret."""

    id: str
    account_id: str
    label: str
    scopes: frozenset[str] | None
    created_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Browser:
    """What a login came from, in the coarsest words that help its owner to know it again; None where unknown."""

    name: str | None = None
    platform: str | None = None


UNKNOWN_BROWSER = Browser()


@dataclass(frozen=True, slots=True)
class Login:
    """A login as its owner sees it in a list."""

    id: str
    opened_at: datetime
    used_at: datetime
    browser: Browser


@dataclass(frozen=True, slots=True)
class Recognised:
    """The account behind a secret, the *id* of the login or token, when it was last used, and what it allows."""

    account: Account
    id: str
    used_at: datetime | None
    scopes: frozenset[str] | None = None


class AccountStore(Protocol):
    """Accounts and how they are recognised. Everything may raise Unavailable."""

    async def add(self, account: Account, password_hash: str | None, *, invitation: bytes | None) -> None:
        """Add the account and use up the invitation with that hash, both or neither.

        Refusal `name_taken`, or `invitation_invalid` when it is unknown, used up or expired.
        """

    async def by_id(self, account_id: str) -> Account | None: ...
    async def by_ids(self, account_ids: Sequence[str]) -> Sequence[Account]: ...
    async def by_name(self, name: str) -> Account | None: ...
    async def find(self, beginning: str, *, most: int) -> Sequence[Account]:
        """Accounts whose name or display name begins so; those who are banned are not found."""

    async def password_hash(self, account_id: str) -> str | None: ...
    async def renew_password_hash(self, account_id: str, password_hash: str, *, instead_of: str) -> None:
        """Keep another hash of the same password, unless the password was changed meanwhile."""

    async def change_password(
        self,
        account_id: str,
        password_hash: str,
        now: datetime,
        *,
        instead_of: str | None = None,
        renew: tuple[bytes, bytes] | None = None,
        keep_tokens: bool = False,
    ) -> Sequence[bytes] | None:
        """Keep a new password, end the logins and tokens that do not outlive it, and return the hashes of their secrets; all or nothing.

        *renew*: the hashes of the old and the fresh secret of the login that stays. None, and no change, when that login is
        gone or the password is not *instead_of* any more.
        """

    async def change(self, account_id: str, *, display: str | None, lang: str | None) -> None: ...
    async def ban(self, account_id: str, *, reason: str, at: datetime) -> None:
        """Keep the ban, end every login and token of the account; twice does no harm."""

    async def is_banned(self, account_id: str) -> bool: ...
    async def add_invitation(self, code_hash: bytes, *, by: str | None, now: datetime, expires_at: datetime, uses: int, most: int) -> None:
        """Keep an invitation; Refusal `too_many_invitations` beyond *most* open ones of the account *by*."""

    async def forget_invitations(self, *, expired_before: datetime) -> int:
        """Forget invitations that ran out, and give how many."""

    async def secret(self, name: str, fresh: bytes, now: datetime) -> bytes:
        """The server's secret of that name; *fresh* becomes it when there is none yet."""


class LoginStore(Protocol):
    """Secrets that stand for an account; only their hashes are kept. Everything may raise Unavailable."""

    async def open_session(
        self, login: Login, secret_hash: bytes, account_id: str, *, most: int, password_hash: str | None
    ) -> Sequence[bytes]:
        """Keep a login of somebody who has shown the password with that hash; Refusal `wrong_password` if it was changed meanwhile.

        Beyond *most* of the account, the longest unused go; returns the hashes of their secrets.
        """

    async def session(self, secret_hash: bytes, *, used_after: datetime) -> Recognised | None: ...
    async def touch_session(self, secret_hash: bytes, now: datetime) -> None: ...
    async def sessions(self, account_id: str) -> Sequence[Login]:
        """The logins of the account, the last used at the front."""

    async def close_session(self, secret_hash: bytes) -> None: ...
    async def close_login(self, login_id: str, account_id: str) -> bytes | None:
        """Forget a login of that account and return the hash of its secret; None when there is none such."""

    async def close_sessions(self, account_id: str, *, but: str | None) -> Sequence[bytes]:
        """Forget the logins of that account, all or all *but* one, and return the hashes of their secrets."""

    async def forget_sessions(self, *, used_before: datetime) -> Sequence[bytes]:
        """Forget logins that ran out, and return the hashes of their secrets."""

    async def add_token(self, token: ApiToken, secret_hash: bytes, *, most: int) -> None:
        """Keep a token; Refusal `too_many_tokens` beyond *most* of the account."""

    async def token(self, secret_hash: bytes) -> Recognised | None: ...
    async def touch_token(self, secret_hash: bytes, now: datetime) -> None: ...
    async def tokens(self, account_id: str) -> Sequence[ApiToken]: ...
    async def revoke_token(self, token_id: str, account_id: str) -> bytes | None:
        """Forget a token of that account and return the hash of its secret; None when there is none such."""
