"""Every open connection of the web server, and which of them gives way when there is no room for another.

Rule 1: a connection whose request is being answered, and a channel, never gives way.
Rule 2: the others give way oldest first: those that have not sent a whole request, then those that ask nothing more.
"""

from __future__ import annotations

import enum
import ipaddress
import logging
from collections import defaultdict
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network

from arengo.limits import Limits
from arengo.service.rates import networks_of
from arengo.service.tally import Tally

_log = logging.getLogger("arengo.connections")

_CALM = 0.9  # of all connections: below, there is room again

Networks = tuple[IPv4Network | IPv6Network, ...]


class Stage(enum.Enum):
    """How far a connection has come."""

    OPENING = "opening"  # TLS, a header or a body is not complete
    IDLE = "idle"  # everything asked was answered
    BUSY = "busy"  # an answer is under way, or it is a channel


class Connection:
    """One connection; *drop* ends it at once."""

    __slots__ = ("drop", "key", "stage")

    def __init__(self, key: str | None, drop: Callable[[], object]) -> None:
        self.key = key  # None: a trusted proxy, whose address stands for many
        self.drop = drop
        self.stage = Stage.OPENING


class _Group:
    """Connections by stage, each stage oldest first."""

    __slots__ = ("stages",)

    def __init__(self) -> None:
        self.stages: dict[Stage, dict[Connection, None]] = {stage: {} for stage in Stage}

    def __len__(self) -> int:
        return sum(map(len, self.stages.values()))

    def first_to_go(self) -> Connection | None:
        return next(iter(self.stages[Stage.OPENING] or self.stages[Stage.IDLE]), None)


class Connections:
    """Admits connections; *descriptors* is how many more files and sockets the process may open."""

    def __init__(self, limits: Limits, tally: Tally, *, descriptors: int, trusted: Networks = ()) -> None:
        self._most = max(2, min(limits.open_connections, descriptors - limits.descriptors_kept))
        self._most_each = min(limits.connections_per_address, self._most // 2)
        self._openings_each = limits.openings_per_address
        self.tally = tally
        self._trusted = trusted
        self._all = _Group()
        self._each: defaultdict[str, _Group] = defaultdict(_Group)
        self._said_full = False

    def __len__(self) -> int:
        return len(self._all)

    def admit(self, address: str, drop: Callable[[], object]) -> Connection | None:
        """Take a new connection from *address*, in the place of an older one if need be; None when nobody gives way."""
        connection = Connection(self._key(address), drop)
        if connection.key is not None and not self._has_room_for_one_more_of(connection.key):
            self._forget_if_empty(connection.key)
            return None
        if len(self._all) >= self._most and not self.make_room():
            self.note_full(f"All {self._most} connections are in use; new ones are refused.")
            return None
        for group in self._groups(connection):
            group.stages[Stage.OPENING][connection] = None
        return connection

    def move(self, connection: Connection, stage: Stage) -> None:
        """Note how far *connection* has come; nothing changes for one that has left."""
        if stage is connection.stage or connection not in self._all.stages[connection.stage]:
            return
        for group in self._groups(connection):
            del group.stages[connection.stage][connection]
            group.stages[stage][connection] = None
        connection.stage = stage

    def leave(self, connection: Connection) -> None:
        """Forget *connection*; twice does no harm."""
        if connection not in self._all.stages[connection.stage]:
            return
        for group in self._groups(connection):
            del group.stages[connection.stage][connection]
        self._forget_if_empty(connection.key)
        if self._said_full and len(self._all) < self._most * _CALM:
            self._said_full = False
            _log.warning("There is room for connections again.")

    def make_room(self) -> bool:
        """Drop whichever connection gives way first; False when none does. Counted either way."""
        return self._give_way("connections_full", self._all.first_to_go())

    def note_full(self, sentence: str) -> None:
        """Write *sentence* to the log, once until there is room again."""
        if not self._said_full:
            self._said_full = True
            _log.warning("%s", sentence)

    def _has_room_for_one_more_of(self, key: str) -> bool:
        theirs = self._each[key]
        if len(theirs) >= self._most_each:
            return self._give_way("address_connections", theirs.first_to_go())
        openings = theirs.stages[Stage.OPENING]
        if len(openings) >= self._openings_each:
            self._give_way("address_openings", next(iter(openings)))
        return True

    def _give_way(self, why: str, gone: Connection | None) -> bool:
        self.tally.count("connection", why)
        if gone is None:
            return False
        self.leave(gone)
        gone.drop()
        return True

    def _groups(self, connection: Connection) -> tuple[_Group, ...]:
        return (self._all,) if connection.key is None else (self._all, self._each[connection.key])

    def _forget_if_empty(self, key: str | None) -> None:
        if key is not None and not len(self._each[key]):
            del self._each[key]

    def _key(self, address: str) -> str | None:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return address
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
            parsed = parsed.ipv4_mapped
        return None if any(parsed in network for network in self._trusted) else networks_of(str(parsed))[0]
