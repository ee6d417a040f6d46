"""The ear of the tests: which of the known voices sound in a recording, from when to when.

A voice is recognised by the phase-weighted cross-correlation of a second of sound with the whole loop that its
microphone plays, so that two voices at once, another loudness, noise suppression and coding do not hide it, and
steady noise is not taken for it. Knapp and Carter, "The generalized correlation method for estimation of time
delay", 1976, with the weight that is usual for speech in rooms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]

RATE = 8_000  # Hz; what tells voices apart lies below 4 kHz
WINDOW_S = 1.0
HOP_S = 0.2
BAND_HZ = (200.0, 3_600.0)
WEIGHT = 0.75  # 0: plain correlation, 1: phase alone
# Peak over median of the correlation. A voice alone shows 50 to 100, under two others 30 to 70;
# noise and other voices show 7 to 21 (test_ear.py).
HEARD = 24.0
# A voice that sounds all the time is heard in most windows, one that does not in hardly any. On a busy machine a
# jitter buffer stretches and conceals; then the middle window still shows 20 and more, and 9 to 12 for an absent voice.
# Between the two is unclear.
PRESENT_IN_THE_MIDDLE, ABSENT = 17.0, 0.1
FRAME_S = 0.01
AUDIBLE_DB = -50.0  # of full scale, RMS of a 10 ms frame


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What one window shows: how clearly each voice stands out, and where in its loop it is."""

    at_s: float  # the middle of the window
    clearness: Mapping[str, float]
    position_s: Mapping[str, float]

    @property
    def voices(self) -> frozenset[str]:
        return frozenset(name for name, value in self.clearness.items() if value >= HEARD)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of sound, in seconds from the start of the recording."""

    start_s: float
    end_s: float


class Ear:
    """Knows some voices by the loops that their microphones play."""

    def __init__(self, loops: Mapping[str, tuple[Samples, int]]) -> None:
        self._loops = {name: _resample(samples, rate) for name, (samples, rate) in loops.items()}
        self._spectra = {name: np.conj(np.fft.rfft(loop)) for name, loop in self._loops.items()}

    def glimpses(self, samples: Samples, rate: int) -> list[Glimpse]:
        """Look at each second of a recording, five times a second."""
        heard = _resample(samples, rate)
        size, hop = int(WINDOW_S * RATE), int(HOP_S * RATE)
        found = []
        for start in range(0, max(1, len(heard) - size + 1), hop):
            window = heard[start : start + size]
            clearness, position = {}, {}
            for name in self._loops:
                clearness[name], position[name] = self._match(name, window)
            found.append(Glimpse((start + len(window) / 2) / RATE, clearness, position))
        return found

    def share(self, samples: Samples, rate: int) -> dict[str, float]:
        """For each voice, the share of the recording's windows in which it is heard."""
        glimpses = self.glimpses(samples, rate)
        return {name: sum(name in g.voices for g in glimpses) / len(glimpses) for name in self._loops}

    def voices(self, samples: Samples, rate: int) -> set[str]:
        """Who sounds throughout the recording; AssertionError where somebody sounds for a part of it."""
        glimpses = self.glimpses(samples, rate)
        share = {name: sum(name in g.voices for g in glimpses) / len(glimpses) for name in self._loops}
        middle = {name: float(np.median([g.clearness[name] for g in glimpses])) for name in self._loops}
        present = {name for name in self._loops if middle[name] >= PRESENT_IN_THE_MIDDLE}
        unclear = {name: (share[name], middle[name]) for name in self._loops if share[name] > ABSENT and name not in present}
        assert not unclear, f"heard for a part of the time: {unclear}"
        return present

    def _match(self, name: str, window: Samples) -> tuple[float, float]:
        loop = self._loops[name]
        if not np.any(window) or len(window) > len(loop):
            return 0.0, 0.0
        spectrum = np.fft.rfft(window * np.hanning(len(window)), n=len(loop)) * self._spectra[name]
        spectrum[: int(BAND_HZ[0] * len(loop) / RATE)] = 0.0
        spectrum[int(BAND_HZ[1] * len(loop) / RATE) :] = 0.0
        magnitude = np.abs(spectrum)
        spectrum /= np.maximum(magnitude, 1e-12) ** WEIGHT
        correlation = np.abs(np.fft.irfft(spectrum, n=len(loop)))
        floor = float(np.median(correlation))
        if floor == 0.0:
            return 0.0, 0.0
        peak = int(np.argmax(correlation))
        return float(correlation[peak]) / floor, ((len(loop) - peak) % len(loop)) / RATE


def loudness_db(samples: Samples, rate: int) -> Samples:
    """RMS of each 10 ms, in dB of full scale, -120 at least."""
    frame = int(FRAME_S * rate)
    count = len(samples) // frame
    power = np.mean(samples[: count * frame].reshape(count, frame) ** 2, axis=1)
    return np.asarray(10.0 * np.log10(np.maximum(power, 1e-12)))


def audible_spans(samples: Samples, rate: int, *, floor_db: float = AUDIBLE_DB, bridge_s: float = 0.3) -> list[Span]:
    """Where there is sound above *floor_db*; pauses shorter than *bridge_s* belong to the sound."""
    loud = np.flatnonzero(loudness_db(samples, rate) > floor_db)
    spans: list[Span] = []
    for index in loud:
        start, end = float(index * FRAME_S), float((index + 1) * FRAME_S)
        if spans and start - spans[-1].end_s <= bridge_s:
            spans[-1] = Span(spans[-1].start_s, end)
        else:
            spans.append(Span(start, end))
    return spans


def _resample(samples: Samples, rate: int) -> Samples:
    """To 8 kHz, by cutting the spectrum; the recordings are short."""
    if rate == RATE:
        return np.asarray(samples, dtype=np.float64)
    count = int(len(samples) * RATE / rate)
    spectrum = np.fft.rfft(samples)[: count // 2 + 1]
    return np.asarray(np.fft.irfft(spectrum, n=count) * (count / max(1, len(samples))))
