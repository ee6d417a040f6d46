"""What a listener heard beside what was spoken: aligned by correlation, judged by PESQ, timed by short windows."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]

RATE = 16_000  # of wide-band PESQ; everything here is at this rate
WINDOW_S = 8.0
_GLIMPSE_S, _STEP_S = 0.5, 0.25  # for the delay
_LATEST_S = 1.5  # nobody hears later than this
_ALIKE = 0.6  # correlation from which a glimpse is dated
_AUDIBLE = 0.01  # -40 dB


class Recording(NamedTuple):
    """Samples between -1 and 1, and when the first of them was, in seconds of the machine's clock."""

    samples: Samples
    start_s: float
    missing: int = 0  # frames that the browser dropped before they were taped

    @property
    def end_s(self) -> float:
        return self.start_s + len(self.samples) / RATE

    def piece(self, start_s: float, seconds: float) -> Samples:
        """What was recorded in that time, with silence where nothing was."""
        first, length = round((start_s - self.start_s) * RATE), round(seconds * RATE)
        have = self.samples[max(0, first) : max(0, first + length)]
        before = min(length, max(0, -first))
        return np.pad(have, (before, length - before - len(have)))


def recording(tape: dict[str, Any]) -> Recording:
    """A tape of the page. Times of single frames waver with the machine, so all of them together date the whole."""
    samples = np.frombuffer(base64.b64decode(tape["pcm"]), dtype="<i2").astype(np.float64) / 32_768
    if len(samples) == 0:
        return Recording(samples, 0.0)
    times, frame_s = np.array(tape["times"]) / 1e6, len(samples) / len(tape["times"]) / tape["rate"]
    missing = round((times[-1] - times[0]) / frame_s) + 1 - len(times)
    return Recording(resampled(samples, tape["rate"]), float(np.median(times - frame_s * np.arange(len(times)))), missing)


def resampled(samples: Samples, rate: int) -> Samples:
    """At 16 kHz, by leaving out the upper part of the spectrum."""
    length = len(samples) * RATE // rate
    return np.fft.irfft(np.fft.rfft(samples)[: length // 2 + 1], length) * (length / max(1, len(samples)))


def mixed(recordings: list[Recording]) -> Recording:
    """All of them laid over each other, as ears hear them."""
    sounding = [one for one in recordings if len(one.samples)]
    start_s, end_s = min(one.start_s for one in sounding), max(one.end_s for one in sounding)
    total = np.sum([one.piece(start_s, end_s - start_s) for one in sounding], axis=0)
    return Recording(total, start_s, sum(one.missing for one in sounding))


def lag(spoken: Samples, heard: Samples) -> tuple[float, float]:
    """How many seconds into *heard* the shorter *spoken* begins, and how alike the two are there, 0 to 1."""
    size = 1 << (len(heard) + len(spoken)).bit_length()
    product = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(spoken, size)), size)
    energy = np.concatenate([[0.0], np.cumsum(heard**2)])
    around = np.sqrt(np.maximum(energy[len(spoken) :] - energy[: -len(spoken)], 1e-9) * np.sum(spoken**2))
    likeness = product[: len(around)] / np.maximum(around, 1e-9)
    best = int(np.argmax(likeness))
    return best / RATE, float(likeness[best])


def delays(spoken: Recording, heard: Recording) -> list[float]:
    """Mouth to ear in seconds for each half second that was loud enough and came recognisably."""
    starts = np.arange(spoken.start_s, min(spoken.end_s, heard.end_s) - _LATEST_S - _GLIMPSE_S, _STEP_S)
    said = ((start_s, spoken.piece(start_s, _GLIMPSE_S)) for start_s in starts)
    found = [lag(piece, heard.piece(start_s, _GLIMPSE_S + _LATEST_S)) for start_s, piece in said if np.std(piece) > _AUDIBLE]
    return [late for late, likeness in found if likeness > _ALIKE]


def qualities(spoken: Recording, heard: Recording, windows: int) -> list[float]:
    """Wide-band PESQ (ITU-T P.862.2) of each window of eight seconds."""
    from pesq import PesqError, pesq

    scores = []
    for start_s in np.arange(spoken.start_s, min(spoken.end_s, heard.end_s) - WINDOW_S, WINDOW_S)[:windows]:
        said = spoken.piece(start_s, WINDOW_S)
        late, _ = lag(said, heard.piece(start_s, WINDOW_S + _LATEST_S))
        scores.append(float(pesq(RATE, said, heard.piece(start_s + late, WINDOW_S), "wb", on_error=PesqError.RETURN_VALUES)))
    return [score for score in scores if score > 0]
