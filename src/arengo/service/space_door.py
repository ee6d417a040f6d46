"""Coming into a room and leaving it: by the channel, by a media session, or both."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime

from arengo.domain import absence, refusals
from arengo.domain.access import reason_to_leave
from arengo.domain.commands import ComeOnStage, Leave, decide
from arengo.domain.errors import ArengoError, Unavailable
from arengo.domain.events import Events, Mic
from arengo.domain.identity import Credential, Person
from arengo.domain.ids import PersonId
from arengo.domain.scopes import require_valid
from arengo.domain.shedding import has_reserve
from arengo.domain.space import Space
from arengo.domain.stage import set_mic
from arengo.service.attendance import Attendant, Door, MediaSession
from arengo.service.news import MediaEnd, Outlet, Replaced
from arengo.service.ports import PeerId
from arengo.service.space_media import has_open_mic
from arengo.service.space_room import SpaceRoom

Admit = Callable[[], None]
"""Counts somebody new at the moment when nothing else can refuse them any more, or refuses them itself."""


def nobody_new() -> None:
    """Count nobody: an account, or a guest who was counted before."""


async def enter(
    room: SpaceRoom,
    person: Person,
    outlet: Outlet,
    *,
    shown: bool,
    since: int | None,
    credential: Credential | None = None,
    admit: Admit = nobody_new,
) -> Attendant:
    """Give *person* a channel; the older one, if any, is closed as replaced. *since*: the last version that they have seen."""
    require_valid(credential)
    room.require_entry(person)
    _require_room(room, person)
    admit()
    attendant = _attendant(room, person)
    previous, attendant.outlet = attendant.outlet, outlet
    attendant.credential = credential
    attendant.person = person
    attendant.is_shown = shown
    if previous is not None:
        previous.close(Replaced())
    room.attendance.note(attendant, room.tools.clock.monotonic())
    room.herald.welcome(attendant, room.space, since)
    await note_presence(room, attendant)
    return attendant


async def lose_channel(room: SpaceRoom, attendant: Attendant, outlet: Outlet) -> None:
    """Note that *outlet* is closed; another one may already be in its place."""
    if attendant.outlet is outlet:
        attendant.outlet = None
        await note_presence(room, attendant)


async def depart(room: SpaceRoom, attendant: Attendant) -> None:
    """Go for good: the place, the hand and the media sessions are given up."""
    person = attendant.person
    for session in tuple(attendant.sessions):
        await room.media.end(attendant, session, "ended")
    attendant.outlet = None
    room.attendance.remove(attendant)
    if room.space.is_live:
        with contextlib.suppress(Unavailable):  # a hand that stays up is lowered once its time is over
            await room.turn(lambda space, now: decide(space, person, Leave(), room.moment(person.id, now)))
    await note_absence(room, person.id)


async def open_media(
    room: SpaceRoom,
    person: Person,
    door: Door,
    offer: str,
    requester: str,
    *,
    shown: bool | None,
    credential: Credential | None = None,
    admit: Admit = nobody_new,
) -> tuple[MediaSession, str]:
    """Answer *offer* of *person*; by WHIP this is also the act of coming on stage with an open microphone.

    *shown*: whether they are named among the listeners; None leaves that as their channel said, and whoever is new unnamed.
    An offer counts once it has been answered: one that makes no sense takes nothing from anybody.
    """
    _require_sound(room, person, credential)
    offers = f"{room.space.id}/{person.id}"
    room.tools.offers.check(offers)
    if door is not Door.WHIP:
        _require_room(room, person)
    is_called = door is Door.WHIP or has_reserve(room.space, person)
    room.tools.admission.require_place(has_reserve=is_called)
    if door is Door.WHIP:
        decide(room.space, person, ComeOnStage(Mic.ON), room.moment(person.id, room.now()))
    session = MediaSession(room.tools.ids.token(), PeerId(next(room.tools.peer_numbers)), door, room.space.id, person.id, credential)
    answer = await room.media.accept(session, _attendant(room, person), offer, requester)
    try:
        _require_sound(room, person, credential)
        room.tools.offers.take(offers)
        admit()
        late = room.tools.admission.gives_way(requester, has_reserve=is_called)
        attendant = _attendant(room, person)
        attendant.is_shown = attendant.is_shown if shown is None else shown
        room.media.join(attendant, session, requester)
    except ArengoError:
        await room.media.abandon(session)
        raise
    if late is not None:
        await room.media.give_way(late)
    await note_presence(room, attendant)
    if door is Door.WHIP:
        await _come_by_whip(room, attendant, session)
    await room.media.settle(room.space)
    return session, answer


async def hang_up(room: SpaceRoom, session: MediaSession, why: MediaEnd | None, *, said_goodbye: bool = True) -> None:
    """End a media session, by its owner's wish (*why* None) or because its peer is gone, with a goodbye or without one."""
    attendant = room.attendance.find(session.person)
    if attendant is None:
        return
    was_publisher = attendant.publisher is session
    if why is None:
        await room.media.abandon(session)
        room.media.forget(attendant, session)
    else:
        room.media.lose(attendant, session, why)
    person = attendant.person
    if was_publisher and session.door is Door.WHIP and has_open_mic(room.space, person.id):
        await room.post(lambda space, now: _closed_mic(space, person))
    is_over = (why is None and session.door is Door.WHIP) or (said_goodbye and _only_listens(room.space, person))
    if is_over and attendant.outlet is None and not attendant.sessions:
        await depart(room, attendant)
    else:
        await note_presence(room, attendant)


