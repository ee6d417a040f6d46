"""What every answer carries, whose address is believed, and what gets in the log."""

from __future__ import annotations

import logging
from ipaddress import ip_network

import httpx
import pytest
from tests.api.conftest import URL, Browser, Open

from arengo.bootstrap import Running
from arengo.limits import Limits
from arengo.web.app import create_app
from arengo.web.config import WebConfig
from arengo.web.edge import believe_proxy

PROXY = "10.1.2.3"


async def asks_as(
    server: Running, peer: str, headers: dict[str, str], *, path: str = "/metrics", url: str = "http://talk.example.org"
) -> httpx.Response:
    """What a server that trusts 10.0.0.0/8 answers to *peer*."""
    app = create_app(
        server.services, WebConfig(trusted_proxies=(ip_network("10.0.0.0/8"), ip_network("::1/128")), hosts=("also.example.net",))
    )
    transport = httpx.ASGITransport(app=app, client=(peer, 1))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=url) as http:
        return await http.get(path, headers=headers)


async def test_every_answer_forbids_frames_foreign_scripts_and_guessed_types(browser: Browser) -> None:
    for path in ("/", "/api/v1/me", "/nothing", "/s/0123456789abc", "/api/v1/openapi.json"):
        headers = (await browser.get(path)).headers
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "'unsafe-inline'" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "microphone=(self)" in headers["permissions-policy"]
        assert headers["referrer-policy"] == "same-origin"
        assert headers["strict-transport-security"].startswith("max-age=")


async def test_the_policy_names_our_own_channel_and_nothing_that_a_host_header_makes_up(server: Running) -> None:
    ours = await asks_as(server, "203.0.113.7", {}, path="/healthz")
    made_up = await asks_as(server, "203.0.113.7", {"Host": "x; script-src *"}, path="/healthz")

    assert "connect-src 'self' ws://talk.example.org;" in ours.headers["content-security-policy"]
    assert "script-src *" not in made_up.headers["content-security-policy"]


async def test_a_page_whose_own_name_leads_here_is_told_nothing(server: Running) -> None:
    for path in ("/", "/healthz", "/metrics", "/api/v1/spaces", "/s/0123456789abc"):
        rebound = {"Host": "rebound.example.com:8000", "Origin": "http://rebound.example.com:8000"}
        answer = await asks_as(server, "127.0.0.1", rebound, path=path)
        assert (answer.status_code, answer.json()["code"]) == (421, "unknown_host")
        for name in ("talk.example.org", "also.example.net:80", "localhost:9000", "192.168.1.20:8000"):
            assert (await asks_as(server, "127.0.0.1", {"Host": name}, path=path)).status_code != 421


async def test_plain_http_promises_no_https(server: Running) -> None:
    answer = await asks_as(server, "203.0.113.7", {}, path="/healthz")

    assert "strict-transport-security" not in answer.headers


async def test_answers_of_the_api_are_nobodys_to_keep(browser: Browser) -> None:
    assert (await browser.get("/api/v1/instance")).headers["cache-control"] == "no-store"


async def test_a_body_beyond_the_limit_is_refused_as_too_large(browser: Browser) -> None:
    await browser.sign_up("ann")

    answer = await browser.post("/api/v1/spaces", json={"title": "x" * 1_000_000})

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_a_header_beyond_the_limit_is_refused(browser: Browser) -> None:
    answer = await browser.http.get("/healthz", headers={"X-Long": "x" * Limits().header_bytes})

    assert (answer.status_code, answer.json()["code"]) == (431, "header_too_large")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b'{"name": 1, "password": []}', b"\xff\xfe", b"[" * 5000])
