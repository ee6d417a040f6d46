"""API tokens: a part of what the account may, shown once, revoked for good."""

from __future__ import annotations

import httpx
import pytest
from tests.api.conftest import PASSWORD, Browser, Open

from arengo.bootstrap import Running
from arengo.limits import Limits


@pytest.fixture
async def ann(browser: Browser) -> Browser:
    await browser.sign_up("ann")
    return browser


async def make(ann: Browser, **given: object) -> httpx.Response:
    return await ann.post("/api/v1/tokens", json={"label": "phone", **given})


async def by(ann: Browser, secret: str, path: str) -> httpx.Response:
    ann.http.cookies.clear()
    return await ann.http.get(path, headers={"Authorization": f"Bearer {secret}"})


async def test_a_token_without_scopes_may_do_all(ann: Browser) -> None:
    secret = (await make(ann)).json()["token"]

    assert (await by(ann, secret, "/api/v1/tokens")).status_code == 200


async def test_a_token_may_only_what_its_scopes_say(ann: Browser) -> None:
    secret = (await make(ann, scopes=["listen", "speak"])).json()["token"]

    assert (await by(ann, secret, "/api/v1/me")).status_code == 200
    refused = await by(ann, secret, "/api/v1/tokens")
    assert (refused.status_code, refused.json()["code"], refused.json()["facts"]) == (403, "scope_missing", {"scope": "account"})


async def test_a_token_cannot_make_one_that_may_more(ann: Browser) -> None:
    secret = (await make(ann, scopes=["account"])).json()["token"]
    headers = {"Authorization": f"Bearer {secret}"}

    refused = await ann.http.post("/api/v1/tokens", json={"label": "more", "scopes": ["speak"]}, headers=headers)
    same = await ann.http.post("/api/v1/tokens", json={"label": "same"}, headers=headers)

    assert refused.json()["code"] == "scope_missing"
    assert same.json()["scopes"] == ["account"]


async def test_the_list_shows_every_token_but_no_secret(ann: Browser) -> None:
    made = (await make(ann, scopes=["speak"])).json()

    listed = (await ann.get("/api/v1/tokens")).json()["tokens"]

    assert [(token["id"], token["label"], token["scopes"]) for token in listed] == [(made["id"], "phone", ["speak"])]
    assert made["token"] not in str(listed)


async def test_a_revoked_token_is_refused_at_once(ann: Browser) -> None:
    made = (await make(ann)).json()
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert (await ann.http.get("/api/v1/me", headers=headers)).status_code == 200

    assert (await ann.send("DELETE", f"/api/v1/tokens/{made['id']}")).status_code == 204

    assert (await ann.http.get("/api/v1/me", headers=headers)).status_code == 401
    assert (await ann.send("DELETE", f"/api/v1/tokens/{made['id']}")).json()["code"] == "no_such_token"


async def test_nobody_revokes_the_token_of_another(ann: Browser, open_browser: Open) -> None:
    made = (await make(ann)).json()
    bob = open_browser()
    await bob.sign_up("bob")

    assert (await bob.send("DELETE", f"/api/v1/tokens/{made['id']}")).json()["code"] == "no_such_token"
    assert len((await ann.get("/api/v1/tokens")).json()["tokens"]) == 1


@pytest.mark.parametrize(
    ("given", "code"), [({"scopes": ["fly"]}, "scope_unknown"), ({"label": " "}, "label_invalid"), ({"label": "x" * 61}, "label_invalid")]
)
async def test_a_token_that_cannot_be_is_refused(ann: Browser, given: dict[str, object], code: str) -> None:
    assert (await make(ann, **given)).json()["code"] == code


async def test_an_account_has_a_bounded_number_of_tokens(ann: Browser) -> None:
    for _ in range(Limits().tokens_per_account):
        assert (await make(ann)).status_code == 201

    assert (await make(ann)).json()["code"] == "too_many_tokens"


async def test_a_banned_account_is_refused_by_cookie_token_and_password(ann: Browser, server: Running, open_browser: Open) -> None:
    secret = (await make(ann)).json()["token"]

    assert await server.operator.ban("ann", reason="spam")

    assert (await ann.get("/api/v1/me")).status_code in (401, 403)
    assert (await ann.http.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"})).status_code in (401, 403)
    login = await open_browser().post("/api/v1/session", json={"name": "ann", "password": PASSWORD})
    assert (login.status_code, login.json()["code"]) == (403, "banned")


async def test_a_ban_that_another_process_wrote_down_is_seen(ann: Browser, server: Running) -> None:
    accounts = server.services.accounts
    account = await accounts.named("ann")

    await accounts.keep_ban(account.id, reason="")

    assert await accounts.is_banned(account.id)
    assert (await accounts.named("ann")).banned
