"""How often something may happen: a bucket that drains at an even pace."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """At most *most* at once, and *most* in every *period_s* seconds after that."""

    most: int
    period_s: float

    @property
    def drain_per_s(self) -> float:
        return self.most / self.period_s


@dataclass(frozen=True, slots=True)
class Bucket:
    """What has been poured in and has not drained yet, at the second *at*."""

    level: float = 0.0
    at: float = 0.0

    def drained(self, rate: Rate, now: float) -> Bucket:
        return Bucket(max(0.0, self.level - max(0.0, now - self.at) * rate.drain_per_s), now)

    def poured(self, rate: Rate, now: float, amount: float = 1.0) -> Bucket:
        drained = self.drained(rate, now)
        return Bucket(drained.level + amount, now)

    def wait(self, rate: Rate, now: float) -> float:
        """Seconds until one more fits; 0 when it fits now."""
        over = self.drained(rate, now).level + 1.0 - rate.most
        return 0.0 if over <= 1e-9 else over / rate.drain_per_s
