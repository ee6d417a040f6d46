"""Guests: people without an account, known by a signed pass that needs no database."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from arengo.domain.identity import Identity
from arengo.domain.ids import is_guest_id
from arengo.domain.rates import Rate
from arengo.domain.text import clean_name
from arengo.limits import Limits
from arengo.service.clock import Clock
from arengo.service.ids import Ids
from arengo.service.rates import AddressRateLimit

PREFIX = "g."


class _Said(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    id: str
    display: str
    expires: int  # Unix seconds


@dataclass(frozen=True, slots=True)
class GuestPass:
    """A guest, and the text by which they are known again."""

    identity: Identity
    text: str


class Guests:
    """Makes and reads guest passes, and remembers what the guests of late are called."""

    def __init__(self, secret: bytes, *, ids: Ids, clock: Clock, limits: Limits) -> None:
        self._secret = secret
        self._ids = ids
        self._clock = clock
        self._limits = limits
        self._rate = AddressRateLimit(
            Rate(limits.guests_per_address, limits.guests_per_address_s),
            clock,
            remembered=limits.addresses_remembered,
            networks=limits.networks_per_site,
        )
        self._seen: OrderedDict[str, Identity] = OrderedDict()

    def welcome(self, address: str, display: str | None = None) -> GuestPass:
        """Make a new guest; TooOften when that address has had its share."""
        guest = self.stranger(address, display)
        self.admit(guest, address)
        return self._pass(guest.id, guest.display)

    def stranger(self, address: str, display: str | None = None) -> Identity:
        """Make a guest who is neither counted nor remembered until `admit`; TooOften when that address has had its share."""
        self._rate.check(address)
        guest_id = self._ids.guest()
        return Identity(id=guest_id, kind="guest", display=clean_name(display) if display else f"Guest {int(guest_id[-6:]) % 9000 + 1000}")

    def admit(self, stranger: Identity, address: str) -> None:
        """Count a stranger who has come in; TooOften when that address has had its share."""
        self._rate.take(address)
        self._remember(stranger)

    def renew(self, identity: Identity, display: str | None = None) -> GuestPass:
        """The same guest with a fresh pass, by another name when one is given."""
        return self._pass(identity.id, clean_name(display) if display else identity.display)

    def recognise(self, text: str) -> Identity | None:
        """Whose pass it is; None when it is not one of ours or has run out."""
        said = _decoded(text.removeprefix(PREFIX).encode(errors="replace"), self._secret)
        if said is None or said.expires < self._clock.now().timestamp() or not is_guest_id(said.id):
            return None
        return self._remember(Identity(id=said.id, kind="guest", display=said.display))

    def known(self, guest_id: str) -> Identity | None:
        """A guest who was here since the start and is not forgotten."""
        return self._seen.get(guest_id)

    def _pass(self, guest_id: str, display: str) -> GuestPass:
        expires = self._clock.now() + timedelta(hours=self._limits.guest_hours)
        body = base64.urlsafe_b64encode(msgspec.json.encode(_Said(guest_id, display, int(expires.timestamp()))))
        identity = self._remember(Identity(id=guest_id, kind="guest", display=display))
        return GuestPass(identity, PREFIX + (body + b"." + _seal(body, self._secret)).decode())

    def _remember(self, identity: Identity) -> Identity:
        self._seen[identity.id] = identity
        self._seen.move_to_end(identity.id)
        if len(self._seen) > self._limits.guests_remembered:
            self._seen.popitem(last=False)
        return identity


def _seal(body: bytes, secret: bytes) -> bytes:
    return base64.urlsafe_b64encode(hmac.digest(secret, body, hashlib.sha256))


def _decoded(text: bytes, secret: bytes) -> _Said | None:
    body, _, seal = text.rpartition(b".")
    if not hmac.compare_digest(seal, _seal(body, secret)):
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(body), type=_Said)
    except (msgspec.MsgspecError, binascii.Error):
        return None
