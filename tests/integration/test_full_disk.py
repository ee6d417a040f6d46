"""A disk that is really full: the sound and a mute go on, nothing is lost, and everybody who asks is told why."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.fakes.offers import an_offer
from tests.full_disk import SmallDisk, a_small_disk
from tests.integration.talkers import World, a_world
from tests.shell import arengo

from arengo.domain.events import Mic
from arengo.domain.ids import PersonId
from arengo.limits import Limits
from arengo.web.signaling import messages as wire

LIMITS = Limits(database_retry_s=0.1, disk_free_bytes=1 << 20)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with a_small_disk(tmp_path / "disk", mebibytes=20) as disk:
        yield disk


@pytest.fixture
async def world(disk: SmallDisk) -> AsyncIterator[World]:
    async with a_world(disk.place / "data", limits=LIMITS) as world:
        yield world


async def test_a_mute_acts_on_a_full_disk_and_what_was_said_yes_to_is_there_afterwards(world: World, disk: SmallDisk) -> None:
    host, ann, ben = await world.account("hanna"), await world.account("ann"), await world.account("ben")
    space = await host.opens(who_may_speak="everyone")
    for person in (host, ann):
        assert (await person.offers(space, "whip", an_offer("sendonly"))).status_code == 201
    async with host.channel(space) as hosts, ben.channel(space) as bens:
        await hosts.welcomed()
        await bens.welcomed()
        disk.fill()
        refused = await bens.asks("raise_hand")
        assert isinstance(refused, wire.Refused)
        assert refused.code == "unavailable"
        assert len(world.media.heard) == 2
        assert isinstance(await hosts.asks("mute_person", person_id=ann.id), wire.Done)
        assert len(world.media.heard) == 1
        answer = await ben.call("POST", "/api/v1/spaces", json={"title": "Another", "start": True})
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.json()["detail"].startswith("The disk of the database is full")
        disk.empty()
        await asyncio.sleep(LIMITS.database_retry_s)  # as the server said
        assert isinstance(await bens.asks("raise_hand"), wire.Done)
    room = await world.room(space)
    stored = await room.tools.store.find(room.space.id)
    assert stored is not None
    assert [m.person.id for m in stored.hands()] == [ben.id]
    assert stored.members[PersonId(ann.id)].mic is Mic.OFF


async def test_a_server_on_a_full_disk_is_not_ready_and_the_log_says_so_once(
    world: World, disk: SmallDisk, caplog: pytest.LogCaptureFixture
) -> None:
    nobody, watch = world.nobody(), world.server.services.disk
    await watch.look()
    assert (await nobody.call("GET", "/readyz")).status_code == 200

    disk.fill()
    await watch.look()
    await watch.look()
    not_ready = await nobody.call("GET", "/readyz")
    assert (not_ready.status_code, not_ready.json()["detail"]) == (503, "The disk of this server is full: 0.0 MiB are free.")
    assert (await nobody.call("GET", "/healthz")).status_code == 200
    assert "arengo_disk_full 1.0" in (await nobody.call("GET", "/metrics")).text

    disk.empty()
    await watch.look()
    await watch.look()
    assert (await nobody.call("GET", "/readyz")).status_code == 200
    assert "arengo_disk_full 0.0" in (await nobody.call("GET", "/metrics")).text
    said = [record.getMessage() for record in caplog.records if record.name == "arengo.disk"]
    assert [line.partition(":")[0] for line in said] == ["The disk of this server is full", "There is room for what is new again"]


def test_a_server_does_not_start_on_a_full_disk_and_says_how_much_is_free(disk: SmallDisk) -> None:
    old, new = disk.place / "old", disk.place / "new"
    arengo("account", "create", "ann", "--data-dir", old)
    disk.fill()
    ports = ["--port", "0", "--bind", "127.0.0.1", "--media-port", "0"]
    for data_dir in (old, new):
        ended = arengo("serve", *ports, "--data-dir", data_dir)
        assert (ended.code, ended.err.splitlines()[-1]) == (3, "The disk of the database is full: 0 KiB are free.")

    disk.empty()
    assert arengo("token", "create", "ann", "--data-dir", old).code == 0


def test_a_backup_that_finds_no_room_leaves_nothing_behind(disk: SmallDisk, tmp_path: Path) -> None:
    arengo("account", "create", "ann", "--data-dir", tmp_path / "data")
    disk.fill()

    ended = arengo("backup", disk.place / "b.tar", "--data-dir", tmp_path / "data")

    assert ended.code == 3
    assert "No space left on device" in ended.err
    assert not (disk.place / "b.tar").exists()
