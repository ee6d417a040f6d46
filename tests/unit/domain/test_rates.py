"""A bucket lets through what its rate says, and no more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from arengo.domain.rates import Bucket, Rate

RATE = Rate(most=5, period_s=10)


def test_as_many_as_the_rate_says_fit_at_once_and_then_one_every_part_of_the_period() -> None:
    bucket = Bucket()
    for _ in range(5):
        assert bucket.wait(RATE, 100.0) == 0
        bucket = bucket.poured(RATE, 100.0)

    assert bucket.wait(RATE, 100.0) == 2.0
    assert bucket.wait(RATE, 102.0) == 0


@given(st.lists(st.floats(0, 30), max_size=60), st.integers(1, 8), st.floats(0.5, 20))
def test_in_no_period_does_more_come_through_than_twice_the_rate(gaps: list[float], most: int, period_s: float) -> None:
    rate, bucket, now, let_through = Rate(most, period_s), Bucket(), 0.0, []
    for gap in gaps:
        now += gap
        if bucket.wait(rate, now) == 0:
            bucket = bucket.poured(rate, now)
            let_through.append(now)

    for begin in let_through:
        assert sum(begin <= at < begin + period_s for at in let_through) <= 2 * most


def test_a_clock_that_goes_back_drains_nothing() -> None:
    bucket = Bucket().poured(RATE, 100.0)

    assert bucket.drained(RATE, 50.0).level == 1.0
