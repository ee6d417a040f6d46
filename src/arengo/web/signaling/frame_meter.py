"""How much one client may send on its channel, counted before anything of it is parsed.

Parsing a frame costs a hundred times what counting it costs: an empty one is six bytes, so a flood of them would keep
the event loop busy long before it fills a line.
"""

from __future__ import annotations

from typing import Final

from arengo.domain.rates import Bucket, Rate
from arengo.limits import Limits

_MASK: Final = 4
_SIZE_BYTES: Final = {126: 2, 127: 8}


class FrameMeter:
    """Counts the frames (RFC 6455 §5.2) and bytes of one socket against their rates."""

    __slots__ = ("_bytes", "_bytes_rate", "_frames", "_frames_rate", "_head", "_rest")

    def __init__(self, limits: Limits) -> None:
        self._frames_rate = Rate(limits.channel_frames, limits.channel_messages_s)
        self._bytes_rate = Rate(limits.channel_bytes, limits.channel_messages_s)
        self._frames = Bucket()
        self._bytes = Bucket()
        self._head = b""  # the beginning of a frame's header
        self._rest = 0  # bytes of a frame that are still to come

    def takes(self, data: bytes, now: float) -> bool:
        """Count *data*, which arrived at the second *now*; False when it is too much."""
        self._bytes = self._bytes.poured(self._bytes_rate, now, len(data))
        self._frames = self._frames.poured(self._frames_rate, now, self._begun_in(data))
        return self._bytes.level <= self._bytes_rate.most and self._frames.level <= self._frames_rate.most

    def _begun_in(self, data: bytes) -> int:
        """Count the frames whose header ends in *data*; stop once they are too many."""
        data, begun = self._head + data, 0
        at, end = self._rest, len(data)
        while at < end and begun <= self._frames_rate.most:
            size = data[at + 1] & 0x7F if at + 1 < end else 0
            long = _SIZE_BYTES.get(size, 0)
            header = 2 + long + _MASK
            if at + header > end:
                self._head, self._rest = data[at:], 0
                return begun
            at += header + (int.from_bytes(data[at + 2 : at + 2 + long]) if long else size)
            begun += 1
        self._head, self._rest = b"", max(0, at - end)
        return begun
