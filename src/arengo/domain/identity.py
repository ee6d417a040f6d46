"""Who asks: an account or a guest, and with which scopes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who has been recognised; *scopes* None means all that the account may do."""

    id: str  # decimal account id, or `g` and digits for a guest
    kind: Literal["account", "guest"]
    display: str
    handle: str | None = None
    bot: bool = False
    scopes: frozenset[str] | None = None

    @property
    def is_guest(self) -> bool:
        return self.kind == "guest"

    def has_scope(self, scope: str) -> bool:
        return self.scopes is None or scope in self.scopes
