"""What host and co-hosts do about others."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.domain.builders import ANN, BEN, CLEO, GUEST, HOST, a_space, after, events_of
from tests.unit.domain.refused import refused

from arengo.domain.commands import (
    ComeOnStage,
    Command,
    InviteToStage,
    LowerAllHands,
    LowerHand,
    MuteAll,
    MutePerson,
    RaiseHand,
    RemovePerson,
    SetMic,
    TakeOffStage,
)
from arengo.domain.events import HandLowered, LeftStage, Mic, MicChanged, MutedBy, PersonRemoved, StageInvitationClosed
from arengo.domain.roles import Role
from arengo.domain.stage import may_come


@pytest.mark.parametrize(
    "command",
    [
        InviteToStage(BEN),
        LowerHand(BEN.id),
        LowerAllHands(),
        MutePerson(BEN.id),
        MuteAll(),
        TakeOffStage(BEN.id),
        RemovePerson(BEN),
    ],
)
def test_a_speaker_moderates_nobody(command: Command) -> None:
    with refused("not_permitted"):
        events_of(a_space(speakers=[ANN, BEN]), ANN, command)


def test_a_co_host_may_mute_and_the_muted_may_speak_again() -> None:
    space = a_space(cohosts=[ANN], speakers=[BEN])
    assert events_of(space, ANN, MutePerson(BEN.id)) == (MicChanged(BEN.id, Mic.OFF, MutedBy.HOST),)
    muted = after(space, ANN, MutePerson(BEN.id))
    assert events_of(muted, BEN, SetMic(Mic.ON)) == (MicChanged(BEN.id, Mic.ON, None),)


def test_nobody_mutes_the_host() -> None:
    with refused("not_permitted"):
        events_of(a_space(cohosts=[ANN]), ANN, MutePerson(HOST.id))


def test_muting_somebody_who_is_not_on_stage_finds_no_such_person() -> None:
    with refused("no_such_person"):
        events_of(a_space(), HOST, MutePerson(ANN.id))


def test_muting_the_muted_keeps_who_muted_them() -> None:
    space = after(a_space(speakers=[ANN]), ANN, SetMic(Mic.OFF))
    assert events_of(space, HOST, MutePerson(ANN.id)) == ()


def test_mute_all_spares_the_host_and_who_asks() -> None:
    space = after(a_space(cohosts=[ANN], speakers=[BEN, CLEO]), HOST, SetMic(Mic.ON))
    assert {e.person for e in events_of(space, ANN, MuteAll()) if isinstance(e, MicChanged)} == {BEN.id, CLEO.id}


def test_taking_off_the_stage_takes_the_permission_back() -> None:
    space = a_space(speakers=[ANN])
    assert events_of(space, HOST, TakeOffStage(ANN.id)) == (LeftStage(ANN.id, "taken_off"),)
    assert not may_come(after(space, HOST, TakeOffStage(ANN.id)), ANN)


def test_taking_off_who_has_not_come_yet_withdraws_the_invitation() -> None:
    space = after(a_space(), HOST, InviteToStage(ANN))
    assert events_of(space, HOST, TakeOffStage(ANN.id)) == (StageInvitationClosed(ANN.id, "withdrawn"),)


def test_a_co_host_who_is_taken_off_is_co_host_no_more() -> None:
    assert after(a_space(cohosts=[ANN]), HOST, TakeOffStage(ANN.id)).role(ANN.id) is Role.LISTENER


def test_co_hosts_do_not_act_upon_each_other() -> None:
    space = a_space(cohosts=[ANN, BEN])
    for command in (MutePerson(BEN.id), TakeOffStage(BEN.id), RemovePerson(BEN), MutePerson(HOST.id), RemovePerson(HOST)):
        with refused("not_permitted"):
            events_of(space, ANN, command)


def test_a_co_host_who_mutes_all_spares_the_other_co_host_and_the_host_does_not() -> None:
    space = after(a_space(cohosts=[ANN, BEN], speakers=[CLEO]), HOST, SetMic(Mic.ON))
    assert {e.person for e in events_of(space, ANN, MuteAll()) if isinstance(e, MicChanged)} == {CLEO.id}
    assert {e.person for e in events_of(space, HOST, MuteAll()) if isinstance(e, MicChanged)} == {ANN.id, BEN.id, CLEO.id}


def test_a_stand_in_acts_upon_speakers_and_not_upon_a_co_host() -> None:
    space = replace(a_space(cohosts=[ANN], speakers=[BEN, CLEO]), stand_in=BEN.id)
    assert {e.person for e in events_of(space, BEN, MuteAll()) if isinstance(e, MicChanged)} == {CLEO.id}
    for command in (MutePerson(ANN.id), TakeOffStage(ANN.id), RemovePerson(ANN)):
        with refused("not_permitted"):
            events_of(space, BEN, command)


def test_a_moderator_may_mute_themself() -> None:
    space = a_space(cohosts=[ANN])
    assert events_of(space, ANN, MutePerson(ANN.id)) == (MicChanged(ANN.id, Mic.OFF, MutedBy.HOST),)


def test_removal_takes_place_hand_and_invitation() -> None:
    space = after(after(a_space(), ANN, RaiseHand()), HOST, InviteToStage(ANN))
    assert events_of(space, HOST, RemovePerson(ANN)) == (
        HandLowered(ANN.id),
        StageInvitationClosed(ANN.id, "withdrawn"),
        PersonRemoved(ANN),
    )
    assert LeftStage(BEN.id, "removed") in events_of(a_space(speakers=[BEN]), HOST, RemovePerson(BEN))


def test_who_was_removed_is_not_invited_again() -> None:
    space = after(a_space(), HOST, RemovePerson(ANN))
    with refused("removed"):
        events_of(space, HOST, InviteToStage(ANN))


def test_removing_twice_changes_nothing() -> None:
    assert events_of(after(a_space(), HOST, RemovePerson(ANN)), HOST, RemovePerson(ANN)) == ()


def test_a_guest_is_not_invited_but_can_be_removed() -> None:
    with refused("guest_cannot_speak"):
        events_of(a_space(), HOST, InviteToStage(GUEST))
    assert events_of(a_space(), HOST, RemovePerson(GUEST)) == (PersonRemoved(GUEST),)


def test_inviting_twice_asks_once() -> None:
    space = after(a_space(), HOST, InviteToStage(ANN))
    assert events_of(space, HOST, InviteToStage(ANN)) == ()


def test_a_full_stage_takes_no_more_invitations() -> None:
    with refused("stage_full"):
        events_of(a_space(speakers=[BEN], capacity=4), HOST, InviteToStage(ANN))


def test_a_co_host_lets_nobody_into_a_private_space() -> None:
    with refused("not_permitted"):
        events_of(a_space(private=True, cohosts=[ANN]), ANN, InviteToStage(BEN))


def test_all_hands_go_down_at_once() -> None:
    space = after(after(a_space(), ANN, RaiseHand(), 1), BEN, RaiseHand(), 2)
    assert events_of(space, HOST, LowerAllHands()) == (HandLowered(ANN.id), HandLowered(BEN.id))
    assert events_of(space, HOST, LowerHand(BEN.id)) == (HandLowered(BEN.id),)


def test_what_is_over_takes_no_orders() -> None:
    space = a_space(live=False)
    ended = after(space, HOST, InviteToStage(ANN))
    with refused("not_live"):
        events_of(ended, ANN, ComeOnStage())
