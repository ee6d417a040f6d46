"""What a browser must show before it changes something: that our own page asks."""

from __future__ import annotations

import pytest
from tests.api.conftest import PASSWORD, URL, Browser


@pytest.fixture
async def ann(browser: Browser) -> Browser:
    await browser.sign_up("ann")
    return browser


async def test_a_change_by_cookie_needs_the_csrf_token(ann: Browser) -> None:
    answer = await ann.http.patch("/api/v1/me", json={"display": "X"}, headers={"Origin": URL})

    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")


async def test_a_csrf_token_of_another_session_is_worth_nothing(ann: Browser) -> None:
    stolen = "0" * 32
    ann.http.cookies.set("arengo_csrf", stolen, domain="talk.example.org")

    answer = await ann.http.patch("/api/v1/me", json={"display": "X"}, headers={"Origin": URL, "X-CSRF-Token": stolen})

    assert answer.json()["code"] == "csrf"


@pytest.mark.parametrize("origin", ["https://evil.example", "http://talk.example.org", "https://talk.example.org.evil.example", "null"])
async def test_a_change_on_behalf_of_another_site_is_refused(ann: Browser, origin: str) -> None:
    token = ann.http.cookies["arengo_csrf"]

    answer = await ann.http.patch("/api/v1/me", json={"display": "X"}, headers={"Origin": origin, "X-CSRF-Token": token})

    assert (answer.status_code, answer.json()["code"]) == (403, "origin")


async def test_another_site_cannot_sign_anybody_in(browser: Browser) -> None:
    for path, body in (
        ("/api/v1/session", {"name": "ann", "password": PASSWORD}),
        ("/api/v1/accounts", {"name": "ann", "password": PASSWORD}),
        ("/api/v1/session/guest", {}),
    ):
        answer = await browser.http.post(path, json=body, headers={"Origin": "https://evil.example"})
        assert answer.json()["code"] == "origin"


async def test_a_token_needs_neither_cookie_nor_csrf(ann: Browser) -> None:
    secret = (await ann.post("/api/v1/tokens", json={"label": "phone"})).json()["token"]
    ann.http.cookies.clear()

    answer = await ann.http.patch("/api/v1/me", json={"display": "By token"}, headers={"Authorization": f"Bearer {secret}"})

    assert answer.json()["display"] == "By token"


async def test_the_login_cannot_be_read_by_script_nor_sent_from_elsewhere(browser: Browser) -> None:
    answer = await browser.post("/api/v1/accounts", json={"name": "ann", "password": PASSWORD})

    cookies = {cookie.partition("=")[0]: cookie.lower() for cookie in answer.headers.get_list("set-cookie")}
    assert "httponly" in cookies["arengo_session"]
    assert "samesite=lax" in cookies["arengo_session"]
    assert "secure" in cookies["arengo_session"]
    assert "httponly" not in cookies["arengo_csrf"]


async def test_the_instance_says_what_it_is_and_hands_out_the_csrf_cookie(browser: Browser) -> None:
    answer = await browser.get("/api/v1/instance")

    assert answer.json() == {
        "name": "The loggia",
        "signup": "open",
        "version": "1.2.3",
        "languages": ["en", "it"],
        "url": URL,
    }
    assert "arengo_csrf" in answer.headers["set-cookie"]
