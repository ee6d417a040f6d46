"""The tables of the rules, as they are printed."""

from __future__ import annotations

from arengo.domain.ids import PersonId, SpaceId, Voice, voice_of
from arengo.domain.roles import PERMISSIONS, Action, Standing


def test_the_table_of_permissions_reads_as_it_is_told() -> None:
    rows = {standing.value: {action.value for action in Action if standing.may(action)} for standing in Standing}
    moderating = {"invite", "lower_hands", "mute", "take_off", "remove"}
    everybody = {"react", "raise_hand", "speak"}
    assert rows["guest"] == {"react"}
    assert rows["listener"] == rows["speaker"] == everybody
    assert rows["cohost"] == everybody | moderating
    assert rows["stand_in"] == rows["cohost"] | {"change_settings"}
    assert rows["host"] == {action.value for action in PERMISSIONS}


def test_a_voice_is_the_same_after_every_return() -> None:
    space, ann = SpaceId("Abc123Def456G"), PersonId("2")
    assert voice_of(space, ann) == voice_of(space, ann) != 0


def test_two_voices_of_a_space_are_never_the_same() -> None:
    space, ann = SpaceId("Abc123Def456G"), PersonId("2")
    taken = {voice_of(space, ann)}
    assert voice_of(space, ann, taken) not in taken
    assert voice_of(space, ann, {Voice(0)}) != 0
