"""A server that carries all it can, over real sockets: a clear word at every door, with the time to come back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.fakes.offers import an_offer
from tests.integration.talkers import World, a_world

from arengo.limits import Limits

LEAST = Limits().full_retry_s
MOST = LEAST + Limits().full_retry_spread_s + 1


@pytest.fixture
async def full_world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        world.media.figures["busy"] = 1.0
        await world.server.services.spaces.weigh()
        yield world


async def test_a_full_server_says_so_at_every_door(full_world: World) -> None:
    host, ann = await full_world.account("hanna"), await full_world.account("ann")
    space = await host.opens()
    for who in (ann, full_world.nobody()):
        async with who.channel(space) as channel:
            code, reason = await channel.closed()
            assert code == 4503
            said = re.fullmatch(r"media_full:(\d+)", reason)
            assert said is not None
            assert LEAST <= int(said[1]) <= MOST
        for door in ("media", "whep"):
            refused = await who.offers(space, door, an_offer("recvonly"))
            assert (refused.status_code, refused.json()["code"]) == (503, "media_full")
            assert LEAST <= int(refused.headers["retry-after"]) <= MOST


async def test_a_full_server_takes_the_host_and_lets_them_speak(full_world: World) -> None:
    host = await full_world.account("hanna")
    space = await host.opens()
    async with host.channel(space) as channel:
        await channel.welcomed()
        assert (await host.offers(space, "media", an_offer())).status_code == 201
    assert (await host.offers(space, "whip", an_offer("sendonly"))).status_code == 201


async def test_figures_tell_what_is_shed(full_world: World) -> None:
    answer = await full_world.nobody().call("GET", "/metrics")
    assert "arengo_shedding 2.0" in answer.text
