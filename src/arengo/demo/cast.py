"""The sample people as the server knows them: an id and a token each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from arengo.demo.script import CHARACTERS, Character


@dataclass(frozen=True, slots=True)
class Member:
    """One of the cast."""

    character: Character
    id: str
    token: str


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody in the demo, by account name."""

    members: Mapping[str, Member]

    def __getitem__(self, name: str) -> Member:
        return self.members[name]

    def playing(self, part: str) -> tuple[Member, ...]:
        return tuple(self.members[c.name] for c in CHARACTERS if c.part == part)

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(member.id for member in self.members.values())
