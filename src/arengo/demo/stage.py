"""The spaces of the demo: made at the first start, found again at the next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import httpx

from arengo.adapters.media.headless import refusal_of
from arengo.demo.cast import Cast, Member
from arengo.demo.script import HOST, LIVE_TITLE, LIVE_TOPICS, SCHEDULED_HOST, SCHEDULED_TITLE, SCHEDULED_TOPICS
from arengo.domain.errors import Unavailable

Json = Mapping[str, object]


class Backstage:
    """Calls the native API as one of the cast."""

    def __init__(self, http: httpx.AsyncClient, cast: Cast) -> None:
        self._http = http
        self._cast = cast

    async def live_space(self) -> str:
        """The id of the live demo space; the one of the last time where it still lives."""
        host = self._cast[HOST]
        found = await self._own(host, "live", LIVE_TITLE)
        if found is not None:
            return found
        made = await self.call(
            host,
            "POST",
            "/spaces",
            {"title": LIVE_TITLE, "topics": list(LIVE_TOPICS), "who_may_speak": "invited", "start": True},
        )
        return str(made["id"])

    async def scheduled_space(self, now: datetime) -> str:
        """The id of the scheduled demo space, tomorrow at six in the evening; one whose time has passed is called off."""
        host = self._cast[SCHEDULED_HOST]
        found = await self._own(host, "scheduled", SCHEDULED_TITLE)
        if found is not None:
            facts = await self.call(host, "GET", f"/spaces/{found}")
            start = facts.get("scheduled_start")
            if isinstance(start, str) and datetime.fromisoformat(start) > now:
                return found
            await self.call(host, "POST", f"/spaces/{found}/cancel")
        start_at = (now + timedelta(days=1)).astimezone(UTC).replace(hour=18, minute=0, second=0, microsecond=0)
        made = await self.call(
            host,
            "POST",
            "/spaces",
            {"title": SCHEDULED_TITLE, "topics": list(SCHEDULED_TOPICS), "lang": "it", "scheduled_start": start_at.isoformat()},
        )
        return str(made["id"])

    async def permit(self, space: str, speaker: Member) -> None:
        """Let *speaker* come on stage by publishing."""
        await self.call(self._cast[HOST], "PUT", f"/spaces/{space}/speakers/{speaker.id}")

    async def _own(self, host: Member, state: str, title: str) -> str | None:
        listed = await self.call(host, "GET", f"/spaces?state={state}")
        spaces = listed.get("spaces")
        for card in spaces if isinstance(spaces, list) else []:
            if card["title"] == title and card["host"]["id"] == host.id:
                return str(card["id"])
        return None

    async def call(self, who: Member, method: str, path: str, body: Json | None = None) -> Json:
        """The answer's JSON; raises the server's refusal with its own code, Unavailable."""
        try:
            response = await self._http.request(method, f"/api/v1{path}", json=body, headers={"authorization": f"Bearer {who.token}"})
        except httpx.HTTPError as error:
            raise Unavailable(f"The server does not answer: {error}.") from error
        if response.is_error:
            raise refusal_of(response)
        answer: Json = response.json() if response.content else {}
        return answer
