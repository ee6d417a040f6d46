"""The sound by one HTTP request: WHIP, WHEP and the app's stay, as their documents say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.fakes.offers import an_offer
from tests.integration.talkers import World, a_world

from arengo.limits import Limits


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        yield world


async def test_whip_answers_with_a_location_that_hangs_up(world: World) -> None:
    host = await world.account("hanna")
    space = await host.opens()
    answer = await host.offers(space, "whip", an_offer("sendrecv"))
    assert answer.status_code == 201
    assert answer.headers["content-type"].startswith("application/sdp")
    assert answer.headers["location"].startswith(f"/api/v1/spaces/{space}/whip/")
    assert answer.headers["access-control-expose-headers"] == "Location, Link"
    assert len(world.media.heard) == 1
    assert (await host.call("PATCH", answer.headers["location"])).status_code == 405
    assert (await host.call("DELETE", answer.headers["location"])).status_code == 200
    assert world.media.peers == {}
    again = await host.call("DELETE", answer.headers["location"])
    assert (again.status_code, again.json()["code"]) == (404, "no_such_session")


async def test_whip_by_a_permitted_speaker_comes_on_stage(world: World) -> None:
    host, ann = await world.account("hanna"), await world.account("ann")
    space = await host.opens()
    refused = await ann.offers(space, "whip", an_offer("sendonly"))
    assert (refused.status_code, refused.json()["code"]) == (403, "not_invited")
    assert refused.headers["access-control-allow-origin"] == "*"  # a page elsewhere may read why
    assert (await host.call("PUT", f"/api/v1/spaces/{space}/speakers/{ann.id}")).status_code == 200
    assert (await ann.offers(space, "whip", an_offer("sendonly"))).status_code == 201
    stage = (await host.call("GET", f"/api/v1/spaces/{space}")).json()["stage"]
    assert [(entry["person"]["id"], entry["role"], entry["mic"]) for entry in stage] == [
        (host.id, "host", "off"),
        (ann.id, "speaker", "on"),
    ]
    assert (await host.call("DELETE", f"/api/v1/spaces/{space}/speakers/{ann.id}")).status_code == 200
    assert world.media.heard == set()


async def test_whep_needs_no_name_in_a_public_space(world: World) -> None:
    host = await world.account("hanna")
    space = await host.opens()
    answer = await world.nobody().offers(space, "whep", an_offer("recvonly"))
    assert answer.status_code == 201
    assert (await world.nobody().call("GET", f"/api/v1/spaces/{space}")).json()["audience"]["guests"] == 1
    assert (await world.nobody().call("DELETE", answer.headers["location"])).status_code == 200


@pytest.mark.parametrize(("query", "is_named"), [("", False), ("?shown=false", False), ("?shown=true", True)])
async def test_a_listener_by_whep_is_counted_and_named_only_if_they_ask_for_it(world: World, query: str, is_named: bool) -> None:
    host, ann = await world.account("hanna"), await world.account("ann")
    space = await host.opens()
    for who in (ann, world.nobody()):
        assert (await who.offers(space, f"whep{query}", an_offer("recvonly"))).status_code == 201
    people = (await host.call("GET", f"/api/v1/spaces/{space}/people")).json()["people"]
    audience = (await host.call("GET", f"/api/v1/spaces/{space}")).json()["audience"]
    assert audience["listeners"] == 2
    assert len(people) == len(audience["sample"]) == (2 if is_named else 0)


async def test_the_sound_leaves_a_participant_shown_as_their_channel_said(world: World) -> None:
    host, ann, ben = await world.account("hanna"), await world.account("ann"), await world.account("ben")
    space = await host.opens()
    async with ann.channel(space) as anns, ben.channel(space, shown=False) as bens:
        await anns.welcomed()
        await bens.welcomed()
        for who in (ann, ben):
            assert (await who.offers(space, "media", an_offer())).status_code == 201
        people = f"/api/v1/spaces/{space}/people"
        assert [p["id"] for p in (await host.call("GET", people)).json()["people"]] == [ann.id]
        assert (await ben.offers(space, "media?shown=true", an_offer())).status_code == 201
        assert [p["id"] for p in (await host.call("GET", people)).json()["people"]] == [ann.id, ben.id]


async def test_the_app_joins_as_the_participant_of_its_channel(world: World) -> None:
    host = await world.account("hanna")
    space = await host.opens()
    guest = world.nobody()
    async with guest.channel(space) as channel:
        await channel.welcomed()
        answer = await guest.offers(space, "media", an_offer(), **{"arengo-resume": channel.resume})
        assert answer.status_code == 201
        assert answer.headers["location"].startswith(f"/api/v1/spaces/{space}/media/")
        room = await world.room(space)
        assert len(room.attendance) == 1


async def test_a_resume_token_alone_does_not_stand_for_an_account(world: World) -> None:
    host = await world.account("hanna")
    space = await host.opens()
    async with host.channel(space) as channel:
        await channel.welcomed()
        refused = await world.nobody().offers(space, "media", an_offer(), **{"arengo-resume": channel.resume})
        assert (refused.status_code, refused.json()["code"]) == (401, "not_signed_in")
        assert (await host.offers(space, "media", an_offer(), **{"arengo-resume": channel.resume})).status_code == 201


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (an_offer("recvonly"), "text/plain", 415, "unsupported_media_type"),
        (an_offer("recvonly"), "", 415, "unsupported_media_type"),
        (an_offer("recvonly", kind="video"), "application/sdp", 406, "sdp_video_refused"),
        ("", "application/sdp", 400, "sdp_malformed"),
        ("Good morning", "application/sdp", 400, "sdp_malformed"),
        (b"\xff\xfe\x00", "application/sdp", 400, "sdp_malformed"),
        (an_offer("recvonly") + "a=x:y\r\n" * 6_000, "application/sdp", 413, "too_large"),
        ("x" * 1_000_000, "application/sdp", 413, "too_large"),
    ],
    ids=["plain text", "no type", "video", "empty", "prose", "bytes", "large", "huge"],
)
@pytest.mark.parametrize("door", ["whep", "whip", "media"])
async def test_what_cannot_be_answered_gets_its_code(
    world: World, door: str, body: str | bytes, content_type: str, status: int, code: str
) -> None:
    host = await world.account("hanna")
    space = await host.opens()
    answer = await host.call("POST", f"/api/v1/spaces/{space}/{door}", content=body, headers={"content-type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert world.media.peers == {}


async def test_every_refusal_before_the_sound_has_its_code(world: World) -> None:
    host, ann = await world.account("hanna"), await world.account("ann")
    space, private = await host.opens(), await host.opens(visibility="private")
    no_guests = await host.opens(guests_allowed=False)
    scheduled = (await host.call("POST", "/api/v1/spaces", json={"title": "Later"})).json()["id"]
    mute = await world.account("mute", scopes=["spaces:read"])
    cases = [
        (world.nobody(), space, "whip", (401, "not_signed_in")),
        (ann, private, "whep", (404, "no_such_space")),
        (world.nobody(), private, "whep", (404, "no_such_space")),
        (world.nobody(), no_guests, "whep", (403, "guests_forbidden")),
        (host, scheduled, "whip", (409, "not_live")),
        (ann, "nothing000000", "whep", (404, "no_such_space")),
        (mute, space, "whip", (403, "scope_missing")),
        (mute, space, "whep", (403, "scope_missing")),
        (mute, space, "media", (403, "scope_missing")),
    ]
    for who, where, door, expected in cases:
        answer = await who.offers(where, door, an_offer("sendonly" if door == "whip" else "recvonly"))
        assert (answer.status_code, answer.json()["code"]) == expected
    assert world.media.peers == {}


SENSELESS = [
    an_offer("recvonly", ice=False),
    an_offer("recvonly", fingerprint=False),
    an_offer("recvonly", kind="video"),
    an_offer("recvonly", codec="PCMU/8000"),
    "v=0",
    "Good morning",
    b"\xff\xfe",
    "x" * 40_000,
]


@pytest.mark.parametrize("door", ["whep", "media"])
async def test_offers_that_make_no_sense_take_no_guest_from_their_address(tmp_path: Path, door: str) -> None:
    async with a_world(tmp_path, limits=Limits(guests_per_address=3)) as world:
        space = await (await world.account("hanna")).opens()
        for offer in SENSELESS * 3:
            assert (await world.nobody().offers(space, door, offer)).status_code in (400, 406, 413)
        answers = [await world.nobody().offers(space, door, an_offer("recvonly")) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
        assert len(world.media.peers) == 3


async def test_a_guest_who_is_not_let_in_takes_no_guest_from_their_address(tmp_path: Path) -> None:
    async with a_world(tmp_path, limits=Limits(guests_per_address=2)) as world:
        host = await world.account("hanna")
        closed, open_to_all = await host.opens(guests_allowed=False), await host.opens()
        private = await host.opens(visibility="private")
        for space in (closed, private, "nothing000000") * 3:
            assert (await world.nobody().offers(space, "whep", an_offer("recvonly"))).status_code in (403, 404)
        assert (await world.nobody().offers(open_to_all, "whep", an_offer("recvonly"))).status_code == 201


async def test_offers_that_make_no_sense_take_none_from_an_account(tmp_path: Path) -> None:
    async with a_world(tmp_path, limits=Limits(media_sessions_per_person=2)) as world:
        host = await world.account("hanna")
        space = await host.opens()
        for offer in SENSELESS:
            assert (await host.offers(space, "media", offer)).status_code in (400, 406, 413)
        answers = [await host.offers(space, "media", an_offer()) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [201, 201, 429]


@pytest.mark.parametrize("path", ["whip", "whep", "media", "whip/abc"])
async def test_other_sites_are_told_that_they_may_ask(world: World, path: str) -> None:
    answer = await world.nobody().call(
        "OPTIONS",
        f"/api/v1/spaces/Abc123Def456G/{path}",
        headers={"origin": "https://elsewhere.example", "access-control-request-method": "POST"},
    )
    assert answer.status_code == 204
    assert answer.headers["accept-post"] == "application/sdp"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Authorization" in answer.headers["access-control-allow-headers"]


async def test_a_stopped_sound_is_unavailable_with_a_time_to_wait(world: World) -> None:
    host = await world.account("hanna")
    space = await host.opens()
    world.media.shutdown()
    answer = await host.offers(space, "whep", an_offer("recvonly"))
    assert (answer.status_code, answer.json()["code"]) == (503, "media_stopped")
    assert int(answer.headers["retry-after"]) >= 1
