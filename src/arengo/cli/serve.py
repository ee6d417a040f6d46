"""`arengo serve`: everything on one machine, until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import errno
import gc
import ipaddress
import logging
import resource
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import segno
import uvloop

from arengo.adapters.network.addresses import address_on_network, in_url, own_addresses
from arengo.adapters.tls.local_ca import local_certificate
from arengo.bootstrap import Running, running
from arengo.cli.control import sole_use
from arengo.cli.exits import DONE, UNAVAILABLE, CliError
from arengo.cli.options import add_server_options, server_settings
from arengo.cli.secrecy import close_to_others
from arengo.service.clock import SystemClock
from arengo.service.instance import Instance
from arengo.settings import Settings, program_version
from arengo.web.control import ControlSocket
from arengo.web.listener import Listener, TlsFiles, bind

Beside = Callable[[Running], Coroutine[None, None, None]]
"""What goes on beside a server: begun when it listens, cancelled when it stops; its failure ends the server."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what `arengo serve` understands."""
    add_server_options(parser)


def run(options: argparse.Namespace) -> int:
    """Serve until told to stop."""
    return run_server(server_settings(options))


def run_server(settings: Settings, beside: Beside | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; *beside* runs along with it."""
    set_up_logging(settings.log_level)
    _take_file_descriptors()
    with sole_use(settings), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        close_to_others(settings)
        runner.run(_serve(settings, beside))
    return DONE


def _take_file_descriptors() -> None:
    """Every listener has a socket: take as many as the machine allows without asking."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _spare_the_collector() -> None:
    """Look for garbage among what is young, and seldom among all: with 10,000 people that would stop the loop for a second.

    A channel that ends is freed without the collector; a test sees to it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(1_000, 10, 400)


def set_up_logging(level: str) -> None:
    """One line for each thing, on standard error."""
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr, force=True)
    for chatty in ("alembic", "sqlalchemy", "aiosqlite", "asyncio", "httpx", "uvicorn.error"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


async def _serve(settings: Settings, beside: Beside | None) -> None:
    stop = _hear_signals()
    tls = _tls(settings)
    async with AsyncExitStack() as stack:
        sockets = _bind(settings, stack)
        ports = [bound.getsockname()[1] for bound, _ in sockets]  # what was taken, where any was asked for by 0
        settings = replace(settings, port=ports[0], tls_port=ports[-1])
        instance = Instance(name=settings.name, url=_url(settings), signup=settings.signup, version=program_version())
        listeners: list[Listener] = []
        serving: list[asyncio.Task[None]] = []
        # Left in the opposite order: the shell's socket, channels and sound, the database, and the listeners at last,
        # so that browsers hear that the server goes away and come back by themselves.
        stack.push_async_callback(_stop_listening, listeners, serving)
        server = await stack.enter_async_context(_running(settings, instance))
        control = ControlSocket(settings.control_socket, server.operator)
        await control.start()
        stack.push_async_callback(control.stop)
        listeners += [
            Listener(server.app, bound, settings.limits, server.connections, tls if secure else None) for bound, secure in sockets
        ]
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _read_certificates_again, listeners)
        serving += [asyncio.create_task(listener.run_until_stopped()) for listener in listeners]
        _greet(settings, instance)
        _spare_the_collector()
        await _until_told_to_stop(stop, [*serving, server.keeping], beside(server) if beside else None)


def _hear_signals() -> asyncio.Event:
    """What is set when the process is told to stop, from its very beginning; telling it twice ends it at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def told() -> None:
        stop.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told)
    return stop


async def _until_told_to_stop(
    stop: asyncio.Event, serving: Sequence[asyncio.Task[None]], beside: Coroutine[None, None, None] | None
) -> None:
    """Wait for *stop*, or for the failure of what should go on."""
    ended = asyncio.create_task(stop.wait())
    side = asyncio.create_task(beside) if beside else None
    try:
        watched = {ended, *serving, *({side} if side else ())}
        while not ended.done():
            done, _ = await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            watched -= done
            for task in done:
                task.result()
            if any(task in done for task in serving):
                break
    finally:
        ended.cancel()
        if side is not None:
            side.cancel()
            await asyncio.gather(side, return_exceptions=True)


def _read_certificates_again(listeners: Sequence[Listener]) -> None:
    for listener in listeners:
        listener.read_certificate_again()


async def _stop_listening(listeners: Sequence[Listener], serving: Sequence[asyncio.Task[None]]) -> None:
    for listener in listeners:
        listener.stop()
    await asyncio.gather(*serving, return_exceptions=True)


@asynccontextmanager
async def _running(settings: Settings, instance: Instance) -> AsyncIterator[Running]:
    """The server's inside; a media port that is taken is told as such."""
    try:
        async with running(settings, instance) as server:
            yield server
    except OSError as error:
        if error.errno == errno.EADDRINUSE or "in use" in str(error):  # the core gives a sentence alone
            raise CliError(f"Port {settings.media_port} is taken; choose another with --media-port.", UNAVAILABLE) from error
        raise


def _bind(settings: Settings, stack: AsyncExitStack) -> list[tuple[socket.socket, bool]]:
    """The sockets to listen on, each with whether it speaks https."""
    wanted = [(settings.port, settings.bind, settings.tls_cert is not None, "--port")]
    if settings.tls_local:
        wanted.append((settings.tls_port, None, True, "--tls-port"))
    sockets = []
    for port, address, secure, option in wanted:
        try:
            bound = bind(port, address)
        except OSError as error:
            why = "is taken by another program" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
            raise CliError(f"Port {port} {why}; choose another with {option}.", UNAVAILABLE) from error
        stack.callback(bound.close)
        sockets.append((bound, secure))
    return sockets


def _tls(settings: Settings) -> TlsFiles | None:
    if settings.tls_local:
        made = local_certificate(settings.tls_dir, own_addresses(), SystemClock().now())
        return TlsFiles(made.certificate, made.key)
    if settings.tls_cert and settings.tls_key:
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(settings.tls_cert, settings.tls_key)
        except (ssl.SSLError, OSError) as error:
            raise CliError(f"The certificate and key do not work: {error.strerror or error}.", UNAVAILABLE) from error
        return TlsFiles(settings.tls_cert, settings.tls_key)
    return None


def _url(settings: Settings) -> str:
    """The address to give away: the one that was set, else the best guess."""
    if settings.url:
        return settings.url
    if settings.tls_local:
        address = address_on_network()
        return f"https://{in_url(address) if address else 'localhost'}:{settings.tls_port}"
    bind_to = ipaddress.ip_address(settings.bind or "::")
    host = "localhost" if bind_to.is_unspecified or bind_to.is_loopback else in_url(bind_to)
    return f"{'https' if settings.tls_cert else 'http'}://{host}:{settings.port}"


def _greet(settings: Settings, instance: Instance) -> None:
    """Say where the server is found, and show the code that a phone can scan."""
    scheme = "https" if settings.tls_cert else "http"
    lines = [f"Arengo {instance.version} is ready: {scheme}://localhost:{settings.port}/"]
    if settings.tls_local:
        lines.append(f"On phones of this network: {instance.url}/")
        lines.append(f"Once for each phone: open {instance.url}/trust, which explains how to trust this server.")
    elif settings.url:
        lines.append(f"Known to the world as {settings.url}/")
    print("\n".join(lines))
    if settings.tls_local:
        segno.make(f"{instance.url}/", error="m").terminal(compact=True, border=2)
    sys.stdout.flush()
