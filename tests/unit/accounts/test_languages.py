"""The reader's language, as far as we speak it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arengo.web.languages import LANGUAGES, preferred


@pytest.mark.parametrize(
    ("told", "language"),
    [
        ("", "en"),
        ("it", "it"),
        ("it-CH, en;q=0.5", "it"),
        ("en-GB, it", "en"),
        ("de, fr;q=0.9", "en"),
        ("de, it;q=0.2, en;q=0.1", "it"),
        ("it;q=0, en;q=0", "en"),
        ("IT", "it"),
        ("it;q=x, en;q=0.1", "en"),
    ],
)
def test_the_language_that_weighs_most_is_taken(told: str, language: str) -> None:
    assert preferred(told) == language


@given(st.text(max_size=300))
def test_nothing_that_a_browser_says_breaks_it(told: str) -> None:
    assert preferred(told) in LANGUAGES
