"""Spaces while no server runs: what the operator decides is written down for the next start."""

from __future__ import annotations

from arengo.domain import hosting, refusals
from arengo.domain.ids import SpaceId, is_space_id
from arengo.domain.space import evolve_all
from arengo.service.clock import Clock
from arengo.service.ports import SpaceStore


class SpacesAtRest:
    """The spaces of a database that no server has open."""

    def __init__(self, store: SpaceStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def ban(self, account_id: str) -> None:
        """Nobody is heard where no server runs; the next one reads the ban itself."""

    async def end_by_operator(self, space_id: str) -> None:
        """End a live space, or cancel a scheduled one."""
        space = await self._store.find(SpaceId(space_id)) if is_space_id(space_id) else None
        if space is None:
            raise refusals.no_such_space()
        ended = evolve_all(space, hosting.stop(space, "operator", self._clock.now()))
        await self._store.save(ended, changed=ended.members.keys(), over={space.version})
