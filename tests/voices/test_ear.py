"""The ear that the end-to-end tests trust is itself tested on mixtures whose parts are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.voices.ear import Ear, Samples, audible_spans
from tests.voices.fixtures import ear, talk_file, voice_samples
from tests.voices.opus import decode

RATE = 48_000
SECONDS = 5


@pytest.fixture(scope="module")
def trained() -> Ear:
    return ear()


def a_piece(name: str, *, from_s: float = 2.0, seconds: float = SECONDS, gain: float = 1.0) -> Samples:
    samples, rate = voice_samples(name)
    assert rate == RATE
    return gain * samples[int(from_s * rate) : int((from_s + seconds) * rate)]


def noise(level: float, *, seed: int = 5) -> Samples:
    return np.random.default_rng(seed).normal(scale=level, size=SECONDS * RATE)


@pytest.mark.parametrize("name", ["ann", "ben", "cal"])
def test_a_voice_alone_is_known_and_no_other_is_imagined(trained: Ear, name: str) -> None:
    assert trained.voices(a_piece(name), RATE) == {name}


def test_two_voices_at_once_are_both_known_and_the_third_is_not(trained: Ear) -> None:
    assert trained.voices(a_piece("ann") + a_piece("cal", from_s=5.0), RATE) == {"ann", "cal"}


def test_three_voices_at_once_are_all_known(trained: Ear) -> None:
    assert trained.voices(a_piece("ann") + a_piece("ben", from_s=0.4) + a_piece("cal", from_s=6.0), RATE) == {"ann", "ben", "cal"}


def test_a_voice_ten_decibels_under_another_is_known(trained: Ear) -> None:
    assert trained.voices(a_piece("ben") + a_piece("ann", gain=0.32), RATE) == {"ann", "ben"}


def test_noise_a_tone_and_silence_are_nobody(trained: Ear) -> None:
    tone = 0.3 * np.sin(np.arange(SECONDS * RATE) * 2 * np.pi * 440 / RATE)
    for samples in (noise(0.1), tone, np.zeros(SECONDS * RATE)):
        assert trained.voices(samples, RATE) == set()


def test_coding_noise_and_lost_packets_do_not_hide_a_voice(trained: Ear) -> None:
    decoded, rate = decode(talk_file("ann"))
    assert rate == RATE
    damaged = 0.4 * decoded[RATE : RATE + SECONDS * RATE] + noise(0.02)
    for start in range(0, len(damaged), RATE // 5):
        damaged[start : start + RATE // 25] = 0.0
    assert trained.voices(damaged, RATE) == {"ann"}


def test_where_in_its_loop_a_voice_is_comes_out_right(trained: Ear) -> None:
    for glimpse in trained.glimpses(a_piece("ben", from_s=3.0), RATE):
        assert glimpse.position_s["ben"] == pytest.approx(3.0 + glimpse.at_s - 0.5, abs=0.01)


def test_a_voice_that_starts_and_stops_is_dated_to_ten_milliseconds() -> None:
    silence = np.zeros(RATE)
    samples = np.concatenate([silence, a_piece("cal", seconds=2.0), silence, a_piece("cal", seconds=1.0)])
    spans = audible_spans(samples, RATE)
    assert [span.start_s for span in spans] == pytest.approx([1.0, 4.0], abs=0.06)
    assert [span.end_s for span in spans] == pytest.approx([3.0, 5.0], abs=0.06)


def test_a_tail_that_decays_is_not_taken_for_silence() -> None:
    tail = a_piece("ann", seconds=1.0) * np.exp(-np.arange(RATE) / (0.1 * RATE))
    assert audible_spans(np.concatenate([a_piece("ann", from_s=1.0, seconds=1.0), tail]), RATE)[0].end_s > 1.2


def test_microphone_loops_have_no_pause_in_which_a_voice_could_seem_to_have_ended(tmp_path: Path) -> None:
    for name in ("ann", "ben", "cal"):
        samples, rate = voice_samples(name)
        assert len(samples) == 12 * rate
        assert len(audible_spans(np.tile(samples, 2), rate, bridge_s=0.12)) == 1
