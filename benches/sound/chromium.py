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
    "--headless=new",
    "--no-sandbox",
    "--remote-debugging-port=0",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
)


class PageError(Exception):
    """The browser refused, or the page threw."""


class Page:
    """One page of the browser."""

    def __init__(self, browser: Chromium, context: str, session: str) -> None:
        self._browser, self._context, self._session = browser, context, session

    async def call(self, expression: str) -> Any:
        """The plain value of *expression* in the page, awaited."""
        question = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        answer = await self._browser.ask("Runtime.evaluate", question, self._session)
        if thrown := answer.get("exceptionDetails"):
            raise PageError(thrown.get("exception", {}).get("description") or thrown["text"])
        return answer["result"].get("value")

    async def close(self) -> None:
        await self._browser.ask("Target.disposeBrowserContext", {"browserContextId": self._context})


class Chromium:
    """A running browser."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._open: dict[int, asyncio.Future[Any]] = {}

    async def page(self, url: str) -> Page:
        """A page at *url* that shares nothing with the others, loaded."""
        context = (await self.ask("Target.createBrowserContext", {}))["browserContextId"]
        target = (await self.ask("Target.createTarget", {"url": url, "browserContextId": context}))["targetId"]
        session = (await self.ask("Target.attachToTarget", {"targetId": target, "flatten": True}))["sessionId"]
        page = Page(self, context, session)
        while not await page.call("location.href !== 'about:blank' && document.readyState === 'complete'"):
            await asyncio.sleep(0.05)
        return page

    async def ask(self, method: str, parameters: dict[str, Any], session: str | None = None) -> Any:
        number = next(self._numbers)
        self._open[number] = asyncio.get_running_loop().create_future()
        question = {"id": number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        await self._socket.send(json.dumps(question))
        async with asyncio.timeout(_ANSWERS_WITHIN_S):
            return await self._open[number]

    async def read(self) -> None:
        """Hand every answer to whoever waits for it, until the browser ends."""
        async for text in self._socket:
            answer = json.loads(text)
            waiting = self._open.pop(answer.get("id"), None)
            if waiting is None or waiting.done():
                continue
            if "error" in answer:
                waiting.set_exception(PageError(answer["error"]["message"]))
            else:
                waiting.set_result(answer["result"])


@contextlib.asynccontextmanager
async def chromium(microphone: Path) -> AsyncIterator[Chromium]:
    """A browser with an empty profile, whose microphone plays the file *microphone* in a loop."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            CHROMIUM, *_FLAGS, f"--user-data-dir={profile}", f"--use-file-for-fake-audio-capture={microphone}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stderr is not None
        try:
            async with asyncio.timeout(_STARTS_WITHIN_S), contextlib.aclosing(_lines(process.stderr)) as lines:
                address = await anext(found[1] async for line in lines if (found := re.search(r"listening on (ws://\S+)", line)))
            async with connect(address, max_size=None, proxy=None) as socket, asyncio.TaskGroup() as tasks:
                browser = Chromium(socket)
                reading = [tasks.create_task(browser.read()), tasks.create_task(_drain(process.stderr))]
                yield browser
                for task in reading:
                    task.cancel()
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    async for line in stream:
        yield line.decode(errors="replace")


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(65_536):
        pass
