"""Runs the demo against a server: fills the stage, and lets the conversation go round."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import httpx

from arengo.adapters.media.headless import Talk, load_talk
from arengo.demo.bots import Bot, HostBot, play_turn
from arengo.demo.cast import Cast
from arengo.demo.channel import ITSELF
from arengo.demo.script import CONVERSATION, HOST, LINES, Cue, cues, round_s
from arengo.demo.stage import Backstage

VOICES: Final = Path(__file__).parent / "voices"
_HAND_STAYS_S: Final = 12.0


@dataclass(frozen=True, slots=True)
class DemoSpaces:
    """The ids of the two spaces."""

    live: str
    scheduled: str


def load_talks() -> dict[str, Talk]:
    """The recording of every line, by its stem."""
    return {line.recording: load_talk(VOICES / f"{line.recording}.opus") for line in LINES}


async def prepare(server: str, cast: Cast, *, now: datetime) -> DemoSpaces:
    """Make or find the two spaces; *server* is the address of the server without a path."""
    async with httpx.AsyncClient(base_url=server, trust_env=False, verify=ITSELF) as http:
        backstage = Backstage(http, cast)
        live = await backstage.live_space()
        for speaker in cast.playing("speaker"):
            await backstage.permit(live, speaker)
        return DemoSpaces(live, await backstage.scheduled_space(now))


async def perform(server: str, cast: Cast, live: str, *, ready: Callable[[], None] = lambda: None) -> None:
    """Keep the live space alive until cancelled; *ready* is called when the whole cast is in."""
    talks = load_talks()
    space = f"{server}/api/v1/spaces/{live}"
    bots: dict[str, Bot] = {
        name: HostBot(member, space, talks=talks, cast=cast) if name == HOST else Bot(member, space, talks=talks)
        for name, member in cast.members.items()
    }
    async with asyncio.TaskGroup() as company:
        # The host first: a space without its host would look for another.
        company.create_task(bots[HOST].run())
        await bots[HOST].here.wait()
        for name, bot in bots.items():
            if name != HOST:
                company.create_task(bot.run())
        for bot in bots.values():
            await bot.here.wait()
        ready()
        laid = cues(CONVERSATION, {recording: talk.duration_s for recording, talk in talks.items()})
        while True:
            await _play_round(bots, laid)


async def _play_round(bots: Mapping[str, Bot], laid: tuple[Cue, ...]) -> None:
    """Once through the conversation; each turn has its own task, because turns overlap."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    async with asyncio.TaskGroup() as turns:
        for cue in laid:
            await asyncio.sleep(max(0.0, begun + cue.start_s - loop.time()))
            turns.create_task(play_turn(bots, cue.turn, lasts_s=cue.end_s - cue.start_s))
            if cue.turn.hand is not None:
                turns.create_task(_lower_later(bots[cue.turn.hand], after_s=cue.end_s - cue.start_s + _HAND_STAYS_S))
        await asyncio.sleep(max(0.0, begun + round_s(laid) - loop.time()))


async def _lower_later(bot: Bot, *, after_s: float) -> None:
    await asyncio.sleep(after_s)
    await bot.lower_hand()
