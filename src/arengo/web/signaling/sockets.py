"""The socket of one reader: what a channel needs of it, and the WebSocket of our server that gives it.

What goes to ten thousand readers is one frame of bytes, handed straight to each socket's transport: no task waits to
write, and nothing is encoded twice.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, Protocol

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.http11 import Request

from arengo.limits import Limits
from arengo.service.tally import Tally
from arengo.web.signaling.closing import PROTOCOL_VIOLATION, TOO_SLOW

SOCKET: Final = "arengo.socket"
"""The extension of an ASGI scope under which `ChannelSocket` is found."""

LINGER_S: Final = 1.0
"""For so long a reader may still take what waits once the channel is closed."""


_TROUBLE: Final = 1002
"""Close codes from here on say that something is wrong."""


class SocketLost(Exception):
    """The other side has gone, or we have closed."""


class Socket(Protocol):
    """One reader's socket; only `hears` waits."""

    async def hears(self) -> str:
        """Give the next message, the empty text for one of bytes; SocketLost at the end."""

    def write(self, frame: bytes) -> None:
        """Send whole WebSocket frames as soon as the reader takes it; nothing happens on one that is closed."""

    def waiting_bytes(self) -> int:
        """Count what the reader has not taken."""

    def close(self, code: int, reason: str) -> None:
        """Close behind what was written; `hears` then raises SocketLost. Twice does no harm."""


class ChannelSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, which can also be written to at once."""

    _is_answered = False

    def __init__(self, config: Config, state: ServerState, *, limits: Limits, tally: Tally) -> None:
        super().__init__(config, state, {})
        self._limits = limits
        self._tally = tally

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):  # absent where the handshake was refused
            extensions: Any = self.scope["extensions"]
            extensions[SOCKET] = self

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._take_apart()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        self._is_answered = True
        self._take_apart()

    def handle_ping(self) -> None:
        super().handle_ping()
        if self.waiting_bytes() > self._limits.channel_queue_bytes:
            self.close(TOO_SLOW.code, TOO_SLOW.reason)

    def handle_parser_exception(self) -> None:
        self._tally.count("channel", PROTOCOL_VIOLATION.reason)
        super().handle_parser_exception()
        self.close_timer = self.loop.call_later(LINGER_S, self._hang_up)

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not _is_utf8(self.frames):
            self.frames = []
            self.close(1007, "invalid_utf8")
        else:
            super().send_receive_event_to_app()

    async def hears(self) -> str:
        message: Any = await self.receive()
        if message["type"] == "websocket.disconnect":
            raise SocketLost
        return message.get("text") or ""

    def write(self, frame: bytes) -> None:
        if not (self.close_sent or self.transport.is_closing()):
            self.transport.write(frame)

    def waiting_bytes(self) -> int:
        return self.transport.get_write_buffer_size()

    def close(self, code: int, reason: str) -> None:
        if self.close_sent or self.transport.is_closing():
            return
        if code >= _TROUBLE:
            self._tally.count("channel", reason.partition(":")[0])
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:  # the answer to our close is still to be read
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LINGER_S, self._hang_up)

    def _take_apart(self) -> None:
        """Cut the circles of references once all is over, so that a crowd that leaves is no work for the garbage collector."""
        if self.disconnected and self._is_answered:
            extensions: Any = self.scope["extensions"]
            extensions.clear()
            self.conn.parser.close()

    def _hang_up(self) -> None:
        if self.waiting_bytes() > 0:
            self.transport.abort()
        else:
            self.transport.close()


def _is_utf8(frames: list[bytes]) -> bool:
    try:
        b"".join(frames).decode()
    except UnicodeDecodeError:
        return False
    return True


def socket_of(scope: Any) -> Socket:
    """The socket of a WebSocket that our own `Listener` serves."""
    socket: Socket = scope["extensions"][SOCKET]
    return socket


def frame_of(message: bytes) -> bytes:
    """One unmasked text frame (RFC 6455 §5.2)."""
    size = len(message)
    if size < 126:
        return bytes((0x81, size)) + message
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + message
    return b"\x81\x7f" + size.to_bytes(8, "big") + message
