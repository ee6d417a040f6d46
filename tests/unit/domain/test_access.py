"""Who may know of a space, and who may be in it."""

from __future__ import annotations

import pytest
from tests.unit.domain.builders import ANN, BEN, GUEST, HOST, a_space, after
from tests.unit.domain.refused import refused

from arengo.domain.access import may_see, reason_to_leave, require_entry
from arengo.domain.commands import InviteToStage, MakeCohost, PermitEntry, RemovePerson, TakeOffStage, WithdrawEntry
from arengo.domain.identity import Person


@pytest.mark.parametrize("reader", [None, GUEST, ANN])
def test_a_private_space_does_not_exist_for_those_who_are_not_let_in(reader: Person | None) -> None:
    assert not may_see(a_space(private=True), reader)


def test_host_and_permitted_accounts_see_a_private_space() -> None:
    space = after(a_space(private=True), HOST, PermitEntry(ANN))
    assert may_see(space, HOST)
    assert may_see(space, ANN)
    assert not may_see(space, BEN)


def test_whom_the_host_invites_or_names_is_let_in() -> None:
    assert may_see(after(a_space(private=True), HOST, InviteToStage(ANN)), ANN)
    assert may_see(after(a_space(private=True), HOST, MakeCohost(ANN)), ANN)


def test_a_permit_taken_back_takes_everything() -> None:
    space = a_space(private=True, speakers=[ANN], cohosts=[BEN])
    for person in (ANN, BEN):
        out = after(space, HOST, WithdrawEntry(person.id))
        assert not may_see(out, person)
        assert not out.member(person).is_on_stage
        refusal = reason_to_leave(out, person)
        assert refusal is not None
        assert refusal.code == "private"


def test_who_is_taken_off_a_private_stage_without_a_permit_has_to_go() -> None:
    space = after(a_space(private=True, speakers=[ANN]), HOST, TakeOffStage(ANN.id))
    assert reason_to_leave(space, ANN) is not None


def test_everybody_sees_a_public_space() -> None:
    assert may_see(a_space(), None)


def test_guests_enter_only_where_they_may() -> None:
    require_entry(a_space(), GUEST)
    with refused("guests_forbidden"):
        require_entry(a_space(guests_allowed=False), GUEST)


def test_who_was_removed_never_returns() -> None:
    space = after(a_space(), HOST, RemovePerson(ANN))
    with refused("removed"):
        require_entry(space, ANN)


def test_who_is_banned_enters_nowhere() -> None:
    with refused("banned"):
        require_entry(a_space(), ANN, banned=True)


def test_who_may_not_know_of_a_space_is_told_that_there_is_none() -> None:
    with refused("no_such_space"):
        require_entry(a_space(private=True), ANN)
