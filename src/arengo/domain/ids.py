"""Numbers and names for things, made from a time and a chance that the caller passes in.

Accounts and posts have decimal snowflakes, spaces 13 characters `[a-zA-Z0-9]`, as clients of the X API expect both.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable, Collection
from typing import NewType

SpaceId = NewType("SpaceId", str)
PersonId = NewType("PersonId", str)
Voice = NewType("Voice", int)

SPACE_ID_LENGTH = 13
EPOCH_MS = 1_735_689_600_000  # 2025-01-01T00:00:00Z, the zero of our snowflakes

_ALPHABET = string.ascii_letters + string.digits
_SEQUENCE_BITS = 12
_WORKER_BITS = 10


class Ids:
    """A source of ids that never gives one twice; *now_ms* is Unix time, *below* a secure random number."""

    def __init__(self, *, now_ms: Callable[[], int], below: Callable[[int], int], worker: int = 0) -> None:
        self._now_ms = now_ms
        self._below = below
        self._worker = worker & ((1 << _WORKER_BITS) - 1)
        self._last_ms = -1
        self._sequence = 0

    def snowflake(self) -> int:
        """Give a 63 bit number that grows with time, even where the clock steps back."""
        now = max(self._now_ms() - EPOCH_MS, self._last_ms, 0)
        if now == self._last_ms:
            self._sequence += 1
            if self._sequence >> _SEQUENCE_BITS:
                now, self._sequence = now + 1, 0
        else:
            self._sequence = 0
        self._last_ms = now
        return (now << (_WORKER_BITS + _SEQUENCE_BITS)) | (self._worker << _SEQUENCE_BITS) | self._sequence

    def space_id(self) -> SpaceId:
        """Give 13 characters; 62^13 of them leave nothing to guess."""
        return SpaceId(self._characters(SPACE_ID_LENGTH))

    def guest_id(self) -> PersonId:
        """Give `g` and a number that no account can have."""
        return PersonId(f"g{self.snowflake()}{self._below(1000):03}")

    def token(self, length: int = 32) -> str:
        """Give a secret of *length* characters, near 6 bits each."""
        return self._characters(length)

    def _characters(self, length: int) -> str:
        return "".join(_ALPHABET[self._below(len(_ALPHABET))] for _ in range(length))


def is_space_id(text: str) -> bool:
    """Tell whether *text* could name a space."""
    return len(text) == SPACE_ID_LENGTH and all(c in _ALPHABET for c in text)


def voice_of(space: SpaceId, person: PersonId, taken: Collection[Voice] = ()) -> Voice:
    """Give the CSRC of *person* in *space*: 32 bits, not 0, the same after every return, unlike those *taken*."""
    attempt = 0
    while True:
        seed = f"{space}/{person}/{attempt}".encode()
        voice = Voice(int.from_bytes(hashlib.blake2s(seed, digest_size=4).digest(), "big"))
        if voice != 0 and voice not in taken:
            return voice
        attempt += 1
