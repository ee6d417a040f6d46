"""Use cases over each database, with passwords that cost nothing."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from tests.fakes.clock import StoppedClock
from tests.fakes.passwords import PlainPasswords

from arengo.adapters.db.accounts import DatabaseAccounts
from arengo.adapters.db.engine import Database
from arengo.limits import Limits
from arengo.service.accounts import Accounts
from arengo.service.guests import Guests
from arengo.service.ids import SystemIds
from arengo.service.instance import Signup
from arengo.service.known_devices import KnownDevices
from arengo.service.password_changes import PasswordChanges
from arengo.service.recognition import Recognition
from arengo.service.sessions import Sessions
from arengo.service.tokens import Tokens


@dataclass
class House:
    """The account side, wired as the server wires it."""

    store: DatabaseAccounts
    passwords: PlainPasswords
    guests: Guests
    recognition: Recognition
    accounts: Accounts
    sessions: Sessions
    password_changes: PasswordChanges
    tokens: Tokens
    clock: StoppedClock


def a_house(
    store: DatabaseAccounts, clock: StoppedClock, ids: SystemIds, *, signup: Signup = "open", passwords: PlainPasswords | None = None
) -> House:
    """An account side over *store*."""
    limits = Limits()
    passwords = passwords or PlainPasswords()
    guests = Guests(b"secret" * 6, ids=ids, clock=clock, limits=limits)
    recognition = Recognition(store, guests, clock=clock, limits=limits)
    devices = KnownDevices(b"device" * 6, ids=ids)
    accounts = Accounts(store, guests, recognition, passwords, ids=ids, clock=clock, limits=limits, signup=signup)
    return House(
        store,
        passwords,
        guests,
        recognition,
        accounts,
        Sessions(store, store, recognition, passwords, devices, ids=ids, clock=clock, limits=limits),
        PasswordChanges(store, accounts, recognition, passwords, devices, ids=ids, clock=clock, limits=limits),
        Tokens(store, recognition, ids=ids, clock=clock, limits=limits),
        clock,
    )


@pytest.fixture
def house(database: Database, clock: StoppedClock, ids: SystemIds) -> House:
    return a_house(DatabaseAccounts(database), clock, ids)
