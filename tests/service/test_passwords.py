"""A change of password ends every other login, and each device is a stranger after it."""

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


async def lock(house: House) -> None:
    """Ten wrong passwords for ann from each of ten addresses, as strangers do."""
    limits = Limits()
    for number in range(limits.login_tries_per_name):
        with pytest.raises(Refusal):
            await house.sessions.sign_in("ann", "guess", address=f"198.51.100.{number // limits.login_tries}")


async def test_strangers_do_not_lock_the_owner_out_of_a_device_that_is_known(house: House, ann: str) -> None:
    device = (await house.sessions.sign_in("ann", PASSWORD, address=ADDRESS)).device
    await lock(house)

    with pytest.raises(TooOften):
        await house.sessions.sign_in("ann", PASSWORD, address=ADDRESS)
    for _ in range(3):
        assert (await house.sessions.sign_in("ann", PASSWORD, address=ADDRESS, device=device)).account.id == ann


async def test_an_address_that_had_its_share_does_not_lock_a_known_device_out(house: House, ann: str) -> None:
    device = (await house.sessions.sign_in("ann", PASSWORD, address=ADDRESS)).device
    for number in range(Limits().login_tries_per_address):
        with pytest.raises(Refusal):
            await house.sessions.sign_in(f"nobody{number}", "guess", address=ADDRESS)

    assert (await house.sessions.sign_in("ann", PASSWORD, address=ADDRESS, device=device)).account.id == ann


async def test_too_many_wrong_passwords_make_a_device_unknown_for_a_while(house: House, ann: str) -> None:
    device = (await house.sessions.sign_in("ann", PASSWORD, address=ADDRESS)).device
    limits = Limits()
    for _ in range(limits.login_tries_per_device):
        with pytest.raises(Refusal):
            await house.sessions.sign_in("ann", "guess", address=ADDRESS, device=device)
    await lock(house)

    with pytest.raises(TooOften):
        await house.sessions.sign_in("ann", PASSWORD, address=ADDRESS, device=device)
    house.clock.advance(limits.login_tries_per_device_s / limits.login_tries_per_device)
    await house.sessions.sign_in("ann", PASSWORD, address=ADDRESS, device=device)


@pytest.mark.parametrize("worth", ["another account's", "made up", "before the password changed"])
async def test_a_device_that_is_not_known_has_no_privilege(house: House, ann: str, worth: str) -> None:
    await house.accounts.sign_up("bob", PASSWORD, address=ADDRESS)
    device = (await house.sessions.sign_in("bob" if worth == "another account's" else "ann", PASSWORD, address=ADDRESS)).device
    if worth == "made up":
        device = device[:-4] + "abcd"
    if worth == "before the password changed":
        await house.password_changes.reset("ann", ANOTHER)
    await lock(house)

    for password in (PASSWORD, ANOTHER):
        with pytest.raises(TooOften):
            await house.sessions.sign_in("ann", password, address=ADDRESS, device=device)


async def test_the_browser_that_changed_the_password_stays_known(house: House, ann: str) -> None:
    secret, here = await a_login(house)
    device = (await house.password_changes.change(here, PASSWORD, ANOTHER, secret=secret, keep_tokens=True)).device
    await lock(house)

    assert (await house.sessions.sign_in("ann", ANOTHER, address=ADDRESS, device=device)).account.id == ann
