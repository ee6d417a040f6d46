"""A clock that stands still until it is told to go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass
class StoppedClock:
    """Shows *at*; `advance` moves wall clock and monotonic clock alike."""

    at: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    passed: float = 1_000.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.passed

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.passed += seconds
