"""Obeying a command on the database, where no server runs."""

from __future__ import annotations

from arengo.adapters.db.spaces import DatabaseSpaces
from arengo.bootstrap import open_database, open_people
from arengo.service.clock import SystemClock
from arengo.service.ids import SystemIds
from arengo.service.operator import Operator
from arengo.service.spaces_at_rest import SpacesAtRest
from arengo.settings import Settings
from arengo.web.control import AnyControlCommand, Reply, obey


async def obey_alone(settings: Settings, command: AnyControlCommand) -> Reply:
    """Have *command* obeyed in this process; Unavailable when the database does not answer."""
    clock = SystemClock()
    ids = SystemIds(clock)
    async with open_database(settings, clock) as opened, open_people(settings, opened.database, clock, ids) as people:
        at_rest = SpacesAtRest(DatabaseSpaces(opened.database), clock)
        return await obey(Operator(people.accounts, people.tokens, people.password_changes, at_rest, lives_on=False), command)
