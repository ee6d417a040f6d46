"""Who a secret belongs to: logins by cookie, API tokens, guest passes.

A recognised login is believed for `Limits.identity_fresh_s` without asking again, so that ten thousand listeners are not
ten thousand queries. What ends a login here (sign-out, ban) ends it at once.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from arengo.domain.errors import Refusal, Unavailable
from arengo.domain.identity import Identity
from arengo.limits import Limits
from arengo.service.account_store import Account, LoginStore, Recognised
from arengo.service.clock import Clock
from arengo.service.guests import PREFIX as GUEST_PREFIX
from arengo.service.guests import Guests


@dataclass(frozen=True, slots=True)
class _Believed:
    identity: Identity
    until: float


class Recognition:
    """Turns what a client shows into an Identity."""

    def __init__(self, store: LoginStore, guests: Guests, *, clock: Clock, limits: Limits) -> None:
        self._store = store
        self._guests = guests
        self._clock = clock
        self._limits = limits
        self._believed: OrderedDict[bytes, _Believed] = OrderedDict()
        self._banned: set[str] = set()

    async def by_cookie(self, text: str) -> Identity | None:
        """Who is signed in with that cookie; None when it has run out or never was one. Refusal `banned`."""
        if text.startswith(GUEST_PREFIX):
            return self._guests.recognise(text)
        oldest = self._clock.now() - timedelta(days=self._limits.session_days)
        return await self._recognise(secret_hash(text), lambda key: self._store.session(key, used_after=oldest), self._store.touch_session)

    async def by_token(self, text: str) -> Identity | None:
        """Whose API token it is; None when it is unknown or revoked. Refusal `banned`."""
        return await self._recognise(secret_hash(text), self._store.token, self._store.touch_token)

    def forget(self, key: bytes) -> None:
        """Believe nothing of that secret any more."""
        self._believed.pop(key, None)

    def forget_account(self, account_id: str) -> None:
        """Ask the database again about everything of that account."""
        for key in [key for key, believed in self._believed.items() if believed.identity.id == account_id]:
            del self._believed[key]

    def ban(self, account_id: str) -> None:
        """Refuse that account from now on, whatever the database knows already."""
        self._banned.add(account_id)
        self.forget_account(account_id)

    def is_banned(self, account_id: str) -> bool:
        """Whether it was banned since the start of this process."""
        return account_id in self._banned

    def known(self, name: str) -> Identity | None:
        """An account of that name that was recognised of late, also when the database is gone."""
        return next((b.identity for b in self._believed.values() if b.identity.handle == name), None)

    async def _recognise(
        self,
        key: bytes,
        load: Callable[[bytes], Awaitable[Recognised | None]],
        touch: Callable[[bytes, object], Awaitable[None]] | Callable[..., Awaitable[None]],
    ) -> Identity | None:
        believed = self._believed.get(key)
        if believed is not None and believed.until > self._clock.monotonic():
            return believed.identity
        found = await load(key)
        if found is None:
            self.forget(key)
            return None
        if found.account.banned or self.is_banned(found.account.id):
            raise Refusal("This account was banned by the operator.", code="banned")
        now = self._clock.now()
        if found.used_at is None or now - found.used_at > timedelta(seconds=self._limits.session_touch_s):
            with suppress(Unavailable):  # to know when it was used is not worth refusing the use
                await touch(key, now)
        return self._believe(key, identity_of(found.account, found.scopes))

    def _believe(self, key: bytes, identity: Identity) -> Identity:
        self._believed[key] = _Believed(identity, self._clock.monotonic() + self._limits.identity_fresh_s)
        self._believed.move_to_end(key)
        if len(self._believed) > self._limits.identities_remembered:
            self._believed.popitem(last=False)
        return identity


def secret_hash(text: str) -> bytes:
    """What is kept of a secret that has more than 256 bits of chance, so that one fast hash is enough."""
    return hashlib.sha256(text.encode(errors="replace")).digest()


def identity_of(account: Account, scopes: frozenset[str] | None = None) -> Identity:
    """The account as the rules see it."""
    return Identity(id=account.id, kind="account", display=account.display, handle=account.name, bot=account.bot, scopes=scopes)
