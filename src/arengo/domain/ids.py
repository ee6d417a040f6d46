"""How things are named: numbers that sort by time, words that cannot be guessed.

Everything here is told the time and the chance; `service.clock` and `service.ids` bring them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import NewType

SpaceId = NewType("SpaceId", str)
PersonId = NewType("PersonId", str)
Voice = NewType("Voice", int)

NO_VOICE = Voice(0)  # of somebody who never came on stage

EPOCH_MS = 1_735_689_600_000  # 2025-01-01T00:00:00Z; snowflakes count milliseconds from here
NODE_BITS = 10
SEQUENCE_BITS = 12

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SPACE_ID_LENGTH = 13
TOKEN_LENGTH = 43  # 62^43 > 2^256

Below = Callable[[int], int]
"""Chance: a whole number from 0 to the argument, the argument excluded."""


@dataclass(frozen=True, slots=True)
class Snowflakes:
    """The next decimal number of one node: 42 bits of time, 10 of node, 12 of sequence; never goes back."""

    node: int = 0
    last_ms: int = 0
    sequence: int = 0

    def after(self, now_ms: int) -> Snowflakes:
        """The state whose `number` is new at *now_ms* (Unix milliseconds), also when the clock stood or went back."""
        ms = max(now_ms - EPOCH_MS, self.last_ms)
        sequence = self.sequence + 1 if ms == self.last_ms else 0
        if sequence >> SEQUENCE_BITS:
            ms, sequence = ms + 1, 0
        return Snowflakes(self.node, ms, sequence)

    @property
    def number(self) -> int:
        return (self.last_ms << NODE_BITS | self.node) << SEQUENCE_BITS | self.sequence


def word(length: int, below: Below) -> str:
    """*length* characters of `[0-9A-Za-z]`, each by chance."""
    return "".join(ALPHABET[below(len(ALPHABET))] for _ in range(length))


def space_id(below: Below) -> str:
    """13 characters of `[a-zA-Z0-9]`, 77 bits of chance."""
    return word(SPACE_ID_LENGTH, below)


def voice_number(below: Below, taken: Container[int] = ()) -> int:
    """A CSRC: 32 bits, never 0, not among *taken*."""
    while True:
        voice = 1 + below(2**32 - 1)
        if voice not in taken:
            return voice


def voice_of(space: SpaceId, person: PersonId, taken: Container[Voice] = ()) -> Voice:
    """The CSRC of *person* in *space*: 32 bits, never 0, not among *taken*, the same after every return."""
    attempt = 0
    while True:
        seed = f"{space}/{person}/{attempt}".encode()
        voice = Voice(int.from_bytes(hashlib.blake2s(seed, digest_size=4).digest(), "big"))
        if voice != 0 and voice not in taken:
            return voice
        attempt += 1


def is_account_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < len(text) <= 20


def is_guest_id(text: str) -> bool:
    return text.startswith("g") and is_account_id(text[1:])


def is_space_id(text: str) -> bool:
    return len(text) == SPACE_ID_LENGTH and text.isascii() and text.isalnum()
