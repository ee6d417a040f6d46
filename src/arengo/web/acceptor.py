"""Takes connections from a listening socket, as many as there is room for, and puts a gate before each."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from functools import partial
from typing import Final

from uvicorn.config import Config
from uvicorn.server import ServerState

from arengo.limits import Limits
from arengo.web.connections import Connection, Connections
from arengo.web.gate import Gate

_AT_ONCE: Final = 64
"""Connections accepted before others have their turn."""

_REST_S: Final = 1.0
_SHORT_REST_S: Final = 0.05
"""The wait after the machine had no descriptor for a connection; the short one where somebody gave way."""

_TLS_GOODBYE_S: Final = 5.0

_NOTHING_LEFT: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

_FULL: Final = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Acceptor:
    """Serves *bound* from `start` to `close`."""

    def __init__(self, bound: socket.socket, config: Config, state: ServerState, connections: Connections, limits: Limits) -> None:
        self._bound = bound
        self._config = config
        self._state = state
        self._connections = connections
        self._limits = limits
        self._buffer = memoryview(bytearray(limits.read_bytes))
        self._loop = asyncio.get_running_loop()
        self._beginning: set[asyncio.Task[None]] = set()
        self._rest: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Accept connections from now on."""
        self._rest = None
        self._loop.add_reader(self._bound, self._accept)

    def close(self) -> None:
        """Accept no more; connections that are open go on."""
        if self._rest is not None:
            self._rest.cancel()
        self._loop.remove_reader(self._bound)
        self._bound.close()

    async def wait_closed(self) -> None:
        """Give up connections that were not yet complete."""
        for task in self._beginning:
            task.cancel()
        await asyncio.gather(*self._beginning, return_exceptions=True)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                accepted, address = self._bound.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _NOTHING_LEFT:
                    raise
                self._pause(error)
                return
            accepted.setblocking(False)
            self._take(accepted, str(address[0]))

    def _take(self, accepted: socket.socket, address: str) -> None:
        connection = self._connections.admit(address, accepted.close)
        if connection is None:
            self._turn_away(accepted)
            return
        task = self._loop.create_task(self._begin(accepted, connection))
        connection.drop = partial(_abandon, task, accepted)
        self._beginning.add(task)
        task.add_done_callback(self._beginning.discard)

    async def _begin(self, accepted: socket.socket, connection: Connection) -> None:
        gate = Gate(self._config, self._state, connection, self._connections, self._limits, self._buffer)
        tls = self._config.ssl
        try:
            if tls is None:
                await self._loop.connect_accepted_socket(lambda: gate, accepted)
            else:
                await self._loop.connect_accepted_socket(
                    lambda: gate,
                    accepted,
                    ssl=tls,
                    ssl_handshake_timeout=self._limits.header_s,
                    ssl_shutdown_timeout=_TLS_GOODBYE_S,
                )
        except (OSError, ssl.SSLError, asyncio.CancelledError):
            self._connections.leave(connection)
            self._connections.tally.count("connection", "not_begun")
            accepted.close()

    def _turn_away(self, accepted: socket.socket) -> None:
        with accepted:
            if self._config.ssl is None:
                try:
                    accepted.send(_FULL)
                except OSError:
                    return

    def _pause(self, error: OSError) -> None:
        """Wait a moment where the machine has nothing left for another connection; somebody gives way meanwhile."""
        self._connections.tally.count("connection", "no_descriptors")
        self._connections.note_full(f"No connection can be accepted: {error.strerror}. Raise the limit of open files.")
        rest_s = _SHORT_REST_S if self._connections.make_room() else _REST_S
        self._loop.remove_reader(self._bound)
        self._rest = self._loop.call_later(rest_s, self.start)


def _abandon(task: asyncio.Task[None], accepted: socket.socket) -> None:
    """Give up a connection that has not begun; a task that never ran closes nothing by itself."""
    task.cancel()
    accepted.close()
