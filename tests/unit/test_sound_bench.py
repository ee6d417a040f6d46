"""What `make sound` rests on: packets lost by a seed, and recordings laid over each other."""

from __future__ import annotations

import base64
from itertools import groupby, islice

import numpy as np
import pytest
from benches.sound.hearing import RATE, Recording, Samples, delays, mixed, recording
from benches.sound.relay import CLEAR, Loss, losses

PACKETS = 100_000


def noise(seconds: float, *, seed: int = 1) -> Samples:
    return np.random.default_rng(seed).normal(scale=0.1, size=round(seconds * RATE))


@pytest.mark.parametrize("loss", [Loss(0.05), Loss(0.3), Loss(0.15, 3.0)])
def test_as_much_is_lost_as_was_said_in_bursts_as_long(loss: Loss) -> None:
    lost = list(islice(losses(loss, seed=1), PACKETS))
    runs = [len(list(run)) for is_lost, run in groupby(lost) if is_lost]
    assert sum(lost) / PACKETS == pytest.approx(loss.share, rel=0.03)
    assert sum(runs) / len(runs) == pytest.approx(max(loss.burst, 1 / (1 - loss.share)), rel=0.03)


def test_the_same_seed_loses_the_same_packets_and_another_others() -> None:
    first, again, other = (list(islice(losses(Loss(0.15), seed), 1_000)) for seed in (1, 1, 2))
    assert first == again != other


def test_a_clear_way_loses_nothing() -> None:
    assert not any(islice(losses(CLEAR, seed=1), 1_000))


def test_the_delay_is_found_whenever_the_recordings_began() -> None:
    sound = noise(6)
    spoken, heard = Recording(sound, start_s=100.0), Recording(np.concatenate([noise(0.5, seed=2), sound]), start_s=99.66)
    assert delays(spoken, heard) == pytest.approx([0.16] * len(delays(spoken, heard)), abs=0.001)


def test_a_voice_that_moves_to_another_line_is_heard_whole() -> None:
    sound = noise(4)
    lines = [Recording(sound[: 2 * RATE], start_s=7.0), Recording(sound[2 * RATE :], start_s=9.0)]
    assert mixed(lines).samples == pytest.approx(sound)


def test_frames_that_were_not_taped_are_counted() -> None:
    frame = RATE // 100
    times = [10_000 * number for number in range(100) if not 40 <= number < 43]
    tape = {"rate": RATE, "times": times, "pcm": base64.b64encode(bytes(2 * frame * len(times)))}
    assert recording(tape).missing == 3
