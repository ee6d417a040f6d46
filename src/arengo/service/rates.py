"""Counting what happens too often, per name or address."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

from arengo.domain.errors import Refusal
from arengo.domain.rates import Bucket, Rate
from arengo.service.clock import Clock


class TooOften(Refusal):
    """Refused for its frequency; *retry_after* is in seconds."""

    code = "rate_limited"

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"Too many tries; try again in {max(1, round(retry_after))} s.", facts={"retry_after": max(1, round(retry_after))})
        self.retry_after = retry_after


class RateLimit:
    """One rate, counted for many keys; the keys longest unused are forgotten first."""

    def __init__(self, rate: Rate, clock: Clock, *, remembered: int) -> None:
        self._rate = rate
        self._clock = clock
        self._remembered = remembered
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def check(self, key: str) -> None:
        """Raise TooOften when *key* is at its limit; counts nothing."""
        wait = self._buckets.get(key, Bucket()).wait(self._rate, self._clock.monotonic())
        if wait > 0:
            raise TooOften(wait)

    def count(self, key: str) -> None:
        """Count one of *key*."""
        self._buckets[key] = self._buckets.get(key, Bucket()).poured(self._rate, self._clock.monotonic())
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._remembered:
            self._buckets.popitem(last=False)

    def take(self, key: str) -> None:
        """Count one of *key*, or raise TooOften."""
        self.check(key)
        self.count(key)

    def forgive(self, key: str) -> None:
        """Take one of *key* back: it turned out well."""
        bucket = self._buckets.get(key)
        if bucket is not None:
            self._buckets[key] = Bucket(max(0.0, bucket.level - 1.0), bucket.at)


def address_key(address: str) -> str:
    """Who an address stands for: itself by IPv4, its /64 by IPv6, as one household or machine has a whole /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
