"""A relay for UDP: each leg delays what passes, and loses media by a seed."""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

Address = tuple[str, int]
DELAY_S = 0.02


class Loss(NamedTuple):
    """How much is lost, 0 to 1, and how many packets in a row on average."""

    share: float = 0.0
    burst: float = 1.0


CLEAR = Loss()


def losses(loss: Loss, seed: int) -> Iterator[bool]:
    """Whether each packet is lost, one after the other: at random, or in bursts by Gilbert's two states."""
    chance = random.Random(seed)
    stays = 1 - 1 / loss.burst if loss.burst > 1 else loss.share
    begins = (1 - stays) * loss.share / (1 - loss.share)
    is_lost = False
    while True:
        is_lost = chance.random() < (stays if is_lost else begins)
        yield is_lost


class Leg:
    """Stands at its *end* for *to*: *up* is lost on the way from a browser to there, *down* on the way back."""

    def __init__(self, host: str, to: Address, up: Loss, down: Loss, seed: int) -> None:
        self.payloads: Counter[int] = Counter()  # RTP packets down it, by payload type
        self.late_s = 0.0  # at worst, beyond the delay
        self._to, self._up, self._down = to, losses(up, seed), losses(down, seed + 1_000)
        self._far: dict[Address, socket.socket] = {}  # each browser has a socket of its own towards the far end
        self._near = self._bound()
        self.end: Address = (host, self._near.getsockname()[1])
        with suppress(OSError):  # punctual on a busy machine, where one may; not what this process starts
            os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))

    def close(self) -> None:
        for at in (self._near, *self._far.values()):
            asyncio.get_running_loop().remove_reader(at)
            at.close()

    def _bound(self) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setblocking(False)
        made.bind(("", 0))
        asyncio.get_running_loop().add_reader(made, self._read, made)
        return made

    def _read(self, at: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with suppress(BlockingIOError, ConnectionError):
            while True:
                packet, source = at.recvfrom(2_048)
                is_media = b"\x80" <= packet[:1] < b"\xc0"  # RTP and RTCP (RFC 7983): connecting is never disturbed
                if is_media and next(self._up if at is self._near else self._down):
                    continue
                if at is self._near:
                    out, to = self._far.get(source) or self._far.setdefault(source, self._bound()), self._to
                else:
                    out, to = self._near, next(browser for browser, far in self._far.items() if far is at)
                    self.payloads[packet[1] & 127] += is_media and not 192 <= packet[1] <= 223  # RTCP (RFC 5761)
                loop.call_at(due := loop.time() + DELAY_S, self._pass, due, out, packet, to)

    def _pass(self, due: float, out: socket.socket, packet: bytes, to: Address) -> None:
        self.late_s = max(self.late_s, asyncio.get_running_loop().time() - due)
        with suppress(OSError):
            out.sendto(packet, to)
