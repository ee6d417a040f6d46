"""Whatever a login, a token or a pass has opened ends with it, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.fakes.offers import an_offer
from tests.integration.talkers import Talker, World, a_world
from websockets.exceptions import ConnectionClosed

from arengo.web.signaling import messages as wire

WITHIN_S = 5.0  # the machine may be busy; what was measured is printed
PASSWORD = "correct horse battery"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        yield world


async def token_of(talker: Talker) -> str:
    """The id of the one token that *talker* acts by."""
    tokens = (await talker.call("GET", "/api/v1/tokens")).json()["tokens"]
    assert len(tokens) == 1
    return str(tokens[0]["id"])


async def by_cookie(world: World, name: str) -> tuple[Talker, httpx.Cookies]:
    """Somebody who signs in as a browser does."""
    answer = await world.nobody().call("POST", "/api/v1/session", json={"name": name, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    cookies = "; ".join(f"{key}={value}" for key, value in answer.cookies.items())
    headers = {"cookie": cookies, "origin": world.url, "x-csrf-token": answer.json()["csrf"]}
    return Talker(world, answer.json()["id"], headers), answer.cookies


async def test_a_revoked_token_ends_channel_and_voice_at_once(world: World) -> None:
    host, ann = await world.account("hanna"), await world.account("ann")
    space = await host.opens(who_may_speak="everyone")
    async with host.channel(space) as hosts, ann.channel(space) as channel:
        await channel.welcomed()
        assert (await ann.offers(space, "whip", an_offer("sendonly"))).status_code == 201
        assert len(world.media.heard) == 1
        token = await token_of(ann)

        began = time.monotonic()
        assert (await ann.call("DELETE", f"/api/v1/tokens/{token}")).status_code == 204
        assert world.media.peers == {}
        async with asyncio.timeout(WITHIN_S):
            assert await channel.closed() == (4401, "not_signed_in")
        print(f"closed after {(time.monotonic() - began) * 1000:.0f} ms")
        await hosts.event(wire.PresenceChanged, lambda e: e.person_id == ann.id and e.presence == "away")


async def test_a_revoked_token_does_not_end_the_space_that_it_was_about_to_end(world: World) -> None:
    host = await world.account("hanna")
    secret = (await host.call("POST", "/api/v1/tokens", json={"label": "robot"})).json()
    robot = Talker(world, host.id, {"authorization": f"Bearer {secret['token']}"})
    space = await host.opens()
    async with robot.channel(space) as channel:
        await channel.welcomed()
        await host.call("DELETE", f"/api/v1/tokens/{secret['id']}")
        with contextlib.suppress(ConnectionClosed):
            await channel.says({"type": "do", "id": 1, "command": {"kind": "end_space"}})
        assert await channel.closed() == (4401, "not_signed_in")
    assert (await host.call("GET", f"/api/v1/spaces/{space}")).json()["state"] == "live"


@pytest.mark.parametrize("how", ["signs out", "is ended from the list", "another password"])
async def test_a_login_that_ends_takes_its_channel_and_sound_along(world: World, how: str) -> None:
    host = await world.account("hanna")
    await world.server.operator.create_account("ann", display="Ann", password=PASSWORD)
    (phone, _), (desk, _) = await by_cookie(world, "ann"), await by_cookie(world, "ann")
    space = await host.opens()
    async with phone.channel(space) as channel:
        await channel.welcomed()
        assert (await phone.offers(space, "whep", an_offer("recvonly"))).status_code == 201
        if how == "signs out":
            await phone.call("DELETE", "/api/v1/session")
        elif how == "is ended from the list":
            await desk.call("DELETE", "/api/v1/me/sessions")
        else:
            body = {"current": PASSWORD, "new": "battery staple horse"}
            assert (await desk.call("PUT", "/api/v1/me/password", json=body)).status_code == 200
        assert world.media.peers == {}
        async with asyncio.timeout(WITHIN_S):
            assert await channel.closed() == (4401, "not_signed_in")


async def test_the_login_that_changes_the_password_stays_where_it_is(world: World) -> None:
    host = await world.account("hanna")
    await world.server.operator.create_account("ann", display="Ann", password=PASSWORD)
    ann, _ = await by_cookie(world, "ann")
    space = await host.opens()
    async with ann.channel(space) as channel:
        await channel.welcomed()
        assert (await ann.offers(space, "whep", an_offer("recvonly"))).status_code == 201
        await ann.call("PUT", "/api/v1/me/password", json={"current": PASSWORD, "new": "battery staple horse"})
        assert len(world.media.peers) == 1
        assert isinstance(await channel.asks("raise_hand"), wire.Done)
        refused = await ann.offers(space, "whep", an_offer("recvonly"))  # by the old cookie, as a thief of it would
        assert refused.status_code == 201  # as somebody else: a guest
        assert len((await world.room(space)).attendance) == 2


async def test_a_slow_offer_of_a_token_that_is_revoked_meanwhile_is_refused(world: World) -> None:
    host = await world.account("hanna")
    space = await host.opens()
    secret = (await host.call("POST", "/api/v1/tokens", json={"label": "robot"})).json()
    sent = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        offer = an_offer("sendonly").encode()
        yield offer[:10]
        await sent.wait()
        yield offer[10:]

    headers = {"authorization": f"Bearer {secret['token']}", "content-type": "application/sdp"}
    async with httpx.AsyncClient(base_url=world.url, trust_env=False) as client:
        posting = asyncio.create_task(client.post(f"/api/v1/spaces/{space}/whip", content=slowly(), headers=headers))
        while not (await host.call("GET", "/api/v1/tokens")).json()["tokens"][-1]["used_at"]:
            pass  # until the server has recognised who posts
        await host.call("DELETE", f"/api/v1/tokens/{secret['id']}")
        sent.set()
        answer = await posting
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    assert world.media.peers == {}


async def test_a_guest_who_signed_out_does_not_come_back_by_a_resume_token(world: World) -> None:
    host = await world.account("hanna")
    space = await host.opens()
    became = await world.nobody().call("POST", "/api/v1/session/guest", json={}, headers={"origin": world.url})
    cookies = "; ".join(f"{key}={value}" for key, value in became.cookies.items())
    guest = Talker(world, became.json()["id"], {"cookie": cookies, "origin": world.url, "x-csrf-token": became.json()["csrf"]})
    nobody = world.nobody()
    async with guest.channel(space) as channel:
        await channel.welcomed()
        resume = channel.resume
        assert (await nobody.offers(space, "whep", an_offer("recvonly"), **{"arengo-resume": resume})).status_code == 201
        await guest.call("DELETE", "/api/v1/session")
        assert world.media.peers == {}
        assert await channel.closed() == (4401, "not_signed_in")
    for door in ("media", "whep"):
        refused = await nobody.offers(space, door, an_offer(), **{"arengo-resume": resume})
        assert (refused.status_code, refused.json()["code"]) == (401, "not_signed_in")
    async with nobody.channel(space, resume=(resume, 0)) as back:
        assert await back.closed() == (4401, "not_signed_in")
