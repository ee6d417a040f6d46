"""Passwords, hashed where they disturb nobody."""

from __future__ import annotations

from typing import Protocol


class Passwords(Protocol):
    """Hashing off the event loop, a bounded number at a time; Unavailable when too many wait."""

    async def hash(self, password: str) -> str: ...
    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether it fits; None takes as long as any other and never fits."""

    def is_outdated(self, password_hash: str) -> bool:
        """Whether it should be made anew with the present cost."""
