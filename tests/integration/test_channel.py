"""The space channel over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import weakref
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
from tests.integration.talkers import World, a_world
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from arengo.limits import Limits
from arengo.web.signaling import messages as wire
from arengo.web.signaling.outlet import SocketOutlet

SMALL = Limits(channel_queue_bytes=50_000, channel_hello_s=0.3, channel_idle_s=0.5)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        yield world


@pytest.fixture
async def small_world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path, limits=SMALL) as world:
        yield world


async def test_a_conversation_from_hello_to_the_end(world: World) -> None:
    host, ann = await world.account("hanna"), await world.account("ann")
    space = await host.opens(who_may_speak="everyone")
    async with host.channel(space) as hosts, ann.channel(space) as anns:
        assert (await hosts.welcomed()).you.role == "host"
        await anns.welcomed()
        assert anns.you is not None
        assert anns.you.may_speak_now
        await anns.asks("raise_hand")
        assert (await hosts.event(wire.HandRaised)).hand.person.name == "Ann"
        done = await anns.asks("come_on_stage", mic="off")
        assert isinstance(done, wire.Done)
        assert anns.snapshot is not None
        assert [e.person.id for e in anns.snapshot.stage] == [host.id, ann.id]
        assert isinstance(await hosts.asks("end_space"), wire.Done)
        assert await anns.closed() == (4410, "space_ended")
        assert await hosts.closed() == (4410, "space_ended")


async def test_a_guest_counts_for_their_address_once_they_are_in(tmp_path: Path) -> None:
    async with a_world(tmp_path, limits=Limits(guests_per_address=2)) as world:
        host = await world.account("hanna")
        for space in (await host.opens(visibility="private"), "nothing000000", await host.opens(guests_allowed=False)) * 2:
            async with world.nobody().channel(space) as channel:
                assert (await channel.closed())[0] != 4429
        space = await host.opens()
        async with world.nobody().channel(space) as one, world.nobody().channel(space) as two, world.nobody().channel(space) as three:
            await one.welcomed()
            await two.welcomed()
            assert (await three.closed())[0] == 4429


async def test_no_channel_opens_under_a_name_that_is_not_ours(world: World) -> None:
    space = await (await world.account("hanna")).opens()
    port = int(world.url.rpartition(":")[2])
    with pytest.raises(InvalidStatus) as caught:
        await connect(f"ws://rebound.example.com:{port}/api/v1/spaces/{space}/channel", host="127.0.0.1", port=port, proxy=None)
    assert caught.value.response.status_code == 403


async def test_a_kept_snapshot_equals_a_fresh_one(world: World) -> None:
    host, ann, ben = await world.account("hanna"), await world.account("ann"), await world.account("ben")
    space = await host.opens(who_may_speak="everyone")
    async with host.channel(space) as hosts, ann.channel(space) as anns, world.nobody().channel(space) as guests:
        for channel in (hosts, anns, guests):
            await channel.welcomed()
        await anns.asks("raise_hand")
        await hosts.asks("invite_to_stage", person_id=ben.id)
        await anns.asks("come_on_stage")
        await hosts.asks("make_cohost", person_id=ann.id)
        await hosts.asks("mute_person", person_id=ann.id)
        last = await hosts.asks("change_settings", title="Anew", topics=["arte"])
        assert isinstance(last, wire.Done)
        for channel in (anns, guests):
            while channel.version < last.version:
                await channel.hears()
        async with world.nobody().channel(space) as late:
            fresh = (await late.welcomed()).snapshot
            assert fresh is not None
            assert guests.snapshot is not None
            assert (guests.snapshot.space, guests.snapshot.stage, guests.snapshot.hands) == (fresh.space, fresh.stage, fresh.hands)
            assert guests.snapshot.version == fresh.version
            assert fresh.invited == []
        assert anns.snapshot is not None
        assert [p.id for p in anns.snapshot.invited] == [ben.id]


@pytest.mark.parametrize(
    "said",
    [
        "",
        "hello",
        "[]",
        "{}",
        '{"type":"dance"}',
        '{"type":"hello","resume":5}',
        "[" * 10_000,
        '{"type":"do","id":1}',
        f'"{"x" * 15_000}"',
    ],
    ids=["empty", "prose", "array", "object", "unknown", "shape", "deep", "no-command", "long"],
)
async def test_what_makes_no_sense_closes_the_channel(world: World, said: str) -> None:
    host = await world.account("hanna")
    space = await host.opens()
    async with host.channel(space) as channel:
        await channel.welcomed()
        await channel.says(said)
        assert await channel.closed() == (4400, "protocol_violation")


async def test_bytes_and_too_long_messages_close_the_channel(world: World) -> None:
    host = await world.account("hanna")
    space = await host.opens()
    async with host.channel(space) as channel:
        await channel.socket.send(b"\x00\x01")
        assert await channel.closed() == (4400, "protocol_violation")
    async with host.channel(space) as channel:
        await channel.welcomed()
        await channel.says(json.dumps({"type": "ping", "id": 1, "more": "x" * 20_000}))
        assert await channel.closed() == (4400, "protocol_violation")
    async with host.channel(space) as channel:
        await channel.welcomed()
        await channel.says("x" * 1_000_000)
        assert (await channel.closed())[0] in (1009, 4400)


async def test_unknown_fields_are_ignored(world: World) -> None:
    host = await world.account("hanna")
    space = await host.opens()
    async with host.channel(space) as channel:
        await channel.says({"type": "ping", "id": 7, "new": {"in": "next version"}})
        assert (await channel.until(wire.Pong)).id == 7


async def test_who_says_nothing_is_closed(small_world: World) -> None:
    host = await small_world.account("hanna")
    space = await host.opens()
    url = small_world.url.replace("http", "ws", 1) + f"/api/v1/spaces/{space}/channel"
    async with connect(url, proxy=None) as silent:
        await silent.wait_closed()
        assert (silent.close_code, silent.close_reason) == (4400, "protocol_violation")
    async with host.channel(space) as channel:
        await channel.welcomed()
        assert await channel.closed() == (1001, "idle")


async def test_a_second_hello_is_a_violation(world: World) -> None:
    host = await world.account("hanna")
    space = await host.opens()
    async with host.channel(space) as channel:
        await channel.welcomed()
        await channel.says({"type": "hello"})
        assert await channel.closed() == (4400, "protocol_violation")


async def test_every_refusal_at_the_door_has_its_close_code(world: World) -> None:
    host, ann = await world.account("hanna"), await world.account("ann")
    space, private = await host.opens(), await host.opens(visibility="private")
    closed_to_guests = await host.opens(guests_allowed=False)
    ended = await host.opens()
    await host.call("POST", f"/api/v1/spaces/{ended}/end")
    await host.call("DELETE", f"/api/v1/spaces/{space}/people/{ann.id}")
    scoped = await world.account("scoped", scopes=["account"])
    forged = world.nobody()
    forged.headers = {"authorization": "Bearer nonsense"}
    cases = [
        (ann, space, (4403, "removed")),
        (ann, private, (4404, "no_such_space")),
        (world.nobody(), closed_to_guests, (4403, "guests_forbidden")),
        (ann, ended, (4410, "space_ended")),
        (ann, "nothing000000", (4404, "no_such_space")),
        (forged, space, (4401, "not_signed_in")),
        (scoped, space, (4403, "scope_missing")),
    ]
    for who, where, closing in cases:
        async with who.channel(where) as channel:
            assert await channel.closed() == closing


async def test_a_foreign_page_cannot_open_a_channel_with_our_cookie(world: World) -> None:
    host = await world.account("hanna")
    space = await host.opens()
    url = world.url.replace("http", "ws", 1) + f"/api/v1/spaces/{space}/channel"
    headers = {"origin": "https://elsewhere.example", "cookie": "arengo_session=something"}
    async with connect(url, additional_headers=headers, proxy=None) as socket:
        await socket.wait_closed()
        assert (socket.close_code, socket.close_reason) == (4403, "origin")


async def test_the_newest_channel_wins_and_the_older_is_told(world: World) -> None:
    host = await world.account("hanna")
    space = await host.opens()
    async with host.channel(space) as older, host.channel(space) as newer:
        assert await older.closed() == (4409, "replaced")
        await newer.welcomed()
        assert isinstance(await newer.asks("change_settings", title="Mine"), wire.Done)


async def test_refusals_answer_the_command_and_nothing_else_happens(world: World) -> None:
    host, ann = await world.account("hanna"), await world.account("ann")
    space = await host.opens()
    async with ann.channel(space) as anns, world.nobody().channel(space) as guests:
        await anns.welcomed()
        await guests.welcomed()
        codes = {
            "come_on_stage": await anns.asks("come_on_stage"),
            "end_space": await anns.asks("end_space"),
            "set_mic": await anns.asks("set_mic", mic="on"),
            "react": await anns.asks("react", emoji="💣"),
            "invite": await anns.asks("invite_to_stage", person_id="404"),
            "guest": await guests.asks("raise_hand"),
        }
        assert {name: answer.code for name, answer in codes.items() if isinstance(answer, wire.Refused)} == {
            "come_on_stage": "not_invited",
            "end_space": "not_permitted",
            "set_mic": "not_on_stage",
            "react": "unknown_emoji",
            "invite": "no_such_person",
            "guest": "not_signed_in",
        }


async def test_a_title_of_a_megabyte_is_refused_at_every_door(world: World) -> None:
    host = await world.account("hanna")
    space = await host.opens()
    big = await host.call("POST", "/api/v1/spaces", json={"title": "x" * 1_000_000})
    assert (big.status_code, big.json()["code"]) == (413, "too_large")
    long = await host.call("PATCH", f"/api/v1/spaces/{space}", json={"title": "x" * 10_000})
    assert (long.status_code, long.json()["code"]) == (400, "title_too_long")
    async with host.channel(space) as channel:
        await channel.welcomed()
        refused = await channel.asks("change_settings", title="x" * 10_000)
        assert isinstance(refused, wire.Refused)
        assert (refused.code, refused.facts) == ("title_too_long", {"most": 100})


async def test_a_flood_of_hands_is_limited_and_others_are_served(world: World) -> None:
    host, ann, ben = await world.account("hanna"), await world.account("ann"), await world.account("ben")
    space = await host.opens()
    async with ann.channel(space) as anns, ben.channel(space) as bens:
        await anns.welcomed()
        await bens.welcomed()
        for number in range(1000):
            await anns.says({"type": "do", "id": number, "command": {"kind": "raise_hand"}})
        assert isinstance(await bens.asks("raise_hand"), wire.Done)
        limited = await anns.until(wire.Refused)
        assert limited.code == "rate_limited"
        assert limited.retry_after is not None


async def test_a_flood_without_end_is_closed_with_a_time_to_wait(tmp_path: Path) -> None:
    async with a_world(tmp_path, limits=Limits(channel_excess=100)) as world:
        host = await world.account("hanna")
        space = await host.opens()
        async with host.channel(space) as channel:
            with contextlib.suppress(Exception):
                for number in range(2000):
                    await channel.says({"type": "ping", "id": number})
            code, reason = await channel.closed()
            assert code == 4429
            assert reason.startswith("rate_limited:")


async def test_a_reader_who_stops_reading_is_dropped_without_slowing_others(small_world: World) -> None:
    host = await small_world.account("hanna")
    space = await host.opens()
    url = small_world.url.replace("http", "ws", 1) + f"/api/v1/spaces/{space}/channel"
    async with connect(url, proxy=None, max_queue=1, close_timeout=0.1) as stuck:
        await stuck.send(json.dumps({"type": "hello"}))
        await stuck.recv()
        stuck.transport.pause_reading()
        room = await small_world.room(space)
        while any(a.person.is_guest and a.outlet is not None for a in room.attendance.everybody()):
            for number in range(500):
                room.herald.react(next(iter(room.attendance.everybody())).person, wire.REACTIONS[number % 8])
                room.herald.pulse(room.space)
            async with host.channel(space) as channel:
                await channel.welcomed()
                assert isinstance(await channel.asks("change_settings", title="Going on"), wire.Done)
        stuck.transport.abort()


async def test_who_is_gone_while_we_write_has_left_and_is_no_fault(world: World, caplog: pytest.LogCaptureFixture) -> None:
    host = await world.account("hanna")
    space = await host.opens()
    url = world.url.replace("http", "ws", 1) + f"/api/v1/spaces/{space}/channel"
    room = await world.room(space)
    async with connect(url, proxy=None) as gone:
        await gone.send(json.dumps({"type": "hello"}))
        await gone.recv()
        gone.transport.abort()
        while any(a.outlet is not None for a in room.attendance.everybody()):
            room.herald.react(next(iter(room.attendance.everybody())).person, wire.REACTIONS[0])
            room.herald.pulse(room.space)
            await asyncio.sleep(0)
    assert "Fault" not in caplog.text


async def test_a_channel_that_has_ended_is_freed_without_the_garbage_collector(world: World) -> None:
    host = await world.account("hanna")
    space = await host.opens()
    room = await world.room(space)
    gc.collect()
    gc.disable()
    try:
        async with world.nobody().channel(space) as channel:
            await channel.welcomed()
            outlets = [a.outlet for a in room.attendance.with_channel()]
            freed = asyncio.Event()
            watched = weakref.ref(cast(SocketOutlet, outlets.pop())._socket, lambda _: freed.set())
            assert watched() is not None
            assert not outlets
        async with asyncio.timeout(5):
            await freed.wait()
    finally:
        gc.enable()


async def test_leaving_gives_up_the_place_and_closes_kindly(world: World) -> None:
    host, ann = await world.account("hanna"), await world.account("ann")
    space = await host.opens(who_may_speak="everyone")
    async with host.channel(space) as hosts, ann.channel(space) as anns:
        await hosts.welcomed()
        await anns.welcomed()
        await anns.asks("come_on_stage")
        await anns.says({"type": "leave"})
        assert await anns.closed() == (1000, "left")
        assert (await hosts.event(wire.LeftStage)).why == "left"


async def test_a_lost_socket_resumes_with_what_was_missed(world: World) -> None:
    host, ann = await world.account("hanna"), await world.account("ann")
    space = await host.opens()
    async with ann.channel(space) as before:
        await before.welcomed()
    await ann.call("PUT", f"/api/v1/spaces/{space}/hand")
    async with ann.channel(space, resume=(before.resume, before.version)) as again:
        welcome = await again.welcomed()
        assert welcome.snapshot is None
        assert welcome.version == before.version
        assert (await again.event(wire.HandRaised)).hand.person.id == ann.id


async def test_a_guest_without_a_cookie_is_the_same_guest_after_resuming(world: World) -> None:
    host = await world.account("hanna")
    space = await host.opens()
    async with world.nobody().channel(space) as before:
        first = (await before.welcomed()).you.person
    async with world.nobody().channel(space, resume=(before.resume, before.version)) as again:
        assert (await again.welcomed()).you.person == first


async def test_after_a_restart_everybody_is_back_in_their_place(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        host, ann = await world.account("hanna"), await world.account("ann")
        space = await host.opens(who_may_speak="everyone")
        async with ann.channel(space) as before:
            await before.welcomed()
            await before.asks("come_on_stage")
            voice = before.you and before.you.voice
            port = int(world.url.rpartition(":")[2])
            stopping = asyncio.create_task(before.closed())
            await world.server.services.spaces.stop()
            assert await stopping == (1001, "going_away")
    async with a_world(tmp_path, port=port) as world:
        ann.world = world
        async with ann.channel(space, resume=(before.resume, before.version)) as again:
            welcome = await again.welcomed()
            assert welcome.snapshot is not None
            assert [e.person.id for e in welcome.snapshot.stage] == [host.id, ann.id]
            assert welcome.you.voice == voice
            await again.event(wire.PresenceChanged, lambda e: e.person_id == ann.id and e.presence == "here")


async def test_nobody_named_in_a_log_has_an_address_or_a_token(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="arengo")
    host = await world.account("hanna")
    space = await host.opens()
    async with host.channel(space) as channel:
        await channel.welcomed()
        await channel.says("nonsense")
        await channel.closed()
    said = caplog.text
    assert "127.0.0.1" not in said
    assert host.headers["authorization"].split()[1] not in said


async def test_who_asks_for_the_channel_without_a_websocket_finds_nothing(world: World) -> None:
    host = await world.account("hanna")
    space = await host.opens()
    for method in ("GET", "POST"):
        answer = await host.call(method, f"/api/v1/spaces/{space}/channel")
        assert (answer.status_code, answer.json()["code"]) in ((404, "not_found"), (405, "method_not_allowed"))
