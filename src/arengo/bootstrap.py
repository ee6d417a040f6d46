"""The only place where everything is put together."""

from __future__ import annotations

import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from litestar import Litestar

from arengo.adapters.db.accounts import DatabaseAccounts
from arengo.adapters.db.engine import Database
from arengo.adapters.db.migrate import migrate
from arengo.adapters.db.spaces import DatabaseSpaces
from arengo.adapters.passwords.argon2 import Argon2Passwords
from arengo.service.accounts import Accounts
from arengo.service.clock import Clock, SystemClock
from arengo.service.guests import Guests
from arengo.service.housekeeping import Housekeeping
from arengo.service.ids import Ids, SystemIds
from arengo.service.instance import Instance
from arengo.service.operator import Operator
from arengo.service.ports import MediaPlane
from arengo.service.recognition import Recognition
from arengo.service.services import Services
from arengo.service.sessions import Sessions
from arengo.service.spaces import Spaces
from arengo.service.tokens import Tokens
from arengo.settings import Settings
from arengo.web.app import create_app
from arengo.web.config import STATIC, WebConfig


class Media(MediaPlane, Protocol):
    """The sound, with the figures and the end that only who started it asks for."""

    def stats(self) -> dict[str, int | float | list[int]]: ...
    def shutdown(self) -> None: ...


@dataclass(frozen=True, slots=True)
class People:
    """The account side, which the shell also uses without a server."""

    store: DatabaseAccounts
    accounts: Accounts
    recognition: Recognition
    sessions: Sessions
    tokens: Tokens
    guests: Guests


@dataclass(frozen=True, slots=True)
class Running:
    """A server that lives, before anybody listens on its addresses."""

    services: Services
    operator: Operator
    app: Litestar
    media: Media


def _media_core(settings: Settings) -> Media:
    """The compiled core; imported here, so that shell commands beside a server never load it."""
    from arengo.adapters.media.plane import CoreMediaPlane

    return CoreMediaPlane(
        udp_port=settings.media_port,
        tcp_port=settings.media_tcp_port,
        public_ips=settings.public_ips,
        max_peers=settings.media_sessions + settings.limits.media_sessions_spare,
        shards=settings.media_shards,
        merge_from=settings.media_merge_from,
    )


@asynccontextmanager
async def open_database(settings: Settings, clock: Clock) -> AsyncIterator[Database]:
    """The database with the tables of this version; Unavailable when it does not answer."""
    database = Database(settings.database, wait_s=settings.limits.database_wait_s, readers=settings.limits.database_readers)
    await migrate(database, backups=settings.backups, now=clock.now())
    await database.connect()
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def open_people(settings: Settings, database: Database, clock: Clock, ids: Ids) -> AsyncIterator[People]:
    """The account side over *database*."""
    limits = settings.limits
    store = DatabaseAccounts(database)
    passwords = Argon2Passwords(at_once=limits.passwords_at_once, waiting=limits.passwords_waiting)
    guest_secret = await store.secret("guest-pass", secrets.token_bytes(32), clock.now())
    guests = Guests(guest_secret, ids=ids, clock=clock, limits=limits)
    recognition = Recognition(store, guests, clock=clock, limits=limits)
    try:
        yield People(
            store,
            Accounts(store, guests, recognition, passwords, ids=ids, clock=clock, limits=limits, signup=settings.signup),
            recognition,
            Sessions(store, store, recognition, passwords, ids=ids, clock=clock, limits=limits),
            Tokens(store, recognition, ids=ids, clock=clock, limits=limits),
            guests,
        )
    finally:
        passwords.close()


@asynccontextmanager
async def running(
    settings: Settings, instance: Instance, *, clock: Clock | None = None, media: Media | None = None
) -> AsyncIterator[Running]:
    """Everything of a server but its listening sockets; stops the channels and the sound at the end.

    *clock* and *media* are the machine's unless others are given.
    """
    clock = clock or SystemClock()
    ids = SystemIds(clock)
    async with open_database(settings, clock) as database, open_people(settings, database, clock, ids) as people:
        media = media or _media_core(settings)
        spaces = Spaces(
            store=DatabaseSpaces(database),
            media=media,
            clock=clock,
            ids=ids,
            limits=settings.limits,
            people=people.accounts,
        )
        operator = Operator(people.accounts, people.tokens, spaces)
        services = Services(
            accounts=people.accounts,
            recognition=people.recognition,
            sessions=people.sessions,
            tokens=people.tokens,
            guests=people.guests,
            spaces=spaces,
            settings=instance,
            limits=settings.limits,
            clock=clock,
            database=database,
        )
        config = WebConfig(
            trusted_proxies=settings.trusted_proxies,
            static=STATIC,
            csrf_secret=await people.store.secret("csrf", secrets.token_bytes(32), clock.now()),
            media_stats=media.stats,
            metrics_token=settings.metrics_token,
            hosts=(*settings.hosts, socket.gethostname()),
            ca_certificate=settings.tls_dir / "ca.crt" if settings.tls_local else None,
        )
        housekeeping = Housekeeping(people.store, people.store, clock=clock, limits=settings.limits)
        await spaces.start()
        housekeeping.start()
        try:
            yield Running(services, operator, create_app(services, config), media)
        finally:
            await housekeeping.stop()
            await spaces.stop()
            await operator.stop()
            media.shutdown()
