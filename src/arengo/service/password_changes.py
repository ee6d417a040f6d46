"""Another password for an account: by its owner, who shows the present one, or by the operator."""

from __future__ import annotations

import unicodedata

from arengo.domain import names
from arengo.domain.errors import Refusal
from arengo.domain.identity import Credential, Identity
from arengo.domain.rates import Rate
from arengo.domain.scopes import require_valid
from arengo.limits import Limits
from arengo.service.account_store import AccountStore
from arengo.service.accounts import Accounts
from arengo.service.clock import Clock
from arengo.service.ids import Ids
from arengo.service.known_devices import KnownDevices
from arengo.service.passwords import Passwords
from arengo.service.rates import RateLimit
from arengo.service.recognition import Recognition, secret_hash
from arengo.service.sessions import SignedIn


class PasswordChanges:
    """Changes passwords, and ends what does not outlive that."""

    def __init__(
        self,
        store: AccountStore,
        accounts: Accounts,
        recognition: Recognition,
        passwords: Passwords,
        devices: KnownDevices,
        *,
        ids: Ids,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._recognition = recognition
        self._passwords = passwords
        self._devices = devices
        self._ids = ids
        self._clock = clock
        self._limits = limits
        self._tries = RateLimit(Rate(limits.login_tries, limits.login_tries_s), clock, remembered=limits.addresses_remembered)

    async def change(self, by: Identity, current: str, new: str, *, secret: str | None, keep_tokens: bool) -> SignedIn:
        """Give the account that asks another password, and end every other login of it, and its API tokens unless *keep_tokens*.

        *secret* is that of the login that asks: it goes on by the fresh secret that is returned, which is empty when none asked.
        Refusal `password_invalid`, `wrong_password` (also for an account without a password), TooOften.
        """
        account = await self._accounts.account(by.id)
        typed = names.password(new, self._limits)
        self._tries.take(account.id)  # one account's count, apart from that of sign-ins: neither shuts the other out
        kept = await self._store.password_hash(account.id)
        if (
            not await self._passwords.verify(unicodedata.normalize("NFKC", current[: self._limits.password_max_chars]), kept)
            or kept is None
        ):
            raise _wrong()
        self._tries.forgive(account.id)
        hashed = await self._passwords.hash(typed)
        require_valid(by.credential)
        await self._recognition.end_held(account.id, lambda c: c is not by.credential and not (keep_tokens and c.kind == "token"))
        fresh = "s." + self._ids.token() if secret else ""
        renew = (secret_hash(secret), secret_hash(fresh)) if secret else None
        ended = await self._store.change_password(
            account.id, hashed, self._clock.now(), instead_of=kept, renew=renew, keep_tokens=keep_tokens
        )
        if ended is None:
            raise _wrong()
        if renew is not None:
            self._recognition.renew(*renew)
        await self._recognition.end(*ended)
        return SignedIn(account, fresh, self._devices.make(account.id, hashed))

    async def reset(self, name: str, new: str) -> None:
        """Give the account of that name another password on the operator's word, and end all its logins and tokens.

        Refusal `no_such_person`, `password_invalid`.
        """
        account = await self._accounts.named(name)
        hashed = await self._passwords.hash(names.password(new, self._limits))
        await self._recognition.end_held(account.id, _any)
        await self._recognition.end(*await self._store.change_password(account.id, hashed, self._clock.now()) or ())


def _any(_: Credential) -> bool:
    return True


def _wrong() -> Refusal:
    return Refusal("The present password is not right.", code="wrong_password")
