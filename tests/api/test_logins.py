"""Where one is signed in, ending that, and another password."""

from __future__ import annotations

import httpx
import pytest
from tests.api.conftest import PASSWORD, Browser, Open
from tests.fakes.clock import StoppedClock

from arengo.bootstrap import Running
from arengo.limits import Limits

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CHROME = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/604.1"
ANOTHER = "battery staple horse"


@pytest.fixture
async def ann(browser: Browser) -> Browser:
    browser.http.headers["user-agent"] = FIREFOX
    await browser.sign_up("ann")
    return browser


async def sign_in(browser: Browser, password: str = PASSWORD) -> httpx.Response:
    return await browser.post("/api/v1/session", json={"name": "ann", "password": password})


async def logins(browser: Browser) -> list[dict[str, object]]:
    answer = await browser.get("/api/v1/me/sessions")
    assert answer.status_code == 200, answer.text
    listed: list[dict[str, object]] = answer.json()["sessions"]
    return listed


async def change(browser: Browser, current: str = PASSWORD, new: str = ANOTHER, **more: object) -> httpx.Response:
    return await browser.send("PUT", "/api/v1/me/password", json={"current": current, "new": new, **more})


async def test_one_sees_where_one_is_signed_in(ann: Browser, open_browser: Open, clock: StoppedClock) -> None:
    began = clock.now().isoformat()
    for agent in (CHROME, SAFARI, "curl/8.5.0"):
        clock.advance(60)
        elsewhere = open_browser()
        elsewhere.http.headers["user-agent"] = agent
        await sign_in(elsewhere)

    listed = await logins(ann)

    assert [(login["browser"], login["platform"], login["here"]) for login in listed] == [
        (None, None, False),
        ("Safari", "iPhone", False),
        ("Chrome", "Android", False),
        ("Firefox", "Linux", True),
    ]
    assert (listed[-1]["opened_at"], listed[-1]["used_at"]) == (began, began)
    assert set(listed[0]) == {"id", "opened_at", "used_at", "browser", "platform", "here"}


async def test_a_login_is_ended_from_the_list(ann: Browser, open_browser: Open) -> None:
    phone = open_browser()
    await sign_in(phone)
    other = next(login for login in await logins(ann) if not login["here"])

    assert (await ann.send("DELETE", f"/api/v1/me/sessions/{other['id']}")).status_code == 204

    assert (await phone.get("/api/v1/me")).status_code == 401
    again = await ann.send("DELETE", f"/api/v1/me/sessions/{other['id']}")
    assert (again.status_code, again.json()["code"]) == (404, "no_such_login")


async def test_all_other_logins_are_ended_and_tokens_go_on(ann: Browser, open_browser: Open) -> None:
    token = (await ann.post("/api/v1/tokens", json={"label": "robot"})).json()["token"]
    phone = open_browser()
    await sign_in(phone)

    assert (await ann.send("DELETE", "/api/v1/me/sessions")).status_code == 204

    assert (await phone.get("/api/v1/me")).status_code == 401
    assert [login["here"] for login in await logins(ann)] == [True]
    nobody = open_browser()
    assert (await nobody.http.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})).status_code == 200


async def test_nobody_ends_the_login_of_another(ann: Browser, open_browser: Open) -> None:
    bob = open_browser()
    await bob.sign_up("bob")
    hers = (await logins(ann))[0]["id"]

    assert (await bob.send("DELETE", f"/api/v1/me/sessions/{hers}")).json()["code"] == "no_such_login"
    assert (await ann.get("/api/v1/me")).status_code == 200


async def test_another_password_ends_every_other_login_and_keeps_this_one_by_a_fresh_cookie(ann: Browser, open_browser: Open) -> None:
    token = (await ann.post("/api/v1/tokens", json={"label": "robot"})).json()["token"]
    phone, thief = open_browser(), open_browser()
    await sign_in(phone)
    thief.http.cookies.set("arengo_session", ann.http.cookies["arengo_session"], domain="talk.example.org")
    assert (await thief.get("/api/v1/me")).status_code == 200

    changed = await change(ann)

    assert (changed.status_code, changed.json()["name"]) == (200, "ann")
    assert (await ann.send("PATCH", "/api/v1/me", json={"display": "Ann"})).status_code == 200
    assert (await phone.get("/api/v1/me")).status_code == 401
    assert (await thief.get("/api/v1/me")).status_code == 401
    assert (await phone.http.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})).status_code == 401
    assert (await sign_in(open_browser())).json()["code"] == "wrong_password"
    assert (await sign_in(open_browser(), ANOTHER)).status_code == 200


async def test_tokens_are_kept_when_one_says_so(ann: Browser) -> None:
    await ann.post("/api/v1/tokens", json={"label": "robot"})

    assert (await change(ann, keep_tokens=True)).status_code == 200

    assert len((await ann.get("/api/v1/tokens")).json()["tokens"]) == 1


async def test_a_wrong_present_password_is_refused_and_counted(ann: Browser) -> None:
    for _ in range(Limits().login_tries):
        wrong = await change(ann, current="guess")
        assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_password")

    assert (await change(ann)).status_code == 429
    assert (await ann.get("/api/v1/me")).status_code == 200


async def test_a_token_changes_the_password_only_with_its_scope(ann: Browser, open_browser: Open) -> None:
    made = {
        scope: (await ann.post("/api/v1/tokens", json={"label": scope, "scopes": [scope]})).json()["token"]
        for scope in ("speak", "account")
    }
    nobody = open_browser().http

    async def ask(scope: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {made[scope]}"}
        return await nobody.put("/api/v1/me/password", json={"current": PASSWORD, "new": ANOTHER}, headers=headers)

    assert (await ask("speak")).json()["facts"] == {"scope": "account"}
    assert (await nobody.get("/api/v1/me/sessions", headers={"Authorization": f"Bearer {made['speak']}"})).status_code == 403
    done = await ask("account")

    assert done.status_code == 200
    assert "arengo_session" not in done.cookies
    assert (await ann.get("/api/v1/me")).status_code == 401
    assert (await ask("account")).status_code == 401  # every token has ended, also the one that asked


async def test_a_guest_has_no_password(browser: Browser) -> None:
    await browser.post("/api/v1/session/guest", json={})

    assert (await change(browser)).json()["code"] == "not_signed_in"


async def test_the_operator_gives_another_password(ann: Browser, server: Running, open_browser: Open) -> None:
    await server.operator.set_password("ann", ANOTHER)

    assert (await ann.get("/api/v1/me")).status_code == 401
    assert (await sign_in(open_browser(), ANOTHER)).status_code == 200


async def test_ten_wrong_passwords_from_each_of_ten_addresses_do_not_lock_the_owner_out(ann: Browser, open_browser: Open) -> None:
    await ann.send("DELETE", "/api/v1/session")
    for number in range(10):
        stranger = open_browser(f"198.51.100.{number}")
        for _ in range(10):
            await sign_in(stranger, "guess")
    assert (await sign_in(open_browser("203.0.113.99"))).status_code == 429

    assert (await sign_in(ann)).status_code == 200


async def test_only_signing_in_sees_the_cookie_of_a_known_device_and_no_script_does(browser: Browser) -> None:
    answer = await browser.post("/api/v1/accounts", json={"name": "ann", "password": PASSWORD})

    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("arengo_device="))
    for part in ("HttpOnly", "SameSite=strict", "Secure", "Path=/api/v1/session"):
        assert part.lower() in cookie.lower()
