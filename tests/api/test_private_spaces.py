"""A private space and one that does not exist, as strangers meet them at every address of a space."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar.routes import HTTPRoute
from sqlalchemy import Engine, event
from tests.api.conftest import Browser, Open
from tests.fakes.offers import an_offer

from arengo.bootstrap import Running

NOWHERE = "nothing000000"
TIMES = 50


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """What is asked of the database, without the values."""
    asked: list[str] = []

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        if statement != "SELECT 1":  # asked by the clock, to see whether the database is still ours
            asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield asked
    event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture(params=["nobody", "guest", "account"])
async def stranger(request: pytest.FixtureRequest, open_browser: Open) -> Browser:
    """Somebody whom the host has not let in."""
    stranger = open_browser("198.51.100.9")
    if request.param == "account":
        await stranger.sign_up("ben")
    if request.param == "guest":
        assert (await stranger.post("/api/v1/session/guest", json={})).status_code == 200
    await stranger.get("/api/v1/me")  # whoever is recognised is believed for a while
    return stranger


def doors_of(server: Running) -> list[tuple[str, str]]:
    """Every address of a space, with its methods."""
    paths = [("GET", "/oembed?url=https://talk.example.org/s/{space_id}")]
    for route in server.app.routes:
        if isinstance(route, HTTPRoute) and "{space_id}" in route.path_format:
            paths += [(str(method), route.path_format) for method in route.methods]
    return sorted(paths)


async def knocks(stranger: Browser, method: str, path: str, space: str) -> tuple[int, dict[str, str], str]:
    """Status, header and body of the answer, with the id of the space taken out."""
    address = path.format(space_id=space, person_id="1", account_id="1", session_id="x")
    is_offer = method == "POST" and path.rpartition("/")[2] in ("whip", "whep", "media")
    body: dict[str, Any] = {"json": {"mic": "on"}} if not is_offer else {"content": an_offer()}
    headers = {"Content-Type": "application/sdp"} if is_offer else {}
    csrf = stranger.http.cookies.get("arengo_csrf", "")
    headers |= {"Origin": "https://talk.example.org", "X-CSRF-Token": csrf, "Accept": "*/*"}
    answer = await stranger.http.request(method, address, headers=headers, **body)
    assert answer.status_code not in (400, 405, 415), (method, path)
    return answer.status_code, dict(answer.headers), answer.text.replace(space, "SPACE")


async def test_every_door_of_a_private_space_answers_as_if_there_were_none(
    server: Running, browser: Browser, stranger: Browser, statements: list[str]
) -> None:
    await browser.sign_up("ann")
    opened = [
        await browser.post("/api/v1/spaces", json={"title": "Hush", "visibility": "private", "start": live}) for live in (True, False)
    ]
    doors = doors_of(server)
    assert len(doors) > 40
    for space in [answer.json()["id"] for answer in opened]:
        for method, path in doors:
            statements.clear()
            nothing = await knocks(stranger, method, path, NOWHERE)
            asked = statements.copy()
            statements.clear()
            assert await knocks(stranger, method, path, space) == nothing, (method, path)
            assert statements == asked, (method, path)


async def test_no_answer_about_a_private_space_is_kept(server: Running, browser: Browser, open_browser: Open) -> None:
    await browser.sign_up("ann")
    space = (await browser.post("/api/v1/spaces", json={"title": "Hush", "visibility": "private", "start": True})).json()["id"]
    for method, path in [door for door in doors_of(server) if door[0] in ("GET", "HEAD")]:
        for reader in (browser, open_browser("198.51.100.9")):
            _, headers, _ = await knocks(reader, method, path, space)
            assert headers["cache-control"] == "no-store", (method, path)
    assert "Hush" in (await browser.get(f"/s/{space}")).text


async def test_the_page_and_the_code_of_a_public_space_may_be_kept(browser: Browser) -> None:
    await browser.sign_up("ann")
    space = (await browser.post("/api/v1/spaces", json={"title": "Open", "start": True})).json()["id"]
    assert (await browser.get(f"/s/{space}")).headers["cache-control"] == "no-cache"
    assert (await browser.get(f"/api/v1/spaces/{space}/qr.svg")).headers["cache-control"] == "private, max-age=3600"


@pytest.mark.parametrize("door", ["whip", "whep", "media"])
async def test_fifty_offers_are_all_answered_alike(browser: Browser, stranger: Browser, door: str) -> None:
    await browser.sign_up("ann")
    space = (await browser.post("/api/v1/spaces", json={"title": "Hush", "visibility": "private", "start": True})).json()["id"]
    path = f"/api/v1/spaces/{{space_id}}/{door}"
    for _ in range(TIMES):
        assert await knocks(stranger, "POST", path, space) == await knocks(stranger, "POST", path, NOWHERE)
