"""The operator's ban: silence first, written down as soon as it can be."""

from __future__ import annotations

import asyncio
from datetime import datetime

from tests.fakes.clock import StoppedClock
from tests.service.conftest import a_house

from arengo.adapters.db.accounts import DatabaseAccounts
from arengo.adapters.db.engine import Database
from arengo.domain import refusals
from arengo.domain.errors import Unavailable
from arengo.service.ids import SystemIds
from arengo.service.operator import Operator


class ListeningSpaces:
    """Hears whom to silence."""

    def __init__(self) -> None:
        self.silenced: list[str] = []

    async def ban(self, account_id: str) -> None:
        self.silenced.append(account_id)

    async def end_by_operator(self, space_id: str) -> None:
        raise refusals.no_such_space()


class SometimesAway(DatabaseAccounts):
    """Keeps no ban while it is *away*."""

    away = True

    async def ban(self, account_id: str, *, reason: str, at: datetime) -> None:
        if self.away:
            raise Unavailable("Locked.")
        await super().ban(account_id, reason=reason, at=at)


async def test_a_ban_silences_while_the_database_is_locked_and_is_written_down_after(
    database: Database, clock: StoppedClock, ids: SystemIds
) -> None:
    store = SometimesAway(database)
    house = a_house(store, clock, ids)
    account = await house.accounts.create("ann", None)
    spaces = ListeningSpaces()
    again = asyncio.Event()

    async def pause(_: float) -> None:
        await again.wait()

    operator = Operator(house.accounts, house.tokens, house.password_changes, spaces, pause=pause)

    assert await operator.ban("ann", reason="spam") is False
    assert spaces.silenced == [account.id]
    assert await house.accounts.is_banned(account.id)
    assert not await store.is_banned(account.id)

    store.away = False
    again.set()
    await operator.written()
    assert await store.is_banned(account.id)
    await operator.stop()
