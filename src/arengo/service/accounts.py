"""Accounts: who may have one, what they are called, who is no longer welcome."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from arengo.domain import names
from arengo.domain.errors import Refusal, Unavailable
from arengo.domain.identity import Identity
from arengo.domain.ids import is_account_id
from arengo.domain.rates import Rate
from arengo.domain.text import NAME_MOST, clean_lang, clean_name
from arengo.limits import Limits
from arengo.service.account_store import Account, AccountStore
from arengo.service.clock import Clock
from arengo.service.guests import Guests
from arengo.service.ids import Ids
from arengo.service.instance import Signup
from arengo.service.passwords import Passwords
from arengo.service.rates import AddressRateLimit
from arengo.service.recognition import Recognition, identity_of, secret_hash


class Accounts:
    """Accounts and, as `PeopleDirectory`, everybody by id."""

    def __init__(
        self,
        store: AccountStore,
        guests: Guests,
        recognition: Recognition,
        passwords: Passwords,
        *,
        ids: Ids,
        clock: Clock,
        limits: Limits,
        signup: Signup = "open",
    ) -> None:
        self._store = store
        self._guests = guests
        self._recognition = recognition
        self._passwords = passwords
        self._ids = ids
        self._clock = clock
        self._limits = limits
        self._signup = signup
        self._rate = AddressRateLimit(
            Rate(limits.signups_per_address, limits.signups_per_address_s),
            clock,
            remembered=limits.addresses_remembered,
            networks=limits.networks_per_site,
        )

    # ---- becoming somebody -------------------------------------------------------------------

    async def sign_up(
        self, name: str, password: str, *, address: str, display: str | None = None, invitation: str | None = None, lang: str | None = None
    ) -> Account:
        """A new account on its owner's wish.

        Refusal `signup_closed`, `invitation_required`, `invitation_invalid`, `name_invalid`, `name_taken`,
        `password_invalid`; TooOften.
        """
        match self._signup:
            case "closed":
                raise Refusal("This server takes no new accounts.", code="signup_closed")
            case "invitation" if not invitation:
                raise Refusal("This server takes new accounts by invitation.", code="invitation_required")
        self._rate.check(address)
        code = secret_hash(invitation) if invitation and self._signup == "invitation" else None
        account = await self._add(name, password, display=display, lang=lang, bot=False, invitation=code)
        self._rate.count(address)
        return account

    async def create(self, name: str, password: str | None, *, display: str | None = None, bot: bool = False) -> Account:
        """A new account on the operator's word; without a password it can only be used by token."""
        return await self._add(name, password, display=display, lang=None, bot=bot, invitation=None)

    async def invite(self, by: str | None, *, uses: int = 1) -> str:
        """A code with which somebody may sign up. Refusal `signup_closed`, `too_many_invitations`."""
        if by is not None and self._signup == "closed":
            raise Refusal("This server takes no new accounts.", code="signup_closed")
        now = self._clock.now()
        code = self._ids.token()
        await self._store.add_invitation(
            secret_hash(code),
            by=by,
            now=now,
            expires_at=now + timedelta(days=self._limits.invitation_days),
            uses=uses,
            most=self._limits.invitations_per_account,
        )
        return code

    async def _add(
        self, name: str, password: str | None, *, display: str | None, lang: str | None, bot: bool, invitation: bytes | None
    ) -> Account:
        name = names.account_name(name, self._limits)
        account = Account(
            id=self._ids.snowflake(),
            name=name,
            display=clean_name(display) if display else name,
            created_at=self._clock.now(),
            lang=clean_lang(lang or None),
            bot=bot,
        )
        typed = None if password is None else names.password(password, self._limits)
        if await self._store.by_name(name) is not None:
            raise Refusal("Somebody has this name already.", code="name_taken", facts={"name": name})
        kept = None if typed is None else await self._passwords.hash(typed)
        await self._store.add(account, kept, invitation=invitation)
        return account

    # ---- being somebody ----------------------------------------------------------------------

    async def account(self, account_id: str) -> Account:
        """The account of that id; Refusal `no_such_person`."""
        account = await self._store.by_id(account_id) if is_account_id(account_id) else None
        if account is None:
            raise _no_such_person()
        return account

    async def named(self, name: str) -> Account:
        """The account of that name; Refusal `no_such_person`."""
        account = await self._store.by_name(name.strip().lower())
        if account is None:
            raise _no_such_person()
        return account

    async def find(self, beginning: str) -> Sequence[Account]:
        """Accounts whose name or display name begins so."""
        beginning = beginning.strip().removeprefix("@")[:NAME_MOST]
        return await self._store.find(beginning, most=self._limits.people_found) if beginning else ()

    async def change(self, account_id: str, *, display: str | None = None, lang: str | None = None) -> Account:
        """Change what is given. Refusal `name_invalid`, `lang_invalid`."""
        account = await self.account(account_id)
        changed = replace(
            account,
            display=account.display if display is None else clean_name(display),
            lang=account.lang if lang is None else clean_lang(lang),
        )
        await self._store.change(account_id, display=changed.display, lang=changed.lang)
        self._recognition.forget_account(account_id)
        return changed

    # ---- PeopleDirectory -----------------------------------------------------------------------

    async def person(self, person_id: str) -> Identity | None:
        """Somebody by id: any account, and guests of late."""
        if not is_account_id(person_id):
            return self._guests.known(person_id)
        account = await self._store.by_id(person_id)
        return None if account is None else identity_of(account)

    async def people(self, person_ids: Iterable[str]) -> dict[str, Identity]:
        """Those of *person_ids* who are known, by id."""
        wanted = list(person_ids)
        found = {guest.id: guest for i in wanted if (guest := self._guests.known(i)) is not None}
        accounts = await self._store.by_ids([i for i in wanted if is_account_id(i)])
        return found | {account.id: identity_of(account) for account in accounts}

    async def is_banned(self, person_id: str) -> bool:
        return self._recognition.is_banned(person_id) or (is_account_id(person_id) and await self._store.is_banned(person_id))

    # ---- the end of it -------------------------------------------------------------------------

    async def whom_to_ban(self, name: str) -> Identity:
        """The account of that name, also while the database is gone if it was seen of late. Refusal `no_such_person`."""
        name = name.strip().lower()
        try:
            return identity_of(await self.named(name))
        except Unavailable:
            known = self._recognition.known(name)
            if known is None:
                raise
            return known

    def refuse_from_now(self, account_id: str) -> None:
        """Let nothing of that account through any more, before the database knows."""
        self._recognition.ban(account_id)

    async def keep_ban(self, account_id: str, *, reason: str) -> None:
        """Write the ban down; ends its logins and tokens."""
        await self._store.ban(account_id, reason=reason, at=self._clock.now())


def _no_such_person() -> Refusal:
    return Refusal("There is nobody of that name here.", code="no_such_person")
