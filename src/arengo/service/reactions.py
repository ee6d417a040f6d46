"""Emoji gathered between two pulses."""

from __future__ import annotations

from arengo.domain import refusals
from arengo.domain.ids import PersonId
from arengo.service.news import Reactions

REACTIONS: tuple[str, ...] = ("❤️", "👏", "😂", "🫒", "✋", "👍", "🔥", "🤔")
NAMED_MOST = 8


class ReactionCounter:
    """How often each emoji was sent since it was last asked."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._people: dict[str, list[PersonId]] = {}

    def add(self, emoji: str, person: PersonId) -> None:
        """Count one, or refuse with `unknown_emoji`."""
        if emoji not in REACTIONS:
            raise refusals.unknown_emoji()
        self._counts[emoji] = self._counts.get(emoji, 0) + 1
        named = self._people.setdefault(emoji, [])
        if len(named) < NAMED_MOST and person not in named:
            named.append(person)

    def take(self) -> tuple[Reactions, ...]:
        """Give what was gathered, and begin anew."""
        gathered = tuple(Reactions(emoji, count, tuple(self._people[emoji])) for emoji, count in self._counts.items())
        self._counts.clear()
        self._people.clear()
        return gathered
