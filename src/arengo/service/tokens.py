"""API tokens: a secret that may do a part of what its account may."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from arengo.domain.errors import Refusal
from arengo.domain.identity import Credential
from arengo.domain.scopes import parse_scopes, require_valid
from arengo.domain.text import clean_label
from arengo.limits import Limits
from arengo.service.account_store import ApiToken, LoginStore
from arengo.service.clock import Clock
from arengo.service.ids import Ids
from arengo.service.recognition import Recognition, secret_hash


class Tokens:
    """Makes, lists and revokes API tokens."""

    def __init__(self, store: LoginStore, recognition: Recognition, *, ids: Ids, clock: Clock, limits: Limits) -> None:
        self._store = store
        self._recognition = recognition
        self._ids = ids
        self._clock = clock
        self._limits = limits

    async def create(
        self, account_id: str, *, label: str, scopes: Iterable[str] | None, by: Credential | None = None
    ) -> tuple[ApiToken, str]:
        """A new token and its secret, which nobody sees again. Refusal `scope_unknown`, `label_invalid`, `too_many_tokens`."""
        label = clean_label(label, most=self._limits.token_label_max_chars)
        secret = "arengo_" + self._ids.token()
        token = ApiToken(self._ids.snowflake(), account_id, label, parse_scopes(scopes), self._clock.now())
        await self._store.add_token(token, secret_hash(secret), most=self._limits.tokens_per_account)
        if by is not None and by.has_ended:  # while the token was written: what ended the asker ends this one too
            await self._store.revoke_token(token.id, account_id)
        require_valid(by)
        return token, secret

    async def of(self, account_id: str) -> Sequence[ApiToken]:
        return await self._store.tokens(account_id)

    async def revoke(self, token_id: str, account_id: str) -> None:
        """End that token, and at once what it opened. Refusal `no_such_token`."""
        await self._recognition.end_held(account_id, lambda credential: credential.kind == "token" and credential.id == token_id)
        key = await self._store.revoke_token(token_id, account_id)
        if key is None:
            raise Refusal("You have no such token.", code="no_such_token")
        await self._recognition.end(key)
