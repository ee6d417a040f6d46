"""Guest passes: ours alone, and not for ever."""

from __future__ import annotations

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.clock import StoppedClock

from arengo.limits import Limits
from arengo.service.guests import Guests
from arengo.service.ids import SystemIds
from arengo.service.rates import TooOften


def guests_at(clock: StoppedClock, secret: bytes = b"s" * 32) -> Guests:
    return Guests(secret, ids=SystemIds(clock), clock=clock, limits=Limits())


def test_a_guest_is_known_again_by_another_process_with_the_same_secret(clock: StoppedClock) -> None:
    welcome = guests_at(clock).welcome("203.0.113.7", "Bo")

    assert guests_at(clock).recognise(welcome.text) == welcome.identity


def test_a_pass_of_another_server_is_worth_nothing(clock: StoppedClock) -> None:
    assert guests_at(clock).recognise(guests_at(clock, b"t" * 32).welcome("203.0.113.7").text) is None


def test_a_pass_runs_out(clock: StoppedClock) -> None:
    guests = guests_at(clock)
    welcome = guests.welcome("203.0.113.7")

    clock.advance(Limits().guest_hours * 3600)
    assert guests.recognise(welcome.text) == welcome.identity
    clock.advance(1)
    assert guests.recognise(welcome.text) is None


def test_a_guest_who_renews_is_the_same_for_longer(clock: StoppedClock) -> None:
    guests = guests_at(clock)
    welcome = guests.welcome("203.0.113.7")
    clock.advance(3600)

    renewed = guests.renew(welcome.identity, "Bo")

    assert (renewed.identity.id, renewed.identity.display) == (welcome.identity.id, "Bo")
    clock.advance(Limits().guest_hours * 3600)
    assert guests.recognise(renewed.text) is not None


@given(st.text(max_size=200))
def test_nothing_that_somebody_makes_up_is_a_pass(text: str) -> None:
    guests = guests_at(StoppedClock())

    assert guests.recognise(text) is None
    assert guests.recognise("g." + text) is None


@pytest.mark.parametrize("body", [b"", b"[]", b'["g1","x","late"]', b'["1","x",99999999999]', b"not json", b"[" * 9_000])
def test_a_body_that_we_would_not_write_is_refused_even_when_it_is_sealed(clock: StoppedClock, body: bytes) -> None:
    import hashlib
    import hmac

    text = base64.urlsafe_b64encode(body)
    seal = base64.urlsafe_b64encode(hmac.digest(b"s" * 32, text, hashlib.sha256))

    assert guests_at(clock).recognise("g." + (text + b"." + seal).decode()) is None


def test_changing_among_the_networks_of_a_56_brings_few_guests_more(clock: StoppedClock) -> None:
    limits = Limits(guests_per_address=10)
    guests = Guests(b"s" * 32, ids=SystemIds(clock), clock=clock, limits=limits)
    welcome = 0
    for number in range(256 * 10):
        with contextlib.suppress(TooOften):
            guests.welcome(f"2001:db8:1:{number % 256:x}::1")
            welcome += 1
    assert welcome == limits.guests_per_address * limits.networks_per_site
