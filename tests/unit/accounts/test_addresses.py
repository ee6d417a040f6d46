"""Whom an address stands for, and where databases are."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import make_url

from arengo.adapters.db.engine import async_url
from arengo.service.rates import address_key


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
        ("not an address", "not an address"),
    ],
)
def test_an_ipv6_address_stands_for_its_whole_network(address: str, key: str) -> None:
    assert address_key(address) == key


def test_the_ssl_mode_of_libpq_is_told_to_the_driver_in_its_own_word() -> None:
    url = async_url(make_url("postgresql://ann:secret@db/arengo?sslmode=require&host=x"))

    assert url.drivername == "postgresql+asyncpg"
    assert dict(url.query) == {"host": "x", "ssl": "require"}
