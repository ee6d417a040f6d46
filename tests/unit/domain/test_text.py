"""What people write."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.domain.refused import refused

from arengo.domain.text import NAME_MOST, TITLE_MOST, clean, clean_lang, clean_name, clean_title, clean_topics


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        ("  Piazza   aperta ", "Piazza aperta"),
        ("one\nline\tonly", "one line only"),
        ("a\u202eb\u2066c", "abc"),
        ("nul\x00l", "null"),
        ("Cafe\u0301", "Café"),
        ("👩‍🌾 harvest", "👩‍🌾 harvest"),
        ("\ud800x", "x"),
    ],
)
def test_a_title_is_cleaned(raw: str, title: str) -> None:
    assert clean_title(raw) == title


@pytest.mark.parametrize("raw", ["", "   ", "\u200b\u200d", "\u202e", "\x00\x01", "\u0301"])
def test_a_title_with_nothing_to_see_is_empty(raw: str) -> None:
    with refused("title_empty"):
        clean_title(raw)


@pytest.mark.parametrize("raw", ["x" * (TITLE_MOST + 1), "x" * 1_000_000, "\u200b" * 1_000_000])
def test_a_title_has_a_most(raw: str) -> None:
    with refused("title_too_long"):
        clean_title(raw)


def test_a_title_may_have_all_its_characters() -> None:
    assert clean_title("é" * TITLE_MOST) == "é" * TITLE_MOST


@pytest.mark.parametrize("raw", ["", "\u200f", "n" * (NAME_MOST + 1), "n" * 1_000_000])
def test_a_name_has_from_one_to_its_most(raw: str) -> None:
    with refused("name_invalid"):
        clean_name(raw)


def test_topics_are_named_once_without_their_sign() -> None:
    assert clean_topics(["#News", "news", " Arte "]) == ("News", "Arte")


@pytest.mark.parametrize("raw", [["a", "b", "c", "d"], [""], ["t" * 31], ["t" * 1_000_000]])
def test_too_many_or_too_long_topics_are_refused(raw: list[str]) -> None:
    with refused("topics_invalid"):
        clean_topics(raw)


def test_a_language_is_a_tag() -> None:
    assert clean_lang("pt-BR") == "pt-BR"
    assert clean_lang(None) is None
    with refused("lang_invalid"):
        clean_lang("not a tag")


@given(st.text(max_size=300))
def test_cleaning_twice_is_cleaning_once(raw: str) -> None:
    once = clean(raw)
    assert clean(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert all(unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp") for c in once)
