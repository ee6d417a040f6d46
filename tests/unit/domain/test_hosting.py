"""What the host decides about the space itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.domain.builders import ANN, BEN, CLEO, GUEST, HOST, NOON, SPACE_ID, a_space, after, at, events_of
from tests.unit.domain.refused import refused

from arengo.domain import hosting
from arengo.domain.commands import (
    CancelSpace,
    ChangeSettings,
    ComeOnStage,
    Command,
    DropCohost,
    EndSpace,
    MakeCohost,
    PermitEntry,
    StartSpace,
    StepDown,
    WithdrawEntry,
)
from arengo.domain.events import (
    CohostNamed,
    EntryPermitted,
    RoleChanged,
    SettingsChanged,
    SpaceCancelled,
    SpaceEnded,
    StageInvited,
)
from arengo.domain.hosting import SettingsChange, open_space
from arengo.domain.lifecycle import LIFECYCLE, State, Step
from arengo.domain.lifecycle import after as state_after
from arengo.domain.roles import PERMISSIONS, Action, Role, Standing
from arengo.domain.settings import Settings, WhoMaySpeak
from arengo.domain.space import evolve_all


def test_the_host_is_on_stage_from_the_start_with_a_closed_microphone() -> None:
    host = a_space().member(HOST)
    assert host.is_on_stage
    assert host.mic.value == "off"


def test_starting_twice_changes_nothing() -> None:
    assert events_of(a_space(), HOST, StartSpace()) == ()


def test_a_guest_opens_no_space() -> None:
    with refused("not_signed_in"):
        open_space(SPACE_ID, GUEST, Settings("Mine"), NOON)


def test_speaking_for_people_whom_the_host_follows_is_not_there_yet() -> None:
    with refused("follows_not_available"):
        open_space(SPACE_ID, HOST, Settings("Mine", who_may_speak=WhoMaySpeak.FOLLOWS), NOON)
    with refused("follows_not_available"):
        events_of(a_space(), HOST, ChangeSettings(SettingsChange(who_may_speak=WhoMaySpeak.FOLLOWS)))


@pytest.mark.parametrize("command", [EndSpace(), StartSpace(), CancelSpace(), MakeCohost(CLEO), DropCohost(ANN.id), PermitEntry(CLEO)])
def test_what_is_the_hosts_alone_no_co_host_may(command: Command) -> None:
    with refused("not_permitted"):
        events_of(a_space(cohosts=[ANN]), ANN, command)


def test_the_host_ends_the_space_once() -> None:
    assert events_of(a_space(), HOST, EndSpace(), 60) == (SpaceEnded(at(60), "host"),)
    with refused("already_ended"):
        events_of(after(a_space(), HOST, EndSpace()), HOST, EndSpace())


def test_a_space_that_has_ended_is_empty() -> None:
    ended = after(a_space(speakers=[ANN]), HOST, EndSpace())
    assert list(ended.on_stage()) == []
    assert ended.hands() == ()


def test_only_a_scheduled_space_is_cancelled() -> None:
    assert events_of(a_space(live=False), HOST, CancelSpace()) == (SpaceCancelled(NOON),)
    with refused("already_started"):
        events_of(a_space(), HOST, CancelSpace())


def test_a_scheduled_space_cannot_end() -> None:
    with refused("not_live"):
        events_of(a_space(live=False), HOST, EndSpace())


def test_what_is_not_in_the_table_of_lifes_is_refused() -> None:
    codes = {}
    for state in State:
        for step in Step:
            if (state, step) not in LIFECYCLE:
                with pytest.raises(Exception) as caught:
                    state_after(state, step)
                codes[state, step] = getattr(caught.value, "code", None)
    assert set(codes.values()) == {"already_ended", "already_started", "not_live"}


def test_every_action_is_in_the_table_of_permissions_and_the_host_may_all() -> None:
    assert set(PERMISSIONS) == set(Action)
    assert all(Standing.HOST.may(action) for action in Action)


def test_settings_change_while_live_and_only_what_is_given() -> None:
    changed = after(a_space(), HOST, ChangeSettings(SettingsChange(title="  Anew ", who_may_speak=WhoMaySpeak.EVERYONE)))
    assert changed.settings.title == "Anew"
    assert changed.settings.who_may_speak is WhoMaySpeak.EVERYONE
    assert changed.settings.guests_allowed


def test_settings_that_stay_as_they_are_cause_no_event() -> None:
    assert events_of(a_space(), HOST, ChangeSettings(SettingsChange(title="A space"))) == ()


def test_a_co_host_changes_no_settings_but_a_stand_in_does() -> None:
    space = a_space(cohosts=[ANN])
    change = ChangeSettings(SettingsChange(title="Anew"))
    with refused("not_permitted"):
        events_of(space, ANN, change)
    assert isinstance(events_of(replace(space, stand_in=ANN.id), ANN, change)[0], SettingsChanged)


def test_a_speaker_becomes_co_host_where_they_stand() -> None:
    assert events_of(a_space(speakers=[ANN]), HOST, MakeCohost(ANN)) == (RoleChanged(ANN.id, Role.COHOST),)


def test_a_co_host_who_is_elsewhere_is_named_and_invited() -> None:
    assert events_of(a_space(), HOST, MakeCohost(ANN)) == (CohostNamed(ANN, cohost=True), StageInvited(ANN, HOST))
    space = after(after(a_space(), HOST, MakeCohost(ANN)), ANN, ComeOnStage())
    assert space.role(ANN.id) is Role.COHOST


def test_a_third_co_host_is_too_many() -> None:
    with refused("too_many_cohosts"):
        events_of(a_space(cohosts=[ANN, BEN]), HOST, MakeCohost(CLEO))


def test_a_co_host_who_steps_down_comes_back_as_co_host() -> None:
    space = after(after(a_space(cohosts=[ANN]), ANN, StepDown()), ANN, ComeOnStage())
    assert space.role(ANN.id) is Role.COHOST


def test_a_dropped_co_host_is_a_speaker() -> None:
    assert after(a_space(cohosts=[ANN]), HOST, DropCohost(ANN.id)).role(ANN.id) is Role.SPEAKER


def test_permits_are_given_once_and_taken_back() -> None:
    space = after(a_space(private=True), HOST, PermitEntry(ANN))
    assert events_of(space, HOST, PermitEntry(ANN)) == ()
    assert events_of(space, HOST, WithdrawEntry(ANN.id)) == (EntryPermitted(ANN, permitted=False),)
    assert events_of(space, HOST, WithdrawEntry(BEN.id)) == ()


def test_an_operator_stops_a_space_in_any_state_but_over() -> None:
    assert hosting.stop(a_space(), "operator", NOON) == (SpaceEnded(NOON, "operator"),)
    assert hosting.stop(a_space(live=False), "operator", NOON) == (SpaceCancelled(NOON),)
    with refused("already_ended"):
        hosting.stop(after(a_space(), HOST, EndSpace()), "operator", NOON)


def test_banning_the_host_ends_the_space() -> None:
    assert hosting.banned(a_space(), HOST.id, NOON) == (SpaceEnded(NOON, "operator"),)


def test_banning_a_speaker_takes_them_off_the_stage() -> None:
    space = a_space(cohosts=[ANN])
    out = evolve_all(space, hosting.banned(space, ANN.id, NOON))
    assert not out.member(ANN).is_on_stage
    assert hosting.banned(space, BEN.id, NOON) == ()
