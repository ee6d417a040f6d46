"""What has run out is forgotten, now and then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from arengo.domain.errors import Unavailable
from arengo.limits import Limits
from arengo.service.account_store import AccountStore
from arengo.service.clock import Clock
from arengo.service.sessions import Sessions

_log = logging.getLogger("arengo.housekeeping")


class Housekeeping:
    """Owns the task that forgets; the first round is at the start."""

    def __init__(
        self,
        accounts: AccountStore,
        sessions: Sessions,
        *,
        clock: Clock,
        limits: Limits,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._clock = clock
        self._limits = limits
        self._pause = pause
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; `stop` ends it."""
        self._task = asyncio.create_task(self._go_round(), name="housekeeping")

    async def stop(self) -> None:
        """End it, in the middle of a round if need be; what was not forgotten is forgotten next time."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def clean(self) -> None:
        """One round."""
        now = self._clock.now()
        logins = await self._sessions.forget_unused()
        invitations = await self._accounts.forget_invitations(expired_before=now)
        if logins or invitations:
            _log.info("Forgot %d logins and %d invitations that had run out.", logins, invitations)

    async def _go_round(self) -> None:
        while True:
            try:
                await self.clean()
            except Unavailable:
                _log.warning("The database does not answer; what ran out is forgotten later.")
            await self._pause(self._limits.housekeeping_s)
