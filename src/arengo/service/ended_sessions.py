"""Media sessions that have just ended without their owner's word, who may still come to hang up."""

from __future__ import annotations

from itertools import takewhile

from arengo.service.attendance import Door, MediaSession
from arengo.service.clock import Clock


class EndedSessions:
    """Remembers each for *kept_s* seconds."""

    def __init__(self, clock: Clock, *, kept_s: float) -> None:
        self._clock = clock
        self._kept_s = kept_s
        self._ended: dict[tuple[str, Door], float] = {}  # oldest first

    def __len__(self) -> int:
        return len(self._ended)

    def note(self, session: MediaSession) -> None:
        """Remember that *session* is over."""
        self._forget_old()
        self._ended[session.id, session.door] = self._clock.monotonic()

    def hang_up(self, session_id: str, door: Door) -> bool:
        """Take its owner's word for a session that is over already; False when none such is remembered."""
        self._forget_old()
        return self._ended.pop((session_id, door), None) is not None

    def _forget_old(self) -> None:
        since = self._clock.monotonic() - self._kept_s
        for key in [*takewhile(lambda key: self._ended[key] < since, self._ended)]:
            del self._ended[key]
