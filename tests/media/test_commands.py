"""`arengo speak` and `arengo listen`, as a script would use them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.media.live_server import ARENGO, LiveServer, Person
from tests.voices.ear import Ear
from tests.voices.fixtures import talk_file
from tests.voices.opus import decode

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def arengo(*arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(*ARENGO, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


@asynccontextmanager
async def speaking(space_url: str, who: Person, voice: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Somebody on stage whose voice goes round and round."""
    process = await asyncio.create_subprocess_exec(
        *ARENGO, "speak", space_url, "--token", who.token, "--file", str(talk_file(voice)), "--loop",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(15):
            assert b"On stage" in await process.stdout.readline()
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            async with asyncio.timeout(5):
                assert await process.wait() == 0


async def test_what_one_speaks_another_hears(live: LiveServer, trained: Ear, tmp_path: Path) -> None:
    host = await live.person("marta")
    space = await live.space(host)
    out = tmp_path / "heard.ogg"
    async with speaking(space["url"], host, "ann"):
        code, said, complaint = await arengo("listen", space["url"], "--seconds", "5", "--out", str(out))
    assert (code, complaint) == (0, "")
    seconds = float(re.search(r"Heard ([\d.]+) s of 1 voice", said)[1])  # type: ignore[index]
    assert 4.0 <= seconds <= 5.5
    assert trained.voices(*decode(out)) == {"ann"}


async def test_one_line_carries_the_one_who_speaks(live: LiveServer, trained: Ear, tmp_path: Path) -> None:
    host, guest = await live.person("nadia"), await live.person("oscar")
    space = await live.space(host)
    out = tmp_path / "heard.ogg"
    async with speaking(space["url"], host, "ben"):
        pass
    async with speaking(space["url"], guest, "cal"):
        code, _said, complaint = await arengo("listen", space["url"], "--seconds", "4", "--out", str(out))
    assert (code, complaint) == (0, "")
    assert trained.voices(*decode(out)) == {"cal"}


async def test_a_refusal_is_one_sentence_with_its_code(live: LiveServer, tmp_path: Path) -> None:
    stranger = await live.person("petra")
    host = await live.person("quinto")
    space = await live.space(host, who_may_speak="invited")
    code, _said, complaint = await arengo("speak", space["url"], "--token", stranger.token, "--file", str(talk_file("ann")))
    assert code == 1
    assert complaint.endswith("(not_invited)\n")
    assert complaint.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "status", "part"),
    [
        (("listen", "https://nowhere.example/not/a/space", "--out", "x.ogg"), 1, "(malformed)"),
        (("speak", "http://127.0.0.1:9/s/0123456789abc", "--token", "t", "--file", "/nonexistent.ogg"), 1, "(file_unreadable)"),
        (("listen", "http://127.0.0.1:9/s/0123456789abc", "--out", "x.ogg"), 3, "does not answer"),
    ],
)
async def test_what_cannot_work_says_so_without_a_traceback(arguments: tuple[str, ...], status: int, part: str) -> None:
    code, _said, complaint = await arengo(*arguments)
    assert code == status
    assert part in complaint
    assert complaint.count("\n") == 1
    assert "Traceback" not in complaint


async def test_a_private_space_is_not_heard_without_a_token(live: LiveServer, tmp_path: Path) -> None:
    host = await live.person("rosa")
    space = await live.space(host, visibility="private")
    status, _said, complaint = await arengo("listen", space["url"], "--out", str(tmp_path / "x.ogg"))
    assert status == 1
    assert complaint.endswith(("(no_such_space)\n", "(private)\n"))
