"""The voices that the fake microphones of the tests play: continuous speech, each in its own words."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from tests.voices.ear import Ear, Samples
from tests.voices.synthesis import Espeak, Flite, Synthesiser, read_wav, run, speak_words, write_wav

LOOP_S = 12.0  # a length whose spectrum is quick to compute
ARTIFACTS = Path(__file__).parents[1] / ".artifacts" / "voices"

WORDS: dict[str, tuple[Synthesiser, str]] = {
    "ann": (
        Flite("slt"),
        "The market opens before the sun has reached the square. Bread comes first, then cheese from the hills, "
        "then flowers in wet paper. By nine the children are in school and the old men have taken the bench by the "
        "fountain, where they will settle every question of the week before lunch.",
    ),
    "ben": (
        Flite("rms"),
        "A railway once ran along this valley, with eleven bridges and a tunnel that leaked in every season. My "
        "grandfather oiled its signals. When the last train left, he kept the lamp from the final carriage, and we "
        "light it on the evening of his birthday.",
    ),
    "cal": (
        Flite("awb"),
        "Take two onions and chop them finer than you think you need. Warm the oil slowly, never let it smoke. Add "
        "the beans, a bay leaf, half a glass of wine, and wait. Waiting is the part of cooking that nobody writes "
        "down, and it is the part that matters.",
    ),
    "dan": (
        Flite("kal16"),
        "The map of the old town hangs in the library, and it is wrong in seven places. Nobody has corrected it, since "
        "every mistake has a story by now. One alley that was never built has a name, a saint, and a feast in August.",
    ),
    "eve": (
        Espeak("en-gb+f3", speed=150),
        "We measured the rain in jam jars, one on every balcony, and wrote the figures on the kitchen wall. After "
        "twenty years the wall knows more about the weather than the newspaper, and it has never once been late.",
    ),
}
# Dan and Eve sit far from their microphones.
GAIN_DB = {"dan": -22, "eve": -22}


def voice_file(name: str) -> Path:
    """The microphone loop of a voice, made at first use: 12 s at 48 kHz, mono, with no pause longer than 60 ms."""
    out = ARTIFACTS / f"{name}.wav"
    if not out.exists():
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        by, text = WORDS[name]
        spoken, partial = out.with_suffix(f".{os.getpid()}.spoken.wav"), out.with_suffix(f".{os.getpid()}.wav")
        speak_words(by, text, spoken)
        run(
            "sox",
            "-R",
            str(spoken),
            str(partial),
            "silence",
            "-l",
            "1",
            "0.02",
            "1%",
            "-1",
            "0.06",
            "1%",
            "trim",
            "0",
            str(LOOP_S),
            "gain",
            str(GAIN_DB.get(name, 0)),
        )
        spoken.unlink()
        partial.rename(out)
    return out


def talk_file(name: str) -> Path:
    """The same voice as Ogg Opus with 20 ms frames and measured levels."""
    from tests.voices.opus import encode_with_levels

    out = ARTIFACTS / f"{name}.opus"
    if not out.exists():
        partial = out.with_suffix(f".{os.getpid()}.opus")
        encode_with_levels(voice_file(name), partial, serial=1, bitrate_kbit=32, tags={"TITLE": name})
        partial.rename(out)
    return out


def quiet_talk_file(name: str, *, quieter_db: int) -> Path:
    """The talk of `talk_file`, so much quieter."""
    from tests.voices.opus import encode_with_levels

    out = ARTIFACTS / f"{name}-{quieter_db}.opus"
    if not out.exists():
        partial, wav = out.with_suffix(f".{os.getpid()}.opus"), out.with_suffix(f".{os.getpid()}.wav")
        run("sox", "-R", str(voice_file(name)), str(wav), "gain", str(-quieter_db))
        encode_with_levels(wav, partial, serial=1, bitrate_kbit=32, tags={"TITLE": name})
        wav.unlink()
        partial.rename(out)
    return out


def paused_voice_file(name: str) -> Path:
    """The microphone loop of `voice_file` with a pause of a second after every three."""
    out = ARTIFACTS / f"{name}-paused.wav"
    if not out.exists():
        partial = out.with_suffix(f".{os.getpid()}.wav")
        samples, rate = voice_samples(name)
        pieces = np.split(samples, range(3 * rate, len(samples), 3 * rate))
        write_wav(partial, np.concatenate([part for piece in pieces for part in (piece, np.zeros(rate))]), rate)
        partial.rename(out)
    return out


def voice_samples(name: str) -> tuple[Samples, int]:
    return read_wav(voice_file(name))


def ear(*names: str) -> Ear:
    """An ear that knows the voices named, or all."""
    return Ear({name: voice_samples(name) for name in names or tuple(WORDS)})
