"""What stands before every connection: it counts and times the bytes that arrive before anything parses them.

Rule 1: one connection is read a little at a time, so that none keeps the others waiting.
Rule 2: what is not complete in time, or grows beyond its limit, ends the connection.
"""

from __future__ import annotations

import asyncio
from typing import Final, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from arengo.limits import Limits
from arengo.web.connections import Connection, Connections, Stage
from arengo.web.http_connection import HttpConnection
from arengo.web.signaling.closing import too_many
from arengo.web.signaling.frame_meter import FrameMeter
from arengo.web.signaling.sockets import ChannelSocket

_BODIES: Final = 2
"""A body may take so many times its limit on the wire: chunks have headers of their own."""


class Gate(asyncio.BufferedProtocol):
    """One accepted connection: HTTP at first, a channel once a request upgrades it.

    *buffer* is shared by all: the loop reads one connection at a time, and what was read is copied out at once.
    """

    __slots__ = (
        "_awaited",
        "_buffer",
        "_config",
        "_connection",
        "_connections",
        "_http",
        "_limits",
        "_loop",
        "_meter",
        "_socket",
        "_stalled",
        "_state",
        "_taken",
        "_timer",
        "_transport",
    )

    def __init__(
        self, config: Config, state: ServerState, connection: Connection, connections: Connections, limits: Limits, buffer: memoryview
    ) -> None:
        self._config = config
        self._state = state
        self._connection = connection
        self._connections = connections
        self._limits = limits
        self._buffer = buffer
        self._loop = asyncio.get_running_loop()
        self._http: HttpConnection | None = HttpConnection(
            config, state, limits=limits, tally=connections.tally, upgrade=self._upgrade, answered=self._look
        )
        self._socket: ChannelSocket | None = None
        self._meter = FrameMeter(limits)
        self._transport: asyncio.Transport | None = None
        self._taken = 0  # bytes since the last whole request
        self._awaited = ""
        self._timer: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    # ---- the connection ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connection.drop = self._transport.abort
        if self._http is not None:
            self._http.connection_made(self._transport)
            self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._await("", 0)
        self.resume_writing()
        self._connections.leave(self._connection)
        inner, self._http, self._socket = self._socket or self._http, None, None
        if inner is not None:
            inner.connection_lost(exc)
        self._transport = None

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        data = bytes(self._buffer[:nbytes])
        if self._socket is not None:
            self._take_frames(self._socket, data)
        elif self._http is not None:
            self._take_request(self._http, data)

    def eof_received(self) -> None:
        return None

    def pause_writing(self) -> None:
        if self._socket is not None:
            self._socket.pause_writing()
        elif self._http is not None:
            self._http.pause_writing()
            self._watch_the_reader()

    def resume_writing(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        inner = self._socket or self._http
        if inner is not None:
            inner.resume_writing()

    # ---- what arrives ------------------------------------------------------------------------

    def _take_frames(self, socket: ChannelSocket, data: bytes) -> None:
        if self._meter.takes(data, self._loop.time()):
            socket.data_received(data)
            return
        closing = too_many(self._limits.channel_messages_s)
        socket.close(closing.code, closing.reason)
        if self._transport is not None:
            self._transport.pause_reading()  # the rest of a flood stays with its sender

    def _take_request(self, http: HttpConnection, data: bytes) -> None:
        self._taken += len(data)
        limits = self._limits
        if http.is_refused:
            if self._taken > limits.linger_bytes:
                http.transport.abort()
            return
        if self._taken > limits.header_bytes + http.has_head * _BODIES * limits.request_body_bytes:
            http.refuse("too_large" if http.has_head else "header_too_large")
            return
        before = http.whole_requests
        http.data_received(data)
        if http.whole_requests != before:
            self._taken = len(data) if http.is_partial else 0
        self._look()

    def _upgrade(self, request: bytes) -> None:
        """Let a channel have the connection, beginning with the *request* that asked for it."""
        if self._transport is None:
            return
        self._await("", 0)
        self._connections.move(self._connection, Stage.BUSY)
        self._http = None
        self._socket = ChannelSocket(self._config, self._state, limits=self._limits, tally=self._connections.tally)
        self._socket.connection_made(self._transport)
        self._socket.data_received(request)

    # ---- time --------------------------------------------------------------------------------

    def _look(self) -> None:
        """Note how far the connection has come, and wait no longer than one may for what is next."""
        http, limits = self._http, self._limits
        if http is None:
            return
        if http.awaits_body:
            stage = Stage.OPENING
            self._await("body", limits.body_s)
        elif http.is_answering:
            stage = Stage.BUSY
            self._await("", 0)
        elif http.is_partial:
            stage = Stage.OPENING
            self._await("header", limits.header_s)
        else:
            stage = Stage.IDLE
            self._await("request", limits.idle_s)
        self._connections.move(self._connection, stage)

    def _await(self, what: str, seconds: float) -> None:
        if what == self._awaited:
            return
        self._awaited = what
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._give_up) if what else None

    def _give_up(self) -> None:
        if self._http is None or self._transport is None:
            return
        if self._awaited == "request" or not self._taken:
            self._transport.abort()  # it asks nothing, or does not take the last answer
        else:
            self._http.refuse("request_timeout")

    def _watch_the_reader(self) -> None:
        if self._transport is not None:
            self._stalled = self._loop.call_later(self._limits.idle_s, self._cut_if_stalled, self._transport.get_write_buffer_size())

    def _cut_if_stalled(self, before: int) -> None:
        if self._transport is None:
            return
        if self._transport.get_write_buffer_size() < before:
            self._watch_the_reader()
            return
        self._connections.tally.count("connection", "too_slow")
        self._transport.abort()
