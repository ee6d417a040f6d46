"""What anybody can send to the web server's port, and what others notice of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import resource
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.integration.talkers import Talker, World, a_world
from websockets.frames import Frame, Opcode

from arengo.limits import Limits

PATIENCE_S = 20.0
QUICK = Limits(header_s=0.3, body_s=0.3, idle_s=0.5, openings_per_address=20)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        yield world


@pytest.fixture
async def quick_world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path, limits=QUICK) as world:
        yield world


@asynccontextmanager
async def a_line(world: World) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A bare connection to the server."""
    host, port = world.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def upgraded(world: World, space: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, hello: bool) -> None:
    """Make a bare connection the channel of a guest."""
    writer.write(
        f"GET /api/v1/spaces/{space}/channel HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}==\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    if hello:
        writer.write(a_frame(Opcode.TEXT, json.dumps({"type": "hello"}).encode()))


def a_frame(opcode: Opcode, data: bytes = b"", *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)


async def pours(writer: asyncio.StreamWriter, data: bytes, *, most: int) -> int:
    """Send *data* again and again, as fast as it is taken, up to *most* bytes; give how many were sent."""
    sent = 0
    try:
        async with asyncio.timeout(PATIENCE_S):
            while sent < most:
                writer.write(data)
                await writer.drain()
                sent += len(data)
    except (ConnectionError, TimeoutError):
        pass
    return sent


async def told(reader: asyncio.StreamReader) -> bytes:
    """Everything that the server still says."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await reader.read()
    except ConnectionError:
        return b""


async def mutes_in_time(host: Talker, space: str) -> float:
    """The slowest of some commands of the host, in seconds."""
    slowest = 0.0
    async with host.channel(space) as channel:
        await channel.welcomed()
        for _ in range(20):
            began = time.monotonic()
            await channel.asks("mute_all")
            slowest = max(slowest, time.monotonic() - began)
    return slowest


FLOODS = {
    "pongs": (b"", a_frame(Opcode.PONG) * 2_000),
    "pings": (b"", a_frame(Opcode.PING, b"x" * 125) * 200),
    "continuations": (a_frame(Opcode.TEXT, b"x", fin=False), a_frame(Opcode.CONT, fin=False) * 2_000),
}


@pytest.mark.parametrize("hello", [True, False], ids=["after-hello", "before-hello"])
@pytest.mark.parametrize("kind", FLOODS)
async def test_a_flood_of_frames_is_cut_off_and_the_host_is_answered_meanwhile(world: World, kind: str, hello: bool) -> None:
    host = await world.account("hanna")
    space = await host.opens()
    async with a_line(world) as (reader, writer):
        await upgraded(world, space, reader, writer, hello=hello)
        begins, goes_on = FLOODS[kind]
        writer.write(begins)
        flood = asyncio.create_task(pours(writer, goes_on, most=50_000_000))
        slowest = await mutes_in_time(host, space)
        sent = await flood

    print(f"{kind}: {sent} bytes were taken, the slowest command took {slowest * 1000:.0f} ms")
    assert sent < 20_000_000
    assert world.server.services.tally.counts["channel", "rate_limited"] >= 1


async def test_a_flood_of_frames_is_closed_with_a_time_to_wait(world: World) -> None:
    space = await (await world.account("hanna")).opens()
    async with a_line(world) as (reader, writer):
        await upgraded(world, space, reader, writer, hello=True)
        writer.write(a_frame(Opcode.PONG) * 2_000)

        assert (4429).to_bytes(2, "big") + b"rate_limited:10" in await told(reader)


async def test_a_channel_that_is_not_text_is_closed_without_a_traceback(world: World, caplog: pytest.LogCaptureFixture) -> None:
    space = await (await world.account("hanna")).opens()
    async with a_line(world) as (reader, writer):
        await upgraded(world, space, reader, writer, hello=False)
        writer.write(a_frame(Opcode.TEXT, b'{"type": "\xff"}'))

        assert (1007).to_bytes(2, "big") in await told(reader)
    assert not [record for record in caplog.records if record.exc_info]


HEADS = {
    "lines": (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"X-Line: %s\r\n" % (b"x" * 100)),
    "value": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ", b"x" * 4_096),
    "url": (b"GET /", b"x" * 4_096),
    "handshake": (b"GET /api/v1/spaces/x/channel HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", b"X-Line: x\r\n" * 300),
    "blank lines": (b"", b"\r\n" * 2_048),
}


@pytest.mark.parametrize("kind", HEADS)
async def test_a_header_without_an_end_is_cut_off(world: World, kind: str) -> None:
    begins, goes_on = HEADS[kind]
    async with a_line(world) as (reader, writer):
        writer.write(begins)
        sent = await pours(writer, goes_on, most=50_000_000)

        assert sent < 20_000_000, "what the buffers of both sides hold, and no more"
        answer = await told(reader)
        assert answer == b"" or b" 431 " in answer
    assert world.server.services.tally.counts["connection", "header_too_large"] == 1


async def test_a_header_a_little_too_large_is_told_so(world: World) -> None:
    async with a_line(world) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nX-Long: " + b"x" * Limits().header_bytes)

        answer = await told(reader)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "header_too_large"


async def test_a_body_in_the_smallest_of_chunks_is_cut_off(world: World) -> None:
    async with a_line(world) as (_, writer):
        writer.write(b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")

        assert await pours(writer, b"1\r\nx\r\n" * 500, most=50_000_000) < 20_000_000


async def test_requests_in_line_without_end_are_cut_off(world: World) -> None:
    async with a_line(world) as (_, writer):
        sent = await pours(writer, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 500, most=50_000_000)

    assert sent < 20_000_000
    assert world.server.services.tally.counts["connection", "rate_limited"] == 1


PARTS = {
    "nothing": b"",
    "method": b"GET",
    "header": b"GET / HTTP/1.1\r\nHo",
    "body": b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{",
}


@pytest.mark.parametrize("part", PARTS)
async def test_a_request_that_does_not_become_whole_is_given_up(quick_world: World, part: str) -> None:
    async with a_line(quick_world) as (reader, writer):
        writer.write(PARTS[part])
        answer = await told(reader)

    assert answer.startswith(b"HTTP/1.1 408 ") or (part == "nothing" and answer == b"")
    await emptied(quick_world)


async def test_a_connection_that_asks_nothing_more_is_closed(quick_world: World) -> None:
    async with a_line(quick_world) as (reader, writer):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")

        assert b'"ok"' in await told(reader)
    await emptied(quick_world)


async def test_half_open_requests_of_one_address_leave_room_for_others(quick_world: World) -> None:
    async with asyncio.TaskGroup() as group, a_line(quick_world):
        for _ in range(200):
            group.create_task(holds_half_a_request(quick_world))
        await asyncio.sleep(0)
        for _ in range(5):
            assert (await quick_world.nobody().call("GET", "/healthz")).status_code == 200
            assert len(quick_world.server.connections) <= QUICK.openings_per_address + 5
    assert quick_world.server.services.tally.counts["connection", "address_openings"] > 0


async def test_a_machine_without_descriptors_says_so_and_serves_again(quick_world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "arengo")
    host, port = quick_world.url.removeprefix("http://").split(":")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.create_connection((host, int(port))) as client:
        resource.setrlimit(resource.RLIMIT_NOFILE, (client.fileno(), before[1]))
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not quick_world.server.services.tally.counts["connection", "no_descriptors"]:  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0.01)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)

    assert sum("Raise the limit of open files." in record.getMessage() for record in caplog.records) == 1
    assert (await quick_world.nobody().call("GET", "/healthz")).status_code == 200


async def holds_half_a_request(world: World) -> None:
    """Send half a request, and wait until the server has had enough of it, or for a second."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(1.0), a_line(world) as (reader, writer):
            writer.write(b"GET / HTTP/1.1\r\nHo")
            await told(reader)


async def emptied(world: World) -> None:
    """Wait until no connection is left."""
    async with asyncio.timeout(PATIENCE_S):
        while len(world.server.connections):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
