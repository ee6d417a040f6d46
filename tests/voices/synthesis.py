"""Make speech out of words with the synthesisers that Debian packages: flite for English, espeak-ng for Italian.

Needs the packages flite, espeak-ng, sox and, for files that are shipped, opus-tools.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Flite:
    """A voice of Carnegie Mellon's flite."""

    voice: str
    stretch: float = 1.0


@dataclass(frozen=True, slots=True)
class Espeak:
    """A variant of espeak-ng; *speed* in words a minute."""

    voice: str
    speed: int = 150
    pitch: int = 50


Synthesiser = Flite | Espeak


class ToolMissing(RuntimeError):
    """A program that makes speech is not installed; the message names its package."""


_PACKAGES = {"flite": "flite", "espeak-ng": "espeak-ng", "sox": "sox", "opusenc": "opus-tools", "opusdec": "opus-tools"}


def run(*command: str) -> None:
    """Run a program to its end; ToolMissing when there is none."""
    if shutil.which(command[0]) is None:
        raise ToolMissing(f"{command[0]} is needed: apt-get install {_PACKAGES.get(command[0], command[0])}")
    subprocess.run(command, check=True, capture_output=True)


def speak_words(by: Synthesiser, text: str, out: Path, *, rate: int = 48_000, tail_s: float = 0.0) -> None:
    """Write *text* as mono 16-bit speech of *rate* Hz, its silent edges cut, its peak at -8 dB."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.wav"
        match by:
            case Flite(voice, stretch):
                run("flite", "-voice", voice, "--setf", f"duration_stretch={stretch}", "-t", text, "-o", str(raw))
            case Espeak(voice, speed, pitch):
                run("espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "-w", str(raw), text)
        edge = ("silence", "1", "0.02", "0.5%")
        effects: Sequence[str] = (
            "highpass", "70", "compand", "0.01,0.2", "6:-60,-60,-30,-18,0,-6", "norm", "-8",
            *edge, "fade", "0.01", "reverse", *edge, "fade", "0.03", "reverse", "pad", "0.06", str(0.12 + tail_s),
        )  # fmt: skip
        run("sox", "-R", str(raw), "-r", str(rate), "-c", "1", "-b", "16", str(out), *effects)


def read_wav(path: Path) -> tuple[NDArray[np.float64], int]:
    """Samples between -1 and 1 of a 16-bit file, its channels mixed to one, and their rate in Hz."""
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, file.getnchannels())
        return samples.astype(np.float64).mean(axis=1) / 32768.0, file.getframerate()


def write_wav(path: Path, samples: NDArray[np.float64], rate: int) -> None:
    """Write samples between -1 and 1 as a mono 16-bit file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())


def frame_levels(samples: NDArray[np.float64], *, frame: int, lead: int) -> list[int]:
    """RFC 6464 levels, -dBov from 0 to 127, of the frames of *samples* after *lead* samples of silence."""
    padded = np.concatenate([np.zeros(lead), samples])
    count = -(-len(padded) // frame)
    padded = np.pad(padded, (0, count * frame - len(padded)))
    power = np.mean(padded.reshape(count, frame) ** 2, axis=1)
    # 0 dBov is the power of a full-scale square wave (RFC 6464, section 3, after ITU-T P.56's dBov).
    with np.errstate(divide="ignore"):
        decibels = -10.0 * np.log10(power)
    return [round(min(127.0, max(0.0, float(value)))) for value in decibels]
