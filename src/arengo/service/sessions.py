"""Signing in and out, and the logins that an account has."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from arengo.domain.errors import Refusal
from arengo.domain.identity import Identity
from arengo.domain.rates import Rate
from arengo.limits import Limits
from arengo.service.account_store import UNKNOWN_BROWSER, Account, AccountStore, Browser, Login, LoginStore
from arengo.service.clock import Clock
from arengo.service.guests import PREFIX as GUEST_PREFIX
from arengo.service.ids import Ids
from arengo.service.known_devices import KnownDevices
from arengo.service.passwords import Passwords
from arengo.service.rates import AddressRateLimit, RateLimit, TooOften
from arengo.service.recognition import Recognition, secret_hash


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody who has just signed in, the secret that says so from now on, and the text by which this browser is a known device."""

    account: Account
    secret: str
    device: str


class Sessions:
    """Logins by password."""

    def __init__(
        self,
        accounts: AccountStore,
        logins: LoginStore,
        recognition: Recognition,
        passwords: Passwords,
        devices: KnownDevices,
        *,
        ids: Ids,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._accounts = accounts
        self._logins = logins
        self._recognition = recognition
        self._passwords = passwords
        self._devices = devices
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
        self._by_device = RateLimit(Rate(limits.login_tries_per_device, limits.login_tries_per_device_s), clock, remembered=remembered)

    async def sign_in(
        self,
        name: str,
        password: str,
        *,
        address: str,
        device: str | None = None,
        browser: Browser = UNKNOWN_BROWSER,
    ) -> SignedIn:
        """Open a login. *device*: the text that an earlier one gave this browser.

        Refusal `wrong_password` (also for unknown names), `banned`, TooOften.
        """
        name = name.strip().lower()[: self._limits.name_max_chars + 1]
        known = await self._known_device(name, device) if device else None
        # Counted before the slow hash, so that tries at the same time cannot pass the limit together.
        counted = self._count(name, address, known)
        account, kept = await self._find(name)
        typed = unicodedata.normalize("NFKC", password[: self._limits.password_max_chars])
        if not await self._passwords.verify(typed, kept) or account is None or kept is None:
            raise Refusal("The name or the password is wrong.", code="wrong_password")
        if account.banned or self._recognition.is_banned(account.id):
            raise Refusal("This account was banned by the operator.", code="banned")
        for forgive in counted:
            forgive()
        if self._passwords.is_outdated(kept):
            outdated, kept = kept, await self._passwords.hash(typed)
            await self._accounts.renew_password_hash(account.id, kept, instead_of=outdated)
        return await self._open(account, kept, browser)

    async def open(self, account: Account, *, browser: Browser = UNKNOWN_BROWSER) -> SignedIn:
        """A login for somebody who has just made their account."""
        return await self._open(account, await self._accounts.password_hash(account.id) or "", browser)

    async def sign_out(self, secret: str) -> None:
        """End that login or guest's pass, and at once what it opened; an unknown one is not an error."""
        if secret.startswith(GUEST_PREFIX):
            await self._recognition.sign_out_guest(secret)
            return
        await self._recognition.end(secret_hash(secret))
        await self._logins.close_session(secret_hash(secret))

    async def of(self, account_id: str) -> Sequence[Login]:
        """The logins of the account, the last used at the front."""
        return await self._logins.sessions(account_id)

    async def end(self, login_id: str, account_id: str) -> None:
        """End one login of the account, and at once what it opened. Refusal `no_such_login`."""
        await self._recognition.end_held(account_id, lambda credential: credential.kind == "login" and credential.id == login_id)
        key = await self._logins.close_login(login_id, account_id)
        if key is None:
            raise Refusal("You have no such login.", code="no_such_login")
        await self._recognition.end(key)

    async def end_others(self, by: Identity) -> None:
        """End every login of the account but the one that asks, and at once what they opened; API tokens stay."""
        mine = by.credential
        await self._recognition.end_held(by.id, lambda credential: credential.kind == "login" and credential is not mine)
        await self._recognition.end(*await self._logins.close_sessions(by.id, but=mine.id if mine else None))

    async def forget_unused(self) -> int:
        """End logins that were not used for too long, and return how many."""
        ended = await self._logins.forget_sessions(used_before=self._clock.now() - timedelta(days=self._limits.session_days))
        await self._recognition.end(*ended)
        return len(ended)

    async def _open(self, account: Account, password_hash: str, browser: Browser) -> SignedIn:
        secret, now = "s." + self._ids.token(), self._clock.now()
        login = Login(self._ids.snowflake(), now, now, browser)
        most = self._limits.sessions_per_account
        displaced = await self._logins.open_session(login, secret_hash(secret), account.id, most=most, password_hash=password_hash)
        await self._recognition.end(*displaced)
        return SignedIn(account, secret, self._devices.make(account.id, password_hash))

    async def _find(self, name: str) -> tuple[Account | None, str | None]:
        account = await self._accounts.by_name(name)
        return account, await self._accounts.password_hash(account.id) if account else None

    async def _known_device(self, name: str, text: str) -> str | None:
        account, kept = await self._find(name)
        return self._devices.find(text, account.id, kept) if account and kept else None

    def _count(self, name: str, address: str, device: str | None) -> Sequence[Callable[[], None]]:
        """Count a try where it belongs, and return what takes each count back.

        A known device has a count of its own; with too many wrong ones it is unknown for a while.
        """
        if device is not None:
            try:
                self._by_device.take(device)
            except TooOften:
                pass
            else:
                return (partial(self._by_device.forgive, device),)
        self._by_both.take(address, name)
        self._by_name.take(name)
        self._by_address.take(address)
        return (
            partial(self._by_both.forgive, address, name),
            partial(self._by_name.forgive, name),
            partial(self._by_address.forgive, address),
        )
