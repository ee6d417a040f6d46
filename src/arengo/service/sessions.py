"""Signing in and out."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from arengo.domain.errors import Refusal
from arengo.domain.rates import Rate
from arengo.limits import Limits
from arengo.service.account_store import Account, AccountStore, LoginStore
from arengo.service.clock import Clock
from arengo.service.ids import Ids
from arengo.service.passwords import Passwords
from arengo.service.rates import AddressRateLimit, RateLimit
from arengo.service.recognition import Recognition, secret_hash


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who has just signed in, and the secret that says so from now on."""

    account: Account
    secret: str


class Sessions:
    """Logins by password."""

    def __init__(
        self,
        accounts: AccountStore,
        logins: LoginStore,
        recognition: Recognition,
        passwords: Passwords,
        *,
        ids: Ids,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._accounts = accounts
        self._logins = logins
        self._recognition = recognition
        self._passwords = passwords
        self._ids = ids
        self._clock = clock
        self._limits = limits
        remembered = limits.addresses_remembered
        self._by_both = AddressRateLimit(
            Rate(limits.login_tries, limits.login_tries_s), clock, remembered=remembered, networks=limits.networks_per_site
        )
        self._by_name = RateLimit(Rate(limits.login_tries_per_name, limits.login_tries_per_name_s), clock, remembered=remembered)
        self._by_address = AddressRateLimit(
            Rate(limits.login_tries_per_address, limits.login_tries_per_address_s),
            clock,
            remembered=remembered,
            networks=limits.networks_per_site,
        )

    async def sign_in(self, name: str, password: str, *, address: str) -> Login:
        """Open a login. Refusal `wrong_password` (also for unknown names), `banned`, TooOften."""
        name = name.strip().lower()[: self._limits.name_max_chars + 1]
        # Counted before the slow hash, so that tries at the same time cannot pass the limit together.
        counted = ((self._by_both, (address, name)), (self._by_name, (name,)), (self._by_address, (address,)))
        for limit, key in counted:
            limit.take(*key)
        account = await self._accounts.by_name(name)
        kept = await self._accounts.password_hash(account.id) if account else None
        typed = unicodedata.normalize("NFKC", password[: self._limits.password_max_chars])
        if not await self._passwords.verify(typed, kept) or account is None or kept is None:
            raise Refusal("The name or the password is wrong.", code="wrong_password")
        if account.banned or self._recognition.is_banned(account.id):
            raise Refusal("This account was banned by the operator.", code="banned")
        for limit, key in counted:
            limit.forgive(*key)
        if self._passwords.is_outdated(kept):
            await self._accounts.set_password_hash(account.id, await self._passwords.hash(typed), self._clock.now())
        return await self.open(account)

    async def open(self, account: Account) -> Login:
        """A login for somebody who has proved who they are."""
        secret = "s." + self._ids.token()
        await self._logins.open_session(secret_hash(secret), account.id, now=self._clock.now(), most=self._limits.sessions_per_account)
        return Login(account, secret)

    async def sign_out(self, secret: str) -> None:
        """End that login; an unknown one is not an error."""
        self._recognition.forget(secret_hash(secret))
        await self._logins.close_session(secret_hash(secret))
