"""A reader's socket without a network, whose other end is in the test's hand."""

from __future__ import annotations

import asyncio

from arengo.web.signaling.sockets import SocketLost


class FakeSocket:
    """Keeps the messages that were written, without their frames; a reader who is *stuck* takes none of them."""

    def __init__(self, *, stuck: bool = False) -> None:
        self.heard: list[str] = []
        self.frames: list[bytes] = []
        self.closed: tuple[int, str] | None = None
        self._stuck = stuck
        self._waiting = 0
        self._said: asyncio.Queue[str | None] = asyncio.Queue()

    def says(self, message: str) -> None:
        self._said.put_nowait(message)

    def breaks(self) -> None:
        """Let the other side be gone."""
        self._said.put_nowait(None)

    async def hears(self) -> str:
        message = await self._said.get()
        if message is None:
            raise SocketLost
        return message

    def write(self, frame: bytes) -> None:
        if self.closed is None:
            self.frames.append(frame)
            self.heard += messages_in(frame)
            self._waiting += len(frame) if self._stuck else 0

    def waiting_bytes(self) -> int:
        return self._waiting

    def close(self, code: int, reason: str) -> None:
        if self.closed is None:
            self.closed = (code, reason)
            self.breaks()


def messages_in(frames: bytes) -> list[str]:
    """Take the messages out of unmasked text frames in a row (RFC 6455 §5.2)."""
    messages = []
    while frames:
        assert frames[0] == 0x81
        header = {126: 4, 127: 10}.get(frames[1], 2)
        size = frames[1] if header == 2 else int.from_bytes(frames[2:header], "big")
        assert len(frames) >= header + size
        messages.append(frames[header : header + size].decode())
        frames = frames[header + size :]
    return messages
