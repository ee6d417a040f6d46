"""Tells those in a room what has happened, each what they may know.

News for many is one object for all of them; what was told is kept for those who come back.
Of a large audience, those on stage, those who moderate and those concerned are told at once, and all others four times a
second what has happened meanwhile: a hundred hands that go up are not a hundred messages to each of ten thousand.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping

from arengo.domain.events import Events, SettingsChanged, StandInChanged
from arengo.domain.identity import Person
from arengo.domain.ids import PersonId, Voice
from arengo.domain.snapshot import is_told, is_told_to_all, sees_invitations
from arengo.domain.space import Space
from arengo.limits import Limits
from arengo.service.attendance import Attendance, Attendant
from arengo.service.news import Crowd, Gathered, Loudness, Noted, Pulsed, Told, Welcomed, Yours
from arengo.service.reactions import ReactionCounter

YOURS_AT_ONCE = 500


class Herald:
    """The voice of a room towards its readers."""

    def __init__(self, attendance: Attendance, limits: Limits, sign: Callable[[Attendant], str]) -> None:
        self._attendance = attendance
        self._limits = limits
        self._sign = sign
        self._beats = 0
        self._untold: list[tuple[Told, Noted]] = []  # to some
        self._history: deque[Told] = deque(maxlen=limits.events_kept)
        self._reactions = ReactionCounter()
        self._crowd = Crowd()  # as it was told last
        self._is_sample_due = False
        self._stale: list[PersonId] = []
        self._loudness: dict[Voice, int] = {}
        self._untold_loudness: dict[Voice, int] = {}
        self._all_loudness: Loudness | None = None  # for newcomers, made once

    def react(self, person: Person, emoji: str) -> None:
        self._reactions.add(emoji, person.id)

    def measure(self, space: Space, voices: Mapping[Voice, int]) -> None:
        """Keep how loud voices are, and tell the next pulse what has changed; who has left the stage is forgotten."""
        self._untold_loudness |= {v: dbov for v, dbov in voices.items() if self._loudness.get(v) != dbov}
        on_stage = {member.voice for member in space.on_stage()}
        self._loudness = {v: dbov for v, dbov in {**self._loudness, **voices}.items() if v in on_stage}
        self._all_loudness = Loudness(tuple(self._loudness.items())) if self._loudness else None

    def crowd(self, space: Space) -> Crowd:
        return self._attendance.crowd(frozenset(m.person.id for m in space.on_stage()), sample=self._limits.audience_sample)

    def welcome(self, attendant: Attendant, space: Space, since: int | None) -> None:
        """Tell *attendant* where things stand: what they missed after version *since*, or everything."""
        if attendant.outlet is None:
            return
        missed = self._missed(space, since)
        attendant.outlet.tell(self._welcomed(attendant, space, fresh=missed is None, since=since))
        attendant.version = space.version
        if self._all_loudness is not None:
            attendant.outlet.tell(self._all_loudness)
        if missed is None:
            return
        for told in missed:
            attendant.outlet.tell(told if is_told(space, told.event, attendant.person) else Noted(told.version))
        attendant.outlet.tell(Pulsed(self._shown_crowd(space), ()))

    def announce(self, before: Space, after: Space, events: Events) -> None:
        """Tell everybody the *events* that led from *before* to *after*; the most of a large audience at the next pulse."""
        is_large = bool(self._untold) or len(self._attendance) >= self._limits.gather_people
        for number, event in enumerate(events, start=before.version + 1):
            told = Told(number, event)
            self._history.append(told)
            self._untold.append((told, Noted(number)))
        concerned = _concerned(before, after, events)
        at_once = filter(None, map(self._attendance.find, concerned | _close(after))) if is_large else self._attendance.with_channel()
        for attendant in at_once:
            self._bring_up(attendant, after)
        if not is_large:
            self._untold.clear()
        for attendant in filter(None, map(self._attendance.find, concerned)):
            self._tell_own(attendant, before, after)
        if before.settings.who_may_speak is not after.settings.who_may_speak and any(isinstance(e, SettingsChanged) for e in events):
            self._stale = [a.person.id for a in self._attendance.with_channel()]

    def flush(self, space: Space) -> None:
        """Tell all those what has happened who have not been told."""
        if not self._untold:
            return
        first, last = self._untold[0][0].version, self._untold[-1][0].version
        gathered = Gathered(tuple(told if is_told_to_all(told.event) else noted for told, noted in self._untold))
        for attendant in self._attendance.with_channel():
            if attendant.version == first - 1 and attendant.outlet is not None:
                attendant.outlet.tell(gathered)
                attendant.version = last
            else:
                self._bring_up(attendant, space)
        self._untold.clear()

    def pulse(self, space: Space, *, thinning: int = 1) -> None:
        """Tell what was gathered, when anything was; large audiences are told less often, and only one time in *thinning*."""
        self._tell_stale(space)
        self._beats += 1
        if self._beats % thinning == 0:
            self.flush(space)
        if self._beats % (thinning * (1 + len(self._attendance) // self._limits.pulse_people)):
            return
        self._tell_loudness()
        crowd = self.crowd(space)
        reactions = self._reactions.take()
        is_named = self._is_sample_due or crowd.sample != self._crowd.sample
        is_new = is_named or crowd != self._crowd
        if not is_new and not reactions:
            return
        news = Pulsed(crowd if is_new else None, reactions, is_named)
        self._crowd = crowd
        self._is_sample_due = False
        for attendant in self._attendance.with_channel():
            if attendant.outlet is not None:
                attendant.outlet.tell(news)

    def _tell_loudness(self) -> None:
        if self._untold_loudness:
            news = Loudness(tuple(self._untold_loudness.items()))
            self._untold_loudness = {}
            for attendant in self._attendance.with_channel():
                if attendant.outlet is not None:
                    attendant.outlet.tell(news)

    def _tell_stale(self, space: Space) -> None:
        now, self._stale = self._stale[:YOURS_AT_ONCE], self._stale[YOURS_AT_ONCE:]
        for attendant in filter(None, map(self._attendance.find, now)):
            self.tell_yours(attendant, space)

    def tell_yours(self, attendant: Attendant, space: Space) -> None:
        if attendant.outlet is not None:
            attendant.outlet.tell(Yours(space, attendant.person, attendant.voice))

    def _bring_up(self, attendant: Attendant, space: Space) -> None:
        """Tell one reader what they have not been told."""
        if attendant.outlet is None:
            return
        for told, noted in self._untold:
            if told.version > attendant.version:
                is_told_here = is_told_to_all(told.event) or is_told(space, told.event, attendant.person)
                attendant.outlet.tell(told if is_told_here else noted)
                attendant.version = told.version

    def _tell_own(self, attendant: Attendant, before: Space, after: Space) -> None:
        if attendant.outlet is None:
            return
        if sees_invitations(before, attendant.person) is not sees_invitations(after, attendant.person):
            attendant.outlet.tell(self._welcomed(attendant, after, fresh=True, since=None))
            attendant.version = after.version
        else:
            self.tell_yours(attendant, after)

    def _welcomed(self, attendant: Attendant, space: Space, *, fresh: bool, since: int | None) -> Welcomed:
        return Welcomed(
            space=space,
            person=attendant.person,
            voice=attendant.voice,
            crowd=self._shown_crowd(space),
            resume=self._sign(attendant),
            fresh=fresh,
            version=space.version if fresh or since is None else since,
        )

    def _shown_crowd(self, space: Space) -> Crowd:
        """The crowd as one reader alone is about to see it; whom it names and others were not told of, the next pulse names to all."""
        crowd = self.crowd(space)
        self._is_sample_due |= crowd.sample != self._crowd.sample
        return crowd

    def _missed(self, space: Space, since: int | None) -> list[Told] | None:
        if since is None or since > space.version:
            return None
        if since == space.version:
            return []
        if not self._history or self._history[0].version > since + 1:
            return None
        return [told for told in self._history if told.version > since]


def _concerned(before: Space, after: Space, events: Events) -> set[PersonId]:
    people = set(people_in(events))
    if any(isinstance(e, StandInChanged) for e in events):
        people |= {p for p in (before.stand_in, after.stand_in) if p is not None}
    return people


def _close(space: Space) -> set[PersonId]:
    """Give those who are told at once: who is on stage, and who moderates."""
    near = {m.person.id for m in space.members.values() if m.is_on_stage or m.is_cohost}
    return near | {p for p in (space.host.id, space.stand_in) if p is not None}


def people_in(events: Events) -> Iterable[PersonId]:
    """Give the ids of those whom *events* name."""
    for event in events:
        person = getattr(event, "person", None)
        if isinstance(person, Person):
            yield person.id
        elif isinstance(person, str):
            yield PersonId(person)
