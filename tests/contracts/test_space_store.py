"""What every `SpaceStore` does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.fakes.space_store import MemorySpaces
from tests.unit.domain.builders import ANN, BEN, CLEO, HOST, NOON, a_person, a_space, after, at

from arengo.adapters.db.engine import Database
from arengo.adapters.db.spaces import DatabaseSpaces
from arengo.domain.commands import ChangeSettings, EndSpace, InviteToStage, MutePerson, PermitEntry, RaiseHand, RemovePerson
from arengo.domain.events import Presence
from arengo.domain.hosting import SettingsChange
from arengo.domain.ids import PersonId, SpaceId
from arengo.domain.lifecycle import State
from arengo.domain.space import Space
from arengo.service.ports import SpaceStore, StaleSpace


class SpaceStoreContract:
    """The sentences; subclasses bring a `store`."""

    async def test_gives_back_what_it_was_given_but_for_presence(self, store: SpaceStore) -> None:
        space = a_rich_space()
        await store.create(space)
        assert await store.find(space.id) == without_presence(space)

    async def test_does_not_find_what_is_not_there(self, store: SpaceStore) -> None:
        assert await store.find(SpaceId("nothing000000")) is None

    async def test_finds_a_private_space_only_for_those_whom_it_remembers(self, store: SpaceStore) -> None:
        space = after(a_space(private=True), HOST, PermitEntry(CLEO))
        await store.create(space)
        for reader in (HOST, CLEO):
            assert await store.find_for(space.id, reader.id) == without_presence(space)
        for stranger in (BEN.id, PersonId("g9"), None):
            assert await store.find_for(space.id, stranger) is None

    async def test_finds_a_public_space_for_everybody(self, store: SpaceStore) -> None:
        space = a_rich_space()
        await store.create(space)
        for reader in (CLEO.id, PersonId("g9"), None):
            assert await store.find_for(space.id, reader) == without_presence(space)
        assert await store.find_for(SpaceId("nothing000000"), HOST.id) is None

    async def test_saves_the_changed_members_over_the_version_that_is_there(self, store: SpaceStore) -> None:
        before = a_rich_space()
        await store.create(before)
        space = after(before, HOST, MutePerson(ANN.id))
        await store.save(space, changed={ANN.id}, over={before.version})
        assert await store.find(space.id) == without_presence(space)

    async def test_saves_people_who_are_new(self, store: SpaceStore) -> None:
        before = a_rich_space()
        await store.create(before)
        space = after(before, a_person(77), RaiseHand(), 60)
        await store.save(space, changed={a_person(77).id}, over={before.version})
        assert await store.find(space.id) == without_presence(space)

    async def test_refuses_to_write_over_what_somebody_else_wrote(self, store: SpaceStore) -> None:
        before = a_rich_space()
        await store.create(before)
        await store.save(after(before, HOST, EndSpace()), changed=(), over={before.version})
        with pytest.raises(StaleSpace):
            await store.save(after(before, HOST, MutePerson(ANN.id)), changed={ANN.id}, over={before.version})
        found = await store.find(before.id)
        assert found is not None
        assert found.state is State.ENDED
        assert found.members[ANN.id].mic.value == "on"

    async def test_writes_again_over_an_attempt_of_unknown_outcome(self, store: SpaceStore) -> None:
        before = a_rich_space()
        await store.create(before)
        attempt = after(before, HOST, MutePerson(ANN.id))
        await store.save(attempt, changed={ANN.id}, over={before.version})
        other = after(before, HOST, ChangeSettings(SettingsChange(title="Anew")))
        await store.save(other, changed={ANN.id}, over={before.version, attempt.version})
        assert await store.find(before.id) == without_presence(other)

    async def test_forgets_people_of_an_attempt_that_came_to_nothing(self, store: SpaceStore) -> None:
        before = a_rich_space()
        await store.create(before)
        dora = a_person(78)
        attempt = after(before, dora, RaiseHand(), 60)
        await store.save(attempt, changed={dora.id}, over={before.version})
        other = after(before, HOST, MutePerson(ANN.id))
        await store.save(other, changed={ANN.id, dora.id}, over={before.version, attempt.version})
        assert await store.find(before.id) == without_presence(other)

    async def test_lists_spaces_in_a_state_the_earliest_first(self, store: SpaceStore) -> None:
        for number in (3, 1, 2):
            await store.create(a_scheduled_space(number))
        await store.create(a_rich_space())
        found = await store.in_state(State.SCHEDULED, most=2)
        assert [space.settings.title for space in found] == ["Number 1", "Number 2"]
        assert [space.id for space in await store.in_state(State.LIVE, most=9)] == [a_rich_space().id]
        assert found[0].members[HOST.id].person == HOST

    async def test_counts_the_spaces_of_a_host(self, store: SpaceStore) -> None:
        await store.create(a_scheduled_space(1))
        await store.create(a_scheduled_space(2))
        assert await store.hosted_by(HOST.id, State.SCHEDULED) == 2
        assert await store.hosted_by(HOST.id, State.LIVE) == 0
        assert await store.hosted_by(ANN.id, State.SCHEDULED) == 0

    async def test_keeps_one_key_for_good(self, store: SpaceStore) -> None:
        key = await store.signing_key()
        assert len(key) == 32
        assert await store.signing_key() == key


class TestMemorySpaces(SpaceStoreContract):
    @pytest.fixture
    def store(self) -> SpaceStore:
        return MemorySpaces()


class TestDatabaseSpaces(SpaceStoreContract):
    @pytest.fixture
    def store(self, database: Database) -> SpaceStore:
        return DatabaseSpaces(database)


def a_rich_space() -> Space:
    """One of everything that is kept."""
    space = a_space(cohosts=[BEN], speakers=[ANN])
    space = after(space, CLEO, RaiseHand(), 30.5)
    space = after(space, HOST, InviteToStage(CLEO))
    space = after(space, HOST, RemovePerson(a_person(66)))
    space = after(space, HOST, PermitEntry(a_person(67)))
    space = after(space, HOST, ChangeSettings(SettingsChange(topics=["arte", "città"], lang="it", scheduled_start=at(90))))
    return replace(space, stand_in=BEN.id)


def a_scheduled_space(number: int) -> Space:
    space = a_space(live=False)
    settings = replace(space.settings, title=f"Number {number}", scheduled_start=NOON + timedelta(hours=number))
    return replace(space, id=SpaceId(f"scheduled{number:04}"), settings=settings)


def without_presence(space: Space) -> Space:
    members = {key: replace(m, presence=Presence.AWAY, presence_since=None) for key, m in space.members.items()}
    return replace(space, members=members)
