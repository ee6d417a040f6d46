"""Pages: the app's files, a space's page without script, its preview, and who sees what."""

from __future__ import annotations

import gzip
from pathlib import Path

import httpx
import pytest
from tests.api.conftest import URL, Browser, Open

from arengo.bootstrap import Running
from arengo.web.app import create_app
from arengo.web.config import WebConfig

INDEX = """<!doctype html><html lang="en"><head><!--arengo:title--><title>Arengo</title><!--/arengo:title--><!--arengo:head--></head>
<body><div id="app"><!--arengo:body--></div></body></html>"""


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """A built web app."""
    root = tmp_path / "static"
    (root / "assets").mkdir(parents=True)
    (root / "index.html").write_text(INDEX)
    (root / "assets" / "app-1a2b.js").write_text("let a;" * 1000)
    (root / "sw.js").write_text("// worker")
    (root / "manifest.webmanifest").write_text("{}")
    (tmp_path / "secret.txt").write_text("secret")
    return root


@pytest.fixture
async def http(server: Running, static: Path) -> httpx.AsyncClient:
    app = create_app(server.services, WebConfig(static=static))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=URL)  # type: ignore[arg-type]


async def open_space(browser: Browser, **given: object) -> str:
    answer = await browser.post("/api/v1/spaces", json={"title": "Evening <b>talk</b>", "start": True, **given})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_files_named_by_their_content_are_kept_for_ever_and_the_rest_is_asked_for_again(http: httpx.AsyncClient) -> None:
    kept = await http.get("/assets/app-1a2b.js")
    worker = await http.get("/sw.js")

    assert "immutable" in kept.headers["cache-control"]
    assert kept.headers["content-type"].startswith("text/javascript")
    assert worker.headers["cache-control"] == "no-cache"
    assert (await http.get("/manifest.webmanifest")).headers["content-type"] == "application/manifest+json"
    assert (await http.get("/")).headers["cache-control"] == "no-cache"
    again = await http.get("/sw.js", headers={"If-None-Match": worker.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_files_are_sent_packed_to_who_understands_it(http: httpx.AsyncClient) -> None:
    async with http.stream("GET", "/assets/app-1a2b.js", headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    plain = await http.get("/assets/app-1a2b.js", headers={"Accept-Encoding": "identity"})

    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content)


async def test_a_new_build_beside_a_running_server_is_noticed(http: httpx.AsyncClient, static: Path) -> None:
    assert (await http.get("/assets/new-3c4d.js")).status_code == 404

    (static / "assets" / "new-3c4d.js").write_text("new")
    (static / "index.html").write_text(INDEX.replace("Arengo", "Newer"))

    assert (await http.get("/assets/new-3c4d.js")).text == "new"
    assert "Newer" in (await http.get("/")).text


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "/assets/%2e%2e%2f%2e%2e%2fsecret.txt"]
)
async def test_nothing_outside_the_app_is_served(http: httpx.AsyncClient, path: str) -> None:
    assert "secret" not in (await http.get(path)).text


async def test_the_addresses_of_the_app_are_its_page_and_others_are_not_found(http: httpx.AsyncClient) -> None:
    for path in ("/", "/start", "/signin", "/signup?invitation=x", "/account"):
        assert (await http.get(path)).status_code == 200
    assert (await http.get("/nowhere", headers={"Accept": "text/html"})).status_code == 404
    assert (await http.get("/nowhere.png")).json()["code"] == "not_found"
    assert (await http.head("/")).content == b""


async def test_a_live_space_tells_what_it_is_without_script(http: httpx.AsyncClient, browser: Browser) -> None:
    await browser.sign_up("ann", display="Ann & Co")
    space = await open_space(browser)

    page = await http.get(f"/s/{space}")

    assert page.status_code == 200
    assert "<h1>Evening &lt;b&gt;talk&lt;/b&gt;</h1>" in page.text
    assert "<title>Evening &lt;b&gt;talk&lt;/b&gt; · The loggia</title>" in page.text
    assert "Ann &amp; Co" in page.text
    assert "Live now" in page.text
    assert f'<meta property="og:url" content="{URL}/s/{space}">' in page.text
    assert 'name="twitter:card"' in page.text
    assert f"/oembed?url={URL}/s/{space}" in page.text


async def test_the_page_speaks_the_readers_language(http: httpx.AsyncClient, browser: Browser) -> None:
    await browser.sign_up("ann")
    space = await open_space(browser, start=False, scheduled_start="2026-03-05T20:30:00Z")

    italian = await http.get(f"/s/{space}", headers={"Accept-Language": "de, it-CH;q=0.9, en;q=0.1"})
    english = await http.get(f"/s/{space}", headers={"Accept-Language": "fr"})

    assert '<html lang="it"' in italian.text
    assert "Inizia il 5 marzo 2026, 20:30 UTC." in italian.text
    assert "Starts on March 5, 2026, 20:30 UTC." in english.text
    assert "Accept-Language" in italian.headers["vary"]


async def test_a_private_space_looks_like_one_that_does_not_exist(http: httpx.AsyncClient, browser: Browser) -> None:
    await browser.sign_up("ann")
    space = await open_space(browser, visibility="private")

    private = await http.get(f"/s/{space}")
    missing = await http.get("/s/0000000000000")

    assert private.status_code == missing.status_code == 404
    assert private.content == missing.content
    assert "Evening" not in private.text
    assert (await http.get(f"/oembed?url={URL}/s/{space}")).json()["code"] == "no_such_space"
    assert "Evening" in (await browser.get(f"/s/{space}")).text


async def test_a_preview_is_given_of_our_own_public_spaces(http: httpx.AsyncClient, browser: Browser) -> None:
    await browser.sign_up("ann")
    space = await open_space(browser)

    preview = (await http.get("/oembed", params={"url": f"{URL}/s/{space}"})).json()

    assert (preview["version"], preview["type"], preview["title"]) == ("1.0", "link", "Evening <b>talk</b>")
    for elsewhere in (f"https://evil.example/s/{space}", "nonsense", f"{URL}/", f"{URL}/s/"):
        assert (await http.get("/oembed", params={"url": elsewhere})).status_code == 404


async def test_where_there_is_no_local_authority_there_is_no_page_about_it(http: httpx.AsyncClient) -> None:
    assert (await http.get("/trust")).status_code == 404
    assert (await http.get("/ca.crt")).status_code == 404


async def test_a_banned_reader_still_sees_public_pages(
    http: httpx.AsyncClient, server: Running, browser: Browser, open_browser: Open
) -> None:
    await browser.sign_up("ann")
    space = await open_space(browser)
    bob = open_browser()
    await bob.sign_up("bob")
    await server.operator.ban("bob", reason="")

    assert (await bob.get(f"/s/{space}")).status_code == 200