async def shut_out(room: SpaceRoom, credential: Credential) -> None:
    """End what *credential* opened here; whatever its person opened by another goes on, and their place is kept for a while."""
    attendant = room.attendance.find(PersonId(credential.person))
    if attendant is None:
        return
    person, publisher = attendant.person, attendant.publisher
    await room.shut(attendant, refusals.signed_out(), credential)
    if publisher is not None and publisher.credential is credential and has_open_mic(room.space, person.id):
        await room.post(lambda space, now: _closed_mic(space, person))
    await note_presence(room, attendant)


def _only_listens(space: Space, person: Person) -> bool:
    """Tell whether *person* has nothing in the space that would have to be kept for a return."""
    member = space.member(person)
    return not member.is_on_stage and member.hand_since is None


async def connected(room: SpaceRoom, session: MediaSession) -> None:
    """Note that the peer of *session* is up."""
    attendant = room.attendance.find(session.person)
    if attendant is not None and session in attendant.sessions:
        await room.media.connected(attendant, session)
        await note_presence(room, attendant)
        await room.media.settle(room.space)


async def note_presence(room: SpaceRoom, attendant: Attendant) -> None:
    """Bring what the space says of *attendant*'s presence up to date."""
    room.attendance.note(attendant, room.tools.clock.monotonic())
    await note_absence(room, attendant.person.id)


async def note_absence(room: SpaceRoom, person: PersonId) -> None:
    """Bring what the space says of *person*'s presence up to date; a room that is being closed has everybody away when it comes back."""

    def noted(space: Space, now: datetime) -> Events:
        return absence.note_presence(space, person, room.presence(person), now)

    if room.space.is_live and not room.is_closed and noted(room.space, room.now()):
        await room.post(noted)


def _closed_mic(space: Space, person: Person) -> Events:
    return set_mic(space, person, Mic.OFF) if has_open_mic(space, person.id) else ()


async def _come_by_whip(room: SpaceRoom, attendant: Attendant, session: MediaSession) -> None:
    try:
        await room.turn(lambda space, now: room.decided(space, attendant.person, ComeOnStage(Mic.ON), now, session.credential))
    except ArengoError:
        await room.media.end(attendant, session, "server")
        await note_presence(room, attendant)
        raise
    await room.media.give_voice(attendant, session)


def _require_sound(room: SpaceRoom, person: Person, credential: Credential | None) -> None:
    require_valid(credential)
    room.require_entry(person)
    room.require_live()
    refusal = reason_to_leave(room.space, person)
    if refusal is not None:
        raise refusal


def _require_room(room: SpaceRoom, person: Person) -> None:
    """Refuse with `media_full` who is new, while new listeners are shed."""
    if room.attendance.find(person.id) is None and not has_reserve(room.space, person):
        room.tools.admission.require_room()


def _attendant(room: SpaceRoom, person: Person) -> Attendant:
    return room.attendance.find(person.id) or Attendant(person, room.voice(person.id))
