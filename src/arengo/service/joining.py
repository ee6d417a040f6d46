"""Media sessions that are answered and not connected yet: where too many wait, the oldest gives way.

Nobody is refused for them: a browser connects within a second or so, and what has waited longest is least likely to.
"""

from __future__ import annotations

from collections.abc import Iterator

from arengo.limits import Limits
from arengo.service.attendance import MediaSession
from arengo.service.rates import networks_of


class Joining:
    """The sessions under way, oldest first, in all and by the networks that their offers came from."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.media_sessions_joining_per_address
        self._networks_per_site = limits.networks_per_site
        self._address: dict[MediaSession, str] = {}
        self._by_network: dict[str, dict[MediaSession, None]] = {}

    def __len__(self) -> int:
        return len(self._address)

    def add(self, session: MediaSession, address: str) -> None:
        self._address[session] = address
        for network in networks_of(address):
            self._by_network.setdefault(network, {})[session] = None

    def remove(self, session: MediaSession) -> None:
        """Forget *session*, which is connected or gone; one that is not here is no error."""
        address = self._address.pop(session, None)
        for network in networks_of(address) if address is not None else ():
            del self._by_network[network][session]
            if not self._by_network[network]:
                del self._by_network[network]

    def oldest(self) -> MediaSession | None:
        return next(iter(self._address), None)

    def oldest_of(self, address: str) -> MediaSession | None:
        """Give who has waited longest among those of *address*, or None while one more may wait there."""
        for most, network in zip(self._bounds(), networks_of(address), strict=False):
            waiting = self._by_network.get(network, {})
            if len(waiting) >= most:
                return next(iter(waiting))
        return None

    def _bounds(self) -> Iterator[int]:
        yield self._most
        yield self._most * self._networks_per_site
