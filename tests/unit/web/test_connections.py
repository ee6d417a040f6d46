"""Who may connect, and who gives way."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from arengo.limits import Limits
from arengo.service.tally import Tally
from arengo.web.connections import Connection, Connections, Stage

ANN, BEN = "192.0.2.1", "192.0.2.2"


class Door:
    """Connections with a way to see who was dropped."""

    def __init__(self, **limits: int) -> None:
        descriptors = limits.pop("descriptors", 1_000)
        self.tally = Tally()
        trusted = (ip_network("10.0.0.0/8"),)
        self.connections = Connections(Limits(descriptors_kept=0, **limits), self.tally, descriptors=descriptors, trusted=trusted)
        self.dropped: list[str] = []

    def opens(self, name: str, address: str, stage: Stage = Stage.OPENING) -> Connection | None:
        connection = self.connections.admit(address, lambda: self.dropped.append(name))
        if connection is not None:
            self.connections.move(connection, stage)
        return connection


def test_the_oldest_half_open_connection_of_an_address_gives_way_to_its_next() -> None:
    door = Door(openings_per_address=2)
    for name in ("first", "second", "third"):
        assert door.opens(name, ANN)
    door.opens("another's", BEN)

    assert door.dropped == ["first"]
    assert len(door.connections) == 3
    assert door.tally.counts["connection", "address_openings"] == 1


def test_an_address_has_half_of_all_connections_at_most() -> None:
    door = Door(descriptors=6)
    for name in "abc":
        door.opens(name, ANN, Stage.BUSY)

    assert door.opens("d", ANN) is None
    assert door.opens("e", BEN)
    assert door.dropped == []


def test_addresses_of_one_ipv6_network_count_as_one() -> None:
    door = Door(openings_per_address=1)
    door.opens("first", "2001:db8::1")
    door.opens("second", "2001:db8::2")

    assert door.dropped == ["first"]


def test_an_ipv4_address_is_the_same_through_a_socket_for_both_families() -> None:
    door = Door(openings_per_address=1)
    door.opens("first", ANN)
    door.opens("second", f"::ffff:{ANN}")

    assert door.dropped == ["first"]


def test_a_trusted_proxy_stands_for_many_and_has_no_share() -> None:
    door = Door(descriptors=4, openings_per_address=1)

    assert all(door.opens(name, "::ffff:10.0.0.1") for name in "abcd")
    assert door.dropped == []


def test_a_full_server_drops_who_has_not_asked_yet_then_who_asks_nothing_more_and_nobody_else() -> None:
    door = Door(descriptors=4)
    door.opens("channel", ANN, Stage.BUSY)
    door.opens("idle", ANN, Stage.IDLE)
    door.opens("half open", BEN)
    door.opens("answered", BEN, Stage.BUSY)

    assert door.opens("c", "192.0.2.3", Stage.BUSY)
    assert door.opens("d", "192.0.2.4", Stage.BUSY)
    assert door.opens("e", "192.0.2.5") is None
    assert door.dropped == ["half open", "idle"]
    assert door.tally.counts["connection", "connections_full"] == 3


def test_whoever_leaves_makes_room_and_leaving_twice_makes_no_more() -> None:
    door = Door(descriptors=2)
    one = door.opens("one", ANN, Stage.BUSY)
    two = door.opens("two", BEN, Stage.BUSY)
    assert one is not None
    assert two is not None

    for _ in range(2):
        door.connections.leave(one)

    assert len(door.connections) == 1
    assert door.opens("three", ANN, Stage.BUSY)
    assert door.opens("four", "192.0.2.3") is None


def test_a_full_server_says_so_once_until_there_is_room(caplog: pytest.LogCaptureFixture) -> None:
    door = Door(descriptors=2)
    busy = [door.opens(address, address, Stage.BUSY) for address in (ANN, BEN)]
    for _ in range(5):
        door.opens("x", "192.0.2.3")
    for connection in busy:
        assert connection is not None
        door.connections.leave(connection)

    assert [record.getMessage() for record in caplog.records] == [
        "All 2 connections are in use; new ones are refused.",
        "There is room for connections again.",
    ]
