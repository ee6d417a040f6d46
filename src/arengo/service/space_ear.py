"""Listens to what the media plane says of its peers and tells the rooms."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from arengo.domain.errors import ArengoError
from arengo.domain.ids import SpaceId, Voice
from arengo.service.attendance import MediaSession
from arengo.service.news import MediaEnd
from arengo.service.ports import ActiveVoices, LoudnessMeasured, MediaEvent, MediaPlane, PeerClosed, PeerConnected, PeerId
from arengo.service.space_door import connected, hang_up
from arengo.service.space_room import SpaceRoom

log = logging.getLogger(__name__)


class MediaEar:
    """Brings the events of one media plane to the rooms that `find` knows."""

    def __init__(self, peers: Mapping[PeerId, MediaSession], find: Callable[[SpaceId], SpaceRoom | None]) -> None:
        self._peers = peers
        self._find = find

    async def listen(self, plane: MediaPlane) -> None:
        """Take events until cancelled; one that goes wrong leaves the others alone."""
        async for event in plane.events():
            try:
                await self.hear(event)
            except ArengoError as error:
                log.info("An event of the sound was not taken in: %s", error.code)
            except Exception:
                log.exception("Fault while taking in an event of the sound.")

    async def hear(self, event: MediaEvent) -> None:
        match event:
            case PeerConnected(peer, _):
                session, room = self._whose(peer)
                if session is not None and room is not None:
                    await connected(room, session)
            case PeerClosed(peer, why):
                session, room = self._whose(peer)
                if session is not None and room is not None:
                    await hang_up(room, session, _ENDS.get(why, "server"), said_goodbye=why == "bye")
            case ActiveVoices(space, voices):
                room = self._find(SpaceId(space))
                if room is not None:
                    room.active = tuple(Voice(v) for v in voices if v)
            case LoudnessMeasured(space, voices):
                room = self._find(SpaceId(space))
                if room is not None:
                    room.herald.measure(room.space, {Voice(voice): dbov for voice, dbov in voices})
            case _:
                pass  # first packets are read in band by those who hear them

    def _whose(self, peer: PeerId) -> tuple[MediaSession | None, SpaceRoom | None]:
        session = self._peers.get(peer)
        return session, self._find(session.space) if session is not None else None


_ENDS: Mapping[str, MediaEnd] = {
    "silent": "silent",
    "bye": "silent",
    "dtls": "silent",
    "removed": "removed",
    "banned": "banned",
    "ended": "ended",
}
