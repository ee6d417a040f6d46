"""Spaces kept in memory, as rows would be; can be told to be away."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace

from arengo.domain.errors import Unavailable
from arengo.domain.events import Presence
from arengo.domain.ids import PersonId, SpaceId
from arengo.domain.lifecycle import State
from arengo.domain.settings import Visibility
from arengo.domain.space import Member, Space
from arengo.service.ports import StaleSpace


class MemorySpaces:
    """While *away*, everything is Unavailable; *hold* makes writes wait until it is set; *calls* names what was asked."""

    def __init__(self) -> None:
        self.away = False
        self.is_forgetful = False  # writes, and then says that it could not
        self.hold: asyncio.Event | None = None
        self.saves = 0
        self.calls: list[tuple[str, object]] = []
        self._spaces: dict[SpaceId, Space] = {}

    async def create(self, space: Space) -> None:
        self._answer()
        self._spaces[space.id] = _stored(space)

    async def find(self, space: SpaceId) -> Space | None:
        self.calls.append(("find", None))
        self._answer()
        return self._spaces.get(space)

    async def find_for(self, space: SpaceId, reader: PersonId | None) -> Space | None:
        self.calls.append(("find_for", reader))
        self._answer()
        found = self._spaces.get(space)
        is_open = found is not None and (found.settings.visibility is Visibility.PUBLIC or reader in found.members)
        return found if is_open else None

    async def save(self, space: Space, *, changed: Collection[PersonId], over: Collection[int]) -> None:
        if self.hold is not None:
            await self.hold.wait()
        self._answer()
        kept = self._spaces[space.id]
        if kept.version not in over:
            raise StaleSpace("Somebody else wrote this space.")
        members = {person: member for person, member in kept.members.items() if person not in changed}
        members |= {person: space.members[person] for person in changed if person in space.members}
        self._spaces[space.id] = _stored(replace(space, members=members))
        self.saves += 1
        if self.is_forgetful:
            raise Unavailable("The connection broke at the commit.")

    async def in_state(self, state: State, *, most: int) -> Sequence[Space]:
        self._answer()
        found = [s for s in self._spaces.values() if s.state is state]
        return sorted(found, key=lambda s: (s.started_at or s.settings.scheduled_start or s.created_at, s.id))[:most]

    async def hosted_by(self, host: PersonId, state: State) -> int:
        self._answer()
        return sum(1 for s in self._spaces.values() if s.host.id == host and s.state is state)

    async def signing_key(self) -> bytes:
        self._answer()
        return bytes(range(32))

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("The database is away.")


def _stored(space: Space) -> Space:
    return replace(space, members={key: _forgotten(member) for key, member in space.members.items()})


def _forgotten(member: Member) -> Member:
    return replace(member, presence=Presence.AWAY, presence_since=None)
