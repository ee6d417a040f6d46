"""Text that a database or an encoding may choke on: no field and no address answers with a fault, on either database."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from tests.api.conftest import PASSWORD, Browser

STRANGE = {"nul": "an\0n", "half_a_surrogate": "\ud800", "long": "x" * 60_000, "digits": "9" * 400, "wildcards": "%_\\%'"}

SPACE = "/api/v1/spaces/{space}"
BODIES = [
    ("POST", "/api/v1/accounts", {"name": "?", "password": PASSWORD}),
    ("POST", "/api/v1/accounts", {"name": "cleo", "password": "?"}),
    ("POST", "/api/v1/accounts", {"name": "dora", "password": PASSWORD, "display": "?"}),
    ("POST", "/api/v1/accounts", {"name": "emil", "password": PASSWORD, "invitation": "?"}),
    ("POST", "/api/v1/accounts", {"name": "fritz", "password": PASSWORD, "lang": "?"}),
    ("POST", "/api/v1/session", {"name": "?", "password": PASSWORD}),
    ("POST", "/api/v1/session", {"name": "ann", "password": "?"}),
    ("PATCH", "/api/v1/me", {"display": "?"}),
    ("PATCH", "/api/v1/me", {"lang": "?"}),
    ("POST", "/api/v1/tokens", {"label": "?"}),
    ("POST", "/api/v1/tokens", {"label": "x", "scopes": ["?"]}),
    ("POST", "/api/v1/spaces", {"title": "?"}),
    ("POST", "/api/v1/spaces", {"title": "x", "topics": ["?"]}),
    ("POST", "/api/v1/spaces", {"title": "x", "lang": "?"}),
    ("POST", "/api/v1/spaces", {"title": "x", "scheduled_start": "?"}),
    ("PATCH", SPACE, {"title": "?"}),
    ("PATCH", SPACE, {"topics": ["?"]}),
    ("POST", "/api/v1/session/guest", {"display": "?"}),
]
PATHS = [
    ("GET", "/api/v1/accounts/?"),
    ("GET", "/api/v1/accounts#q=?"),
    ("DELETE", "/api/v1/tokens/?"),
    ("GET", "/api/v1/spaces/?"),
    ("GET", "/api/v1/spaces/?/people"),
    ("GET", "/s/?"),
    ("PATCH", "/api/v1/spaces/?"),
    ("GET", f"{SPACE}/people#after=?"),
    ("GET", f"{SPACE}/people#limit=?"),
    ("PUT", f"{SPACE}/speakers/?"),
    ("DELETE", f"{SPACE}/speakers/?"),
    ("PUT", f"{SPACE}/cohosts/?"),
    ("DELETE", f"{SPACE}/cohosts/?"),
    ("PUT", f"{SPACE}/permits/?"),
    ("DELETE", f"{SPACE}/permits/?"),
    ("DELETE", f"{SPACE}/people/?"),
    ("DELETE", f"{SPACE}/whip/?"),
]


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE.keys())
async def test_strange_text_is_refused_or_taken_and_never_a_fault(browser: Browser, strange: str) -> None:
    await browser.sign_up("ann")
    space = (await browser.post("/api/v1/spaces", json={"title": "Evening", "start": True})).json()["id"]
    answers = {}
    for method, path in PATHS:
        address = path.replace("{space}", space).replace("?", quote(strange, safe="", errors="surrogatepass")[:8000]).replace("#", "?")
        answers[method, path] = (await browser.send(method, address)).status_code
    for method, path, body in BODIES:
        content = json.dumps(body).replace('"?"', json.dumps(strange))
        address = path.replace("{space}", space)
        answers[method, path + json.dumps(body)] = (await browser.send(method, address, content=content)).status_code
    assert {asked: status for asked, status in answers.items() if status >= 500} == {}


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/v1/accounts/a%00"), ("GET", "/api/v1/accounts?q=a%00"), ("DELETE", "/api/v1/tokens/%00")]
)
async def test_text_that_a_database_cannot_keep_is_malformed(browser: Browser, method: str, path: str) -> None:
    await browser.sign_up("ann")

    answer = await browser.send(method, path)

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


async def test_a_search_takes_wildcards_for_letters(browser: Browser) -> None:
    await browser.sign_up("ann")

    for wildcards in ("%25", "_nn", "a%25", "%5C"):
        assert (await browser.get(f"/api/v1/accounts?q={wildcards}")).json() == {"people": []}
    assert len((await browser.get("/api/v1/accounts?q=a")).json()["people"]) == 1
