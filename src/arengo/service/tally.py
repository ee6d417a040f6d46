"""What the server refused, counted for those who watch over it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final, Literal

Where = Literal["connection", "http", "channel"]

_CODES_MOST: Final = 500
"""Codes are ours and few; this only keeps a mistake from growing without end."""


class Tally:
    """Counts refusals by where they happened and by code. It holds no address and no name."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Where, str]] = Counter()

    def count(self, where: Where, code: str) -> None:
        """Count one refusal."""
        key = (where, code)
        if key in self._counts or len(self._counts) < _CODES_MOST:
            self._counts[key] += 1

    @property
    def counts(self) -> Mapping[tuple[Where, str], int]:
        """Refusals since the start, by place and code."""
        return self._counts
