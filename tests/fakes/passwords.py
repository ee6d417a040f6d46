"""Passwords that cost nothing."""

from __future__ import annotations


class PlainPasswords:
    """Keeps passwords as they are, with a mark of the *cost* they were made with."""

    def __init__(self, cost: str = "plain") -> None:
        self.cost = cost

    async def hash(self, password: str) -> str:
        return f"{self.cost}:{password}"

    async def verify(self, password: str, password_hash: str | None) -> bool:
        return password_hash is not None and password_hash.partition(":")[2] == password

    def is_outdated(self, password_hash: str) -> bool:
        return not password_hash.startswith(f"{self.cost}:")
