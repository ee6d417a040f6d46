"""A relay for UDP in a process of its own: each leg delays what passes, and loses media by a seed."""

from __future__ import annotations

import heapq
import os
import random
import select
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import NamedTuple

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Loss:
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


@dataclass(frozen=True, slots=True)
class Leg:
    """What happens between one browser and *to*: *up* is lost on the way there, *down* on the way back."""

    to: Address
    up: Loss
    down: Loss
    seed: int
    delay_s: float = 0.02


class Tally(NamedTuple):
    """What a relay saw: RTP packets down each leg by its port and their payload type, and how late one left at worst."""

    payloads: dict[int, Counter[int]]
    late_ms: float


class Relay:
    """The relay as its owner sees it."""

    def __init__(self) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        context.Process(target=_run, args=(theirs,), daemon=True).start()

    def open(self, leg: Leg) -> int:
        """The port that stands for the end of *leg*, on every address of this machine."""
        self._pipe.send(leg)
        return int(self._pipe.recv())

    def close_all(self) -> Tally:
        """Close every leg."""
        self._pipe.send(None)
        return Tally(*self._pipe.recv())


class _Way:
    """One leg's sockets: *near* meets browsers, each of which has a socket of its own towards the far end."""

    def __init__(self, leg: Leg) -> None:
        self.leg, self.near, self.payloads = leg, _bound(), Counter[int]()
        self.far: dict[Address, socket.socket] = {}
        self._up, self._down = losses(leg.up, leg.seed), losses(leg.down, leg.seed + 1_000)

    def route(self, at: socket.socket, source: Address, packet: bytes) -> tuple[socket.socket, Address] | None:
        """By which socket *packet* goes on and where to; None where it is lost. Only RTP and RTCP are (RFC 7983)."""
        is_media = len(packet) > 1 and 128 <= packet[0] <= 191
        if is_media and next(self._up if at is self.near else self._down):
            return None
        if at is self.near:
            return self.far.get(source) or self.far.setdefault(source, _bound()), self.leg.to
        if is_media and not 192 <= packet[1] <= 223:  # RTCP (RFC 5761)
            self.payloads[packet[1] & 127] += 1
        return self.near, next(address for address, far in self.far.items() if far is at)


def _bound() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.bind(("", 0))
    return made


def _run(pipe: Connection) -> None:
    with suppress(OSError):  # punctual on a busy machine, where one may
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    ways: list[_Way] = []
    due: list[tuple[float, int, socket.socket, Address, bytes]] = []
    latest, numbers = 0.0, count()
    while True:
        owners = {at: way for way in ways for at in (way.near, *way.far.values())}
        wait = max(0.0, due[0][0] - time.monotonic()) if due else None
        ready, _, _ = select.select([pipe, *owners], [], [], wait)
        now = time.monotonic()
        for at in filter(owners.get, ready):
            with suppress(BlockingIOError, ConnectionError):
                while True:
                    packet, source = at.recvfrom(2_048)
                    if onward := owners[at].route(at, source, packet):
                        heapq.heappush(due, (now + owners[at].leg.delay_s, next(numbers), *onward, packet))
        while due and due[0][0] <= time.monotonic():
            at_s, _, out, to, packet = heapq.heappop(due)
            latest = max(latest, time.monotonic() - at_s)
            with suppress(OSError):
                out.sendto(packet, to)
        if pipe not in ready:
            continue
        try:
            order = pipe.recv()
        except EOFError:  # its owner has gone
            return
        if order:
            ways.append(_Way(order))
            pipe.send(ways[-1].near.getsockname()[1])
        else:
            pipe.send(({way.near.getsockname()[1]: way.payloads for way in ways}, 1_000 * latest))
            for made in owners:
                made.close()
            ways, due, latest = [], [], 0.0
