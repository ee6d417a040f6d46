"""Who asks: an account or a guest, and with which scopes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from arengo.domain.ids import PersonId

Kind = Literal["account", "guest"]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as others see them; *id* is a decimal account id, or `g` and digits for a guest."""

    id: PersonId
    name: str
    handle: str | None = None
    kind: Kind = "account"
    bot: bool = False

    @property
    def is_guest(self) -> bool:
        return self.kind == "guest"


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who has been recognised; *scopes* None means all that the account may do."""

    id: str  # decimal account id, or `g` and digits for a guest
    kind: Kind
    display: str
    handle: str | None = None
    bot: bool = False
    scopes: frozenset[str] | None = None

    @property
    def is_guest(self) -> bool:
        return self.kind == "guest"

    @property
    def person(self) -> Person:
        """The part of this identity that others may see."""
        return Person(id=PersonId(self.id), name=self.display, handle=self.handle, kind=self.kind, bot=self.bot)

    def has_scope(self, scope: str) -> bool:
        return self.scopes is None or scope in self.scopes
