"""What the operator decides from the shell, beside everything that people decide in the app.

A ban silences first and is written down after: with the database gone it still acts, and is written as soon as the
database answers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from arengo.domain.errors import Unavailable
from arengo.service.account_store import Account
from arengo.service.accounts import Accounts
from arengo.service.spaces import Spaces
from arengo.service.tokens import Tokens

_log = logging.getLogger("arengo.operator")

_TRY_AGAIN_S = 1.0

Pause = Callable[[float], Awaitable[None]]


class Operator:
    """The operator's use cases; owns what still has to be written down."""

    def __init__(self, accounts: Accounts, tokens: Tokens, spaces: Spaces | None, *, pause: Pause = asyncio.sleep) -> None:
        self._accounts = accounts
        self._tokens = tokens
        self._spaces = spaces
        self._pause = pause
        self._unwritten: set[asyncio.Task[None]] = set()

    async def create_account(self, name: str, *, display: str | None, password: str | None, bot: bool = False) -> Account:
        """Make an account, whatever the sign-up policy is."""
        return await self._accounts.create(name, password, display=display, bot=bot)

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
        if self._spaces is not None:
            await self._spaces.ban(person.id)
        try:
            await self._accounts.keep_ban(person.id, reason=reason)
        except Unavailable:
            if self._spaces is None:
                raise
            task = asyncio.create_task(self._write_ban(person.id, reason))
            self._unwritten.add(task)
            task.add_done_callback(self._unwritten.discard)
            return False
        return True

    async def end_space(self, space_id: str) -> None:
        """End a live space, or cancel a scheduled one."""
        if self._spaces is None:
            raise Unavailable("Only the running server can end a space.")
        await self._spaces.end_by_operator(space_id)

    async def written(self) -> None:
        """Wait until every ban is written down."""
        await asyncio.gather(*self._unwritten)

    async def stop(self) -> None:
        """Give up what could not be written down, and say so."""
        for task in tuple(self._unwritten):
            task.cancel()
            _log.error("A ban was not written down before the end; repeat it when the database answers.")
        await asyncio.gather(*self._unwritten, return_exceptions=True)

    async def _write_ban(self, account_id: str, reason: str) -> None:
        while True:
            await self._pause(_TRY_AGAIN_S)
            try:
                await self._accounts.keep_ban(account_id, reason=reason)
            except Unavailable:
                continue
            return
