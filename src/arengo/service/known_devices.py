"""Browsers in which somebody has signed in before, so that strangers' wrong passwords do not shut them out of their own account.

As OWASP's "device cookies": a signed text that names the account and a device. It proves nothing but that: whoever shows
it still needs the password. It is bound to the hash of the password, so a change of password makes every device unknown.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from arengo.service.ids import Ids


class KnownDevices:
    """Signs and reads the texts."""

    def __init__(self, secret: bytes, *, ids: Ids) -> None:
        self._secret = secret
        self._ids = ids

    def make(self, account_id: str, password_hash: str) -> str:
        """A new device that the account is known on."""
        device = self._ids.token()
        return f"{device}.{self._seal(device, account_id, password_hash)}"

    def find(self, text: str, account_id: str, password_hash: str) -> str | None:
        """The device that *text* names, if the account is known on it with its present password."""
        device, _, seal = text.partition(".")
        is_ours = hmac.compare_digest(seal.encode(errors="replace"), self._seal(device, account_id, password_hash).encode())
        return device if is_ours else None

    def _seal(self, device: str, account_id: str, password_hash: str) -> str:
        said = "\n".join((device, account_id, password_hash)).encode(errors="replace")
        return base64.urlsafe_b64encode(hmac.digest(self._secret, said, hashlib.sha256)).decode().rstrip("=")
