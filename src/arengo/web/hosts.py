"""The names by which this server may be asked: its own, and those that no stranger can point at it.

A page elsewhere can let its own name lead to our address once it is open (DNS rebinding). The browser then takes us for that
site: the page reads what we answer, from inside the network that its reader is in, and its Origin is the Host. Such a request
shows a name in its Host header that is not ours.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

_PORT = re.compile(r":\d*\Z")
_ONE_LABEL = re.compile(r"[a-z0-9_-]+\Z")
_ENDINGS = (".localhost", ".local", ".internal", ".home.arpa", ".lan")
"""Names below these are not in the public DNS (RFC 6761, 6762, 8375)."""


class OwnHosts:
    """The names of one server: the host of its *url*, and *names*."""

    def __init__(self, url: str, names: Iterable[str] = ()) -> None:
        self._names = frozenset(host_name(name) for name in (urlsplit(url).netloc, *names))

    def has(self, header: str) -> bool:
        """Whether a Host header is one of ours; none at all is sent by no browser."""
        name = host_name(header)
        return not header or name in self._names or _is_local(name) or _address(name) is not None


def is_loopback(header: str) -> bool:
    """Whether a Host header names this machine as it calls itself."""
    name = host_name(header)
    address = _address(name)
    return address.is_loopback if address is not None else name == "localhost"


def host_name(header: str) -> str:
    """The name or address in *header*, without port, brackets and the final dot."""
    return _PORT.sub("", header.lower()).removesuffix(".").removeprefix("[").removesuffix("]")


def _is_local(name: str) -> bool:
    return _ONE_LABEL.match(name) is not None or name.endswith(_ENDINGS)


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
