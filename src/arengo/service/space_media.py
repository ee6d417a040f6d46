"""The media sessions of one room: who may be heard, kept true on the media plane.

Rule 1: what silences is told to the media plane at once; what lets a voice through is told after it has been written.
Rule 2: one listening and one publishing session for each person; the newest wins, as soon as it is connected.
Rule 3: a microphone that was open in one session never opens another by itself.
Rule 4: who is near the stage hears without the delay of merged packets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, MutableMapping

from arengo.domain.events import Mic
from arengo.domain.ids import PersonId, SpaceId
from arengo.domain.space import Space
from arengo.service.attendance import Attendance, Attendant, Door, MediaSession
from arengo.service.ended_sessions import EndedSessions
from arengo.service.joining import Joining
from arengo.service.news import MediaEnd, MediaEnded
from arengo.service.ports import MediaPlane, NodeId, PeerId

THIS_NODE = NodeId("local")


class RoomMedia:
    """Keeps the media plane to what the space allows."""

    def __init__(
        self,
        space: SpaceId,
        plane: MediaPlane,
        attendance: Attendance,
        peers: MutableMapping[PeerId, MediaSession],
        ended: EndedSessions,
        joining: Joining,
    ) -> None:
        self._space = space
        self._plane = plane
        self._attendance = attendance
        self._peers = peers
        self._ended = ended
        self._joining = joining
        self._allowed: set[MediaSession] = set()
        self._prompt: set[MediaSession] = set()
        self._hushed: Counter[PersonId] = Counter()

    async def accept(self, session: MediaSession, attendant: Attendant, offer: str, requester: str) -> str:
        """Answer *offer*; nothing of the new peer is heard yet."""
        answer = await self._plane.accept_offer(
            THIS_NODE,
            session.peer,
            self._space,
            voice=attendant.voice,
            offer=offer,
            may_send=session.door.may_send,
            may_receive=session.door.may_receive,
            requester=requester,
        )
        return answer.sdp

    async def give_way(self, session: MediaSession) -> None:
        """Close a session, of any room, that is not connected yet; its own room hears of it from the media plane."""
        self._joining.remove(session)
        await self._plane.close_peer(THIS_NODE, session.peer, "server")

    async def abandon(self, session: MediaSession) -> None:
        """Close a peer that never became part of the room."""
        await self._plane.close_peer(THIS_NODE, session.peer, "server")

    def join(self, attendant: Attendant, session: MediaSession, requester: str) -> None:
        """Make *session* one of *attendant*'s; older ones go on until it is connected, so that a change of network cuts nothing."""
        self._attendance.add_session(attendant, session)
        self._peers[session.peer] = session
        self._joining.add(session, requester)
        if attendant.publisher is None and session.door.may_send:
            attendant.publisher = session

    async def connected(self, attendant: Attendant, session: MediaSession) -> None:
        """Let *session* take over from the older ones with the same part, which are closed as replaced."""
        session.is_connected = True
        self._joining.remove(session)
        place = attendant.sessions.index(session)
        rivals = [s for s in attendant.sessions if s is not session and _clash(s.door, session.door)]
        if any(s.is_connected for s in rivals if attendant.sessions.index(s) > place):
            await self.end(attendant, session, "replaced")
            return
        older = [s for s in rivals if attendant.sessions.index(s) < place]
        if attendant.publisher in older and session.door.may_send:
            attendant.publisher = session
        for other in older:
            await self.end(attendant, other, "replaced")

    async def give_voice(self, attendant: Attendant, session: MediaSession) -> None:
        """Make *session* carry the voice, by an act of its owner; a WHIP session that did is closed as replaced."""
        previous = attendant.publisher
        if previous is session:
            return
        attendant.publisher = session
        if previous is None:
            return
        if previous.door is Door.WHIP:
            await self.end(attendant, previous, "replaced")
        elif previous.allowed:
            await self._allow(previous, allowed=False)

    async def end(self, attendant: Attendant, session: MediaSession, why: MediaEnd) -> None:
        """Close one session and tell its owner why."""
        self.lose(attendant, session, why)
        await self._plane.close_peer(THIS_NODE, session.peer, why)

    async def end_all(self, attendant: Attendant, why: MediaEnd) -> None:
        for session in tuple(attendant.sessions):
            await self.end(attendant, session, why)

    def lose(self, attendant: Attendant, session: MediaSession, why: MediaEnd) -> None:
        """Take a session out that its owner has not hung up, and tell them why."""
        self.forget(attendant, session)
        self._ended.note(session)
        if attendant.outlet is not None:
            attendant.outlet.tell(MediaEnded(session.id, why))

    def forget(self, attendant: Attendant, session: MediaSession) -> None:
        """Take a session out."""
        self._attendance.remove_session(attendant, session)
        self._peers.pop(session.peer, None)
        self._joining.remove(session)
        self._allowed.discard(session)
        self._prompt.discard(session)

    async def close(self, why: str) -> None:
        """End every peer of the space."""
        self._allowed.clear()
        self._prompt.clear()
        await self._plane.close_space(THIS_NODE, self._space, why)

    # ---- voices ------------------------------------------------------------------------------

    def hush(self, people: Iterable[PersonId]) -> None:
        """Let nobody hear *people*, whatever the space says, until `unhush`."""
        self._hushed.update(people)

    def unhush(self, people: Iterable[PersonId]) -> None:
        self._hushed.subtract(people)

    async def silence(self, after: Space) -> None:
        """Revoke every voice that *after* does not allow, at once."""
        for session in tuple(self._allowed):
            if not self._is_heard(after, session):
                await self._allow(session, allowed=False)

    async def settle(self, space: Space) -> None:
        """Bring the media plane to what *space* says, in both directions."""
        await self.silence(space)
        for member in tuple(space.on_stage()):
            attendant = self._attendance.find(member.person.id)
            session = attendant.publisher if attendant is not None else None
            if session is not None and not session.allowed and self._is_heard(space, session):
                await self._allow(session, allowed=True)
        await self._keep_prompt(space)

    async def _keep_prompt(self, space: Space) -> None:
        """Spare those near the stage the delay of merged packets: they may have to answer what they hear."""
        for session in tuple(self._prompt):
            member = space.members.get(session.person)
            if member is None or not member.is_near_stage:
                session.prompt = False
                self._prompt.discard(session)
                await self._plane.keep_prompt(THIS_NODE, session.peer, False)
        for member in tuple(space.members.values()):
            attendant = self._attendance.find(member.person.id) if member.is_near_stage else None
            for session in tuple(attendant.sessions) if attendant is not None else ():
                if session.door.may_receive and not session.prompt:
                    session.prompt = True
                    self._prompt.add(session)
                    await self._plane.keep_prompt(THIS_NODE, session.peer, True)

    def is_anybody_heard(self) -> bool:
        return any(session.is_connected for session in self._allowed)

    def _is_heard(self, space: Space, session: MediaSession) -> bool:
        attendant = self._attendance.find(session.person)
        is_publisher = attendant is not None and attendant.publisher is session
        return is_publisher and has_open_mic(space, session.person) and self._hushed[session.person] <= 0

    async def _allow(self, session: MediaSession, *, allowed: bool) -> None:
        session.allowed = allowed
        if allowed:
            self._allowed.add(session)
        else:
            self._allowed.discard(session)
        await self._plane.allow_publish(THIS_NODE, session.peer, allowed)


def has_open_mic(space: Space, person: PersonId) -> bool:
    member = space.members.get(person)
    return space.is_live and member is not None and member.is_on_stage and member.mic is Mic.ON


def silenced_between(before: Space, after: Space) -> frozenset[PersonId]:
    """Give those whose microphone is open in *before* and not in *after*."""
    return frozenset(m.person.id for m in before.on_stage() if has_open_mic(before, m.person.id) and not has_open_mic(after, m.person.id))


def _clash(one: Door, other: Door) -> bool:
    return one.may_receive is other.may_receive
