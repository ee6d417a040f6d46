"""Whatever ends a credential ends it at once: nobody is recognised by it, and what it opened is shut before the database knows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from tests.fakes.clock import StoppedClock
from tests.service.conftest import House, a_house

from arengo.adapters.db.accounts import DatabaseAccounts
from arengo.adapters.db.engine import Database
from arengo.domain.errors import Refusal, Unavailable
from arengo.domain.identity import Credential, Identity
from arengo.limits import Limits
from arengo.service.account_store import ApiToken, Recognised
from arengo.service.ids import SystemIds

ADDRESS = "203.0.113.7"
PASSWORD = "correct horse"
ANOTHER = "battery staple"


class Shut:
    """Remembers whose things were shut."""

    def __init__(self, house: House) -> None:
        self.credentials: list[Credential] = []
        house.recognition.when_ended(self.note)

    async def note(self, credential: Credential) -> None:
        assert credential.has_ended
        self.credentials.append(credential)


@pytest.fixture
def shut(house: House) -> Shut:
    return Shut(house)


async def a_login(house: House) -> tuple[str, Identity]:
    """Sign ann in; gives the secret, and the identity as a channel keeps it."""
    secret = (await house.sessions.sign_in("ann", PASSWORD, address=ADDRESS)).secret
    identity = await house.recognition.by_cookie(secret)
    assert identity is not None
    return secret, identity


async def a_token(house: House, account_id: str) -> tuple[ApiToken, str, Identity]:
    token, secret = await house.tokens.create(account_id, label="phone", scopes=None)
    identity = await house.recognition.by_token(secret)
    assert identity is not None
    return token, secret, identity


@pytest.fixture
async def ann(house: House) -> str:
    return (await house.accounts.sign_up("ann", PASSWORD, address=ADDRESS)).id


def credentials(*identities: Identity) -> Sequence[Credential | None]:
    return [identity.credential for identity in identities]


async def test_signing_out_shuts_what_the_login_opened_and_nothing_else(house: House, shut: Shut, ann: str) -> None:
    secret, identity = await a_login(house)
    _, other = await a_login(house)

    await house.sessions.sign_out(secret)

    assert shut.credentials == credentials(identity)
    assert await house.recognition.by_cookie(secret) is None
    assert other.credential is not None
    assert not other.credential.has_ended


async def test_a_revoked_token_shuts_what_it_opened(house: House, shut: Shut, ann: str) -> None:
    token, secret, identity = await a_token(house, ann)
    await a_login(house)

    await house.tokens.revoke(token.id, ann)

    assert shut.credentials == credentials(identity)
    assert await house.recognition.by_token(secret) is None


async def test_nobody_shuts_what_the_token_of_another_opened(house: House, shut: Shut, ann: str) -> None:
    token, _, _ = await a_token(house, ann)
    bob = (await house.accounts.sign_up("bob", PASSWORD, address=ADDRESS)).id

    with pytest.raises(Refusal):
        await house.tokens.revoke(token.id, bob)
    with pytest.raises(Refusal):
        await house.sessions.end(token.id, bob)

    assert shut.credentials == []


async def test_the_oldest_login_that_gives_way_is_shut(house: House, shut: Shut, ann: str) -> None:
    _, first = await a_login(house)
    for _ in range(Limits().sessions_per_account):
        house.clock.advance(60)
        await house.sessions.sign_in("ann", PASSWORD, address=ADDRESS)

    assert shut.credentials == credentials(first)


async def test_a_login_that_ran_out_is_shut(house: House, shut: Shut, ann: str) -> None:
    _, identity = await a_login(house)
    house.clock.advance(timedelta(days=Limits().session_days, seconds=1).total_seconds())

    assert await house.sessions.forget_unused() == 1
    assert shut.credentials == credentials(identity)


async def test_one_login_is_ended_from_the_list_and_the_others_at_once(house: House, shut: Shut, ann: str) -> None:
    _, here = await a_login(house)
    house.clock.advance(60)
    _, phone = await a_login(house)
    _, tablet = await a_login(house)
    _, _, robot = await a_token(house, ann)
    assert phone.credential is not None

    await house.sessions.end(phone.credential.id, ann)
    assert shut.credentials == credentials(phone)
    await house.sessions.end_others(here)

    assert shut.credentials == credentials(phone, tablet)
    assert [login.id for login in await house.sessions.of(ann)] == [here.credential and here.credential.id]
    assert robot.credential is not None
    assert not robot.credential.has_ended
    with pytest.raises(Refusal) as caught:
        await house.sessions.end(phone.credential.id, ann)
    assert caught.value.code == "no_such_login"


async def test_everything_is_shut_before_the_database_knows(house: House, shut: Shut, database: Database, ann: str) -> None:
    secret, login = await a_login(house)
    _, other = await a_login(house)
    token, token_secret, robot = await a_token(house, ann)
    await database.close()

    for ending in (house.tokens.revoke(token.id, ann), house.sessions.end_others(login), house.sessions.sign_out(secret)):
        with pytest.raises(Unavailable):
            await ending

    assert shut.credentials == credentials(robot, other, login)
    await database.connect()
    assert await house.recognition.by_cookie(secret) is None
    assert await house.recognition.by_token(token_secret) is None


class Slow(DatabaseAccounts):
    """Answers who is behind a secret once it is let *go*."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def token(self, secret_hash: bytes) -> Recognised | None:
        found = await super().token(secret_hash)
        self.asked.set()
        await self.go.wait()
        return found


