"""Which addresses this machine has, and where a phone beside it would find it."""

from __future__ import annotations

import ipaddress
import socket
from ipaddress import IPv4Address, IPv6Address

import ifaddr

Address = IPv4Address | IPv6Address

_ELSEWHERE = ("192.0.2.1", "2001:db8::1")  # documentation addresses: asking for the way there sends nothing


def own_addresses() -> list[Address]:
    """Every address of every interface that is up, without those of a link alone."""
    found: list[Address] = []
    for adapter in ifaddr.get_adapters():
        for entry in adapter.ips:
            text = entry.ip if isinstance(entry.ip, str) else entry.ip[0]
            address = ipaddress.ip_address(text.partition("%")[0])
            if not address.is_link_local and address not in found:
                found.append(address)
    return found


def address_on_network() -> Address | None:
    """The address that others on the same network reach this machine by: the one of the default route."""
    for family, target in zip((socket.AF_INET, socket.AF_INET6), _ELSEWHERE, strict=True):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((target, 9))
                address = ipaddress.ip_address(probe.getsockname()[0])
        except OSError:
            continue
        if not address.is_unspecified and not address.is_loopback:
            return address
    return next((a for a in own_addresses() if a.version == 4 and not a.is_loopback), None)


def in_url(address: Address | str) -> str:
    """*address* as the host of a URL."""
    return f"[{address}]" if ":" in str(address) else str(address)
