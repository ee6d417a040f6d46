"""The sockets that the web application listens on."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from litestar.types import ASGIApp

from arengo.limits import Limits
from arengo.service.clock import until_the_beat
from arengo.web.acceptor import Acceptor
from arengo.web.connections import Connections
from arengo.web.http_connection import HttpConnection
from arengo.web.signaling.sockets import ChannelSocket

DATE_S = 1.0


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate with its chain, and its key, as PEM files."""

    certificate: Path
    key: Path


class Listener(uvicorn.Server):
    """One address that is served, by http or https; signals are the business of who started the process."""

    def __init__(self, app: ASGIApp, bound: socket.socket, limits: Limits, connections: Connections, tls: TlsFiles | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=HttpConnection,
                ws=ChannelSocket,
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                ws_max_size=limits.request_body_bytes,
                ws_ping_interval=None,  # the channel has a ping of its own
                ws_per_message_deflate=False,  # it would cost more memory than a whole listener may
                timeout_keep_alive=int(limits.idle_s),
                timeout_graceful_shutdown=1,
                ssl_certfile=tls.certificate if tls else None,
                ssl_keyfile=tls.key if tls else None,
            )
        )
        self._bound = bound
        self._limits = limits
        self._connections = connections
        self._tls = tls
        self._told_to_stop = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def run_until_stopped(self) -> None:
        """Serve until `stop`."""
        await self.serve(sockets=[self._bound])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept; our own acceptor knows what each connection costs before it is served."""
        await self.lifespan.startup()
        acceptor = Acceptor(self._bound, self.config, self.server_state, self._connections, self._limits)
        acceptor.start()
        self.servers = [acceptor]  # type: ignore[list-item]  # it closes and waits as uvicorn expects of a server
        self.started = True

    async def main_loop(self) -> None:
        """Keep the date in answers right until `stop`; uvicorn would look ten times a second whether it has come."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(until_the_beat(DATE_S)):
                    await self._told_to_stop.wait()

    def stop(self) -> None:
        """Take no more connections, give those that are there a second, and end."""
        self.should_exit = True
        self._told_to_stop.set()

    def read_certificate_again(self) -> None:
        """Use what the certificate files hold now; connections that are open go on."""
        if self._tls is not None and isinstance(self.config.ssl, ssl.SSLContext):
            self.config.ssl.load_cert_chain(self._tls.certificate, self._tls.key)


def bind(port: int, address: str | None = None) -> socket.socket:
    """A bound TCP socket: on *address*, or on every one of both families. OSError when the port is taken."""
    if address is None and socket.has_dualstack_ipv6():
        with contextlib.suppress(OSError):
            return _bound(socket.AF_INET6, "::", port, dual=True)
    address = address or "0.0.0.0"  # noqa: S104 - listening everywhere is what was asked for
    return _bound(socket.AF_INET6 if ":" in address else socket.AF_INET, address, port)


def _bound(family: socket.AddressFamily, address: str, port: int, *, dual: bool = False) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if dual else 1)
        bound.bind((address, port))
        bound.listen(2048)
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound
