"""What comes of lost connections."""

from __future__ import annotations

from datetime import datetime

import pytest
from tests.unit.domain.builders import ANN, BEN, HOST, a_space, after, at, events_of
from tests.unit.domain.refused import refused

from arengo.domain.absence import Graces, everyone_away, note_presence, review
from arengo.domain.commands import EndSpace, RaiseHand
from arengo.domain.events import Events, HandLowered, LeftStage, Presence, PresenceChanged, SpaceEnded, StandInChanged
from arengo.domain.identity import Person
from arengo.domain.ids import PersonId
from arengo.domain.space import Space, evolve_all

GRACES = Graces()


def gone(space: Space, person: Person, seconds: float) -> Space:
    return evolve_all(space, note_presence(space, person.id, Presence.AWAY, at(seconds)))


def back(space: Space, person: Person, seconds: float) -> Events:
    return note_presence(space, person.id, Presence.HERE, at(seconds))


def reviewed(space: Space, seconds: float, *, absent: dict[PersonId, datetime] | None = None, last_voice: float | None = None) -> Events:
    heard = at(seconds if last_voice is None else last_voice)
    return review(space, at(seconds), GRACES, absent_since=(absent or {}).get, last_voice=heard)


def test_a_place_is_kept_for_a_grace_and_then_given_up() -> None:
    space = gone(a_space(speakers=[ANN]), ANN, 100)
    assert reviewed(space, 159) == ()
    assert reviewed(space, 160) == (LeftStage(ANN.id, "left"),)


def test_coming_back_in_time_keeps_the_place() -> None:
    space = gone(a_space(speakers=[ANN]), ANN, 100)
    assert back(space, ANN, 130) == (PresenceChanged(ANN.id, Presence.HERE, at(130)),)
    assert reviewed(evolve_all(space, back(space, ANN, 130)), 200) == ()


def test_presence_is_told_only_when_it_changes_and_only_of_the_stage() -> None:
    assert note_presence(a_space(speakers=[ANN]), ANN.id, Presence.HERE, at(9)) == ()
    assert note_presence(a_space(), ANN.id, Presence.AWAY, at(9)) == ()


def test_an_absent_host_is_stood_in_for_by_a_co_host() -> None:
    space = gone(a_space(cohosts=[ANN], speakers=[BEN]), HOST, 100)
    assert reviewed(space, 129) == ()
    assert reviewed(space, 130) == (StandInChanged(ANN.id),)


def test_without_a_co_host_the_longest_speaker_stands_in() -> None:
    assert reviewed(gone(a_space(speakers=[BEN, ANN]), HOST, 100), 130) == (StandInChanged(BEN.id),)


def test_a_co_host_who_is_away_does_not_stand_in() -> None:
    space = gone(gone(a_space(cohosts=[ANN], speakers=[BEN]), ANN, 90), HOST, 100)
    assert reviewed(space, 130) == (StandInChanged(BEN.id),)


def test_with_nobody_left_the_space_waits_for_its_host() -> None:
    assert reviewed(gone(a_space(), HOST, 100), 200) == ()


def test_the_host_comes_back_as_host() -> None:
    space = evolve_all(gone(a_space(cohosts=[ANN]), HOST, 100), (StandInChanged(ANN.id),))
    assert back(space, HOST, 200) == (PresenceChanged(HOST.id, Presence.HERE, at(200)), StandInChanged(None))


def test_a_stand_in_does_not_end_the_space() -> None:
    space = evolve_all(gone(a_space(cohosts=[ANN]), HOST, 100), (StandInChanged(ANN.id),))
    with refused("not_permitted"):
        events_of(space, ANN, EndSpace())


def test_a_stand_in_who_leaves_is_followed_by_the_next() -> None:
    space = evolve_all(gone(a_space(speakers=[ANN, BEN]), HOST, 100), (StandInChanged(ANN.id),))
    assert reviewed(gone(space, ANN, 150), 210) == (LeftStage(ANN.id, "left"), StandInChanged(BEN.id))


def test_the_hosts_place_is_never_given_up() -> None:
    assert reviewed(gone(a_space(), HOST, 0), 600, last_voice=600) == ()


def test_a_space_in_which_nobody_is_heard_ends_by_itself() -> None:
    assert reviewed(a_space(), 899, last_voice=0) == ()
    assert reviewed(a_space(), 900, last_voice=0) == (SpaceEnded(at(900), "nobody_spoke"),)


@pytest.mark.parametrize(("seconds", "events"), [(159, ()), (160, (HandLowered(ANN.id),))])
def test_the_hand_of_somebody_who_is_gone_goes_down(seconds: float, events: Events) -> None:
    space = after(a_space(), ANN, RaiseHand(), 10)
    assert reviewed(space, seconds, absent={ANN.id: at(100)}) == events


def test_the_hand_of_somebody_who_is_here_stays_up() -> None:
    assert reviewed(after(a_space(), ANN, RaiseHand(), 10), 1000) == ()


def test_after_a_restart_every_grace_runs_anew() -> None:
    space = a_space(speakers=[ANN])
    away = evolve_all(space, everyone_away(space, at(500)))
    assert all(m.presence is Presence.AWAY for m in away.on_stage())
    assert reviewed(away, 529) == ()


def test_a_space_that_is_not_live_waits_for_nothing() -> None:
    assert reviewed(a_space(live=False), 10_000, last_voice=0) == ()
