"""A change of password ends every other login."""

from __future__ import annotations

import asyncio

import pytest
from tests.fakes.clock import StoppedClock
from tests.fakes.passwords import PlainPasswords
from tests.service.conftest import House, a_house
from tests.service.test_endings import ADDRESS, ANOTHER, PASSWORD, Shut, a_login, a_token, credentials

from arengo.adapters.db.accounts import DatabaseAccounts
from arengo.adapters.db.engine import Database
from arengo.domain.errors import Refusal
from arengo.limits import Limits
from arengo.service.ids import SystemIds
from arengo.service.rates import TooOften


@pytest.fixture
def shut(house: House) -> Shut:
    return Shut(house)


@pytest.fixture
async def ann(house: House) -> str:
    return (await house.accounts.sign_up("ann", PASSWORD, address=ADDRESS)).id


@pytest.mark.parametrize("keep_tokens", [False, True])
async def test_every_other_login_ends_and_tokens_unless_they_are_kept(house: House, shut: Shut, ann: str, keep_tokens: bool) -> None:
    secret, here = await a_login(house)
    _, other = await a_login(house)
    _, token_secret, robot = await a_token(house, ann)

    changed = await house.password_changes.change(here, PASSWORD, ANOTHER, secret=secret, keep_tokens=keep_tokens)

    assert set(shut.credentials) == set(credentials(other) if keep_tokens else credentials(other, robot))
    assert (await house.recognition.by_token(token_secret) is not None) is keep_tokens
    again = await house.recognition.by_cookie(changed.secret)
    assert again is not None
    assert again.credential is here.credential  # so that the channel that it opened goes on
    assert await house.recognition.by_cookie(secret) is None
    assert (await house.sessions.sign_in("ann", ANOTHER, address=ADDRESS)).account.id == ann
    with pytest.raises(Refusal):
        await house.sessions.sign_in("ann", PASSWORD, address=ADDRESS)


async def test_a_wrong_present_password_changes_nothing_and_is_counted(house: House, shut: Shut, ann: str) -> None:
    secret, here = await a_login(house)

    for _ in range(Limits().login_tries):
        with pytest.raises(Refusal) as caught:
            await house.password_changes.change(here, "guess", ANOTHER, secret=secret, keep_tokens=False)
        assert caught.value.code == "wrong_password"
    with pytest.raises(TooOften):
        await house.password_changes.change(here, PASSWORD, ANOTHER, secret=secret, keep_tokens=False)

    assert shut.credentials == []
    await house.sessions.sign_in("ann", PASSWORD, address=ADDRESS)  # whoever guessed there has locked nobody out


async def test_an_account_without_a_password_gets_one_only_from_the_operator(house: House, shut: Shut) -> None:
    account = await house.accounts.create("robot", None, bot=True)
    _, secret, identity = await a_token(house, account.id)

    with pytest.raises(Refusal) as caught:
        await house.password_changes.change(identity, "", ANOTHER, secret=None, keep_tokens=True)
    assert caught.value.code == "wrong_password"
    await house.password_changes.reset("robot", ANOTHER)

    assert shut.credentials == credentials(identity)
    assert await house.recognition.by_token(secret) is None
    assert (await house.sessions.sign_in("robot", ANOTHER, address=ADDRESS)).account.id == account.id


async def test_a_password_that_cannot_be_one_is_refused_before_anything_ends(house: House, shut: Shut, ann: str) -> None:
    secret, here = await a_login(house)

    with pytest.raises(Refusal) as caught:
        await house.password_changes.change(here, PASSWORD, "short", secret=secret, keep_tokens=False)

    assert caught.value.code == "password_invalid"
    assert shut.credentials == []


class SlowPasswords(PlainPasswords):
    """Says that a password fits once it is let *go*."""

    def __init__(self) -> None:
        super().__init__()
        self.is_slow = False
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def verify(self, password: str, password_hash: str | None) -> bool:
        fits = await super().verify(password, password_hash)
        if self.is_slow:
            self.asked.set()
            await self.go.wait()
        return fits


@pytest.mark.parametrize("is_outdated", [False, True])
async def test_a_sign_in_by_the_old_password_that_is_under_way_comes_to_nothing(
    database: Database, clock: StoppedClock, ids: SystemIds, is_outdated: bool
) -> None:
    passwords = SlowPasswords()
    house = a_house(DatabaseAccounts(database), clock, ids, passwords=passwords)
    await house.accounts.sign_up("ann", PASSWORD, address=ADDRESS)
    if is_outdated:
        passwords.cost = "dearer"
    passwords.is_slow = True
    signing_in = asyncio.create_task(house.sessions.sign_in("ann", PASSWORD, address=ADDRESS))
    await passwords.asked.wait()
    await house.password_changes.reset("ann", ANOTHER)
    passwords.go.set()

    with pytest.raises(Refusal) as caught:
        await signing_in
    assert caught.value.code == "wrong_password"
    assert (await house.sessions.sign_in("ann", ANOTHER, address=ADDRESS)).account.name == "ann"
