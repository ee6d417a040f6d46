"""Everything that the edges of the service call, in one place; `bootstrap` fills it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from arengo.limits import Limits
from arengo.service.accounts import Accounts
from arengo.service.clock import Clock
from arengo.service.disk_watch import DiskWatch
from arengo.service.guests import Guests
from arengo.service.instance import Instance
from arengo.service.password_changes import PasswordChanges
from arengo.service.recognition import Recognition
from arengo.service.sessions import Sessions
from arengo.service.spaces import Spaces
from arengo.service.tally import Tally
from arengo.service.tokens import Tokens


class Storage(Protocol):
    """The database, as far as health checks care."""

    async def ping(self) -> None:
        """Return when it answers; `Unavailable` when it does not."""


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of a running server, and the facts that they share."""

    accounts: Accounts
    recognition: Recognition
    sessions: Sessions
    password_changes: PasswordChanges
    tokens: Tokens
    guests: Guests
    spaces: Spaces
    settings: Instance
    limits: Limits
    clock: Clock
    database: Storage
    tally: Tally
    disk: DiskWatch
