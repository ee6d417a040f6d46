"""The one place that decides from the load who may still come in, and how often people are told what can wait."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sized

from arengo.domain.errors import ArengoError, Unavailable
from arengo.domain.shedding import Load, Marks, Shed, Shedding, shed
from arengo.limits import Limits
from arengo.service.attendance import MediaSession
from arengo.service.clock import Clock, until_the_beat
from arengo.service.joining import Joining
from arengo.service.ports import MediaLoad, MediaPlane, NodeId

log = logging.getLogger(__name__)

LOOKS = 4  # in each weighing


class Admission:
    """Weighs the load and refuses whom it leaves no room for; *sessions* are all media sessions, *joining* those not connected yet."""

    def __init__(self, sessions: Sized, joining: Joining, clock: Clock, limits: Limits, chance: Callable[[], float]) -> None:
        self._sessions = sessions
        self._joining = joining
        self._clock = clock
        self._limits = limits
        self._chance = chance
        self._marks = marks_of(limits)
        self._places = 0  # unknown
        self._shed = Shed()

    @property
    def shedding(self) -> Shedding:
        return self._shed.step

    @property
    def thinning(self) -> int:
        """One pulse in so many is told."""
        return self._limits.thin_pulses if self._shed.step >= Shedding.EVENTS else 1

    def require_room(self) -> None:
        """Refuse a new listener with `media_full` while listeners are shed; those who are told come back one by one."""
        if self._shed.step >= Shedding.LISTENERS:
            raise self._full()

    def require_place(self, *, has_reserve: bool) -> None:
        """Refuse a media session with `media_full` when whoever has a place is connected, but for the reserve of those who speak."""
        if self._is_full(has_reserve=has_reserve) and self._joining.oldest() is None:
            raise self._full()

    def gives_way(self, address: str, *, has_reserve: bool) -> MediaSession | None:
        """Name the session, not connected yet, that makes place for one more from *address*, if one has to."""
        crowding = self._joining.oldest_of(address)
        if crowding is None and self._is_full(has_reserve=has_reserve):
            return self._joining.oldest()
        return crowding

    def weigh(self, media: MediaLoad, lag_s: float) -> None:
        """Take in how much there is to carry."""
        before = self._shed.step
        self._places = media.most_peers - self._limits.media_sessions_spare
        self._shed = shed(self._shed, Load(media.busy, lag_s), self._marks, self._clock.monotonic())
        if self._shed.step is not before:
            log.warning("Load: sheds %s (media %d %%, loop %d ms late).", self._shed.step.name.lower(), media.busy * 100, lag_s * 1000)

    async def watch(self, plane: MediaPlane, node: NodeId) -> None:
        """Weigh the load again and again until cancelled."""
        while True:
            lag_s = await self._lag()
            try:
                self.weigh(await plane.load(node), lag_s)
            except ArengoError as error:
                log.info("The load of the sound is not known: %s", error.code)

    async def _lag(self) -> float:
        """How late the loop comes back to one who waits, on average."""
        pause = self._limits.weigh_s / LOOKS
        late = 0.0
        for _ in range(LOOKS):
            rest = until_the_beat(pause)
            began = self._clock.monotonic()
            await asyncio.sleep(rest)
            late += max(0.0, self._clock.monotonic() - began - rest)
        return late / LOOKS

    def _is_full(self, *, has_reserve: bool) -> bool:
        reserved = 0 if has_reserve else int(self._places * self._limits.reserved_share)
        return 0 < self._places <= len(self._sessions) + reserved

    def _full(self) -> Unavailable:
        wait = self._limits.full_retry_s + self._chance() * self._limits.full_retry_spread_s
        return Unavailable("This server carries as many listeners as it can.", code="media_full", retry_after=wait)


def marks_of(limits: Limits) -> Marks:
    steps = (Load(limits.thin_busy, limits.thin_lag_s), Load(limits.refuse_busy, limits.refuse_lag_s))
    ends = [Load(step.busy * limits.shed_until_busy, step.lag_s * limits.shed_until_lag) for step in steps]
    return Marks(steps, ends, limits.shed_calm_s)
