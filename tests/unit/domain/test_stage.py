"""Getting on and off the stage by one's own act."""

from __future__ import annotations

import pytest
from tests.unit.domain.builders import ANN, BEN, GUEST, HOST, a_moment, a_person, a_space, after, at, events_of
from tests.unit.domain.refused import refused

from arengo.domain.commands import (
    ComeOnStage,
    DeclineStage,
    InviteToStage,
    Leave,
    LowerHand,
    RaiseHand,
    RemovePerson,
    SetMic,
    StepDown,
    WithdrawInvitation,
)
from arengo.domain.events import (
    CameOnStage,
    HandLowered,
    HandRaised,
    LeftStage,
    Mic,
    MicChanged,
    MutedBy,
    StageInvitationClosed,
    StageInvited,
)
from arengo.domain.roles import Role
from arengo.domain.stage import may_come


def test_hands_are_kept_oldest_first() -> None:
    space = after(after(a_space(), BEN, RaiseHand(), 5), ANN, RaiseHand(), 9)
    assert [m.person for m in space.hands()] == [BEN, ANN]


def test_raising_a_hand_twice_changes_nothing() -> None:
    space = after(a_space(), ANN, RaiseHand())
    assert events_of(space, ANN, RaiseHand()) == ()


def test_a_raised_hand_is_told_with_its_time() -> None:
    assert events_of(a_space(), ANN, RaiseHand(), 7) == (HandRaised(ANN, at(7)),)


def test_a_hand_can_be_lowered_again() -> None:
    space = after(a_space(), ANN, RaiseHand())
    assert events_of(space, ANN, LowerHand()) == (HandLowered(ANN.id),)
    assert events_of(a_space(), ANN, LowerHand()) == ()


def test_nobody_raises_a_hand_before_the_space_is_live() -> None:
    with refused("not_live"):
        events_of(a_space(live=False), ANN, RaiseHand())


@pytest.mark.parametrize("command", [RaiseHand(), ComeOnStage()])
def test_a_guest_is_asked_to_sign_in(command: RaiseHand | ComeOnStage) -> None:
    with refused("not_signed_in"):
        events_of(a_space(everyone=True), GUEST, command)


@pytest.mark.parametrize("command", [RaiseHand(), ComeOnStage()])
def test_who_was_removed_asks_for_nothing(command: RaiseHand | ComeOnStage) -> None:
    space = after(a_space(everyone=True), HOST, RemovePerson(ANN))
    with refused("removed"):
        events_of(space, ANN, command)


def test_nobody_comes_on_stage_uninvited() -> None:
    with refused("not_invited"):
        events_of(a_space(), ANN, ComeOnStage())


def test_everybody_comes_where_everybody_may_speak() -> None:
    moment = a_moment(ANN)
    assert events_of(a_space(everyone=True), ANN, ComeOnStage(Mic.OFF)) == (
        CameOnStage(ANN, Role.SPEAKER, moment.voice, Mic.OFF, moment.presence, moment.now),
    )


def test_accepting_closes_the_invitation_and_lowers_the_hand() -> None:
    space = after(after(a_space(), ANN, RaiseHand()), HOST, InviteToStage(ANN))
    kinds = [type(e) for e in events_of(space, ANN, ComeOnStage())]
    assert kinds == [StageInvitationClosed, HandLowered, CameOnStage]


def test_an_invitation_opens_no_microphone() -> None:
    events = events_of(a_space(), HOST, InviteToStage(ANN))
    assert events == (StageInvited(ANN, HOST),)
    assert not after(a_space(), HOST, InviteToStage(ANN)).member(ANN).is_on_stage


def test_a_permission_survives_stepping_down() -> None:
    space = after(a_space(speakers=[ANN]), ANN, StepDown())
    assert may_come(space, ANN)


def test_a_permission_ends_when_it_is_declined() -> None:
    space = after(after(a_space(), HOST, InviteToStage(ANN)), ANN, DeclineStage())
    assert not may_come(space, ANN)


def test_a_permission_ends_when_it_is_withdrawn() -> None:
    space = after(after(a_space(), HOST, InviteToStage(ANN)), HOST, WithdrawInvitation(ANN.id))
    assert not may_come(space, ANN)


def test_a_permission_holds_before_the_space_begins() -> None:
    space = after(a_space(live=False), HOST, InviteToStage(ANN))
    assert may_come(space, ANN)


def test_an_eleventh_speaker_finds_the_stage_full() -> None:
    space = a_space(everyone=True, speakers=[a_person(n) for n in range(10, 20)])
    with refused("stage_full"):
        events_of(space, ANN, ComeOnStage())


def test_the_places_of_co_hosts_are_kept_for_them() -> None:
    space = a_space(everyone=True, cohosts=[ANN, BEN], speakers=[a_person(n) for n in range(10, 20)])
    assert sum(1 for _ in space.on_stage()) == 13


def test_coming_twice_only_opens_the_microphone() -> None:
    space = after(a_space(speakers=[ANN]), ANN, SetMic(Mic.OFF))
    assert events_of(space, ANN, ComeOnStage(Mic.ON)) == (MicChanged(ANN.id, Mic.ON, None),)
    assert events_of(space, ANN, ComeOnStage(Mic.OFF)) == ()


def test_who_comes_muted_is_shown_as_muted_by_themself() -> None:
    assert a_space(speakers=[ANN], mic=Mic.OFF).member(ANN).muted_by is MutedBy.SELF


def test_only_who_is_on_stage_has_a_microphone() -> None:
    with refused("not_on_stage"):
        events_of(a_space(), ANN, SetMic(Mic.ON))


def test_a_microphone_that_is_open_is_not_opened_again() -> None:
    assert events_of(a_space(speakers=[ANN]), ANN, SetMic(Mic.ON)) == ()


def test_the_host_does_not_step_down() -> None:
    with refused("not_permitted"):
        events_of(a_space(), HOST, StepDown())


def test_leaving_gives_up_place_and_hand() -> None:
    assert events_of(a_space(speakers=[ANN]), ANN, Leave()) == (LeftStage(ANN.id, "left"),)
    assert events_of(after(a_space(), ANN, RaiseHand()), ANN, Leave()) == (HandLowered(ANN.id),)


def test_a_host_who_leaves_keeps_their_place() -> None:
    assert events_of(a_space(), HOST, Leave()) == ()
