"""The only place where everything is put together."""

from __future__ import annotations

import asyncio
import os
import resource
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from litestar import Litestar

from arengo.adapters.db.accounts import DatabaseAccounts
from arengo.adapters.db.engine import Database
from arengo.adapters.db.migrate import migrate
from arengo.adapters.db.sole_use import sole_use
from arengo.adapters.db.spaces import DatabaseSpaces
from arengo.adapters.disk import free_bytes
from arengo.adapters.passwords.argon2 import Argon2Passwords
from arengo.limits import Limits
from arengo.service.accounts import Accounts
from arengo.service.clock import Clock, SystemClock
from arengo.service.disk_watch import DiskWatch
from arengo.service.guests import Guests
from arengo.service.housekeeping import Housekeeping
from arengo.service.ids import Ids, SystemIds
from arengo.service.instance import Instance
from arengo.service.known_devices import KnownDevices
from arengo.service.operator import Operator
from arengo.service.password_changes import PasswordChanges
from arengo.service.ports import MediaPlane
from arengo.service.recognition import Recognition
from arengo.service.services import Services
from arengo.service.sessions import Sessions
from arengo.service.spaces import Spaces
from arengo.service.tally import Tally
from arengo.service.tokens import Tokens
from arengo.settings import Settings
from arengo.web.app import create_app
from arengo.web.config import STATIC, WebConfig
from arengo.web.connections import Connections


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
    password_changes: PasswordChanges
    tokens: Tokens
    guests: Guests


@dataclass(frozen=True, slots=True)
class Running:
    """A server that lives, before anybody listens on its addresses."""

    services: Services
    operator: Operator
    app: Litestar
    media: Media
    connections: Connections
    keeping: asyncio.Task[None]
    """Fails when another server has taken the database."""


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


@dataclass(frozen=True, slots=True)
class Opened:
    """A database that is ours alone; *keeping* fails when another server has taken it meanwhile."""

    database: Database
    keeping: asyncio.Task[None]


@asynccontextmanager
async def open_database(settings: Settings, clock: Clock) -> AsyncIterator[Opened]:
    """The database with the tables of this version; Unavailable when it does not answer, Refusal `in_use` when another server has it."""
    limits = settings.limits
    database = Database(settings.database, wait_s=limits.database_wait_s, readers=limits.database_readers)
    async with database_alone(database, limits) as keeping:
        await migrate(database, backups=settings.backups, now=clock.now())
        await database.connect()
        try:
            yield Opened(database, keeping)
        finally:
            await database.close()


def database_alone(database: Database, limits: Limits) -> AbstractAsyncContextManager[asyncio.Task[None]]:
    """The database for nobody but us, as long as the block goes on."""
    return sole_use(database, wait_s=limits.database_wait_s, patience_s=limits.sole_use_wait_s, look_s=limits.sole_use_look_s)


@asynccontextmanager
async def open_people(settings: Settings, database: Database, clock: Clock, ids: Ids) -> AsyncIterator[People]:
    """The account side over *database*."""
    limits = settings.limits
    store = DatabaseAccounts(database)
    passwords = Argon2Passwords(at_once=limits.passwords_at_once, waiting=limits.passwords_waiting)
    guest_secret = await store.secret("guest-pass", secrets.token_bytes(32), clock.now())
    guests = Guests(guest_secret, ids=ids, clock=clock, limits=limits)
    recognition = Recognition(store, guests, clock=clock, limits=limits)
    devices = KnownDevices(await store.secret("known-device", secrets.token_bytes(32), clock.now()), ids=ids)
    accounts = Accounts(store, guests, recognition, passwords, ids=ids, clock=clock, limits=limits, signup=settings.signup)
    try:
        yield People(
            store,
            accounts,
            recognition,
            Sessions(store, store, recognition, passwords, devices, ids=ids, clock=clock, limits=limits),
            PasswordChanges(store, accounts, recognition, passwords, devices, ids=ids, clock=clock, limits=limits),
            Tokens(store, recognition, ids=ids, clock=clock, limits=limits),
            guests,
        )
    finally:
        passwords.close()


def _free_descriptors() -> int:
    """How many more files and sockets this process may open."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most - len(os.listdir("/dev/fd"))


@asynccontextmanager
async def running(
    settings: Settings, instance: Instance, *, clock: Clock | None = None, media: Media | None = None
) -> AsyncIterator[Running]:
    """Everything of a server but its listening sockets; stops the channels and the sound at the end.

    *clock* and *media* are the machine's unless others are given.
    """
    clock = clock or SystemClock()
    ids = SystemIds(clock)
    async with open_database(settings, clock) as opened, open_people(settings, opened.database, clock, ids) as people:
        database = opened.database
        media = media or _media_core(settings)
        tally = Tally()
        connections = Connections(settings.limits, tally, descriptors=_free_descriptors(), trusted=settings.trusted_proxies)
        spaces = Spaces(
            store=DatabaseSpaces(database),
            media=media,
            clock=clock,
            ids=ids,
            limits=settings.limits,
            people=people.accounts,
        )
        people.recognition.when_ended(spaces.shut_out)
        disk = DiskWatch(partial(free_bytes, database.path or settings.data_dir), database, limits=settings.limits)
        operator = Operator(people.accounts, people.tokens, people.password_changes, spaces)
        services = Services(
            accounts=people.accounts,
            recognition=people.recognition,
            sessions=people.sessions,
            password_changes=people.password_changes,
            tokens=people.tokens,
            guests=people.guests,
            spaces=spaces,
            settings=instance,
            limits=settings.limits,
            clock=clock,
            database=database,
            tally=tally,
            disk=disk,
        )
        config = WebConfig(
            trusted_proxies=settings.trusted_proxies,
            static=STATIC,
            csrf_secret=await people.store.secret("csrf", secrets.token_bytes(32), clock.now()),
            media_stats=media.stats,
            metrics_token=settings.metrics_token,
            connections=connections,
            hosts=(*settings.hosts, socket.gethostname()),
            ca_certificate=settings.tls_dir / "ca.crt" if settings.tls_local else None,
        )
        housekeeping = Housekeeping(people.store, people.sessions, clock=clock, limits=settings.limits)
        await spaces.start()
        housekeeping.start()
        disk.start()
        try:
            yield Running(services, operator, create_app(services, config), media, connections, opened.keeping)
        finally:
            await disk.stop()
            await housekeeping.stop()
            await spaces.stop()
            await operator.stop()
            media.shutdown()
