"""Asking the running server by its control socket, or working on the database where none runs."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from arengo.cli.exits import DONE, FAILED, UNAVAILABLE, CliError
from arengo.cli.sole_use import locked, wait_for
from arengo.settings import Settings
from arengo.web.control import AnyControlCommand, Hello, Reply

_WAIT_S = 20.0


def carry_out(settings: Settings, command: AnyControlCommand) -> int:
    """Have *command* obeyed, by the running server if there is one, and print the answer."""
    reply = _reply(settings, command)
    if reply.code is not None:
        raise CliError(f"{reply.text} ({reply.code})", UNAVAILABLE if reply.code == "unavailable" else FAILED)
    print(reply.text)
    return DONE


@contextmanager
def sole_use(settings: Settings) -> Iterator[None]:
    """Hold the data for this process alone until the block ends; CliError when a server runs, or another process keeps it."""
    began = time.monotonic()
    while True:
        with locked(settings) as taken:
            if taken is None:
                yield
                return
        if is_running(settings):
            raise CliError("A server runs on this data directory already; stop it first.")
        wait_for(taken, since=began, most_s=settings.limits.sole_use_wait_s)


def is_running(settings: Settings) -> bool:
    """Whether a server answers on the control socket of that data directory."""
    return ask_server(settings.control_socket, Hello()) is not None


def ask_server(path: Path, command: AnyControlCommand) -> Reply | None:
    """The running server's answer; None where none runs."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_WAIT_S)
            connection.connect(str(path))
            connection.sendall(msgspec.json.encode(command) + b"\n")
            with connection.makefile("rb") as answer:
                line = answer.readline()
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except PermissionError as error:
        raise CliError(f"The server's socket {path} belongs to another user; run this as that user.") from error
    except TimeoutError as error:
        raise CliError("The server does not answer on its socket.", UNAVAILABLE) from error
    if not line:
        raise CliError("The server went away before it answered.", UNAVAILABLE)
    return msgspec.json.decode(line, type=Reply)


def _reply(settings: Settings, command: AnyControlCommand) -> Reply:
    began = time.monotonic()
    while True:
        reply = ask_server(settings.control_socket, command)
        if reply is not None:
            return reply
        with locked(settings) as taken:
            if taken is None:
                return _obey_alone(settings, command)
        wait_for(taken, since=began, most_s=settings.limits.sole_use_wait_s)


def _obey_alone(settings: Settings, command: AnyControlCommand) -> Reply:
    # Imported here: beside a running server a command needs none of it, and starts four times as fast.
    from arengo.cli.alone import obey_alone

    return asyncio.run(obey_alone(settings, command))
