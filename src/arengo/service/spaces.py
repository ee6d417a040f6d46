"""Spaces as everybody outside sees them: open one, look at it, ask something of it, come in.

Every way to a space goes through here, and none past the rules of `domain.access`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from random import SystemRandom

from arengo.domain import hosting, refusals
from arengo.domain.access import may_see, require_sight
from arengo.domain.commands import Command, StartSpace
from arengo.domain.errors import Refusal, Unavailable
from arengo.domain.identity import Credential, Identity, Person
from arengo.domain.ids import PersonId, SpaceId, is_space_id
from arengo.domain.lifecycle import State
from arengo.domain.rates import Rate
from arengo.domain.settings import Settings
from arengo.domain.space import Space
from arengo.limits import Limits
from arengo.service.admission import Admission
from arengo.service.attendance import Attendant, Door, MediaSession
from arengo.service.clock import Clock
from arengo.service.ended_sessions import EndedSessions
from arengo.service.ids import Ids
from arengo.service.joining import Joining
from arengo.service.news import Crowd, Outlet
from arengo.service.ports import MediaPlane, PeerId, PeopleDirectory, SpaceStore
from arengo.service.rates import RateLimit
from arengo.service.resume import ResumeTokens, Stay
from arengo.service.space_door import Admit, enter, hang_up, nobody_new, open_media, shut_out
from arengo.service.space_ear import MediaEar
from arengo.service.space_figures import SpaceFigures, figures_of
from arengo.service.space_listing import SpaceView, by_audience, is_overdue, view_of
from arengo.service.space_media import THIS_NODE
from arengo.service.space_room import RoomTools, SpaceRoom
from arengo.service.space_rooms import Rooms

log = logging.getLogger(__name__)

RATES_REMEMBERED = 100_000
SPARE = 5  # spaces read for each that is listed: some are private, some overdue


@dataclass(frozen=True, slots=True)
class Seat:
    """Where somebody is once they have come in."""

    room: SpaceRoom
    attendant: Attendant


@dataclass(frozen=True, slots=True)
class _Running:
    rooms: Rooms
    tokens: ResumeTokens
    admission: Admission
    ended: EndedSessions
    tasks: tuple[asyncio.Task[None], ...]


class Spaces:
    """All spaces of a server; between `start` and `stop` it owns their rooms."""

    def __init__(self, store: SpaceStore, media: MediaPlane, clock: Clock, ids: Ids, limits: Limits, people: PeopleDirectory) -> None:
        self._store = store
        self._media = media
        self._clock = clock
        self._ids = ids
        self._limits = limits
        self._people = people
        self._openings = self._rate(limits.spaces_opened_per_host, limits.spaces_opened_per_host_s)
        self._being_opened: Counter[tuple[PersonId, State]] = Counter()
        self._running: _Running | None = None

    # ---- running -----------------------------------------------------------------------------

    async def start(self) -> None:
        """Bring live spaces back and begin to look after them; Unavailable when the database is."""
        tokens = ResumeTokens(await self._store.signing_key(), lasts=timedelta(hours=self._limits.resume_hours))
        tools = self._tools(tokens)
        rooms = Rooms(tools)
        await rooms.load_live()
        ear = MediaEar(tools.peers, rooms.find)
        duties = {"beat": rooms.beat(), "ear": ear.listen(self._media), "load": tools.admission.watch(self._media, THIS_NODE)}
        tasks = tuple(asyncio.create_task(duty, name=f"spaces {name}") for name, duty in duties.items())
        self._running = _Running(rooms, tokens, tools.admission, tools.ended, tasks)

    async def stop(self) -> None:
        """Tell everybody that the server goes away, and let go of every room; twice does no harm."""
        running, self._running = self._running, None
        if running is None:
            return
        for task in running.tasks:
            task.cancel()
        await asyncio.gather(*running.tasks, return_exceptions=True)
        await running.rooms.stop()

    def figures(self) -> SpaceFigures:
        """Count spaces and people, for those who watch over the server."""
        return figures_of(self.rooms, self._active.admission.shedding)

    async def look_after(self) -> None:
        """Do now what the heartbeat does each second: who is gone for too long, what is still to be written."""
        await self.rooms.look()

    def pulse(self) -> None:
        """Tell now what the heartbeat tells four times a second."""
        self.rooms.pulse()

    async def weigh(self, *, lag_s: float = 0.0) -> None:
        """Weigh now what is weighed each second: the load of the sound, and how late the service is."""
        self._active.admission.weigh(await self._media.load(THIS_NODE), lag_s)

    @property
    def rooms(self) -> Rooms:
        """The rooms that are kept; Unavailable before the start."""
        return self._active.rooms

    # ---- looking -----------------------------------------------------------------------------

    async def view(self, space_id: SpaceId, identity: Identity | None) -> SpaceView:
        """Show a space to *identity*, or refuse with `no_such_space`."""
        person = identity.person if identity else None
        space = await self._seen(space_id, person)
        if space.is_live:
            return view_of(await self._room(space_id, person))
        room = self.rooms.find(space_id)
        return view_of(room) if room is not None else SpaceView(space, Crowd())

    async def listed(self, state: State, identity: Identity | None) -> list[SpaceView]:
        """Show the spaces in *state* that *identity* may see: live ones by audience, others by time."""
        person = identity.person if identity else None
        most = self._limits.spaces_listed
        if state is State.LIVE:
            live = (room for room in self.rooms if room.space.is_live and may_see(room.space, person))
            return by_audience(map(view_of, live), most=most)
        stored = await self._store.in_state(state, most=SPARE * most)
        latest = self._now() - timedelta(seconds=self._limits.overdue_s)
        return [SpaceView(space, Crowd()) for space in stored if may_see(space, person) and not is_overdue(space, latest)][:most]

    async def audience(self, space_id: SpaceId, identity: Identity | None, *, after: str | None, most: int) -> Sequence[Person]:
        """Give a page of those who listen, in the order in which they came, from behind the person *after*."""
        room = await self._room(space_id, identity.person if identity else None)
        on_stage = frozenset(m.person.id for m in room.space.on_stage())
        most = min(max(most, 1), self._limits.people_page)
        return room.attendance.listeners_after(on_stage, PersonId(after) if after else None, most=most)

    async def permitted(self, space_id: SpaceId, identity: Identity) -> Sequence[Person]:
        """Give the accounts that may enter a private space; the host alone learns them."""
        room = await self._room(space_id, identity.person)
        if identity.id != room.space.host.id:
            raise refusals.not_permitted("permit_entry")
        return [m.person for m in room.space.members.values() if m.may_enter]

    async def person(self, space_id: SpaceId, person_id: str, *, by: Person) -> Person:
        """Find the person whom a command of *by* is about: in the space, or anywhere; refuse with `no_such_person`."""
        room = await self._room(space_id, by)
        member = room.space.members.get(PersonId(person_id))
        attendant = room.attendance.find(PersonId(person_id))
        if attendant is not None:
            return attendant.person
        if member is not None:
            return member.person
        found = await self._people.person(person_id)
        if found is None:
            raise refusals.no_such_person()
        return found.person

    # ---- asking ------------------------------------------------------------------------------

    async def open(self, identity: Identity, settings: Settings, *, start: bool) -> SpaceView:
        """Open a space for *identity*, and go live at once when *start*."""
        host = identity.person
        space = hosting.open_space(SpaceId(self._ids.space()), host, settings, self._now())
        self._openings.take(host.id)
        state, most = (
            (State.LIVE, self._limits.live_spaces_per_host) if start else (State.SCHEDULED, self._limits.scheduled_spaces_per_host)
        )
        self._being_opened[host.id, state] += 1  # they count too: ten that are asked for at once would all find room
        try:
            if await self._store.hosted_by(host.id, state) + self._being_opened[host.id, state] > most:
                raise Refusal("You have too many spaces at a time.", code="too_many_spaces", facts={"most": most})
            await self._store.create(space)
            room = self.rooms.keep(space)
            if start:
                await room.ask(host, StartSpace(), credential=identity.credential)
        finally:
            self._being_opened -= Counter([(host.id, state)])  # keeps nobody with none
        return view_of(room)

    async def ask(self, space_id: SpaceId, identity: Identity, command: Command) -> SpaceView:
        """Let *identity* command a space; give it as it is after that."""
        room = await self._room(space_id, identity.person)
        await room.ask(identity.person, command, credential=identity.credential)
        return view_of(room)

    # ---- coming in ---------------------------------------------------------------------------

    async def enter(
        self,
        space_id: SpaceId,
        person: Person,
        outlet: Outlet,
        *,
        shown: bool,
        stay: Stay | None,
        since: int,
        credential: Credential | None = None,
        admit: Admit = nobody_new,
    ) -> Seat:
        """Give *person* a channel; with the *stay* of a resume token, they are told only what came after version *since*."""
        room = await self._room(space_id, person)
        if room.space.state.is_over:
            raise refusals.already_ended(room.space.state.value)
        known = stay is not None and stay.epoch == room.epoch
        attendant = await enter(room, person, outlet, shown=shown, since=since if known else None, credential=credential, admit=admit)
        return Seat(room, attendant)

    async def stay(self, space_id: SpaceId, token: str) -> Stay | None:
        """Read a resume token of this space; None where it is not good, or its account has been banned."""
        stay = self._active.tokens.read(token, self._clock.now())
        if stay is None or stay.space != space_id:
            return None
        return None if await self._people.is_banned(stay.person.id) else stay

    async def open_media(
        self,
        space_id: SpaceId,
        person: Person,
        door: Door,
        offer: str,
        requester: str,
        *,
        shown: bool | None = None,
        credential: Credential | None = None,
        admit: Admit = nobody_new,
    ) -> tuple[str, str]:
        """Answer an SDP offer; give the name of the session and the answer. *requester* is an IP address."""
        room = await self._room(space_id, person)
        session, answer = await open_media(room, person, door, offer, requester, shown=shown, credential=credential, admit=admit)
        return session.id, answer

    async def close_media(self, space_id: SpaceId, door: Door, session_id: str) -> None:
        """Hang up, also what has just ended by itself; the name of the session, which only its owner was told, is the permission."""
        room = self.rooms.find(space_id)
        session = room.attendance.session(session_id) if room is not None else None
        if room is None or session is None or session.door is not door:
            if self._active.ended.hang_up(session_id, door):
                return
            raise Refusal("There is no such media session.", code="no_such_session")
        await hang_up(room, session, None)

    # ---- the end of somebody -----------------------------------------------------------------

    async def shut_out(self, credential: Credential) -> None:
        """Silence and close at once what *credential*, which has ended, opened in any space."""
        if self._running is not None:
            await self._everywhere(lambda room: shut_out(room, credential))

    async def ban(self, account_id: str) -> None:
        """Silence and put out an account in every space at once; what has to be written follows when the database answers."""
        await self._everywhere(lambda room: self._ban_from(room, PersonId(account_id)))

    async def end_by_operator(self, space_id: str) -> None:
        """End a live space, or cancel a scheduled one, on the operator's word."""
        room = await self.rooms.room(SpaceId(space_id))
        await room.turn(lambda space, now: hosting.stop(space, "operator", now))

    async def _everywhere(self, act: Callable[[SpaceRoom], Awaitable[None]]) -> None:
        """Do *act* in every room at the same time; a room where it fails holds up no other."""
        outcomes = await asyncio.gather(*(act(room) for room in self.rooms), return_exceptions=True)
        for fault in outcomes:
            if isinstance(fault, BaseException):
                log.error("Somebody could not be put out of one space: %s", type(fault).__name__, exc_info=fault)

    async def _ban_from(self, room: SpaceRoom, person: PersonId) -> None:
        room.banned.add(person)
        attendant = room.attendance.find(person)
        if attendant is not None:
            await room.put_out(attendant, refusals.banned())
        if not room.space.state.is_over:
            await room.turn(lambda space, now: hosting.banned(space, person, now))

    # ---- inside ------------------------------------------------------------------------------

    @property
    def _active(self) -> _Running:
        if self._running is None:
            raise Unavailable("The server is not ready.")
        return self._running

    async def _seen(self, space_id: SpaceId, person: Person | None) -> Space:
        """Give the space if *person* may know of it, else refuse with `no_such_space`.

        A private space and one that does not exist cost the same look into the store, and nothing is remembered of it.
        """
        room = self.rooms.find(space_id)
        if room is not None and may_see(room.space, person):
            return room.space
        stored = await self._store.find_for(space_id, person.id if person else None) if is_space_id(space_id) else None
        if room is not None or stored is None or not may_see(stored, person):
            raise refusals.no_such_space()
        return stored

    async def _room(self, space_id: SpaceId, person: Person | None) -> SpaceRoom:
        """Give the room of a space that *person* may know of; the only way from outside to a room."""
        await self._seen(space_id, person)
        room = await self.rooms.room(space_id)
        require_sight(room.space, person)
        return room

    def _now(self) -> datetime:
        now = self._clock.now()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def _tools(self, tokens: ResumeTokens) -> RoomTools:
        limits = self._limits
        peers: dict[PeerId, MediaSession] = {}
        joining = Joining(limits)
        return RoomTools(
            store=self._store,
            media=self._media,
            clock=self._clock,
            ids=self._ids,
            limits=limits,
            tokens=tokens,
            admission=Admission(peers, joining, self._clock, limits, SystemRandom().random),
            peer_numbers=count(1),
            peers=peers,
            ended=EndedSessions(self._clock, kept_s=limits.media_session_ended_s),
            joining=joining,
            commands=self._rate(limits.commands_per_person, limits.commands_per_person_s),
            reactions=self._rate(limits.reactions_per_person, limits.reactions_per_person_s),
            offers=self._rate(limits.media_sessions_per_person, limits.media_sessions_per_person_s),
        )

    def _rate(self, most: int, period_s: float) -> RateLimit:
        return RateLimit(Rate(most, period_s), self._clock, remembered=RATES_REMEMBERED)