async def test_a_token_that_is_revoked_while_it_is_looked_up_is_not_recognised(
    database: Database, clock: StoppedClock, ids: SystemIds
) -> None:
    store = Slow(database)
    house = a_house(store, clock, ids)
    account = await house.accounts.create("ann", None)
    token, secret = await house.tokens.create(account.id, label="phone", scopes=None)

    looking = asyncio.create_task(house.recognition.by_token(secret))
    await store.asked.wait()
    await house.tokens.revoke(token.id, account.id)
    store.go.set()

    assert await looking is None


async def test_a_token_that_another_process_revoked_is_shut_when_it_is_next_shown(house: House, shut: Shut, ann: str) -> None:
    token, secret, identity = await a_token(house, ann)
    await house.store.revoke_token(token.id, ann)
    house.clock.advance(Limits().identity_fresh_s + 1)

    assert await house.recognition.by_token(secret) is None
    assert shut.credentials == credentials(identity)


async def test_a_token_made_by_a_login_that_ends_meanwhile_is_not_kept(house: House, ann: str) -> None:
    secret, identity = await a_login(house)
    await house.sessions.sign_out(secret)

    with pytest.raises(Refusal) as caught:
        await house.tokens.create(ann, label="late", scopes=None, by=identity.credential)

    assert caught.value.code == "not_signed_in"
    assert await house.tokens.of(ann) == []


async def test_what_a_banned_account_has_under_way_is_refused_as_well(house: House, shut: Shut, ann: str) -> None:
    _, _, robot = await a_token(house, ann)
    secret, login = await a_login(house)

    house.accounts.refuse_from_now(ann)

    assert [credential and credential.has_ended for credential in credentials(robot, login)] == [True, True]
    assert shut.credentials == []  # a ban closes by its own name what they opened
    with pytest.raises(Refusal) as caught:
        await house.recognition.by_cookie(secret)
    assert caught.value.code == "banned"


async def test_a_guest_who_signed_out_comes_back_neither_by_pass_nor_by_resume_token(house: House, shut: Shut) -> None:
    guest = house.guests.welcome(ADDRESS)
    by_stay = house.recognition.by_stay(guest.identity.person)

    await house.sessions.sign_out(guest.text)

    assert shut.credentials == credentials(by_stay)
    assert await house.recognition.by_cookie(guest.text) is None
    with pytest.raises(Refusal) as caught:
        house.recognition.by_stay(guest.identity.person)
    assert caught.value.code == "not_signed_in"
