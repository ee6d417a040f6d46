"""What the fake microphone says: read speech with few pauses, and speech with pauses of a second."""

from __future__ import annotations

import re
import tempfile
from enum import Enum
from pathlib import Path

import numpy as np
from tests.voices.fixtures import WORDS
from tests.voices.synthesis import read_wav, speak_words, write_wav

RATE = 48_000
_READERS = ("ann", "ben", "cal")
_ROOM = 10 ** (-66 / 20)  # a quiet room, below what any voice detection takes for speech


class Speech(Enum):
    """How somebody speaks; the value is the pause after each sentence, in seconds."""

    READ = 0.05
    PAUSED = 1.0


def speech_file(speech: Speech, folder: Path) -> Path:
    """The microphone's loop, made at first use: three voices, mono, 48 kHz, the same bytes each time."""
    out = folder / f"{speech.name.lower()}.wav"
    if not out.exists():
        parts = []
        with tempfile.TemporaryDirectory() as scratch:
            for name in _READERS:
                by, text = WORDS[name]
                for sentence in re.split(r"(?<=\.) ", text):
                    speak_words(by, sentence, Path(scratch) / "sentence.wav")
                    samples, rate = read_wav(Path(scratch) / "sentence.wav")
                    assert rate == RATE
                    parts += [samples, np.zeros(round(speech.value * RATE))]
        whole = np.concatenate(parts)
        write_wav(out, whole + np.random.default_rng(1).normal(scale=_ROOM, size=len(whole)), RATE)
    return out
