"""A house of spaces without sockets: fakes for the world, and people who listen with open ears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from tests.fakes.clock import StoppedClock
from tests.fakes.media_plane import FakeMediaPlane
from tests.fakes.offers import an_offer
from tests.fakes.space_store import MemorySpaces

from arengo.domain.commands import Command
from arengo.domain.events import Event
from arengo.domain.identity import Credential, CredentialKind, Identity
from arengo.domain.ids import SpaceId
from arengo.domain.settings import Settings, Visibility, WhoMaySpeak
from arengo.limits import Limits
from arengo.service.attendance import Door
from arengo.service.ids import SystemIds
from arengo.service.news import Farewell, News, Told, Welcomed
from arengo.service.ports import SpaceStore
from arengo.service.resume import Stay
from arengo.service.space_door import lose_channel
from arengo.service.spaces import Seat, Spaces

N = TypeVar("N", bound=News)
NEVER_S = 1e9


def an_account(number: int, name: str | None = None) -> Identity:
    return Identity(str(number), "account", name or f"Person {number}", handle=f"p{number}")


def by(kind: CredentialKind, who: Identity) -> Identity:
    """*who*, recognised by a credential of their own."""
    return replace(who, credential=Credential(kind, who.id))


HOST = an_account(1, "Hanna")
ANN = an_account(2, "Ann")
BEN = an_account(3, "Ben")
CLEO = an_account(4, "Cleo")
GUEST = Identity("g9", "guest", "Guest")


@dataclass
class Ear:
    """An outlet that remembers."""

    news: list[News] = field(default_factory=list)
    farewell: Farewell | None = None

    def tell(self, news: News) -> None:
        self.news.append(news)

    def close(self, farewell: Farewell) -> None:
        self.farewell = self.farewell or farewell

    def of(self, kind: type[N]) -> list[N]:
        return [n for n in self.news if isinstance(n, kind)]

    @property
    def events(self) -> list[Event]:
        return [told.event for told in self.of(Told)]

    @property
    def welcome(self) -> Welcomed:
        return self.of(Welcomed)[-1]


@dataclass
class Directory:
    """People by id."""

    known: dict[str, Identity] = field(default_factory=lambda: {p.id: p for p in (HOST, ANN, BEN, CLEO)})
    banned: set[str] = field(default_factory=set)

    async def person(self, person_id: str) -> Identity | None:
        return self.known.get(person_id)

    async def people(self, person_ids: Iterable[str]) -> Mapping[str, Identity]:
        return {i: self.known[i] for i in person_ids if i in self.known}

    async def is_banned(self, person_id: str) -> bool:
        return person_id in self.banned


@dataclass
class House:
    """Spaces with everything around them in the test's hand; time goes on only by `passes`."""

    spaces: Spaces
    store: SpaceStore
    media: FakeMediaPlane
    clock: StoppedClock
    people: Directory

    @property
    def memory(self) -> MemorySpaces:
        assert isinstance(self.store, MemorySpaces)
        return self.store

    async def opens(self, host: Identity = HOST, *, everyone: bool = True, private: bool = False, start: bool = True) -> SpaceId:
        settings = Settings(
            "A space",
            visibility=Visibility.PRIVATE if private else Visibility.PUBLIC,
            who_may_speak=WhoMaySpeak.EVERYONE if everyone else WhoMaySpeak.INVITED,
        )
        return (await self.spaces.open(host, settings, start=start)).space.id

    async def enters(
        self, space: SpaceId, who: Identity, *, stay: Stay | None = None, since: int = 0, shown: bool = True
    ) -> tuple[Ear, Seat]:
        ear = Ear()
        seat = await self.spaces.enter(space, who.person, ear, shown=shown, stay=stay, since=since, credential=who.credential)
        return ear, seat

    async def leaves(self, seat: Seat, ear: Ear) -> None:
        await lose_channel(seat.room, seat.attendant, ear)

    async def joins(self, space: SpaceId, who: Identity, door: Door = Door.APP) -> str:
        session, _ = await self.spaces.open_media(space, who.person, door, an_offer(), "127.0.0.1", credential=who.credential)
        return session

    async def asks(self, space: SpaceId, who: Identity, command: Command) -> int:
        return (await self.spaces.ask(space, who, command)).space.version

    async def ends(self, who: Identity) -> None:
        """End the credential by which *who* was recognised, as a sign-out does."""
        assert who.credential is not None
        who.credential.has_ended = True
        await self.spaces.shut_out(who.credential)

    def heard(self, space: SpaceId, seat: Seat) -> bool:
        """Whether the voice of that seat is let through."""
        return seat.attendant.voice in self.media.heard

    async def passes(self, seconds: float) -> None:
        """Let time pass, second by second where the house would look after its spaces."""
        for _ in range(int(seconds)):
            self.clock.advance(1)
            await self.spaces.look_after()
            await settled()
        self.clock.advance(seconds - int(seconds))


@asynccontextmanager
async def a_house(
    store: SpaceStore | None = None, *, clock: StoppedClock | None = None, media: FakeMediaPlane | None = None, **limits: float
) -> AsyncIterator[House]:
    clock = clock or StoppedClock()
    store = store or MemorySpaces()
    media, people = media or FakeMediaPlane(), Directory()
    quiet = Limits(**{"pulse_s": NEVER_S, "weigh_s": NEVER_S, **limits})  # type: ignore[arg-type]
    spaces = Spaces(store, media, clock, SystemIds(clock), quiet, people)
    await spaces.start()
    try:
        yield House(spaces, store, media, clock, people)
    finally:
        await spaces.stop()


async def settled() -> None:
    """Let every task that can go on do so; nothing here waits for the world."""
    for _ in range(50):
        await asyncio.sleep(0)
