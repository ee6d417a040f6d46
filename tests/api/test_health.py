"""Whether the server lives, whether it is ready, and what it tells those who watch over it."""

from __future__ import annotations

import httpx
from tests.api.conftest import URL, Browser, Open
from tests.fakes.media_plane import FakeMediaPlane

from arengo.adapters.db.engine import Database
from arengo.bootstrap import Running
from arengo.web.app import create_app
from arengo.web.config import WebConfig


async def test_a_server_without_its_database_lives_but_is_not_ready(server: Running, browser: Browser) -> None:
    assert (await browser.get("/readyz")).status_code == 200
    database = server.services.database
    assert isinstance(database, Database)
    await database.close()

    assert (await browser.get("/healthz")).status_code == 200
    not_ready = await browser.get("/readyz")
    assert (not_ready.status_code, not_ready.json()["code"]) == (503, "unavailable")
    assert int(not_ready.headers["retry-after"]) > 0


async def figures(browser: Browser, **headers: str) -> httpx.Response:
    return await browser.http.get("/metrics", headers={"Host": "localhost:8000", **headers})


async def test_figures_are_told_to_this_machine_alone(open_browser: Open) -> None:
    for address, host in (("127.0.0.1", "127.0.0.1:8000"), ("::1", "[::1]:8000"), ("::ffff:127.0.0.1", "LocalHost")):
        assert (await figures(open_browser(address), Host=host)).status_code == 200
    refused = await figures(open_browser("192.168.1.5"))
    assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")


async def test_figures_are_not_told_through_a_proxy_on_this_machine(open_browser: Open) -> None:
    answer = await figures(open_browser("127.0.0.1"), **{"X-Forwarded-For": "203.0.113.7"})

    assert answer.status_code == 403


async def test_figures_are_not_told_to_a_page_whose_name_leads_here(open_browser: Open) -> None:
    for host in ("rebound.example.com", "talk.example.org", "127.0.0.1.example.com", "server", "10.0.0.7", "localhost.lan"):
        answer = await figures(open_browser("127.0.0.1"), Host=host)
        assert answer.status_code in (403, 421)
        assert "arengo_spaces" not in answer.text


async def test_figures_are_told_to_who_shows_the_metrics_token(server: Running) -> None:
    app = create_app(server.services, WebConfig(metrics_token="let me see"))
    transport = httpx.ASGITransport(app=app, client=("192.168.1.5", 1))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=URL) as http:
        assert (await http.get("/metrics", headers={"Authorization": "Bearer let me see"})).status_code == 200
        assert (await http.get("/metrics", headers={"Authorization": "Bearer let me"})).status_code == 403


async def test_the_figures_count_spaces_people_packets_and_delay(browser: Browser, open_browser: Open, media: FakeMediaPlane) -> None:
    media.figures |= {"packets_in_total": 50, "forward_delay_us_log2": [0, 0, 3, 1]}
    await browser.sign_up("ann")
    await browser.post("/api/v1/spaces", json={"title": "Evening", "start": True})

    text = (await figures(open_browser("127.0.0.1"))).text

    assert 'arengo_spaces{state="live"} 1.0' in text
    assert "arengo_media_packets_in_total 50.0" in text
    assert 'arengo_media_forward_delay_seconds_bucket{le="2e-06"} 0.0' in text
    assert 'arengo_media_forward_delay_seconds_bucket{le="4e-06"} 3.0' in text
    assert 'arengo_media_forward_delay_seconds_bucket{le="8e-06"}' not in text
    assert 'arengo_media_forward_delay_seconds_bucket{le="+Inf"} 4.0' in text
    assert "arengo_event_lag_seconds" in text
