"""Spaces in tables: one row for each space, one for each person whom it has to remember.

Presence is not kept: after a restart nobody is there yet.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from arengo.adapters.db.engine import Database
from arengo.adapters.db.schema import Instant, PersonKey, metadata, server_secrets
from arengo.domain.events import Mic, MutedBy
from arengo.domain.identity import Person
from arengo.domain.ids import PersonId, SpaceId, Voice
from arengo.domain.lifecycle import State
from arengo.domain.settings import Settings, Visibility, WhoMaySpeak
from arengo.domain.space import Member, Space
from arengo.service.ports import StaleSpace

SpaceKey = String(13)

spaces = Table(
    "spaces",
    metadata,
    Column("id", SpaceKey, primary_key=True),
    Column("host_id", PersonKey, nullable=False),
    Column("title", Text, nullable=False),
    Column("topics", Text, nullable=False),  # a JSON array of strings
    Column("lang", String(35)),
    Column("visibility", String(10), nullable=False),
    Column("who_may_speak", String(10), nullable=False),
    Column("guests_allowed", Boolean, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("scheduled_start", Instant),
    Column("state", String(10), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("ended_at", Instant),
    Column("end_reason", String(20)),
    Column("stand_in", PersonKey),
    Column("version", BigInteger, nullable=False),
    Index(None, "state", "scheduled_start"),
    Index(None, "host_id", "state"),
)

space_members = Table(
    "space_members",
    metadata,
    Column("space_id", SpaceKey, ForeignKey("spaces.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", PersonKey, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("handle", String(30)),
    Column("kind", String(10), nullable=False),
    Column("bot", Boolean, nullable=False),
    Column("is_cohost", Boolean, nullable=False),
    Column("voice", BigInteger, nullable=False),
    Column("on_stage_since", Instant),
    Column("mic", String(3), nullable=False),
    Column("muted_by", String(4)),
    Column("hand_since", Instant),
    Column("invited_by", PersonKey),
    Column("may_speak", Boolean, nullable=False),
    Column("may_enter", Boolean, nullable=False),
    Column("is_removed", Boolean, nullable=False),
    Index(None, "person_id"),
)

_MEMBER_KEY = ("space_id", "person_id")
_RESUME_KEY = "resume"


class DatabaseSpaces:
    """Keeps spaces in the database; a `SpaceStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, space: Space) -> None:
        async with self._database.write() as connection:
            await connection.execute(insert(spaces).values(_space_row(space)))
            await self._write_members(connection, space, space.members)

    async def find(self, space: SpaceId) -> Space | None:
        async with self._database.read() as connection:
            found = await self._load(connection, select(spaces).where(spaces.c.id == space))
        return found[0] if found else None

    async def find_for(self, space: SpaceId, reader: PersonId | None) -> Space | None:
        is_remembered = exists().where(space_members.c.space_id == spaces.c.id, space_members.c.person_id == reader)
        is_open = or_(spaces.c.visibility == Visibility.PUBLIC.value, is_remembered)
        async with self._database.read() as connection:
            found = await self._load(connection, select(spaces).where(spaces.c.id == space, is_open))
        return found[0] if found else None

    async def save(self, space: Space, *, changed: Collection[PersonId], over: Collection[int]) -> None:
        written = update(spaces).where(spaces.c.id == space.id, spaces.c.version.in_(over)).values(_space_row(space))
        async with self._database.write() as connection:
            if (await connection.execute(written)).rowcount != 1:
                raise StaleSpace("Somebody else wrote this space.")
            await self._write_members(connection, space, [person for person in changed if person in space.members])
            gone = [person for person in changed if person not in space.members]
            if gone:
                where = (space_members.c.space_id == space.id, space_members.c.person_id.in_(gone))
                await connection.execute(delete(space_members).where(*where))

    async def in_state(self, state: State, *, most: int) -> Sequence[Space]:
        query = (
            select(spaces)
            .where(spaces.c.state == state.value)
            .order_by(func.coalesce(spaces.c.started_at, spaces.c.scheduled_start, spaces.c.created_at), spaces.c.id)
            .limit(most)
        )
        async with self._database.read() as connection:
            return await self._load(connection, query)

    async def hosted_by(self, host: PersonId, state: State) -> int:
        query = select(func.count()).select_from(spaces).where(spaces.c.host_id == host, spaces.c.state == state.value)
        async with self._database.read() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def signing_key(self) -> bytes:
        query = select(server_secrets.c.value).where(server_secrets.c.name == _RESUME_KEY)
        fresh = {"name": _RESUME_KEY, "value": secrets.token_bytes(32), "created_at": datetime.now(UTC)}
        async with self._database.write() as connection:
            await connection.execute(self._insert(server_secrets).values(fresh).on_conflict_do_nothing())
            return bytes((await connection.execute(query)).scalar_one())

    async def _write_members(self, connection: AsyncConnection, space: Space, people: Iterable[PersonId]) -> None:
        rows = [_member_row(space.id, space.members[person]) for person in people]
        if not rows:
            return
        upsert = self._insert(space_members)
        values = {c.name: upsert.excluded[c.name] for c in space_members.c if c.name not in _MEMBER_KEY}
        await connection.execute(upsert.on_conflict_do_update(index_elements=list(_MEMBER_KEY), set_=values), rows)

    async def _load(self, connection: AsyncConnection, query: Any) -> list[Space]:
        found = (await connection.execute(query)).all()
        members: dict[str, list[Row[Any]]] = {row.id: [] for row in found}
        ids = list(members)
        for begin in range(0, len(ids), 500):
            part = select(space_members).where(space_members.c.space_id.in_(ids[begin : begin + 500]))
            for row in await connection.execute(part.order_by(space_members.c.person_id)):
                members[row.space_id].append(row)
        return [_space(row, members[row.id]) for row in found]

    def _insert(self, table: Table) -> Any:
        return sqlite.insert(table) if self._database.is_sqlite else postgresql.insert(table)


def _space_row(space: Space) -> Mapping[str, object]:
    settings = space.settings
    return {
        "id": space.id,
        "host_id": space.host.id,
        "title": settings.title,
        "topics": json.dumps(settings.topics, ensure_ascii=False),
        "lang": settings.lang,
        "visibility": settings.visibility.value,
        "who_may_speak": settings.who_may_speak.value,
        "guests_allowed": settings.guests_allowed,
        "capacity": settings.capacity,
        "scheduled_start": settings.scheduled_start,
        "state": space.state.value,
        "created_at": space.created_at,
        "started_at": space.started_at,
        "ended_at": space.ended_at,
        "end_reason": space.end_reason,
        "stand_in": space.stand_in,
        "version": space.version,
    }


def _member_row(space: SpaceId, member: Member) -> Mapping[str, object]:
    person = member.person
    return {
        "space_id": space,
        "person_id": person.id,
        "name": person.name,
        "handle": person.handle,
        "kind": person.kind,
        "bot": person.bot,
        "is_cohost": member.is_cohost,
        "voice": member.voice,
        "on_stage_since": member.on_stage_since,
        "mic": member.mic.value,
        "muted_by": member.muted_by.value if member.muted_by else None,
        "hand_since": member.hand_since,
        "invited_by": member.invited_by.id if member.invited_by else None,
        "may_speak": member.may_speak,
        "may_enter": member.may_enter,
        "is_removed": member.is_removed,
    }


def _space(row: Row[Any], member_rows: Sequence[Row[Any]]) -> Space:
    people = {m.person_id: Person(PersonId(m.person_id), m.name, m.handle, m.kind, m.bot) for m in member_rows}
    return Space(
        id=SpaceId(row.id),
        host=people[row.host_id],
        settings=Settings(
            title=row.title,
            topics=tuple(json.loads(row.topics)),
            lang=row.lang,
            visibility=Visibility(row.visibility),
            who_may_speak=WhoMaySpeak(row.who_may_speak),
            guests_allowed=row.guests_allowed,
            capacity=row.capacity,
            scheduled_start=row.scheduled_start,
        ),
        created_at=row.created_at,
        state=State(row.state),
        started_at=row.started_at,
        ended_at=row.ended_at,
        end_reason=row.end_reason,
        stand_in=row.stand_in,
        members={PersonId(m.person_id): _member(m, people) for m in member_rows},
        version=row.version,
    )


def _member(row: Row[Any], people: Mapping[str, Person]) -> Member:
    return Member(
        person=people[row.person_id],
        is_cohost=row.is_cohost,
        voice=Voice(row.voice),
        on_stage_since=row.on_stage_since,
        mic=Mic(row.mic),
        muted_by=MutedBy(row.muted_by) if row.muted_by else None,
        hand_since=row.hand_since,
        invited_by=people.get(row.invited_by) if row.invited_by else None,
        may_speak=row.may_speak,
        may_enter=row.may_enter,
        is_removed=row.is_removed,
    )
