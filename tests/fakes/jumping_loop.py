"""An event loop whose time jumps to what is due next, and which counts how often it would have woken up."""

from __future__ import annotations

import asyncio
import selectors


class _Jumping(selectors.SelectSelector):
    """Never waits: it moves the clock instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.jumps = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "nothing is due, and nothing ever will be"
            if timeout > 0:
                self.now += timeout
                self.jumps += 1
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """For what touches neither sockets nor threads."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    @property
    def wakes(self) -> int:
        """How often it has waited."""
        return self._jumping.jumps
