"""Bots of the demo: each keeps its own place in the space and comes back by itself when it loses it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Final

import httpx

from arengo.adapters.media.headless import Sound, Talk, speaking
from arengo.demo.cast import Cast, Member
from arengo.demo.channel import ITSELF, Channel, channel
from arengo.demo.script import Turn
from arengo.domain.errors import ArengoError, Refusal
from arengo.web.signaling.messages import (
    AnyEvent,
    HandRaised,
    InviteToStage,
    LowerHand,
    Person,
    RaiseHand,
    React,
)

_log = logging.getLogger(__name__)
BACK_AFTER_S: Final = 1.0
INVITE_AFTER_S: Final = 2.0


class Bot:
    """One of the cast in the space; *space* is its API address."""

    def __init__(self, member: Member, space: str, *, talks: Mapping[str, Talk]) -> None:
        self.member = member
        self._space = space
        self._talks = talks
        self._channel: Channel | None = None
        self._sound: Sound | None = None
        self.here = asyncio.Event()

    async def run(self) -> None:
        """Be in the space for ever."""
        while True:
            try:
                await self._stay()
            except ArengoError as error:
                _log.info("%s lost the place: %s", self.member.character.name, error.code)
            await asyncio.sleep(BACK_AFTER_S)

    async def _stay(self) -> None:
        async with AsyncExitStack() as places:
            self._channel = place = await places.enter_async_context(channel(self._space, self.member.token))
            watch = [asyncio.create_task(self._follow(place))]
            try:
                if self.member.character.part != "listener":
                    headers = {"authorization": f"Bearer {self.member.token}"}
                    http = await places.enter_async_context(httpx.AsyncClient(headers=headers, trust_env=False, verify=ITSELF))
                    self._sound = await places.enter_async_context(speaking(http, self._space))
                    watch.append(asyncio.create_task(self._sound.ended()))
                self.here.set()
                done, _ = await asyncio.wait(watch, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                self.here.clear()
                self._channel = self._sound = None
                for task in watch:
                    task.cancel()
                await asyncio.gather(*watch, return_exceptions=True)

    async def _follow(self, place: Channel) -> None:
        """Watch what happens in the space until the channel ends."""
        async for event in place.events():
            await self.notice(place, event)

    async def notice(self, place: Channel, event: AnyEvent) -> None:
        """Answer to an event; most bots do not."""

    def say(self, recording: str) -> None:
        """Begin to say a line; a bot that has lost its place stays silent."""
        if self._sound is not None:
            self._sound.begin(self._talks[recording])

    async def react(self, emoji: str) -> None:
        await self._do(React(emoji=emoji))

    async def raise_hand(self) -> None:
        await self._do(RaiseHand())

    async def lower_hand(self) -> None:
        await self._do(LowerHand())

    async def _do(self, command: React | RaiseHand | LowerHand) -> None:
        if self._channel is None:
            return
        try:
            await self._channel.do(command)
        except ArengoError as error:
            _log.info("%s was refused: %s", self.member.character.name, error.code)


class HostBot(Bot):
    """The host, who asks every visitor with a raised hand to the stage."""

    def __init__(self, member: Member, space: str, *, talks: Mapping[str, Talk], cast: Cast) -> None:
        super().__init__(member, space, talks=talks)
        self._cast = cast

    async def _follow(self, place: Channel) -> None:
        snapshot = place.welcome.snapshot
        for hand in snapshot.hands if snapshot is not None else ():
            await self._invite(place, hand.person)
        await super()._follow(place)

    async def notice(self, place: Channel, event: AnyEvent) -> None:
        if isinstance(event, HandRaised):
            await self._invite(place, event.hand.person)

    async def _invite(self, place: Channel, person: Person) -> None:
        if person.id in self._cast.ids:
            return
        await asyncio.sleep(INVITE_AFTER_S)
        try:
            await place.do(InviteToStage(person_id=person.id))
        except Refusal as error:
            _log.info("the host could not invite: %s", error.code)


async def play_turn(bots: Mapping[str, Bot], turn: Turn, *, lasts_s: float) -> None:
    """Say a line, let reactions rise in its second half and a hand go up before its end."""
    bots[turn.line.speaker].say(turn.line.recording)
    await asyncio.sleep(lasts_s * 0.6)
    for who, emoji in turn.reactions:
        await bots[who].react(emoji)
        await asyncio.sleep(lasts_s * 0.08)
    if turn.hand is not None:
        await bots[turn.hand].raise_hand()
