"""The control socket: how shell commands reach the running server.

A Unix socket in the data directory that only its owner may open. One JSON object on a line each way:
a command with its `kind`, and a `Reply`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from pathlib import Path
from typing import Final

import msgspec

from arengo.domain.errors import ArengoError
from arengo.service.operator import Operator

_LINE_BYTES: Final = 65_536
_log = logging.getLogger("arengo.control")


class ControlCommand(msgspec.Struct, frozen=True, tag_field="kind"):
    """Base of what a shell can ask."""


class CreateAccount(ControlCommand, frozen=True, tag="create_account"):
    name: str
    display: str | None = None
    password: str | None = None
    bot: bool = False


class SetPassword(ControlCommand, frozen=True, tag="set_password"):
    name: str
    password: str


class BanAccount(ControlCommand, frozen=True, tag="ban_account"):
    name: str
    reason: str = ""


class CreateToken(ControlCommand, frozen=True, tag="create_token"):
    name: str
    scopes: list[str] | None = None
    label: str = "shell"


class CreateInvitation(ControlCommand, frozen=True, tag="create_invitation"):
    uses: int = 1


class EndSpace(ControlCommand, frozen=True, tag="end_space"):
    id: str


class Hello(ControlCommand, frozen=True, tag="hello"):
    """Asks only whether a server is there."""


AnyControlCommand = CreateAccount | SetPassword | BanAccount | CreateToken | CreateInvitation | EndSpace | Hello


class Reply(msgspec.Struct, frozen=True):
    """*text* is what the shell prints; with a *code* it is why nothing was done."""

    text: str
    code: str | None = None


async def obey(operator: Operator, command: AnyControlCommand) -> Reply:
    """Do what the operator asks; what cannot be done is a Reply with its code."""
    try:
        return Reply(await _done(operator, command))
    except ArengoError as error:
        return Reply(error.detail or error.code, error.code)


async def _done(operator: Operator, command: AnyControlCommand) -> str:
    match command:
        case CreateAccount(name, display, password, bot):
            account = await operator.create_account(name, display=display, password=password, bot=bot)
            return f"{account.name} {account.id}"
        case SetPassword(name, password):
            await operator.set_password(name, password)
            return f"{name} has a new password; every login and token has ended."
        case BanAccount(name, reason):
            if await operator.ban(name, reason=reason):
                return f"{name} is banned."
            return f"{name} is silenced and refused; it will be written down as soon as the database answers."
        case CreateToken(name, scopes, label):
            return await operator.create_token(name, label=label, scopes=scopes)
        case CreateInvitation(uses):
            return await operator.invite(uses=uses)
        case EndSpace(space_id):
            await operator.end_space(space_id)
            return f"The space {space_id} has ended."
        case Hello():
            return "hello"


class ControlSocket:
    """Listens at *path* and lets *operator* do what is asked there."""

    def __init__(self, path: Path, operator: Operator) -> None:
        self._path = path
        self._operator = operator
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; a socket that a dead server left behind is replaced."""
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._converse, self._path, limit=_LINE_BYTES)
        finally:
            os.umask(before)

    async def stop(self) -> None:
        """Listen no more and take the socket away."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._path.unlink(missing_ok=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            reply = await self._answer(await reader.readline())
            writer.write(msgspec.json.encode(reply) + b"\n")
            await writer.drain()
        except (ConnectionError, ValueError):
            _log.info("A shell command went away before it was answered.")
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, line: bytes) -> Reply:
        try:
            command = msgspec.json.decode(line, type=AnyControlCommand)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return Reply("The server does not know this command; is it of another version?", "malformed")
        try:
            return await obey(self._operator, command)
        except Exception:
            _log.exception("Fault while obeying %s", type(command).__name__)
            return Reply("Something went wrong in the server; its log says what.", "fault")
