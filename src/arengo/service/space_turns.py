"""The decisions that wait for their turn in one space.

Rule 1: what silences somebody, and what the host and co-hosts ask, comes before everything else, however much waits.
Rule 2: what silences somebody is never one too many.
Rule 3: what somebody asked before others silenced them is not done after it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from arengo.domain.errors import ArengoError, Unavailable
from arengo.domain.events import Events
from arengo.domain.ids import PersonId
from arengo.domain.space import Space

Decision = Callable[[Space, datetime], Events]


@dataclass(slots=True, eq=False)
class Turn:
    """A decision that waits; those in *hush* are not heard until it is taken.

    *by* is the person who asked, None where the service itself did.
    """

    decide: Decision
    answer: asyncio.Future[int]
    hush: frozenset[PersonId]
    asked_at: float  # monotonic seconds
    by: PersonId | None = None
    is_urgent: bool = False

    def give(self, outcome: int | Exception) -> None:
        """Answer whoever waits for it; the first answer counts."""
        if self.answer.done():
            return
        if isinstance(outcome, Exception):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)


class Turns:
    """Turns that wait: at most *most*, not counting those that are urgent or silence somebody."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._urgent: deque[Turn] = deque()
        self._waiting: deque[Turn] = deque()
        self._some = asyncio.Event()

    def __len__(self) -> int:
        return len(self._urgent) + len(self._waiting)

    def add(self, turn: Turn) -> None:
        """Put *turn* in line; Unavailable when too many wait."""
        others = turn.hush - {turn.by}
        if others or turn.is_urgent:
            self._drop_what_asked(others)
            self._urgent.append(turn)
        elif turn.hush or len(self._waiting) < self._most:
            self._waiting.append(turn)
        else:
            raise Unavailable("Too much is going on in this space.", retry_after=1.0)
        self._some.set()

    async def next(self) -> Turn:
        """Take the turn that comes first, once there is one."""
        await self._some.wait()
        turn = (self._urgent or self._waiting).popleft()
        if not len(self):
            self._some.clear()
        return turn

    def give_all(self, outcome: ArengoError) -> None:
        """Answer every turn with *outcome*, and take none of them."""
        for turn in (*self._urgent, *self._waiting):
            turn.give(outcome)
        self._urgent.clear()
        self._waiting.clear()
        self._some.clear()

    def _drop_what_asked(self, people: frozenset[PersonId]) -> None:
        """Answer what *people* asked, which would otherwise be done after they were silenced; their own silence stays in line."""
        overtaken = [turn for turn in self._waiting if turn.by in people and not turn.hush]
        for turn in overtaken:
            turn.give(Unavailable("You were silenced before this was done; ask again.", retry_after=1.0))
        if overtaken:
            self._waiting = deque(turn for turn in self._waiting if turn not in overtaken)