async def test_a_body_that_is_not_what_it_should_be_is_malformed(browser: Browser, body: bytes) -> None:
    answer = await browser.http.post("/api/v1/session", content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert "detail" in answer.json()


async def test_json_that_is_not_utf_8_is_malformed_and_no_fault(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    body = b'{"name": "\xff", "password": "x"}'
    answer = await browser.http.post("/api/v1/session", content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0999-05-05T00:00:00Z"])
async def test_a_date_at_the_ends_of_time_is_malformed(browser: Browser, at: str) -> None:
    await browser.sign_up("ann")

    answer = await browser.post("/api/v1/spaces", json={"title": "Late", "scheduled_start": at})

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert answer.json()["facts"] == {"field": "scheduled_start"}


async def test_a_client_that_leaves_in_the_middle_of_a_body_is_no_fault(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    told: list[object] = []
    said = [{"type": "http.request", "body": b'{"na', "more_body": True}, {"type": "http.disconnect"}]

    async def hears() -> object:
        return said.pop(0)

    async def is_told(message: dict[str, object]) -> None:
        told.append(message.get("status"))

    headers = [(b"host", b"talk.example.org"), (b"content-type", b"application/json")]
    scope = a_scope("POST", "/api/v1/session", headers)
    await server.app(scope, hears, is_told)  # type: ignore[arg-type]

    assert told[0] == 400
    assert not [record for record in caplog.records if record.exc_info]


def a_scope(method: str, path: str, headers: list[tuple[bytes, bytes]]) -> dict[str, object]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "client": ("203.0.113.7", 1),
        "server": ("talk.example.org", 80),
        "state": {},
    }


async def test_every_refusal_is_counted_by_its_code(server: Running, browser: Browser) -> None:
    await browser.get("/api/v1/me")
    await browser.get("/api/v1/nothing")
    await browser.get("/api/v1/nothing")

    told = (await asks_as(server, "127.0.0.1", {}, url="http://localhost")).text
    assert 'arengo_refused_total{code="not_signed_in",where="http"} 1.0' in told
    assert 'arengo_refused_total{code="not_found",where="http"} 2.0' in told
    assert "arengo_connections 0.0" in told


async def test_an_address_of_the_api_that_is_not_there_is_a_problem_too(browser: Browser) -> None:
    missing = await browser.get("/api/v1/nothing")
    wrong = await browser.send("PUT", "/api/v1/me")

    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")


async def test_the_log_names_no_address_no_token_and_no_invitation(
    browser: Browser, open_browser: Open, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    somebody = open_browser("198.51.100.99")

    await somebody.sign_up("ann")
    secret = (await somebody.post("/api/v1/tokens", json={"label": "x"})).json()["token"]
    await browser.http.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"})
    await browser.get("/signup?invitation=verysecret")
    await browser.get("/s/%0Afaked%20line")
    await browser.send("DELETE", "/api/v1/spaces/0123456789abc/whip/permissionbyname")

    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith(("arengo", "uvicorn")))
    assert "GET /api/v1/me 200" in ours
    for hidden in ("198.51.100.99", secret, "verysecret", "permissionbyname", somebody.http.cookies["arengo_session"], "\nfaked"):
        assert hidden not in ours


async def test_a_forwarded_address_is_believed_from_a_trusted_proxy_alone(server: Running) -> None:
    outside = {"X-Forwarded-For": "203.0.113.7"}
    assert (await asks_as(server, PROXY, {"X-Forwarded-Proto": "https"}, path="/healthz")).headers.get("strict-transport-security")
    assert not (await asks_as(server, "203.0.113.9", {"X-Forwarded-Proto": "https"}, path="/healthz")).headers.get(
        "strict-transport-security"
    )
    here = {"Host": "localhost:8000"}
    assert (await asks_as(server, "127.0.0.1", here)).status_code == 200
    assert (await asks_as(server, "::1", outside | here)).status_code == 403
    assert (await asks_as(server, "203.0.113.9", {"X-Forwarded-For": "127.0.0.1"} | here)).status_code == 403


async def test_an_address_that_the_asker_put_before_the_proxys_own_word_is_not_believed(server: Running) -> None:
    """`X-Forwarded-For: 127.0.0.1` from outside arrives as `127.0.0.1, 203.0.113.7`; the last one is the proxy's word."""
    scope = {
        "type": "http",
        "scheme": "http",
        "client": (PROXY, 1),
        "headers": [(b"x-forwarded-for", b"127.0.0.1, 203.0.113.7, 10.9.9.9")],
    }
    believe_proxy(scope, (ip_network("10.0.0.0/8"),))  # type: ignore[arg-type]

    assert scope["client"] == ("203.0.113.7", 0)


@pytest.mark.parametrize(
    ("told", "address"),
    [
        (b"[2001:db8::7]:443", "2001:db8::7"),
        (b"203.0.113.7:5000", "203.0.113.7"),
        (b"unknown", PROXY),
        (b"", PROXY),
        (b"x, 203.0.113.7", "203.0.113.7"),
    ],
)
async def test_forwarded_addresses_are_read_in_every_form_that_proxies_write(told: bytes, address: str) -> None:
    scope = {"type": "http", "scheme": "http", "client": (PROXY, 1), "headers": [(b"x-forwarded-for", told)]}
    believe_proxy(scope, (ip_network("10.0.0.0/8"),))  # type: ignore[arg-type]

    assert scope["client"] is not None
    assert scope["client"][0] == address


async def test_our_own_address_may_ask_from_its_own_pages_behind_a_proxy(server: Running, browser: Browser) -> None:
    await browser.sign_up("ann")

    assert (await browser.send("PATCH", "/api/v1/me", json={"display": "Ann"})).status_code == 200
    assert browser.http.base_url == URL
