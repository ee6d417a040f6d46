"""The way out of one channel: a bounded queue and the task that empties it.

A reader who does not keep up is closed with 4408; nobody waits for them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from arengo.limits import Limits
from arengo.service.news import Farewell, News
from arengo.web.signaling.closing import TOO_SLOW, Closing, closing_of_farewell
from arengo.web.signaling.frames import Frames

Send = Callable[[str], Awaitable[None]]


class SocketOutlet:
    """An `Outlet` onto a WebSocket."""

    def __init__(self, frames: Frames, limits: Limits) -> None:
        self._frames = frames
        self._limits = limits
        self._waiting: deque[str] = deque()
        self._characters = 0
        self._more = asyncio.Event()
        self._closing: Closing | None = None
        self.overflown = asyncio.Event()

    @property
    def closing(self) -> Closing | None:
        return self._closing

    def tell(self, news: News) -> None:
        """Queue news; after the farewell there are none."""
        if self._closing is None:
            self.say(self._frames.frame(news))

    def say(self, frame: str) -> None:
        """Queue a frame; one too many closes the channel."""
        if self.overflown.is_set():
            return
        self._waiting.append(frame)
        self._characters += len(frame)
        if len(self._waiting) > self._limits.channel_queue_messages or self._characters > self._limits.channel_queue_bytes:
            self._waiting.clear()
            self._closing = TOO_SLOW
            self.overflown.set()
        self._more.set()

    def close(self, farewell: Farewell) -> None:
        self.finish(closing_of_farewell(farewell))

    def finish(self, closing: Closing) -> None:
        """Let what waits go out, and then close; the first reason counts."""
        if self._closing is None:
            self._closing = closing
        self._more.set()

    async def write(self, send: Send) -> Closing:
        """Send what is queued, in order, until the channel is to be closed."""
        while True:
            await self.flush(send)
            if self._closing is not None:
                return self._closing
            self._more.clear()
            await self._more.wait()

    async def flush(self, send: Send) -> None:
        """Send what is queued now."""
        while self._waiting:
            frame = self._waiting.popleft()
            await send(frame)
            self._characters -= len(frame)
