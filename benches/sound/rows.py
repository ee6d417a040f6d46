"""The conditions that are measured, and what has to be reached under each."""

from __future__ import annotations

from dataclasses import dataclass

from benches.sound.relay import Loss
from benches.sound.speech import Speech
from benches.sound.systems import Scene

BETTER_BY = 0.2  # PESQ above LiveKit's, where packets are lost
CLOSE_MS = 10.0  # mouth to ear beyond a direct connection's
TARGET_MS = 40.0
CONCEALED = 0.001

ALL = ("direct", "livekit", "arengo")
BOTH = ("livekit", "arengo")


@dataclass(frozen=True, slots=True)
class Row:
    """One condition, and which systems meet it; not *seeded*: for the first seed alone."""

    key: str
    title: str
    scene: Scene
    speech: Speech = Speech.READ
    systems: tuple[str, ...] = ALL
    seeded: bool = True

    @property
    def is_lossy(self) -> bool:
        return max(self.scene.to_listener.share, self.scene.from_speaker.share) > 0

    @property
    def together(self) -> list[tuple[str, ...]]:
        """Which systems are measured at the same time: those with Firefox one by one, for it takes much of a machine."""
        return [(name,) for name in self.systems] if self.scene.firefox else [self.systems]


ROWS = (
    Row("0", "no loss", Scene()),
    Row("5", "5 % random", Scene(to_listener=Loss(0.05)), systems=BOTH),
    Row("15", "15 % random", Scene(to_listener=Loss(0.15)), systems=BOTH),
    Row("30", "30 % random", Scene(to_listener=Loss(0.3)), systems=BOTH),
    Row("bursts", "15 % in bursts of 3 on average", Scene(to_listener=Loss(0.15, 3.0)), systems=BOTH),
    Row("in", "15 % on the speaker's way in", Scene(from_speaker=Loss(0.15)), systems=BOTH),
    Row("firefox-0", "Firefox listens, no loss", Scene(firefox=True), systems=BOTH, seeded=False),
    Row("firefox-15", "Firefox listens, 15 % random", Scene(Loss(0.15), firefox=True), systems=BOTH, seeded=False),
    Row("read", "read speech, few pauses", Scene(relayed=False)),
    Row("paused", "speech with pauses of a second", Scene(relayed=False), Speech.PAUSED),
    Row("three", "three speakers with pauses", Scene(relayed=False, speakers=3), Speech.PAUSED, ("arengo",)),
    Row("six", "six speakers with pauses", Scene(relayed=False, speakers=6), Speech.PAUSED, ("arengo",)),
)
LOSS = tuple(row for row in ROWS if row.scene.relayed)
STRAIGHT = tuple(row for row in ROWS if not row.scene.relayed)
