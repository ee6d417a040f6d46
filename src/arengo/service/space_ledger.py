"""What the database knows of one space, and what it still has to be told.

Rule 1: the room's memory is the truth; the database follows, at once or, for what could not be refused, as soon as it answers.
Rule 2: after a write of unknown outcome everything that it touched is written again.
"""

from __future__ import annotations

from arengo.domain.errors import Unavailable
from arengo.domain.ids import PersonId
from arengo.domain.space import Space
from arengo.service.clock import Clock
from arengo.service.ports import SpaceStore, StaleSpace


class Ledger:
    """Writes one space, and does not knock at a dead database more often than every *retry_s*."""

    def __init__(self, space: Space, store: SpaceStore, clock: Clock, *, retry_s: float) -> None:
        self._written = space
        self._store = store
        self._clock = clock
        self._retry_s = retry_s
        self._retry_at = 0.0
        self._versions = {space.version}
        self._doubtful: set[PersonId] = set()

    def owes(self, space: Space) -> bool:
        """Tell whether the database has yet to learn of *space*."""
        return space is not self._written

    def may_ask(self) -> bool:
        return self._clock.monotonic() >= self._retry_at

    async def write(self, space: Space) -> None:
        """Commit *space* whole, or raise Unavailable (StaleSpace when somebody else wrote it)."""
        if not self.may_ask():
            raise Unavailable("The database does not answer just now.", retry_after=self._retry_s)
        changed = self._doubtful | {key for key, member in space.members.items() if self._written.members.get(key) is not member}
        try:
            await self._store.save(space, changed=changed, over=frozenset(self._versions))
        except StaleSpace:
            raise
        except Unavailable:
            self._retry_at = self._clock.monotonic() + self._retry_s
            self._versions.add(space.version)
            self._doubtful = changed
            raise
        self._written = space
        self._versions = {space.version}
        self._doubtful = set()
        self._retry_at = 0.0
