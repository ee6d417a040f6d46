"""Chromium over its DevTools protocol: one browser, and a page in a context of its own for each participant."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import tempfile
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

CHROMIUM = os.environ.get("ARENGO_CHROMIUM", "/usr/bin/chromium")
_STARTS_WITHIN_S = 30.0
_ANSWERS_WITHIN_S = 60.0
_FLAGS = (
    "headless=new no-sandbox remote-debugging-port=0 use-fake-ui-for-media-stream use-fake-device-for-media-stream "
    "autoplay-policy=no-user-gesture-required allow-loopback-in-peer-connection disable-gpu disable-quic no-first-run "
    "disable-background-networking disable-component-update disable-sync disable-backgrounding-occluded-windows "
    "disable-renderer-backgrounding disable-background-timer-throttling"
).split()


class PageError(Exception):
    """The browser refused, or the page threw."""


class Chromium:
    """A running browser."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._numbers = socket, count(1)
        self._asked: dict[int, asyncio.Future[Any]] = {}

    async def page(self, url: str) -> Page:
        """A page at *url* that shares nothing with the others, loaded."""
        context = (await self.ask("Target.createBrowserContext"))["browserContextId"]
        target = (await self.ask("Target.createTarget", url=url, browserContextId=context))["targetId"]
        session = (await self.ask("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        page = Page(self, context, session)
        while not await page.call("location.href !== 'about:blank' && document.readyState === 'complete'"):
            await asyncio.sleep(0.05)
        return page

    async def ask(self, method: str, session: str | None = None, **parameters: object) -> Any:
        """The answer to a command; PageError where it is refused."""
        number = next(self._numbers)
        asked = self._asked[number] = asyncio.get_running_loop().create_future()
        at = {"sessionId": session} if session else {}
        await self._socket.send(json.dumps({"id": number, "method": method, "params": parameters, **at}))
        async with asyncio.timeout(_ANSWERS_WITHIN_S):
            answer = await asked
        if "error" in answer:
            raise PageError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    async def read(self) -> None:
        """Hand every answer to whoever waits for it, until the browser ends."""
        async for text in self._socket:
            answer = json.loads(text)
            if (asked := self._asked.pop(answer.get("id"), None)) and not asked.done():
                asked.set_result(answer)


class Page:
    """One page of the browser."""

    def __init__(self, browser: Chromium, context: str, session: str) -> None:
        self._browser, self._context, self._session = browser, context, session

    async def call(self, expression: str) -> Any:
        """The plain value of *expression* in the page, awaited."""
        ask = self._browser.ask
        answer = await ask("Runtime.evaluate", self._session, expression=expression, awaitPromise=True, returnByValue=True)
        if thrown := answer.get("exceptionDetails"):
            raise PageError(thrown.get("exception", {}).get("description") or thrown["text"])
        return answer["result"].get("value")

    async def close(self) -> None:
        await self._browser.ask("Target.disposeBrowserContext", browserContextId=self._context)


@contextlib.asynccontextmanager
async def chromium(microphone: Path) -> AsyncIterator[Chromium]:
    """A browser with an empty profile, whose microphone plays the file *microphone* in a loop."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = [f"--{flag}" for flag in (*_FLAGS, f"user-data-dir={profile}", f"use-file-for-fake-audio-capture={microphone}")]
        log = Path(profile, "stderr")
        with log.open("wb") as errors:  # noqa: ASYNC230
            process = await asyncio.create_subprocess_exec(CHROMIUM, *flags, stdout=errors, stderr=errors)
        try:
            async with asyncio.timeout(_STARTS_WITHIN_S):
                while not (found := re.search(r"listening on (ws://\S+)", log.read_text(errors="replace"))):
                    await asyncio.sleep(0.1)
            async with connect(found[1], max_size=None, proxy=None) as socket:
                browser = Chromium(socket)
                reading = asyncio.create_task(browser.read())
                try:
                    yield browser
                finally:
                    reading.cancel()
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()
