"""Becoming somebody: accounts, logins, guests, and what one must show to act."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.api.conftest import PASSWORD, Browser, Open
from tests.fakes.clock import StoppedClock

from arengo.bootstrap import Running
from arengo.limits import Limits
from arengo.service.rates import TooOften


async def test_who_signs_up_is_signed_in(browser: Browser) -> None:
    await browser.sign_up("ann", display="Ann Ähren")

    me = (await browser.get("/api/v1/me")).json()

    assert (me["name"], me["display"], me["kind"]) == ("ann", "Ann Ähren", "account")
    assert me["id"].isdecimal()


async def test_nobody_is_not_signed_in(browser: Browser) -> None:
    answer = await browser.get("/api/v1/me")

    assert answer.status_code == 401
    assert answer.json()["code"] == "not_signed_in"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_one_signs_in_with_name_and_password_and_out_again(browser: Browser, open_browser: Open) -> None:
    await browser.sign_up("ann")
    elsewhere = open_browser()

    signed_in = await elsewhere.post("/api/v1/session", json={"name": " Ann ", "password": PASSWORD})
    assert signed_in.json()["name"] == "ann"
    assert (await elsewhere.get("/api/v1/me")).status_code == 200

    assert (await elsewhere.send("DELETE", "/api/v1/session")).status_code == 204
    assert (await elsewhere.get("/api/v1/me")).status_code == 401
    assert (await browser.get("/api/v1/me")).status_code == 200


async def test_signing_out_ends_the_login_itself_not_only_the_cookie(browser: Browser) -> None:
    await browser.sign_up("ann")
    cookie = browser.http.cookies["arengo_session"]
    await browser.send("DELETE", "/api/v1/session")

    browser.http.cookies.set("arengo_session", cookie, domain="talk.example.org")

    assert (await browser.get("/api/v1/me")).status_code == 401


@pytest.mark.parametrize(("name", "password"), [("ann", "wrong password"), ("nobody", PASSWORD), ("", ""), ("a" * 300, PASSWORD)])
async def test_a_wrong_name_and_a_wrong_password_are_told_alike(browser: Browser, open_browser: Open, name: str, password: str) -> None:
    await browser.sign_up("ann")

    answer = await open_browser().post("/api/v1/session", json={"name": name, "password": password})

    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_password")
    assert answer.json()["detail"] == "The name or the password is wrong."


async def test_guessing_from_one_address_is_slowed_down_and_shuts_nobody_else_out(
    browser: Browser, open_browser: Open, clock: StoppedClock
) -> None:
    await browser.sign_up("ann")
    limits = Limits()
    stranger = open_browser("198.51.100.1")
    for _ in range(limits.login_tries):
        await stranger.post("/api/v1/session", json={"name": "ann", "password": "guess"})

    refused = await stranger.post("/api/v1/session", json={"name": "ann", "password": PASSWORD})
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert int(refused.headers["retry-after"]) > 0
    assert (await open_browser().post("/api/v1/session", json={"name": "ann", "password": PASSWORD})).status_code == 200

    clock.advance(limits.login_tries_s)
    assert (await stranger.post("/api/v1/session", json={"name": "ann", "password": PASSWORD})).status_code == 200


async def test_a_page_learns_who_is_signed_in_without_an_error(browser: Browser, open_browser: Open) -> None:
    nobody = await browser.get("/api/v1/session")
    assert (nobody.status_code, nobody.json()) == (200, {"me": None})

    await browser.sign_up("ann")
    ann = (await browser.get("/api/v1/session")).json()["me"]
    assert ann == (await browser.get("/api/v1/me")).json()

    guest = open_browser()
    await guest.post("/api/v1/session/guest", json={"display": "Bo"})
    assert (await guest.get("/api/v1/session")).json()["me"]["display"] == "Bo"

    guest.http.cookies.set("arengo_session", "run out")
    assert (await guest.get("/api/v1/session")).json() == {"me": None}


async def test_a_login_that_is_not_used_ends(browser: Browser, clock: StoppedClock) -> None:
    await browser.sign_up("ann")

    clock.advance(timedelta(days=Limits().session_days - 1).total_seconds())
    assert (await browser.get("/api/v1/me")).status_code == 200
    clock.advance(timedelta(days=Limits().session_days - 1).total_seconds())
    assert (await browser.get("/api/v1/me")).status_code == 200
    clock.advance(timedelta(days=Limits().session_days + 1).total_seconds())
    assert (await browser.get("/api/v1/me")).status_code == 401


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": "a"}, "name_invalid"),
        ({"name": "Ann Smith"}, "name_invalid"),
        ({"name": "änn"}, "name_invalid"),
        ({"name": "a" * 31}, "name_invalid"),
        ({"password": "short"}, "password_invalid"),
        ({"password": "x" * 257}, "password_invalid"),
        ({"display": "\u200b\u202e"}, "name_invalid"),
        ({"display": "x" * 51}, "name_invalid"),
        ({"lang": "not a language"}, "lang_invalid"),
    ],
)
async def test_an_account_that_cannot_be_is_refused_with_its_reason(browser: Browser, given: dict[str, str], code: str) -> None:
    answer = await browser.post("/api/v1/accounts", json={"name": "ann", "password": PASSWORD, **given})

    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_a_name_is_given_once(browser: Browser, open_browser: Open) -> None:
    await browser.sign_up("ann")

    answer = await open_browser().post("/api/v1/accounts", json={"name": "ANN", "password": PASSWORD})

    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")


async def test_a_guest_is_somebody_without_an_account_and_stays_the_same(browser: Browser) -> None:
    first = (await browser.post("/api/v1/session/guest", json={})).json()
    again = (await browser.post("/api/v1/session/guest", json={"display": "Bo"})).json()

    assert first["id"].startswith("g")
    assert first["kind"] == "guest"
    assert first["name"] is None
    assert again["id"] == first["id"]
    assert (await browser.get("/api/v1/me")).json()["display"] == "Bo"


async def test_a_guest_pass_that_was_changed_is_worth_nothing(browser: Browser) -> None:
    await browser.post("/api/v1/session/guest", json={})
    good = browser.http.cookies["arengo_session"]

    for bad in (good[:-3] + "aaa", good.replace("g.", "g.a", 1), "g.", "g.x.y", "s.unknown"):
        browser.http.cookies.set("arengo_session", bad, domain="talk.example.org")
        assert (await browser.http.get("/api/v1/me")).status_code == 401


async def test_a_school_behind_one_address_joins_but_a_flood_is_stopped(server: Running) -> None:
    limits = Limits()
    for _ in range(limits.guests_per_address):
        server.services.guests.welcome("203.0.113.9")

    with pytest.raises(TooOften):
        server.services.guests.welcome("203.0.113.9")
    server.services.guests.welcome("203.0.113.10")


async def test_who_is_called_otherwise_is_called_so_everywhere(browser: Browser) -> None:
    account_id = await browser.sign_up("ann")

    changed = await browser.send("PATCH", "/api/v1/me", json={"display": "Ann the Second", "lang": "it"})

    assert (changed.json()["display"], changed.json()["lang"]) == ("Ann the Second", "it")
    assert (await browser.get("/api/v1/accounts/ann")).json() == {
        "id": account_id,
        "name": "ann",
        "display": "Ann the Second",
        "bot": False,
    }


async def test_people_are_found_by_the_beginning_of_their_name(browser: Browser, open_browser: Open) -> None:
    await browser.sign_up("anna", display="Queen")
    await open_browser().sign_up("bob", display="Anthony")
    await open_browser().sign_up("carl", display="100% Carl")

    async def found(beginning: str) -> list[str]:
        answer = await browser.http.get("/api/v1/accounts", params={"q": beginning})
        return [person["name"] for person in answer.json()["people"]]

    assert await found("an") == ["anna", "bob"]
    assert await found("@ANNA") == ["anna"]
    assert await found("100%") == ["carl"]
    assert await found("%") == []


async def test_only_who_is_signed_in_searches_for_people(browser: Browser) -> None:
    assert (await browser.get("/api/v1/accounts?q=a")).status_code == 401
    await browser.post("/api/v1/session/guest", json={})
    assert (await browser.get("/api/v1/accounts?q=a")).status_code == 401
