"""What a host decides about a space before and while it lives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

STAGE_CAPACITY = 13
MOST_COHOSTS = 2


class Visibility(Enum):
    PUBLIC = "public"
    PRIVATE = "private"


class WhoMaySpeak(Enum):
    EVERYONE = "everyone"
    FOLLOWS = "follows"
    INVITED = "invited"


@dataclass(frozen=True, slots=True)
class Settings:
    """Already clean; *capacity* counts the places on stage, one for the host and two for co-hosts among them."""

    title: str
    topics: tuple[str, ...] = ()
    lang: str | None = None
    visibility: Visibility = Visibility.PUBLIC
    who_may_speak: WhoMaySpeak = WhoMaySpeak.INVITED
    guests_allowed: bool = True
    capacity: int = STAGE_CAPACITY
    scheduled_start: datetime | None = None

    @property
    def speaker_places(self) -> int:
        """Places for speakers; the host's and the co-hosts' are kept for them."""
        return max(self.capacity - 1 - MOST_COHOSTS, 1)
