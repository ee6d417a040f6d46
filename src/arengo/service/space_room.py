"""A room: the one task that owns a space and takes its commands in turn.

Each turn is: ask the domain, commit, announce. What silences somebody reaches the media plane before anything else,
even before its turn; what lets a voice through, after the commit. While the database is away, what silences still
happens and is written later; everything else is Unavailable.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from arengo.domain import refusals
from arengo.domain.access import reason_to_leave, require_entry
from arengo.domain.commands import ComeOnStage, Command, SetMic, decide
from arengo.domain.errors import ArengoError, Refusal, Unavailable
from arengo.domain.events import Events, Mic, Presence, is_observed, silences
from arengo.domain.identity import Credential, Person
from arengo.domain.ids import PersonId, Voice, voice_of
from arengo.domain.moment import Moment
from arengo.domain.roles import Action
from arengo.domain.scopes import require_valid
from arengo.domain.space import Space, evolve_all
from arengo.limits import Limits
from arengo.service.admission import Admission
from arengo.service.attendance import Attendance, Attendant, Door, MediaSession
from arengo.service.clock import Clock
from arengo.service.ended_sessions import EndedSessions
from arengo.service.ids import Ids
from arengo.service.joining import Joining
from arengo.service.news import Failing, Farewell, MediaEnd, Over, PutOut
from arengo.service.ports import MediaPlane, PeerId, SpaceStore, StaleSpace
from arengo.service.rates import RateLimit
from arengo.service.resume import ResumeTokens, Stay
from arengo.service.space_herald import Herald, people_in
from arengo.service.space_ledger import Ledger
from arengo.service.space_media import RoomMedia, silenced_between
from arengo.service.space_turns import Decision, Turn, Turns

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RoomTools:
    """What every room of a server shares."""

    store: SpaceStore
    media: MediaPlane
    clock: Clock
    ids: Ids
    limits: Limits
    tokens: ResumeTokens
    admission: Admission
    peer_numbers: Iterator[int]
    peers: dict[PeerId, MediaSession]  # every open session of the server
    ended: EndedSessions
    joining: Joining
    commands: RateLimit
    reactions: RateLimit
    offers: RateLimit


class SpaceRoom:
    """One space with those who are in it."""

    def __init__(self, space: Space, tools: RoomTools) -> None:
        self.space = space
        self.tools = tools
        self.epoch = tools.ids.token()[:12]
        self.attendance = Attendance()
        self.media = RoomMedia(space.id, tools.media, self.attendance, tools.peers, tools.ended, tools.joining)
        self.herald = Herald(self.attendance, tools.limits, self.resume_token)
        self.active: tuple[Voice, ...] = ()  # who is heard now, dominant first
        self.banned: set[PersonId] = set()
        self.is_failed = False
        self.is_closed = False
        self.lag_s = 0.0  # the slowest turn since the last look
        self._ledger = Ledger(space, tools.store, tools.clock, retry_s=tools.limits.database_retry_s)
        self._turns = Turns(tools.limits.commands_waiting)
        self._taken: Turn | None = None  # the turn that is being taken

    # ---- asking ------------------------------------------------------------------------------

    async def ask(self, by: Person, command: Command, *, credential: Credential | None = None, from_app: bool = False) -> int:
        """Let *by* command the space, if *credential* is still valid when the turn comes; return the version that this led to.

        Raises Refusal and Unavailable.
        """
        self.tools.commands.take(f"{self.space.id}/{by.id}")
        version = await self.turn(lambda space, now: self.decided(space, by, command, now, credential), by=by)
        if isinstance(command, ComeOnStage | SetMic) and command.mic is Mic.ON:
            await self._lend_voice(by.id, from_app=from_app)
        return version

    def react(self, by: Person, emoji: str) -> None:
        """Gather one emoji for the next pulse."""
        self.tools.reactions.take(f"{self.space.id}/{by.id}")
        self.require_entry(by)
        self.require_live()
        self.herald.react(by, emoji)

    async def turn(self, decision: Decision, *, by: Person | None = None) -> int:
        """Have *decision* taken when its turn comes; the caller's end does not undo it."""
        return await asyncio.shield(await self.post(decision, by=by))

    async def post(self, decision: Decision, *, by: Person | None = None) -> asyncio.Future[int]:
        """Have *decision*, which *by* asked for, taken when its turn comes, and give what will hold the version.

        Nobody has to wait for it.
        """
        if self.is_closed:
            raise _closed()
        hush = self._silenced_by(decision)
        turn = Turn(
            decision,
            asyncio.get_running_loop().create_future(),
            hush,
            self.tools.clock.monotonic(),
            by=by.id if by is not None else None,
            is_urgent=by is not None and self.space.standing(by).may(Action.MUTE),
        )
        turn.answer.add_done_callback(_heed)
        self._turns.add(turn)
        self.media.hush(hush)
        if hush:
            await self.media.silence(self.space)
        return turn.answer

    def require_entry(self, person: Person) -> None:
        require_entry(self.space, person, banned=person.id in self.banned)

    def require_live(self) -> None:
        """Refuse with `not_live` or `already_ended`."""
        if self.space.state.is_over:
            raise refusals.already_ended(self.space.state.value)
        if not self.space.is_live:
            raise refusals.not_live(self.space.state.value)

    def moment(self, person: PersonId, now: datetime) -> Moment:
        return Moment(now, self.voice(person), self.presence(person))

    def voice(self, person: PersonId) -> Voice:
        attendant = self.attendance.find(person)
        if attendant is not None:
            return attendant.voice
        return voice_of(self.space.id, person, self.attendance.voices())

    def presence(self, person: PersonId) -> Presence:
        attendant = self.attendance.find(person)
        return Presence.HERE if attendant is not None and attendant.is_present else Presence.AWAY

    def now(self) -> datetime:
        """Whole milliseconds, as the wire and the database keep them."""
        now = self.tools.clock.now()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def resume_token(self, attendant: Attendant) -> str:
        return self.tools.tokens.sign(Stay(self.space.id, attendant.person, attendant.is_shown, self.epoch), self.now())

    # ---- taking turns ------------------------------------------------------------------------

    async def run(self) -> None:
        """Take turns until cancelled."""
        while True:
            self._taken = None
            self._taken = turn = await self._turns.next()
            self.media.unhush(turn.hush)
            try:
                version = await self._take(turn.decide)
            except asyncio.CancelledError:
                turn.give(_closed())
                raise
            except ArengoError as error:
                turn.give(error)
            except Exception as error:
                log.exception("A turn of a space failed.")
                turn.give(error)
            else:
                turn.give(version)
            self.lag_s = max(self.lag_s, self.tools.clock.monotonic() - turn.asked_at)

    async def close(self, farewell: Farewell) -> None:
        """Write what is owed, if the database lets us, and say farewell to every channel; no turn is taken from here on."""
        self.is_closed = True
        self.herald.flush(self.space)
        for attendant in tuple(self.attendance.with_channel()):
            if attendant.outlet is not None:
                attendant.outlet.close(farewell)
        self._turns.give_all(_closed())
        if self._ledger.owes(self.space) and not self.is_failed:
            try:
                await self._ledger.write(self.space)
            except Unavailable:
                log.warning("A space was closed before its last changes could be written.")

    def is_busy(self) -> bool:
        """Tell whether a turn waits or is being taken."""
        return self._taken is not None or len(self._turns) > 0

    def still_owes(self) -> bool:
        """Tell whether something waits to be written at all."""
        return self._ledger.owes(self.space) and not self.is_failed

    def owes(self) -> bool:
        """Tell whether something waits to be written that could be tried now."""
        return self._ledger.owes(self.space) and self._ledger.may_ask()

    def _silenced_by(self, decision: Decision) -> frozenset[PersonId]:
        try:
            events = decision(self.space, self.now())
        except ArengoError:
            return frozenset()
        return silenced_between(self.space, evolve_all(self.space, events))

    async def _take(self, decision: Decision) -> int:
        before = self.space
        try:
            events = decision(before, self.now())
            if events:
                await self._change(before, events)
            elif self.owes():
                await self._ledger.write(before)
        finally:
            await self.media.settle(self.space)
        return self.space.version

    async def _change(self, before: Space, events: Events) -> None:
        after = evolve_all(before, events)
        is_certain = any(silences(e) or is_observed(e) for e in events)
        leaving = self._leaving(before, after, events)
        if is_certain:
            await self.media.silence(after)
            for attendant, refusal in leaving:
                await self.media.end_all(attendant, _media_end(refusal))
            if after.state.is_over:
                await self.media.close("ended")
        try:
            await self._ledger.write(after)
        except StaleSpace:
            self.is_failed = True
            await self.close(Failing())
            raise
        except Unavailable:
            if not is_certain:
                raise
        self.space = after
        self.herald.announce(before, after, events)
        if leaving or after.state.is_over:
            self.herald.flush(after)
        for attendant, refusal in leaving:
            await self.put_out(attendant, refusal)
        if after.state.is_over:
            await self._empty()

    def _leaving(self, before: Space, after: Space, events: Events) -> list[tuple[Attendant, Refusal]]:
        doors_close = before.settings.guests_allowed and not after.settings.guests_allowed
        people = self.attendance.everybody() if doors_close else filter(None, map(self.attendance.find, set(people_in(events))))
        return [(a, refusal) for a in people if (refusal := reason_to_leave(after, a.person)) is not None]

    async def put_out(self, attendant: Attendant, refusal: Refusal) -> None:
        """Close what *attendant* has here, telling them why, and forget them."""
        await self.shut(attendant, refusal)
        self.attendance.remove(attendant)

    async def shut(self, attendant: Attendant, refusal: Refusal, opened_by: Credential | None = None) -> None:
        """Close what *attendant* has here, or only what *opened_by* opened, telling them why: the sound first, then the channel."""
        for session in tuple(attendant.sessions):
            if opened_by is None or session.credential is opened_by:
                await self.media.end(attendant, session, _media_end(refusal))
        if attendant.outlet is not None and (opened_by is None or attendant.credential is opened_by):
            attendant.outlet.close(PutOut(refusal))
            attendant.outlet = None

    async def _empty(self) -> None:
        for attendant in tuple(self.attendance.everybody()):
            await self.media.end_all(attendant, "ended")
            if attendant.outlet is not None:
                attendant.outlet.close(Over())
            self.attendance.remove(attendant)

    def decided(self, space: Space, by: Person, command: Command, now: datetime, credential: Credential | None) -> Events:
        """Return what *command* comes to, unless *credential* has ended or *by* may not be here."""
        require_valid(credential)
        require_entry(space, by, banned=by.id in self.banned)
        return decide(space, by, command, self.moment(by.id, now))

    async def _lend_voice(self, person: PersonId, *, from_app: bool) -> None:
        attendant = self.attendance.find(person)
        if attendant is None:
            return
        able = [s for s in attendant.sessions if s.door.may_send]
        from_page = [s for s in able if s.door is Door.APP] if from_app else []
        chosen = from_page or (able if attendant.publisher is None else [])
        if chosen:
            await self.media.give_voice(attendant, chosen[-1])
            await self.media.settle(self.space)


def _closed() -> Unavailable:
    return Unavailable("The space is being closed here; come back.")


def _heed(answer: asyncio.Future[int]) -> None:
    """Take note of an outcome that nobody waits for; `run` has logged what was our own fault."""
    if not answer.cancelled():
        answer.exception()


def _media_end(refusal: Refusal) -> MediaEnd:
    return _MEDIA_ENDS.get(refusal.code, "server")


_MEDIA_ENDS: Mapping[str, MediaEnd] = {"banned": "banned", "removed": "removed", "not_signed_in": "signed_out"}
