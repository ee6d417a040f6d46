"""The database locked or gone: the sound goes on, a ban still silences, the rest waits."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url
from tests.fakes.offers import an_offer
from tests.integration.talkers import World, a_world

from arengo.limits import Limits
from arengo.web.signaling import messages as wire


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with a_world(tmp_path / "data", database_url, limits=Limits(database_wait_s=0.5, database_retry_s=0.2)) as world:
        yield world


@asynccontextmanager
async def locked(url: str) -> AsyncIterator[None]:
    """Let nobody else write, as a stuck process would."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            yield
            holder.execute("ROLLBACK")
        return
    holder = await asyncpg.connect(make_url(url).render_as_string(hide_password=False))
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute("LOCK TABLE spaces, space_members, bans IN EXCLUSIVE MODE")
    yield
    await transaction.rollback()
    await holder.close()


async def test_with_the_database_locked_a_ban_silences_and_the_rest_waits(world: World, database_url: str) -> None:
    host, ann, ben = await world.account("hanna"), await world.account("ann"), await world.account("ben")
    space = await host.opens(who_may_speak="everyone")
    for person in (host, ann):
        assert (await person.offers(space, "whip", an_offer("sendonly"))).status_code == 201
    async with ben.channel(space) as bens, ann.channel(space) as anns:
        await bens.welcomed()
        await anns.welcomed()
        async with locked(database_url):
            refused = await bens.asks("raise_hand")
            assert isinstance(refused, wire.Refused)
            assert refused.code == "unavailable"
            assert refused.retry_after is not None
            answer = await ben.call("PUT", f"/api/v1/spaces/{space}/hand")
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert int(answer.headers["retry-after"]) >= 1
            assert len(world.media.heard) == 2
            await world.server.operator.ban("ann", reason="")
            assert len(world.media.heard) == 1
            assert await anns.closed() == (4403, "banned")
            assert (await bens.event(wire.LeftStage, lambda e: e.person_id == ann.id)).why == "banned"
        await asyncio.sleep(refused.retry_after)  # as the server said
        assert isinstance(await bens.asks("raise_hand"), wire.Done)
        assert [m.person.id for m in (await world.room(space)).space.hands()] == [ben.id]
        again = await ann.offers(space, "whep", an_offer("recvonly"))
        assert again.status_code in (401, 403)


async def test_a_space_whose_row_somebody_holds_is_muted_at_once_and_other_spaces_go_on(tmp_path: Path, empty_postgres: str) -> None:
    limits = Limits(database_wait_s=0.5, database_retry_s=0.2)
    async with a_world(tmp_path / "data", empty_postgres, limits=limits) as world:
        host, ann, cleo = await world.account("hanna"), await world.account("ann"), await world.account("cleo")
        space, other = await host.opens(who_may_speak="everyone"), await cleo.opens()
        assert (await ann.offers(space, "whip", an_offer("sendonly"))).status_code == 201
        holder = await asyncpg.connect(empty_postgres)
        async with host.channel(space) as hosts, ann.channel(space) as anns, holder.transaction():
            await hosts.welcomed()
            await anns.welcomed()
            await holder.execute("SELECT * FROM spaces WHERE id = $1 FOR UPDATE", space)
            muting = asyncio.create_task(hosts.asks("mute_person", person_id=ann.id))
            assert (await cleo.call("PATCH", f"/api/v1/spaces/{other}", json={"title": "Goes on"})).status_code == 200
            assert isinstance(await muting, wire.Done)
            assert world.media.heard == set()
            assert (await anns.event(wire.MicChanged)).mic == "off"
        await holder.close()
        async with asyncio.timeout(20):
            while await stored_mic(empty_postgres, space, ann.id) != "off":
                pass


async def stored_mic(url: str, space: str, person: str) -> str:
    connection = await asyncpg.connect(url)
    mic = await connection.fetchval("SELECT mic FROM space_members WHERE space_id = $1 AND person_id = $2", space, person)
    await connection.close()
    return str(mic)


async def test_a_postgresql_that_has_become_read_only_is_not_ready_until_it_takes_writes_again(
    tmp_path: Path, postgres: str, empty_postgres: str
) -> None:
    name = make_url(empty_postgres).database
    operator = await asyncpg.connect(postgres.format("postgres"))

    async def let_write(whether: str) -> None:
        await operator.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {whether}")
        await operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)

    async with a_world(tmp_path / "data", empty_postgres) as world:
        host, watch = await world.account("hanna"), world.server.services.disk
        await let_write("on")
        refused = await host.call("POST", "/api/v1/spaces", json={"title": "Evening"})
        assert (refused.status_code, refused.json()["detail"]) == (503, "The database is read-only just now.")
        assert (await host.call("GET", "/readyz")).status_code == 503
        await watch.look()
        assert (await host.call("GET", "/readyz")).status_code == 503

        await let_write("off")
        await watch.look()
        assert (await host.call("GET", "/readyz")).status_code == 200
    await operator.close()
