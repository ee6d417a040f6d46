"""The space channel from the other end: what a bot says and is told (`protocol/signaling.md`)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from arengo.domain.errors import Refusal, Unavailable
from arengo.web.signaling.messages import (
    AnyCommand,
    AnyEvent,
    Do,
    Done,
    EventMessage,
    FromServer,
    Hello,
    Ping,
    Pong,
    Refused,
    Welcome,
)

PING_EVERY_S: Final = 20.0
ANSWER_WITHIN_S: Final = 10.0


def _trust_of_this_machine() -> ssl.SSLContext:
    """The bots meet their own server over loopback, whose certificate is for another name."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


ITSELF: Final = _trust_of_this_machine()

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(FromServer).decode


class Channel:
    """One participant's place in a space."""

    def __init__(self, socket: ClientConnection, welcome: Welcome) -> None:
        self.welcome = welcome
        self._socket = socket
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[Done]] = {}
        self._events: asyncio.Queue[AnyEvent | None] = asyncio.Queue()

    async def do(self, command: AnyCommand) -> Done:
        """Ask the server for something; Refusal with the server's code, Unavailable when it does not answer."""
        number = next(self._numbers)
        answer: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            await self._send(Do(id=number, command=command))
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await answer
        except TimeoutError:
            raise Unavailable("The channel does not answer.") from None
        finally:
            self._answers.pop(number, None)

    async def events(self) -> AsyncIterator[AnyEvent]:
        """What happens in the space, until the channel ends."""
        while (event := await self._events.get()) is not None:
            yield event

    async def _send(self, message: Do | Ping | Pong) -> None:
        try:
            await self._socket.send(_encode(message).decode())
        except ConnectionClosed as error:
            raise Unavailable("The channel has ended.") from error

    async def _read(self) -> None:
        try:
            async for text in self._socket:
                await self._take(_decode(text))
        except (ConnectionClosed, msgspec.MsgspecError):
            pass
        finally:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(Unavailable("The channel has ended."))
            self._events.put_nowait(None)

    async def _take(self, message: FromServer) -> None:
        match message:
            case EventMessage(event=event):
                self._events.put_nowait(event)
            case Done(id=number) if (answer := self._answers.get(number)) and not answer.done():
                answer.set_result(message)
            case Refused(id=number, code=code, detail=detail) if (answer := self._answers.get(number)) and not answer.done():
                answer.set_exception(Refusal(detail, code=code))
            case Ping(id=number):
                await self._send(Pong(id=number))
            case _:
                pass

    async def _ping(self) -> None:
        for number in count(1):
            await asyncio.sleep(PING_EVERY_S)
            await self._send(Ping(id=number))


@asynccontextmanager
async def channel(space: str, token: str) -> AsyncIterator[Channel]:
    """Enter the space whose API address is *space*; whoever is on stage keeps the place for a return. Raises Unavailable, Refusal."""
    address = "ws" + space.removeprefix("http") + "/channel"
    try:
        socket = await connect(
            address,
            additional_headers={"authorization": f"Bearer {token}"},
            proxy=None,
            ssl=ITSELF if address.startswith("wss") else None,
        )
    except (OSError, WebSocketException, TimeoutError) as error:
        raise Unavailable(f"The channel does not open: {error}.") from error
    async with socket:
        try:
            await socket.send(_encode(Hello()).decode())
            async with asyncio.timeout(ANSWER_WITHIN_S):
                welcome = _decode(await socket.recv())
        except ConnectionClosed as error:
            raise Refusal(f"The channel was closed: {error}.", code=(error.rcvd.reason if error.rcvd else "") or "not_permitted") from error
        except (TimeoutError, msgspec.MsgspecError) as error:
            raise Unavailable("The channel gives no welcome.") from error
        if not isinstance(welcome, Welcome):
            raise Unavailable("The channel gives no welcome.")
        place = Channel(socket, welcome)
        tasks = [asyncio.create_task(place._read()), asyncio.create_task(place._ping())]
        try:
            yield place
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
