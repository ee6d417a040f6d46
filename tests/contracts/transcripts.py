"""Golden conversations of the space channel: what one reader says and hears, line by line.

A file in `protocol/transcripts/` is JSON lines. `from` (`client` or `server`) and `message` are what the reader says and hears.
The others: `about` (a sentence, and who reads), `does` (what somebody else does meanwhile, which a client ignores), `closed`
(code and reason), and `snapshot` (what a client must hold by then).
`python -m tests.contracts.transcripts` writes the lines of the server anew from those of the people.
"""

from __future__ import annotations

import asyncio
import json
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
from tests.fakes.clock import StoppedClock
from tests.fakes.media_plane import FakeMediaPlane
from tests.fakes.socket import FakeSocket
from tests.fakes.space_store import MemorySpaces
from tests.service.house import ANN, BEN, CLEO, HOST, NEVER_S, Directory, settled

from arengo.domain.identity import Identity
from arengo.domain.settings import Settings, WhoMaySpeak
from arengo.limits import Limits
from arengo.service.instance import Instance
from arengo.service.services import Services
from arengo.service.spaces import Spaces
from arengo.service.tally import Tally
from arengo.web.signaling import messages as wire
from arengo.web.signaling.apply import apply
from arengo.web.signaling.conversation import Conversation
from arengo.web.signaling.frames import Frames
from arengo.web.signaling.orders import order

FOLDER = Path(__file__).parents[2] / "protocol" / "transcripts"
PEOPLE = {p.handle: p for p in (HOST, ANN, BEN, CLEO)}
GUEST = Identity("g1", "guest", "Guest 1")

Line = dict[str, Any]


class CountedIds:
    """Ids that are the same in every run."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def snowflake(self) -> str:
        return str(next(self._numbers))

    def guest(self) -> str:
        return "g" + self.snowflake()

    def space(self) -> str:
        return f"Transcript{next(self._numbers):03}"

    def voice(self, taken: object = ()) -> int:
        return next(self._numbers)

    def token(self) -> str:
        return f"token{next(self._numbers):040}"


class Replay:
    """One server in the test's hand, and the channel of one reader."""

    def __init__(self) -> None:
        self.clock = StoppedClock()
        limits = Limits(pulse_s=NEVER_S, weigh_s=NEVER_S)
        self.media = FakeMediaPlane()
        self.spaces = Spaces(MemorySpaces(), self.media, self.clock, CountedIds(), limits, Directory())
        guests = SimpleNamespace(stranger=lambda address: GUEST, admit=lambda guest, address: None)
        services = SimpleNamespace(spaces=self.spaces, limits=limits, clock=self.clock, guests=guests, tally=Tally())
        self._services = cast(Services, services)
        self._frames = Frames(Instance(url="https://talk.example.org"))
        self._reader: Identity | None = None
        self._socket = FakeSocket()
        self._talk: asyncio.Task[Any] | None = None
        self._space = ""
        self._snapshot: wire.Snapshot | None = None
        self._last = ("", 0)

    async def lines(self, given: list[Line]) -> list[Line]:
        """Give the whole transcript for the lines that people contribute."""
        await self.spaces.start()
        settings = Settings("Piazza", topics=("arte",), who_may_speak=WhoMaySpeak.INVITED)
        self._space = (await self.spaces.open(HOST, settings, start=True)).space.id
        written: list[Line] = []
        for line in given:
            if line.get("from") == "server" or line.keys() & {"closed", "snapshot"}:
                continue
            written.append(line)
            await self._follow(line)
            await settled()
            written += self._answers()
        if self._snapshot is not None:
            written.append({"snapshot": msgspec.to_builtins(self._snapshot)})
        if self._talk is not None:
            self._talk.cancel()
            await asyncio.gather(self._talk, return_exceptions=True)
        await self.spaces.stop()
        return written

    async def _follow(self, line: Line) -> None:
        match line:
            case {"about": _, "reader": reader}:
                self._reader = PEOPLE.get(reader)
            case {"from": "client", "message": {"type": "hello"} as said}:
                self._socket = FakeSocket()
                conversation = Conversation(self._socket, self._services, self._frames, cast(Any, self._space))
                self._talk = asyncio.create_task(conversation.hold(self._reader, "192.0.2.1"))
                if said.get("resume") == "as last":
                    said = {**said, "resume": {"token": self._last[0], "version": self._last[1]}}
                self._socket.says(json.dumps(said))
            case {"from": "client", "message": said}:
                self._socket.says(said if isinstance(said, str) else json.dumps(said))
            case {"does": {"who": who, "command": command}}:
                asked = msgspec.convert(command, wire.AnyCommand)
                rules = await order(asked, lambda person: self.spaces.person(cast(Any, self._space), person, by=PEOPLE[who].person))
                await self.spaces.ask(cast(Any, self._space), PEOPLE[who], rules)
            case {"does": "the socket breaks"}:
                self._socket.breaks()
            case {"does": "a pulse"}:
                self.spaces.pulse()
            case {"does": {"loudness": loudness}}:
                view = await self.spaces.view(cast(Any, self._space), HOST)
                self.media.measure(self._space, {m.voice: loudness[m.person.handle] for m in view.space.on_stage()})
            case {"does": {"seconds": seconds}}:
                self.clock.advance(seconds)
            case _:
                raise ValueError(line)

    def _answers(self) -> list[Line]:
        heard, self._socket.heard = self._socket.heard, []
        answers: list[Line] = []
        for frame in heard:
            self._take_in(msgspec.json.decode(frame, type=wire.FromServer))
            answers.append({"from": "server", "message": json.loads(frame)})
        if self._talk is not None and self._talk.done():
            code, reason = self._socket.closed or (1000, "left")
            answers.append({"closed": {"code": code, "reason": reason}})
            self._talk = None
        return answers

    def _take_in(self, message: wire.FromServer) -> None:
        match message:
            case wire.Welcome(snapshot=snapshot, resume=resume, version=version):
                self._snapshot = snapshot or self._snapshot
                self._last = (resume, version)
            case wire.EventMessage(n=number) if self._snapshot is not None:
                self._snapshot = apply(self._snapshot, message)
                self._last = (self._last[0], number)
            case wire.Pulse(audience=wire.Audience() as audience) if self._snapshot is not None:
                self._snapshot = msgspec.structs.replace(self._snapshot, audience=audience)
            case wire.Pulse(count=wire.Count() as count) if self._snapshot is not None:
                audience = msgspec.structs.replace(self._snapshot.audience, listeners=count.listeners, guests=count.guests)
                self._snapshot = msgspec.structs.replace(self._snapshot, audience=audience)
            case _:
                pass


def read(path: Path) -> list[Line]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def text(lines: list[Line]) -> str:
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


if __name__ == "__main__":
    for transcript in sorted(FOLDER.glob("*.jsonl")):
        transcript.write_text(text(asyncio.run(Replay().lines(read(transcript)))))
