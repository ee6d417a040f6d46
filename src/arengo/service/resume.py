"""Resume tokens: how somebody who was here proves it, also after a restart of the server.

A token names a space and a person, the *epoch* of the room whose events they have, and is signed by a key that outlives the process.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from arengo.domain.identity import Person
from arengo.domain.ids import PersonId, SpaceId

TOKEN_MOST = 2048
_MAC_BYTES = 16


@dataclass(frozen=True, slots=True)
class Stay:
    """What a token says."""

    space: SpaceId
    person: Person
    shown: bool
    epoch: str


class ResumeTokens:
    """Signs and reads tokens that are good for *lasts*."""

    def __init__(self, key: bytes, *, lasts: timedelta) -> None:
        self._key = key
        self._lasts = lasts

    def sign(self, stay: Stay, now: datetime) -> str:
        claims = {
            "s": stay.space,
            "p": asdict(stay.person),
            "v": stay.shown,
            "e": stay.epoch,
            "x": int((now + self._lasts).timestamp()),
        }
        payload = json.dumps(claims, separators=(",", ":"), ensure_ascii=False).encode()
        return _encode(payload + self._mac(payload))

    def read(self, token: str, now: datetime) -> Stay | None:
        """Give what *token* says, or None where it is not ours or too old."""
        signed = _decode(token)
        if signed is None or len(signed) <= _MAC_BYTES:
            return None
        payload, mac = signed[:-_MAC_BYTES], signed[-_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(payload)):
            return None
        claims = json.loads(payload)
        if claims["x"] < now.timestamp():
            return None
        fields = claims["p"]
        person = Person(
            PersonId(fields["id"]), fields["name"], fields["handle"], "guest" if fields["kind"] == "guest" else "account", fields["bot"]
        )
        return Stay(SpaceId(claims["s"]), person, bool(claims["v"]), str(claims["e"]))

    def _mac(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, b"resume/1/" + payload, hashlib.sha256)[:_MAC_BYTES]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(token: str) -> bytes | None:
    if len(token) > TOKEN_MOST or not token.isascii():
        return None
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
