"""Whom an address stands for, and where databases are."""

from __future__ import annotations

import contextlib

import pytest
from sqlalchemy.engine import make_url
from tests.fakes.clock import StoppedClock

from arengo.adapters.db.engine import async_url
from arengo.domain.rates import Rate
from arengo.service.rates import AddressRateLimit, TooOften, networks_of


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        ("203.0.113.7", ("203.0.113.7",)),
        ("::ffff:203.0.113.7", ("203.0.113.7",)),
        ("2001:db8:1:2:3:4:5:6", ("2001:db8:1:2::/64", "2001:db8:1::/56")),
        ("2001:db8:1:2ff::9", ("2001:db8:1:2ff::/64", "2001:db8:1:200::/56")),
        ("fe80::1%eth0", ("fe80::/64", "fe80::/56")),
        ("", ("",)),
        ("not an address", ("not an address",)),
    ],
)
def test_an_ipv6_address_stands_for_the_networks_around_it(address: str, networks: tuple[str, ...]) -> None:
    assert networks_of(address) == networks


def test_who_has_a_whole_56_gets_four_times_what_a_64_gets() -> None:
    clock = StoppedClock()
    limit = AddressRateLimit(Rate(10, 60), clock, remembered=1000, networks=4)
    taken = 0
    for network in range(256):
        with contextlib.suppress(TooOften):
            for host in range(20):
                limit.take(f"2001:db8:1:{network:x}::{host:x}")
                taken += 1
    assert taken == 40
    limit.take("2001:db8:1:100::1")  # the next /56
    clock.advance(60)
    limit.take("2001:db8:1::1")


def test_what_turned_out_well_is_taken_back_everywhere() -> None:
    limit = AddressRateLimit(Rate(1, 60), StoppedClock(), remembered=1000, networks=1)
    limit.take("2001:db8::1", "ann")
    limit.take("2001:db8::1", "ben")  # about somebody else
    limit.forgive("2001:db8::1", "ann")
    limit.take("2001:db8:0:1::1", "ann")
    with pytest.raises(TooOften):
        limit.take("2001:db8::1", "ann")


def test_the_ssl_mode_of_libpq_is_told_to_the_driver_in_its_own_word() -> None:
    url = async_url(make_url("postgresql://ann:secret@db/arengo?sslmode=require&host=x"))

    assert url.drivername == "postgresql+asyncpg"
    assert dict(url.query) == {"host": "x", "ssl": "require"}
