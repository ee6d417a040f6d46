"""The conditions that are measured, what is said under each, and what has to be reached."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
from benches.sound.relay import Loss
from benches.sound.systems import Scene
from tests.voices.fixtures import WORDS
from tests.voices.synthesis import read_wav, speak_words, write_wav

BETTER_BY = 0.2  # PESQ above LiveKit's, where packets are lost
CLOSE_MS = 10.0  # mouth to ear beyond a direct connection's
TARGET_MS, CONCEALED = 40.0, 0.001  # at most, of the jitter buffer and of the sound

ALL = ("direct", *(BOTH := ("livekit", "arengo")))
_RATE = 48_000
_ROOM = 10 ** (-66 / 20)  # a quiet room, below what any voice detection takes for speech


class Speech(Enum):
    """How somebody speaks; the value is the pause after each sentence, in seconds."""

    READ = 0.05
    PAUSED = 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """One condition, and which systems meet it; not *seeded*: for the first seed alone."""

    key: str
    title: str
    scene: Scene
    speech: Speech = Speech.READ
    systems: tuple[str, ...] = ALL
    seeded: bool = True


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


def speech_file(speech: Speech, folder: Path) -> Path:
    """The microphone's loop, made at first use: three voices, mono, 48 kHz, the same bytes each time."""
    out = folder / f"{speech.name.lower()}.wav"
    if not out.exists():
        parts = []
        with tempfile.TemporaryDirectory() as scratch:
            for by, text in (WORDS[name] for name in ("ann", "ben", "cal")):
                for sentence in re.split(r"(?<=\.) ", text):
                    speak_words(by, sentence, Path(scratch) / "sentence.wav")
                    parts += [read_wav(Path(scratch) / "sentence.wav")[0], np.zeros(round(speech.value * _RATE))]
        whole = np.concatenate(parts)
        write_wav(out, whole + np.random.default_rng(1).normal(scale=_ROOM, size=len(whole)), _RATE)
    return out
