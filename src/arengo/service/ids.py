"""New names for new things."""

from __future__ import annotations

import secrets
from collections.abc import Container
from typing import Protocol

from arengo.domain import ids
from arengo.service.clock import Clock


class Ids(Protocol):
    """Where new ids come from; none is ever given twice."""

    def snowflake(self) -> str:
        """A decimal number that sorts by time: accounts, tokens, posts."""

    def guest(self) -> str:
        """`g` and a decimal number."""

    def space(self) -> str:
        """13 characters of `[a-zA-Z0-9]`."""

    def voice(self, taken: Container[int] = ()) -> int:
        """A CSRC, 32 bits, not 0, not among *taken*."""

    def token(self) -> str:
        """A secret of more than 256 bits, `[0-9A-Za-z]`."""


class SystemIds:
    """Ids from the clock and the operating system's chance."""

    def __init__(self, clock: Clock, *, node: int = 0) -> None:
        self._clock = clock
        self._snowflakes = ids.Snowflakes(node)

    def snowflake(self) -> str:
        self._snowflakes = self._snowflakes.after(int(self._clock.now().timestamp() * 1000))
        return str(self._snowflakes.number)

    def guest(self) -> str:
        return "g" + self.snowflake()

    def space(self) -> str:
        return ids.space_id(secrets.randbelow)

    def voice(self, taken: Container[int] = ()) -> int:
        return ids.voice_number(secrets.randbelow, taken)

    def token(self) -> str:
        return ids.word(ids.TOKEN_LENGTH, secrets.randbelow)
