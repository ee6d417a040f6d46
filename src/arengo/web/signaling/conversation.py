"""One channel from `hello` to its end: reads what the client says, and answers."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial

import msgspec

from arengo.domain.errors import ArengoError, ProtocolViolation, Refusal
from arengo.domain.identity import Identity
from arengo.domain.ids import SpaceId
from arengo.domain.rates import Bucket, Rate
from arengo.domain.scopes import require_scope, require_valid
from arengo.service.resume import Stay
from arengo.service.services import Services
from arengo.service.space_door import Admit, depart, lose_channel, nobody_new
from arengo.service.spaces import Seat
from arengo.web.signaling import messages as wire
from arengo.web.signaling.closing import IDLE, LEFT, PROTOCOL_VIOLATION, Closing, closing_of_error, too_many
from arengo.web.signaling.frames import Frames, encode
from arengo.web.signaling.orders import order
from arengo.web.signaling.outlet import SocketOutlet
from arengo.web.signaling.sockets import Socket, SocketLost

COMMANDS_AT_ONCE = 16
CLOSE_WAIT_S = 1.0

_decoder = msgspec.json.Decoder(wire.FromClient)


class Conversation:
    """What is said on one socket, which has been accepted, in one task; it is closed by the time that `hold` returns."""

    __slots__ = (
        "_bucket",
        "_commands",
        "_excess",
        "_heard_at",
        "_idle",
        "_limits",
        "_outlet",
        "_parting",
        "_services",
        "_socket",
        "_space_id",
    )

    def __init__(self, socket: Socket, services: Services, frames: Frames, space_id: SpaceId) -> None:
        self._socket = socket
        self._services = services
        self._limits = services.limits
        self._space_id = space_id
        self._outlet = SocketOutlet(socket, frames, services.limits, self._close)
        self._bucket = Bucket()
        self._excess = 0
        self._commands: set[asyncio.Task[None]] = set()
        self._parting: asyncio.Task[None] | None = None
        self._heard_at = 0.0
        self._idle: asyncio.TimerHandle | None = None

    async def hold(self, identity: Identity | None, address: str) -> None:
        """Greet, and talk until one side has enough. *address* is the client's, for counting guests."""
        try:
            await self._hold(identity, address)
        finally:
            del self._outlet  # which holds us: without it nothing is left for the garbage collector

    async def _hold(self, identity: Identity | None, address: str) -> None:
        try:
            seat, by = await self._greet(identity, address)
        except ArengoError as error:
            self._outlet.finish(closing_of_error(error))
        except SocketLost:
            pass
        else:
            try:
                await self._talk(seat, by)
            finally:
                await lose_channel(seat.room, seat.attendant, self._outlet)

    # ---- hello -------------------------------------------------------------------------------

    async def _greet(self, identity: Identity | None, address: str) -> tuple[Seat, Identity]:
        hello = await self._hello()
        stay = await self._services.spaces.stay(self._space_id, hello.resume.token) if hello.resume else None
        by, stay, admit = self._who(identity, stay, address)
        require_scope(by, "spaces:read")
        seat = await self._services.spaces.enter(
            self._space_id,
            by.person,
            self._outlet,
            shown=hello.shown,
            stay=stay,
            since=hello.resume.version if hello.resume else 0,
            credential=by.credential,
            admit=admit,
        )
        return seat, by

    async def _hello(self) -> wire.Hello:
        try:
            async with asyncio.timeout(self._limits.channel_hello_s):
                said = await self._hears()
        except TimeoutError:
            raise ProtocolViolation("Say hello first.") from None
        if not isinstance(said, wire.Hello):
            raise ProtocolViolation("Say hello first.")
        return said

    def _who(self, identity: Identity | None, stay: Stay | None, address: str) -> tuple[Identity, Stay | None, Admit]:
        """Who speaks, the stay that they come back to, and what counts them once they are in."""
        if identity is not None:
            return identity, stay if stay is not None and stay.person.id == identity.id else None, nobody_new
        if stay is None:
            stranger = self._services.guests.stranger(address)
            return stranger, None, partial(self._services.guests.admit, stranger, address)
        if not stay.person.is_guest:
            raise Refusal("Sign in again.", code="not_signed_in")
        return self._services.recognition.by_stay(stay.person), stay, nobody_new

    # ---- talking -----------------------------------------------------------------------------

    async def _talk(self, seat: Seat, by: Identity) -> None:
        self._watch_idleness()
        try:
            with contextlib.suppress(SocketLost):
                self._outlet.finish(await self._read(seat, by))
        finally:
            self._stop_watching()
            if self._parting is not None:
                await self._parting
            for task in self._commands:
                task.cancel()
            await asyncio.gather(*self._commands, return_exceptions=True)

    async def _read(self, seat: Seat, by: Identity) -> Closing:
        while True:
            try:
                said = await self._hears()
            except ProtocolViolation:
                return PROTOCOL_VIOLATION
            wait = self._spend()
            if self._excess > self._limits.channel_excess:
                return too_many(self._limits.channel_messages_s)
            match said:
                case wire.Do() if wait > 0:
                    self._refuse(said.id, Refusal("That is too much at once.", code="rate_limited"), retry_after=wait)
                case wire.Do():
                    await self._start(seat, said, by)
                case wire.Ping(id=number):
                    self._outlet.say(encode(wire.Pong(id=number)))
                case wire.Leave():
                    if seat.attendant.outlet is self._outlet:  # a channel that was closed meanwhile speaks for nobody
                        with contextlib.suppress(ArengoError):
                            await depart(seat.room, seat.attendant)
                    return LEFT
                case wire.Hello():
                    return PROTOCOL_VIOLATION
                case wire.Pong():
                    pass

    # ---- the end -----------------------------------------------------------------------------

    def _close(self, closing: Closing) -> None:
        """Close at once, or as soon as commands that are under way, such as the one that ended the space, are answered."""
        if self._commands:
            self._parting = asyncio.create_task(self._answer_the_last(closing))
        else:
            self._socket.close(closing.code, closing.reason)

    async def _answer_the_last(self, closing: Closing) -> None:
        await asyncio.wait(self._commands, timeout=CLOSE_WAIT_S)
        self._socket.close(closing.code, closing.reason)

    def _watch_idleness(self) -> None:
        """Close a socket that says nothing; one timer, set again when it rings, costs less than one for each message."""
        loop = asyncio.get_running_loop()
        left_s = self._limits.channel_idle_s - (loop.time() - self._heard_at)
        if left_s <= 0:
            self._outlet.finish(IDLE)
        else:
            self._idle = loop.call_later(left_s, self._watch_idleness)

    def _stop_watching(self) -> None:
        if self._idle is not None:
            self._idle.cancel()

    # ---- commands ----------------------------------------------------------------------------

    async def _start(self, seat: Seat, asked: wire.Do, by: Identity) -> None:
        if len(self._commands) >= COMMANDS_AT_ONCE:
            await asyncio.wait(self._commands, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._do(seat, asked, by))
        self._commands.add(task)
        task.add_done_callback(self._commands.discard)

    async def _do(self, seat: Seat, asked: wire.Do, by: Identity) -> None:
        try:
            version = await self._obey(seat, asked.command, by)
        except ArengoError as error:
            self._refuse(asked.id, error, retry_after=getattr(error, "retry_after", None))
        else:
            self._outlet.say(encode(wire.Done(id=asked.id, version=version)))

    async def _obey(self, seat: Seat, command: wire.AnyCommand, by: Identity) -> int:
        require_scope(by, "spaces:write")
        require_valid(by.credential)
        if isinstance(command, wire.React):
            seat.room.react(seat.attendant.person, command.emoji)
            return seat.room.space.version
        asked = await order(command, lambda person_id: self._services.spaces.person(self._space_id, person_id, by=seat.attendant.person))
        return await seat.room.ask(seat.attendant.person, asked, credential=by.credential, from_app=True)

    def _refuse(self, number: int, error: ArengoError, *, retry_after: float | None) -> None:
        self._services.tally.count("channel", error.code)
        refused = wire.Refused(id=number, code=error.code, detail=error.detail, facts=dict(error.facts), retry_after=retry_after)
        self._outlet.say(encode(refused))

    def _spend(self) -> float:
        rate = Rate(self._limits.channel_messages, self._limits.channel_messages_s)
        now = self._services.clock.monotonic()
        wait = self._bucket.wait(rate, now)
        if wait > 0:
            self._excess += 1
        else:
            self._bucket = self._bucket.poured(rate, now)
            self._excess = max(0, self._excess - 1)
        return wait

    async def _hears(self) -> wire.FromClient:
        text = await self._socket.hears()
        self._heard_at = asyncio.get_running_loop().time()
        if len(text) > self._limits.channel_message_bytes:
            raise ProtocolViolation("A message is too large.")
        try:
            said: wire.FromClient = _decoder.decode(text)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise ProtocolViolation("A message cannot be understood.") from None
        return said
