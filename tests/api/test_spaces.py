"""Spaces, their stage and their people over the native API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.integration.talkers import Talker, World, a_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        yield world


async def code(talker: Talker, method: str, path: str, **more: object) -> tuple[int, str]:
    answer = await talker.call(method, path, **more)
    return answer.status_code, answer.json().get("code", "")


async def test_a_space_is_opened_started_and_ended(world: World) -> None:
    host = await world.account("hanna")
    body = {"title": " Piazza ", "topics": ["#arte"], "lang": "it", "scheduled_start": "2031-01-01T20:00:00+01:00"}
    opened = await host.call("POST", "/api/v1/spaces", json=body)
    assert opened.status_code == 201
    facts = opened.json()
    assert (facts["title"], facts["state"], facts["topics"], facts["lang"]) == ("Piazza", "scheduled", ["arte"], "it")
    assert facts["scheduled_start"] == "2031-01-01T19:00:00.000Z"
    assert facts["url"].endswith(f"/s/{facts['id']}")
    path = f"/api/v1/spaces/{facts['id']}"
    assert (await host.call("POST", f"{path}/start")).json()["state"] == "live"
    assert (await host.call("POST", f"{path}/start")).json()["state"] == "live"
    ended = (await host.call("POST", f"{path}/end")).json()
    assert (ended["state"], ended["end_reason"]) == ("ended", "host")
    assert await code(host, "POST", f"{path}/end") == (409, "already_ended")
    assert (await host.call("GET", path)).json()["state"] == "ended"


async def test_a_scheduled_space_is_cancelled(world: World) -> None:
    host = await world.account("hanna")
    space = (await host.call("POST", "/api/v1/spaces", json={"title": "Later"})).json()["id"]
    assert (await host.call("POST", f"/api/v1/spaces/{space}/cancel")).json()["state"] == "cancelled"
    assert await code(host, "POST", f"/api/v1/spaces/{space}/start") == (409, "already_ended")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, "malformed")),
        ({"title": ""}, (400, "title_empty")),
        ({"title": "x" * 101}, (400, "title_too_long")),
        ({"title": 7}, (400, "malformed")),
        ({"title": "x", "topics": ["a", "b", "c", "d"]}, (400, "topics_invalid")),
        ({"title": "x", "lang": "not a tag"}, (400, "lang_invalid")),
        ({"title": "x", "visibility": "secret"}, (400, "malformed")),
        ({"title": "x", "who_may_speak": "follows"}, (409, "follows_not_available")),
        ({"title": "x", "scheduled_start": "tomorrow"}, (400, "malformed")),
    ],
)
async def test_a_space_that_makes_no_sense_is_not_opened(world: World, body: dict[str, object], expected: tuple[int, str]) -> None:
    host = await world.account("hanna")
    assert await code(host, "POST", "/api/v1/spaces", json=body) == expected


async def test_nobody_in_particular_opens_no_space(world: World) -> None:
    assert await code(world.nobody(), "POST", "/api/v1/spaces", json={"title": "Mine"}) == (401, "not_signed_in")


async def test_a_private_space_is_behind_no_door(world: World) -> None:
    host, ann, ben = await world.account("hanna"), await world.account("ann"), await world.account("ben")
    space = await host.opens(visibility="private")
    path = f"/api/v1/spaces/{space}"
    for who in (ben, world.nobody()):
        for method, where in [("GET", path), ("GET", f"{path}/people"), ("GET", f"{path}/qr.svg")]:
            assert await code(who, method, where) == (404, "no_such_space")
    for method, where in [
        ("PUT", f"{path}/hand"),
        ("PUT", f"{path}/speakers/{ann.id}"),
        ("PUT", f"{path}/cohosts/{ann.id}"),
        ("PUT", f"{path}/permits/{ann.id}"),
        ("DELETE", f"{path}/people/{host.id}"),
        ("GET", f"{path}/permits"),
        ("POST", f"{path}/end"),
        ("POST", f"{path}/mute-all"),
    ]:
        assert await code(ben, method, where) == (404, "no_such_space")
    assert (await ben.call("GET", "/api/v1/spaces?state=live")).json() == {"spaces": []}
    assert (await host.call("PUT", f"{path}/permits/{ann.id}")).status_code == 200
    assert (await ann.call("GET", path)).status_code == 200
    assert [p["id"] for p in (await host.call("GET", f"{path}/permits")).json()["people"]] == [ann.id]
    assert (await host.call("DELETE", f"{path}/permits/{ann.id}")).status_code == 200
    assert await code(ann, "GET", path) == (404, "no_such_space")


async def test_hands_microphones_and_places_by_the_api_alone(world: World) -> None:
    host, ann = await world.account("hanna"), await world.account("ann")
    space = await host.opens(who_may_speak="everyone")
    path = f"/api/v1/spaces/{space}"
    assert (await ann.call("PUT", f"{path}/hand")).status_code == 200
    assert [h["person"]["id"] for h in (await host.call("GET", path)).json()["hands"]] == [ann.id]
    assert (await ann.call("DELETE", f"{path}/hand")).status_code == 200
    assert (await ann.call("PUT", f"{path}/stage", json={"mic": "on"})).status_code == 200
    assert (await host.call("POST", f"{path}/mute/{ann.id}")).status_code == 200
    assert [(e["mic"], e["muted_by"]) for e in (await host.call("GET", path)).json()["stage"]][1] == ("off", "host")
    assert (await ann.call("PUT", f"{path}/mic", json={"mic": "on"})).status_code == 200
    assert (await host.call("POST", f"{path}/mute-all")).status_code == 200
    assert (await ann.call("DELETE", f"{path}/stage")).status_code == 200
    assert await code(ann, "PUT", f"{path}/mic", json={"mic": "on"}) == (409, "not_on_stage")


async def test_co_hosts_and_removal_by_the_api(world: World) -> None:
    host, ann, ben = await world.account("hanna"), await world.account("ann"), await world.account("ben")
    space = await host.opens()
    path = f"/api/v1/spaces/{space}"
    assert await code(ann, "PUT", f"{path}/speakers/{ben.id}") == (403, "not_permitted")
    assert (await host.call("PUT", f"{path}/cohosts/{ann.id}")).status_code == 200
    assert (await ann.call("PUT", f"{path}/speakers/{ben.id}")).status_code == 200
    assert [p["id"] for p in (await ann.call("GET", path)).json()["invited"]] == [ann.id, ben.id]
    assert await code(ann, "PUT", f"{path}/cohosts/{ben.id}") == (403, "not_permitted")
    assert (await ben.call("DELETE", f"{path}/invitation")).status_code == 200
    assert (await host.call("DELETE", f"{path}/cohosts/{ann.id}")).status_code == 200
    assert (await host.call("DELETE", f"{path}/people/{ben.id}")).status_code == 200
    assert (await ben.call("GET", path)).json()["may"]["enter"] is False
    assert await code(host, "PUT", f"{path}/speakers/{ben.id}") == (403, "removed")
    assert await code(host, "PUT", f"{path}/speakers/404") == (404, "no_such_person")


async def test_what_one_may_do_is_told(world: World) -> None:
    host, ann = await world.account("hanna"), await world.account("ann")
    path = f"/api/v1/spaces/{await host.opens()}"
    assert (await host.call("GET", path)).json()["may"]["end"] is True
    told = (await ann.call("GET", path)).json()["may"]
    assert (told["enter"], told["raise_hand"], told["end"], told["come_on_stage"]) == (True, True, False, False)
    assert (await world.nobody().call("GET", path)).json()["may"] == {"enter": True}


async def test_live_spaces_are_listed_with_who_is_there(world: World) -> None:
    host = await world.account("hanna")
    space = await host.opens("Hall")
    async with world.nobody().channel(space) as guest:
        await guest.welcomed()
        cards = (await world.nobody().call("GET", "/api/v1/spaces")).json()["spaces"]
    assert [(c["title"], c["on_stage"], c["listeners"], c["speakers"][0]["name"]) for c in cards] == [("Hall", 1, 1, "Hanna")]
    assert await code(host, "GET", "/api/v1/spaces?state=everything") == (400, "malformed")


async def test_the_audience_is_paged(world: World) -> None:
    host, ann, ben = await world.account("hanna"), await world.account("ann"), await world.account("ben")
    space = await host.opens()
    async with ann.channel(space) as one, ben.channel(space) as two:
        await one.welcomed()
        await two.welcomed()
        first = (await host.call("GET", f"/api/v1/spaces/{space}/people?limit=1")).json()
        rest = (await host.call("GET", f"/api/v1/spaces/{space}/people?limit=5&after={first['next']}")).json()
    assert [p["id"] for p in first["people"] + rest["people"]] == [ann.id, ben.id]
    assert rest["next"] is None
    assert (await code(host, "GET", f"/api/v1/spaces/{space}/people?limit=1000"))[0] == 400


async def test_settings_change_while_live(world: World) -> None:
    host = await world.account("hanna")
    path = f"/api/v1/spaces/{await host.opens()}"
    changed = (await host.call("PATCH", path, json={"title": "Anew", "who_may_speak": "everyone", "guests_allowed": False})).json()
    assert (changed["title"], changed["who_may_speak"], changed["guests_allowed"]) == ("Anew", "everyone", False)


async def test_the_link_is_a_code_to_scan(world: World) -> None:
    host = await world.account("hanna")
    answer = await world.nobody().call("GET", f"/api/v1/spaces/{await host.opens()}/qr.svg")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.text.startswith("<?xml")


async def test_a_token_that_may_not_read_spaces_gets_no_code_either(world: World) -> None:
    host, speaker = await world.account("hanna"), await world.account("speaker", scopes=["speak"])
    space = await host.opens()
    for path in ("", "/people", "/permits", "/qr.svg"):
        assert await code(speaker, "GET", f"/api/v1/spaces/{space}{path}") == (403, "scope_missing")


async def test_a_token_that_only_reads_changes_nothing(world: World) -> None:
    host, reader = await world.account("hanna"), await world.account("reader", scopes=["spaces:read"])
    space = await host.opens()
    assert (await reader.call("GET", f"/api/v1/spaces/{space}")).status_code == 200
    for method, path in [("POST", "/api/v1/spaces"), ("PUT", f"/api/v1/spaces/{space}/hand")]:
        body = {"json": {"title": "x"}} if method == "POST" else {}
        assert await code(reader, method, path, **body) == (403, "scope_missing")


async def test_a_thousand_hands_get_a_time_to_wait(world: World) -> None:
    host, ann = await world.account("hanna"), await world.account("ann")
    space = await host.opens()
    answers = await asyncio.gather(*(ann.call("PUT", f"/api/v1/spaces/{space}/hand") for _ in range(150)))
    limited = [a for a in answers if a.status_code == 429]
    assert limited
    assert limited[0].json()["code"] == "rate_limited"
    assert int(limited[0].headers["retry-after"]) >= 1
    assert (await host.call("PUT", f"/api/v1/spaces/{space}/mic", json={"mic": "on"})).status_code == 200
