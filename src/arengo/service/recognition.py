"""Who a secret belongs to: logins by cookie, API tokens, guest passes.

A recognised login is believed for `Limits.identity_fresh_s` without asking again, so that ten thousand listeners are not
ten thousand queries. Whatever ends a login or token in this process ends it at once, with all that it opened.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from weakref import WeakValueDictionary

from arengo.domain.errors import Refusal, Unavailable
from arengo.domain.identity import Credential, CredentialKind, Identity, Person
from arengo.domain.scopes import require_valid
from arengo.limits import Limits
from arengo.service.account_store import Account, LoginStore, Recognised
from arengo.service.clock import Clock
from arengo.service.guests import PREFIX as GUEST_PREFIX
from arengo.service.guests import Guests

ShutOut = Callable[[Credential], Awaitable[None]]
"""Ends at once what a credential opened."""


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
        self._credentials: WeakValueDictionary[bytes, Credential] = WeakValueDictionary()  # all that anybody here still keeps
        self._ended: OrderedDict[bytes, Credential] = OrderedDict()  # kept in mind: the database may have them for a moment more
        self._shut_out: ShutOut | None = None

    def when_ended(self, shut_out: ShutOut) -> None:
        """Have *shut_out* called with each credential that ends."""
        self._shut_out = shut_out

    async def by_cookie(self, text: str) -> Identity | None:
        """Who is signed in with that cookie; None when it has run out or never was one. Refusal `banned`."""
        if text.startswith(GUEST_PREFIX):
            return self._guest(text)
        oldest = self._clock.now() - timedelta(days=self._limits.session_days)
        return await self._recognise(
            secret_hash(text), "login", lambda key: self._store.session(key, used_after=oldest), self._store.touch_session
        )

    async def by_token(self, text: str) -> Identity | None:
        """Whose API token it is; None when it is unknown or revoked. Refusal `banned`."""
        return await self._recognise(secret_hash(text), "token", self._store.token, self._store.touch_token)

    def of_guest(self, guest_id: str) -> Credential:
        """The credential of a guest, who is the same by a pass and by a resume token."""
        credential = self._credential(guest_id.encode(), "pass")
        credential.person = guest_id
        return credential

    def by_stay(self, person: Person) -> Identity:
        """The guest whom a resume token names. Refusal `not_signed_in` when they have signed out."""
        credential = self.of_guest(person.id)
        require_valid(credential)
        return Identity(person.id, "guest", person.name, credential=credential)

    async def end_held(self, account_id: str, such: Callable[[Credential], bool]) -> None:
        """End those credentials of that account that are remembered here, as all are that have opened something."""
        await self.end(*(key for key, credential in self._held_by(account_id) if such(credential)))

    async def sign_out_guest(self, text: str) -> None:
        """End a guest's pass, if it is one."""
        guest = self._guests.recognise(text)
        if guest is not None:
            self.of_guest(guest.id)
            await self.end(guest.id.encode())

    async def end(self, *keys: bytes) -> None:
        """Recognise nobody any more by the secrets with these hashes, and end at once what was opened by them."""
        ended = [self._mark_ended(key) for key in keys]
        for credential in ended:
            if credential is not None and credential.person and self._shut_out is not None:
                await self._shut_out(credential)

    def renew(self, old: bytes, new: bytes) -> None:
        """Know a login by a fresh secret instead of its old one; what it opened goes on."""
        self._believed.pop(old, None)
        credential = self._credentials.pop(old, None)
        if credential is not None:
            self._credentials[new] = credential

    def forget_account(self, account_id: str) -> None:
        """Ask the database again about everything of that account."""
        for key in [key for key, believed in self._believed.items() if believed.identity.id == account_id]:
            del self._believed[key]

    def ban(self, account_id: str) -> None:
        """Refuse that account from now on, whatever the database knows already."""
        self._banned.add(account_id)
        for key, _ in self._held_by(account_id):
            self._mark_ended(key)  # what they opened is closed as banned, by who bans

    def is_banned(self, account_id: str) -> bool:
        """Whether it was banned since the start of this process."""
        return account_id in self._banned

    def known(self, name: str) -> Identity | None:
        """An account of that name that was recognised of late, also when the database is gone."""
        return next((b.identity for b in self._believed.values() if b.identity.handle == name), None)

    async def _recognise(
        self,
        key: bytes,
        kind: CredentialKind,
        load: Callable[[bytes], Awaitable[Recognised | None]],
        touch: Callable[[bytes, object], Awaitable[None]] | Callable[..., Awaitable[None]],
    ) -> Identity | None:
        believed = self._believed.get(key)
        if believed is not None and believed.until > self._clock.monotonic():
            return believed.identity
        credential = self._credential(key, kind)  # before the database is asked, so that an end meanwhile is seen
        found = await load(key)
        if found is None and credential.person:
            await self.end(key)  # somebody beside us has ended it
        if found is not None and (found.account.banned or self.is_banned(found.account.id)):
            raise Refusal("This account was banned by the operator.", code="banned")
        if found is None or credential.has_ended:
            return None
        credential.person, credential.id = found.account.id, found.id
        now = self._clock.now()
        if found.used_at is None or now - found.used_at > timedelta(seconds=self._limits.session_touch_s):
            with suppress(Unavailable):  # to know when it was used is not worth refusing the use
                await touch(key, now)
        if credential.has_ended or self._credentials.get(key) is not credential:  # ended or renewed meanwhile
            return None
        return self._believe(key, identity_of(found.account, found.scopes, credential))

    def _guest(self, text: str) -> Identity | None:
        guest = self._guests.recognise(text)
        if guest is None:
            return None
        credential = self.of_guest(guest.id)
        return None if credential.has_ended else replace(guest, credential=credential)

    def _held_by(self, account_id: str) -> list[tuple[bytes, Credential]]:
        return [(key, credential) for key, credential in self._credentials.items() if credential.person == account_id]

    def _credential(self, key: bytes, kind: CredentialKind) -> Credential:
        credential = self._credentials.get(key)
        if credential is None:
            credential = self._credentials[key] = Credential(kind)
        return credential

    def _mark_ended(self, key: bytes) -> Credential | None:
        self._believed.pop(key, None)
        credential = self._credentials.get(key)
        if credential is None or credential.has_ended:
            return None
        credential.has_ended = True
        self._ended[key] = credential
        if len(self._ended) > self._limits.identities_remembered:
            self._ended.popitem(last=False)
        return credential

    def _believe(self, key: bytes, identity: Identity) -> Identity:
        self._believed[key] = _Believed(identity, self._clock.monotonic() + self._limits.identity_fresh_s)
        self._believed.move_to_end(key)
        if len(self._believed) > self._limits.identities_remembered:
            self._believed.popitem(last=False)
        return identity


def secret_hash(text: str) -> bytes:
    """What is kept of a secret that has more than 256 bits of chance, so that one fast hash is enough."""
    return hashlib.sha256(text.encode(errors="replace")).digest()


def identity_of(account: Account, scopes: frozenset[str] | None = None, credential: Credential | None = None) -> Identity:
    """The account as the rules see it."""
    return Identity(account.id, "account", account.display, account.name, account.bot, scopes, credential)
