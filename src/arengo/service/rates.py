"""Counting what happens too often, per name or address."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Iterator

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


class AddressRateLimit:
    """One rate for addresses: whatever counts for an IPv6 /64 also counts for its /56, which gets *networks* times as much."""

    def __init__(self, rate: Rate, clock: Clock, *, remembered: int, networks: int) -> None:
        self._rate = RateLimit(rate, clock, remembered=remembered)
        self._wide_rate = RateLimit(Rate(rate.most * networks, rate.period_s), clock, remembered=remembered)

    def check(self, address: str, about: str = "") -> None:
        """Raise TooOften when *address*, or the network around it, is at its limit; *about* counts apart what is not the same."""
        for limit, key in self._counted(address, about):
            limit.check(key)

    def count(self, address: str, about: str = "") -> None:
        """Count one of *address*."""
        for limit, key in self._counted(address, about):
            limit.count(key)

    def take(self, address: str, about: str = "") -> None:
        """Count one of *address*, or raise TooOften."""
        self.check(address, about)
        self.count(address, about)

    def forgive(self, address: str, about: str = "") -> None:
        """Take one of *address* back: it turned out well."""
        for limit, key in self._counted(address, about):
            limit.forgive(key)

    def _counted(self, address: str, about: str) -> Iterator[tuple[RateLimit, str]]:
        for limit, network in zip((self._rate, self._wide_rate), networks_of(address), strict=False):
            yield limit, f"{about} {network}"


def networks_of(address: str) -> tuple[str, ...]:
    """Whom an address stands for, the narrowest first: itself by IPv4; by IPv6 its /64, then its /56.

    A machine takes any address of its /64 as it likes, and many providers give a customer a whole /56 (RIPE-690).
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return (address,)
    if not isinstance(parsed, ipaddress.IPv6Address):
        return (str(parsed),)
    if parsed.ipv4_mapped:
        return (str(parsed.ipv4_mapped),)
    return tuple(str(ipaddress.ip_network((int(parsed), length), strict=False)) for length in (64, 56))
