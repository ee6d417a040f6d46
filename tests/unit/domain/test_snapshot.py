"""Snapshot plus events equals a fresh snapshot, for every reader, whatever people do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.domain.builders import ANN, BEN, CLEO, GUEST, HOST, NOON, a_moment, a_person, a_space, at

from arengo.domain import absence, hosting
from arengo.domain.absence import Graces
from arengo.domain.commands import (
    CancelSpace,
    ChangeSettings,
    ComeOnStage,
    Command,
    DeclineStage,
    DropCohost,
    EndSpace,
    InviteToStage,
    Leave,
    LowerAllHands,
    LowerHand,
    MakeCohost,
    MuteAll,
    MutePerson,
    PermitEntry,
    RaiseHand,
    RemovePerson,
    SetMic,
    StartSpace,
    StepDown,
    TakeOffStage,
    WithdrawEntry,
    WithdrawInvitation,
    decide,
)
from arengo.domain.errors import Refusal
from arengo.domain.events import Events, Mic, MicChanged, Presence
from arengo.domain.hosting import SettingsChange
from arengo.domain.identity import Person
from arengo.domain.roles import Role
from arengo.domain.settings import WhoMaySpeak
from arengo.domain.snapshot import is_told, sees_invitations
from arengo.domain.space import Space, evolve
from arengo.service.instance import Instance
from arengo.service.news import Crowd
from arengo.web.signaling import messages as wire
from arengo.web.signaling import present
from arengo.web.signaling.apply import apply

DORA = a_person(5, "Dora")
EMIL = a_person(6, "Emil")
PEOPLE = (HOST, ANN, BEN, CLEO, DORA, EMIL, GUEST)
INSTANCE = Instance()
NOBODY = Crowd()
GRACES = Graces(silence=timedelta(seconds=4000))

people = st.sampled_from(PEOPLE)
mics = st.sampled_from(Mic)
changes = st.builds(
    SettingsChange,
    title=st.one_of(st.none(), st.sampled_from(["One", "Two"])),
    topics=st.one_of(st.none(), st.lists(st.sampled_from(["art", "news"]), max_size=2)),
    who_may_speak=st.sampled_from([None, WhoMaySpeak.EVERYONE, WhoMaySpeak.INVITED]),
    guests_allowed=st.sampled_from([None, True, False]),
)
commands: st.SearchStrategy[Command] = st.one_of(
    st.sampled_from([RaiseHand(), LowerAllHands(), DeclineStage(), StepDown(), Leave(), MuteAll(), StartSpace()]),
    st.builds(ComeOnStage, mics),
    st.builds(SetMic, mics),
    st.builds(LowerHand, st.one_of(st.none(), people.map(lambda p: p.id))),
    st.builds(InviteToStage, people),
    st.builds(WithdrawInvitation, people.map(lambda p: p.id)),
    st.builds(MutePerson, people.map(lambda p: p.id)),
    st.builds(TakeOffStage, people.map(lambda p: p.id)),
    st.builds(MakeCohost, people),
    st.builds(DropCohost, people.map(lambda p: p.id)),
    st.builds(PermitEntry, people),
    st.builds(WithdrawEntry, people.map(lambda p: p.id)),
    st.builds(ChangeSettings, changes),
)
rare: st.SearchStrategy[Command] = st.one_of(st.builds(RemovePerson, people), st.sampled_from([EndSpace(), CancelSpace()]))
happenings = st.one_of(st.tuples(st.just("here"), people), st.tuples(st.just("away"), people), st.just(("time", HOST)))
steps = st.lists(
    st.tuples(st.integers(0, 40), st.one_of(st.tuples(people, commands), st.tuples(people, rare), happenings)), min_size=1, max_size=40
)


@settings(max_examples=300, deadline=None)
@given(steps, st.booleans(), st.booleans())
def test_every_reader_who_applies_the_events_has_a_fresh_snapshot(
    done: list[tuple[int, tuple[object, object]]], everyone: bool, private: bool
) -> None:
    space = a_space(everyone=everyone, private=private, cohosts=[ANN], speakers=[BEN])
    kept = {reader: present.snapshot(space, reader, NOBODY, INSTANCE) for reader in PEOPLE}
    seconds = 10
    for pause, (who, what) in done:
        seconds += pause
        for event in caused(space, who, what, seconds):
            before, space = space, evolve(space, event)
            assert_lawful(before, space)
            for reader in PEOPLE:
                told = present.event(event) if is_told(space, event, reader) else wire.Noted()
                kept[reader] = apply(kept[reader], wire.EventMessage(n=space.version, event=told))
                fresh = present.snapshot(space, reader, NOBODY, INSTANCE)
                if sees_invitations(before, reader) is not sees_invitations(space, reader):
                    kept[reader] = fresh  # the server welcomes them anew
                assert kept[reader] == fresh


@settings(max_examples=200, deadline=None)
@given(steps)
def test_a_microphone_opens_only_by_its_owners_hand(done: list[tuple[int, tuple[object, object]]]) -> None:
    space = a_space(everyone=True, cohosts=[ANN], speakers=[BEN])
    for number, (_, (who, what)) in enumerate(done):
        for event in caused(space, who, what, number):
            if isinstance(event, MicChanged) and event.mic is Mic.ON:
                assert isinstance(who, Person)
                assert event.person == who.id
            space = evolve(space, event)


def caused(space: Space, who: object, what: object, seconds: float) -> Events:
    """Give what one step causes: a command of somebody, a change of presence, or the passing of time."""
    try:
        match who, what:
            case "here", Person() as person:
                return absence.note_presence(space, person.id, Presence.HERE, at(seconds))
            case "away", Person() as person:
                return absence.note_presence(space, person.id, Presence.AWAY, at(seconds))
            case "time", _:
                return absence.review(space, at(seconds), GRACES, absent_since=lambda _: NOON, last_voice=at(0))
            case Person() as person, command:
                return decide(space, person, command, a_moment(person, seconds))  # type: ignore[arg-type]
    except Refusal:
        return ()
    raise AssertionError(who)


def assert_lawful(before: Space, space: Space) -> None:
    """What must hold after every event."""
    assert space.version == before.version + 1
    on_stage = list(space.on_stage())
    assert sum(1 for m in on_stage if space.role(m.person.id) is Role.SPEAKER) <= 10
    assert sum(1 for _ in space.cohosts()) <= 2
    assert not any(m.is_removed and (m.is_on_stage or m.hand_since or m.invited_by) for m in space.members.values())
    assert not any(m.person.is_guest for m in on_stage)
    assert not any(m.mic is Mic.ON for m in space.members.values() if not m.is_on_stage)
    if space.is_live and before.is_live:
        assert space.member(HOST).is_on_stage
    if before.state.is_over:
        assert space.state is before.state


def test_an_operators_end_is_applied_like_any_other() -> None:
    space = a_space(speakers=[ANN])
    kept = present.snapshot(space, BEN, NOBODY, INSTANCE)
    for event in hosting.stop(space, "operator", NOON):
        space = evolve(space, event)
        kept = apply(kept, wire.EventMessage(n=space.version, event=present.event(event)))
    assert kept == present.snapshot(space, BEN, NOBODY, INSTANCE)
    assert replace(space, version=0).end_reason == "operator"
