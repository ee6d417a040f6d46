"""What a decision is told of the world beside the space itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from arengo.domain.events import Presence
from arengo.domain.ids import NO_VOICE, Voice


@dataclass(frozen=True, slots=True)
class Moment:
    """The time (UTC, whole milliseconds), whether who asks is connected, and the voice number that is theirs."""

    now: datetime
    voice: Voice = NO_VOICE
    presence: Presence = Presence.HERE
