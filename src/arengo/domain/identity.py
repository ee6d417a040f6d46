"""Who asks: an account or a guest, known by which credential, and with which scopes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from arengo.domain.ids import PersonId

Kind = Literal["account", "guest"]
CredentialKind = Literal["login", "token", "pass"]


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


@dataclass(slots=True, eq=False, weakref_slot=True)
class Credential:
    """What somebody was recognised by: a login, an API token or a guest's pass, never its secret.

    It ends once, and stays ended. A request, a channel or a media session keeps the credential that opened it,
    so it sees the end even if it began before.
    """

    kind: CredentialKind
    person: str = ""  # empty until the database has said whose it is
    id: str = ""  # of the login or token, as its owner sees it in a list
    has_ended: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who has been recognised; *scopes* None means all that the account may do."""

    id: str  # decimal account id, or `g` and digits for a guest
    kind: Kind
    display: str
    handle: str | None = None
    bot: bool = False
    scopes: frozenset[str] | None = None
    credential: Credential | None = field(default=None, compare=False)  # None: named by somebody else, as in a directory

    @property
    def is_guest(self) -> bool:
        return self.kind == "guest"

    @property
    def person(self) -> Person:
        """The part of this identity that others may see."""
        return Person(id=PersonId(self.id), name=self.display, handle=self.handle, kind=self.kind, bot=self.bot)

    def has_scope(self, scope: str) -> bool:
        return self.scopes is None or scope in self.scopes
