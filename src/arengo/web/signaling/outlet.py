"""The way out of one channel; a reader who does not keep up is closed with 4408, and nobody waits for them."""

from __future__ import annotations

from collections.abc import Callable

from arengo.limits import Limits
from arengo.service.news import Farewell, News
from arengo.web.signaling.closing import TOO_SLOW, Closing, closing_of_farewell
from arengo.web.signaling.frames import Frames
from arengo.web.signaling.sockets import Socket


class SocketOutlet:
    """An `Outlet` onto a WebSocket; `when_closing` is told why it is to be closed, once, and may still say what is due."""

    __slots__ = ("_closing", "_frames", "_limits", "_socket", "_when_closing")

    def __init__(self, socket: Socket, frames: Frames, limits: Limits, when_closing: Callable[[Closing], None]) -> None:
        self._socket = socket
        self._frames = frames
        self._limits = limits
        self._when_closing = when_closing
        self._closing: Closing | None = None

    def tell(self, news: News) -> None:
        """Send news; after the farewell there are none."""
        if self._closing is None:
            self.say(self._frames.frame(news))

    def say(self, frame: bytes) -> None:
        """Send a frame; one too many closes the channel."""
        self._socket.write(frame)
        if self._socket.waiting_bytes() > self._limits.channel_queue_bytes:
            self.finish(TOO_SLOW)

    def close(self, farewell: Farewell) -> None:
        self.finish(closing_of_farewell(farewell))

    def finish(self, closing: Closing) -> None:
        """Close behind what was said; the first reason counts."""
        if self._closing is None:
            self._closing = closing
            self._when_closing(closing)
