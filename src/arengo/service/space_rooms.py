"""The rooms of a server: loaded when somebody needs them, looked after while they are, and dropped when nobody would miss them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass

from arengo.domain import absence, refusals
from arengo.domain.errors import ArengoError
from arengo.domain.ids import SpaceId, is_space_id
from arengo.domain.lifecycle import State
from arengo.domain.space import Space
from arengo.service.clock import until_the_beat
from arengo.service.news import Failing, Farewell, GoingAway, Over
from arengo.service.space_room import RoomTools, SpaceRoom
from arengo.service.space_watch import RoomWatch

log = logging.getLogger(__name__)

LIVE_MOST = 100_000
LOOKS_EVERY_PULSES = 4


@dataclass(frozen=True, slots=True)
class Kept:
    room: SpaceRoom
    watch: RoomWatch
    task: asyncio.Task[None]


class Rooms:
    """Owns every room and its task."""

    def __init__(self, tools: RoomTools) -> None:
        self._tools = tools
        self._kept: dict[SpaceId, Kept] = {}
        self._loading: dict[SpaceId, asyncio.Task[SpaceRoom]] = {}
        self._inhabited = asyncio.Event()  # while there are rooms

    def __iter__(self) -> Iterator[SpaceRoom]:
        return iter([kept.room for kept in self._kept.values()])

    async def load_live(self) -> None:
        """Bring every live space back, with everybody on stage away until they return."""
        for space in await self._tools.store.in_state(State.LIVE, most=LIVE_MOST):
            if space.id not in self._kept:
                await self._come_back(self.keep(space))

    def find(self, space: SpaceId) -> SpaceRoom | None:
        kept = self._kept.get(space)
        return kept.room if kept is not None and not kept.room.is_failed else None

    async def room(self, space: SpaceId) -> SpaceRoom:
        """Give the room of *space*, from the database when it is not kept yet; refuse with `no_such_space`."""
        found = self.find(space)
        if found is not None:
            return found
        if not is_space_id(space):
            raise refusals.no_such_space()
        loading = self._loading.get(space)
        if loading is None:
            loading = asyncio.create_task(self._load(space))
            self._loading[space] = loading
            loading.add_done_callback(lambda done: self._loaded(space, done))
        return await asyncio.shield(loading)

    def keep(self, space: Space) -> SpaceRoom:
        """Make a room for *space* and start its task."""
        room = SpaceRoom(space, self._tools)
        task = asyncio.create_task(room.run(), name=f"space {space.id}")
        self._kept[space.id] = Kept(room, RoomWatch(room), task)
        self._inhabited.set()
        return room

    async def beat(self) -> None:
        """Look after every room each time *pulse* has passed, until cancelled; where there is none, nobody is woken up."""
        beats = 0
        while True:
            await self._inhabited.wait()
            await asyncio.sleep(until_the_beat(self._tools.limits.pulse_s))
            beats += 1
            self.pulse()
            if beats % LOOKS_EVERY_PULSES == 0:
                await self.look()

    def pulse(self) -> None:
        for room in self:
            room.herald.pulse(room.space, thinning=self._tools.admission.thinning)

    async def look(self) -> None:
        for kept in tuple(self._kept.values()):
            try:
                await kept.watch.look()
            except Exception:
                log.exception("Looking after a space failed.")
            if kept.watch.is_idle():
                await self._drop(kept, Failing() if kept.room.is_failed else Over())

    async def stop(self) -> None:
        """Close every room; their people will come back to the next server."""
        for loading in tuple(self._loading.values()):
            loading.cancel()
        for kept in tuple(self._kept.values()):
            await self._drop(kept, GoingAway())

    async def _load(self, space: SpaceId) -> SpaceRoom:
        found = await self._tools.store.find(space)
        if found is None:
            raise refusals.no_such_space()
        room = self.keep(found)
        await self._come_back(room)
        return room

    def _loaded(self, space: SpaceId, done: asyncio.Task[SpaceRoom]) -> None:
        self._loading.pop(space, None)
        if not done.cancelled():
            done.exception()

    async def _come_back(self, room: SpaceRoom) -> None:
        if room.space.is_live:
            await room.post(absence.everyone_away)

    async def _drop(self, kept: Kept, farewell: Farewell) -> None:
        self._kept.pop(kept.room.space.id, None)
        if not self._kept:
            self._inhabited.clear()
        kept.task.cancel()
        await asyncio.gather(kept.task, return_exceptions=True)
        try:
            await kept.room.close(farewell)
        except ArengoError:
            log.warning("A space was closed before its last changes could be written.")
