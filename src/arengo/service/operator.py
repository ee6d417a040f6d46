"""What the operator decides from the shell, beside everything that people decide in the app.

A ban silences first and is written down after: with the database gone it still acts, and is written as soon as the
database answers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from arengo.domain.errors import Unavailable
from arengo.service.account_store import Account
from arengo.service.accounts import Accounts
from arengo.service.password_changes import PasswordChanges
from arengo.service.tokens import Tokens

_log = logging.getLogger("arengo.operator")

_TRY_AGAIN_S = 1.0

Pause = Callable[[float], Awaitable[None]]


class OperatedSpaces(Protocol):
    """What the operator asks of spaces, whether a server runs or not."""

    async def ban(self, account_id: str) -> None:
        """Silence and put out that account everywhere, at once."""

    async def end_by_operator(self, space_id: str) -> None:
        """End a live space, or cancel a scheduled one. Refusal `no_such_space`, `already_ended`."""


class Operator:
    """The operator's use cases; owns what still has to be written down."""

    def __init__(
        self,
        accounts: Accounts,
        tokens: Tokens,
        passwords: PasswordChanges,
        spaces: OperatedSpaces,
        *,
        lives_on: bool = True,
        pause: Pause = asyncio.sleep,
    ) -> None:
        """*lives_on*: there is time to try again what the database does not take at once."""
        self._accounts = accounts
        self._tokens = tokens
        self._passwords = passwords
        self._spaces = spaces
        self._lives_on = lives_on
        self._pause = pause
        self._unwritten: dict[str, asyncio.Task[None]] = {}

    async def create_account(self, name: str, *, display: str | None, password: str | None, bot: bool = False) -> Account:
        """Make an account, whatever the sign-up policy is."""
        return await self._accounts.create(name, password, display=display, bot=bot)

    async def set_password(self, name: str, password: str) -> None:
        """Give an account another password, and end all its logins and tokens with what they opened."""
        await self._passwords.reset(name, password)

    async def create_token(self, name: str, *, label: str, scopes: Iterable[str] | None) -> str:
        """Make an API token for the account of that name and give its secret."""
        account = await self._accounts.named(name)
        _, secret = await self._tokens.create(account.id, label=label, scopes=scopes)
        return secret

    async def invite(self, *, uses: int) -> str:
        """Make an invitation to sign up."""
        return await self._accounts.invite(None, uses=uses)

    async def ban(self, name: str, *, reason: str) -> bool:
        """Silence and refuse the account of that name; False when it acts already but is not yet written down."""
        person = await self._accounts.whom_to_ban(name)
        self._accounts.refuse_from_now(person.id)
        await self._spaces.ban(person.id)
        try:
            await self._accounts.keep_ban(person.id, reason=reason)
        except Unavailable:
            if not self._lives_on:
                raise
            self._unwritten[person.id] = asyncio.create_task(self._write_ban(person.id, reason))
            return False
        return True

    async def end_space(self, space_id: str) -> None:
        """End a live space, or cancel a scheduled one."""
        await self._spaces.end_by_operator(space_id)

    async def written(self) -> None:
        """Wait until every ban is written down."""
        await asyncio.gather(*self._unwritten.values())

    async def stop(self) -> None:
        """Try a last time to write down what could not be written, and say so where it fails."""
        for account_id, task in self._unwritten.items():
            if task.done():
                continue
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            try:
                await self._accounts.keep_ban(account_id, reason="")
            except Unavailable:
                _log.error("The ban of account %s was not written down; repeat it when the database answers.", account_id)

    async def _write_ban(self, account_id: str, reason: str) -> None:
        while True:
            await self._pause(_TRY_AGAIN_S)
            try:
                await self._accounts.keep_ban(account_id, reason=reason)
            except Unavailable:
                continue
            return
