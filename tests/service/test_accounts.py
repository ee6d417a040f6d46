"""Accounts, logins and the directory of people, on each database."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.fakes.clock import StoppedClock
from tests.service.conftest import House, a_house

from arengo.adapters.db.accounts import DatabaseAccounts
from arengo.adapters.db.engine import Database
from arengo.adapters.db.spaces import DatabaseSpaces
from arengo.domain.errors import Refusal, Unavailable
from arengo.limits import Limits
from arengo.service.housekeeping import Housekeeping
from arengo.service.ids import SystemIds
from arengo.service.operator import Operator
from arengo.service.rates import TooOften
from arengo.service.spaces_at_rest import SpacesAtRest

ADDRESS = "203.0.113.7"
PASSWORD = "correct horse"


async def sign_up(house: House, name: str = "ann", **more: str) -> str:
    return (await house.accounts.sign_up(name, PASSWORD, address=ADDRESS, **more)).id


def an_operator(house: House, database: Database) -> Operator:
    return Operator(house.accounts, house.tokens, house.password_changes, SpacesAtRest(DatabaseSpaces(database), house.clock))


def code_of(caught: pytest.ExceptionInfo[Refusal]) -> str:
    return caught.value.code


async def test_a_hundred_who_want_the_same_name_get_it_once(house: House) -> None:
    asked = [house.accounts.sign_up("ann", PASSWORD, address=f"198.51.100.{n}") for n in range(100)]
    answers = await asyncio.gather(*asked, return_exceptions=True)

    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert len(refused) == 99
    assert {refusal.code for refusal in refused} == {"name_taken"}


async def test_an_outdated_hash_is_made_anew_at_the_next_login(house: House) -> None:
    account_id = await sign_up(house)
    house.passwords.cost = "dearer"

    await house.sessions.sign_in("ann", PASSWORD, address=ADDRESS)

    assert await house.store.password_hash(account_id) == f"dearer:{PASSWORD}"


async def test_a_password_typed_with_composed_or_decomposed_letters_is_the_same(house: House) -> None:
    await house.accounts.sign_up("ann", "città di Siena", address=ADDRESS)

    assert (await house.sessions.sign_in("ann", "citta\u0300 di Siena", address=ADDRESS)).account.name == "ann"


async def test_an_account_without_a_password_cannot_be_signed_in_to(house: House) -> None:
    await house.accounts.create("robot", None, bot=True)

    with pytest.raises(Refusal) as caught:
        await house.sessions.sign_in("robot", "", address=ADDRESS)
    assert code_of(caught) == "wrong_password"


async def test_of_too_many_logins_the_longest_unused_goes(house: House) -> None:
    await sign_up(house)
    first = await house.sessions.sign_in("ann", PASSWORD, address=ADDRESS)
    for _ in range(Limits().sessions_per_account):
        house.clock.advance(60)
        last = await house.sessions.sign_in("ann", PASSWORD, address=ADDRESS)

    assert await house.recognition.by_cookie(first.secret) is None
    assert await house.recognition.by_cookie(last.secret) is not None


async def test_logins_long_unused_are_forgotten(house: House) -> None:
    await sign_up(house)
    await house.sessions.sign_in("ann", PASSWORD, address=ADDRESS)
    house.clock.advance(86_400)

    assert await house.store.forget_sessions(used_before=house.clock.now() - timedelta(days=2)) == []
    assert len(await house.store.forget_sessions(used_before=house.clock.now())) == 1


async def test_the_directory_knows_accounts_and_the_guests_of_late(house: House) -> None:
    ann = await sign_up(house, display="Ann")
    guest = house.guests.welcome(ADDRESS, "Bo").identity

    people = await house.accounts.people([ann, guest.id, "1", "g1", "nonsense"])

    assert {person.id: person.display for person in people.values()} == {ann: "Ann", guest.id: "Bo"}
    assert await house.accounts.person(ann) == people[ann]
    assert await house.accounts.person("1") is None


async def test_the_directory_answers_for_a_thousand_at_once(house: House) -> None:
    ann = await sign_up(house)

    assert list(await house.accounts.people([*map(str, range(1_000)), ann])) == [ann]


@pytest.mark.parametrize(("signup", "code"), [("closed", "signup_closed"), ("invitation", "invitation_required")])
async def test_where_sign_up_is_not_open_nobody_comes_uninvited(
    database: Database, clock: StoppedClock, ids: SystemIds, signup: str, code: str
) -> None:
    house = a_house(DatabaseAccounts(database), clock, ids, signup=signup)  # type: ignore[arg-type]

    with pytest.raises(Refusal) as caught:
        await sign_up(house)
    assert code_of(caught) == code


async def test_an_invitation_is_good_for_one_account_and_two_weeks(database: Database, clock: StoppedClock, ids: SystemIds) -> None:
    house = a_house(DatabaseAccounts(database), clock, ids, signup="invitation")
    used, late = await house.accounts.invite(None), await house.accounts.invite(None)

    await sign_up(house, "ann", invitation=used)
    clock.advance(timedelta(days=Limits().invitation_days, seconds=1).total_seconds())
    for code in (used, late, "never made"):
        with pytest.raises(Refusal) as caught:
            await sign_up(house, "bob", invitation=code)
        assert code_of(caught) == "invitation_invalid"


async def test_an_invitation_is_not_used_up_by_a_name_that_is_taken(database: Database, clock: StoppedClock, ids: SystemIds) -> None:
    house = a_house(DatabaseAccounts(database), clock, ids, signup="invitation")
    await house.accounts.create("ann", None)
    code = await house.accounts.invite(None)

    with pytest.raises(Refusal):
        await sign_up(house, "ann", invitation=code)
    await sign_up(house, "bob", invitation=code)


async def test_an_account_has_a_bounded_number_of_open_invitations(house: House) -> None:
    ann = await sign_up(house)
    for _ in range(Limits().invitations_per_account):
        await house.accounts.invite(ann)

    with pytest.raises(Refusal) as caught:
        await house.accounts.invite(ann)
    assert code_of(caught) == "too_many_invitations"


async def test_invitations_that_are_made_at_once_are_counted_one_after_the_other(house: House) -> None:
    ann, most = await sign_up(house), Limits().invitations_per_account
    for _ in range(most - 1):
        await house.accounts.invite(ann)

    made = await asyncio.gather(*(house.accounts.invite(ann) for _ in range(5)), return_exceptions=True)

    assert sorted(getattr(code, "code", "made") for code in made) == ["made", *4 * ["too_many_invitations"]]


async def test_a_ban_of_somebody_unknown_is_refused(house: House, database: Database) -> None:
    with pytest.raises(Refusal) as caught:
        await an_operator(house, database).ban("nobody", reason="")
    assert code_of(caught) == "no_such_person"


async def test_a_ban_is_kept_once_however_often_it_is_said(house: House, database: Database) -> None:
    ann = await sign_up(house)
    operator = an_operator(house, database)

    assert await operator.ban("ann", reason="spam")
    assert await operator.ban("Ann", reason="again")

    assert await house.accounts.is_banned(ann)


async def test_whoever_was_here_of_late_can_be_banned_while_the_database_is_gone(house: House, database: Database) -> None:
    ann = await sign_up(house)
    login = await house.sessions.sign_in("ann", PASSWORD, address=ADDRESS)
    await house.recognition.by_cookie(login.secret)
    await database.close()

    assert (await house.accounts.whom_to_ban("ann")).id == ann
    house.accounts.refuse_from_now(ann)

    assert await house.accounts.is_banned(ann)
    with pytest.raises((Refusal, Unavailable)):
        await house.recognition.by_cookie(login.secret)


async def test_a_login_seen_a_moment_ago_needs_no_database(house: House, database: Database) -> None:
    await sign_up(house)
    login = await house.sessions.sign_in("ann", PASSWORD, address=ADDRESS)
    await house.recognition.by_cookie(login.secret)
    await database.close()

    assert await house.recognition.by_cookie(login.secret) is not None
    house.clock.advance(Limits().identity_fresh_s + 1)
    with pytest.raises(Unavailable):
        await house.recognition.by_cookie(login.secret)


async def test_a_secret_of_the_server_is_made_once(house: House) -> None:
    now = house.clock.now()

    assert await house.store.secret("x", b"first", now) == b"first"
    assert await house.store.secret("x", b"second", now) == b"first"


async def test_what_ran_out_is_forgotten_and_the_rest_is_kept(house: House) -> None:
    limits = Limits()
    await sign_up(house)
    await house.sessions.sign_in("ann", PASSWORD, address=ADDRESS)
    await house.accounts.invite(None)
    house.clock.advance(timedelta(days=limits.session_days + 1).total_seconds())
    fresh = await house.sessions.sign_in("ann", PASSWORD, address=ADDRESS)

    await Housekeeping(house.store, house.sessions, clock=house.clock, limits=limits).clean()

    assert await house.store.forget_sessions(used_before=house.clock.now()) == []
    assert await house.store.forget_invitations(expired_before=house.clock.now()) == 0
    assert await house.recognition.by_cookie(fresh.secret) is not None


async def test_guessing_for_one_name_from_everywhere_comes_to_an_end(house: House) -> None:
    await sign_up(house)
    for number in range(Limits().login_tries_per_name):
        with pytest.raises(Refusal):
            await house.sessions.sign_in("ann", "guess", address=f"198.51.{number}.1")

    with pytest.raises(TooOften):
        await house.sessions.sign_in("ann", PASSWORD, address="203.0.113.99")


async def test_a_sign_up_that_fails_does_not_count_against_its_address(house: House) -> None:
    for _ in range(Limits().signups_per_address + 1):
        with pytest.raises(Refusal) as caught:
            await house.accounts.sign_up("a", PASSWORD, address=ADDRESS)
        assert code_of(caught) == "name_invalid"
