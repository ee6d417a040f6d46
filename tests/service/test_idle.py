"""A server in which nothing happens sleeps."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

from tests.fakes.jumping_loop import JumpingLoop
from tests.service.house import ANN, HOST, a_house

from arengo.limits import Limits
from arengo.service.clock import until_the_beat
from arengo.service.news import Pulsed
from arengo.service.tally import Tally
from arengo.web.connections import Connections
from arengo.web.listener import Listener

LIMITS = Limits()
RHYTHM = {"pulse_s": LIMITS.pulse_s, "weigh_s": LIMITS.weigh_s}
MINUTE = 60
MOST_WAKES = 4 * MINUTE + 10  # a few while they begin


def wakes_in(scene: Coroutine[Any, Any, None]) -> int:
    """How often the process would have woken up in *scene*."""
    loop = JumpingLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(scene)
        return loop.wakes


async def _nobody(scope: object, receive: object, send: object) -> None:
    raise AssertionError("nobody asks anything here")


def a_listener(bound: socket.socket) -> Listener:
    listener = Listener(_nobody, bound, LIMITS, Connections(LIMITS, Tally(), descriptors=1_000))
    listener.config.load()
    return listener


async def a_minute(*, spaces: int) -> None:
    """A minute of a server with two ports, in whose spaces nothing happens; its tasks begin at different moments."""
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(a_house(**RHYTHM))
        bound = stack.enter_context(socket.socket())
        serving = await stack.enter_async_context(asyncio.TaskGroup())
        listeners = []
        for _ in range(2):
            await asyncio.sleep(0.037)
            listeners.append(a_listener(bound))
            serving.create_task(listeners[-1].main_loop())
        for _ in range(spaces):
            await asyncio.sleep(0.037)
            await house.opens()
        await asyncio.sleep(MINUTE)
        for listener in listeners:
            listener.stop()


def test_an_empty_server_wakes_up_four_times_a_second() -> None:
    assert wakes_in(a_minute(spaces=0)) <= MOST_WAKES


def test_spaces_in_which_nothing_happens_wake_it_up_no_more_often() -> None:
    assert wakes_in(a_minute(spaces=3)) <= MOST_WAKES


def test_a_listener_that_is_told_to_stop_does_so_at_once() -> None:
    async def scene() -> None:
        with socket.socket() as bound:
            listener = a_listener(bound)
            serving = asyncio.create_task(listener.main_loop())
            await asyncio.sleep(10.5)
            told = asyncio.get_running_loop().time()
            listener.stop()
            await serving
            assert asyncio.get_running_loop().time() == told

    wakes_in(scene())


def test_the_first_who_comes_into_an_empty_server_is_told_of_the_crowd_within_two_pulses() -> None:
    async def scene() -> None:
        async with a_house(**RHYTHM) as house:
            await asyncio.sleep(100.1)
            space = await house.opens()
            ear, _ = await house.enters(space, HOST)
            await house.enters(space, ANN)
            heard = len(ear.of(Pulsed))
            await asyncio.sleep(2 * LIMITS.pulse_s)
            assert len(ear.of(Pulsed)) > heard

    wakes_in(scene())


def test_a_beat_leaves_half_of_its_period_to_others() -> None:
    async def scene() -> None:
        loop = asyncio.get_running_loop()
        for late in (0.0, 0.01, 0.1, 0.13, 0.2, 0.249):
            await asyncio.sleep(until_the_beat(0.25) + late)
            rest = until_the_beat(0.25)
            assert 0.125 <= rest <= 0.376
            assert (loop.time() + rest) % 0.25 < 1e-6 or (loop.time() + rest) % 0.25 > 0.25 - 1e-6

    wakes_in(scene())
