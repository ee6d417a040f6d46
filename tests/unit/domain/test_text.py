"""What people write."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.domain.refused import refused

from arengo.domain.text import NAME_MOST, TITLE_MOST, clean, clean_label, clean_lang, clean_name, clean_title, clean_topics


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


NOTHING_TO_SEE = {
    "nothing": "",
    "spaces": " \u00a0\u3000\u2003",
    "zero width": "\u200b\u200c\u200d\u2060\ufeff",
    "bidi controls": "\u202a\u202e\u2066\u2069\u200e\u200f\u061c",
    "controls": "\x00\x01\x7f",
    "Hangul fillers": "\u115f\u1160\u3164\uffa0",
    "braille blank": "\u2800\u2800",
    "variation selectors": "\ufe00\ufe0f\U000e0100\u180b",
    "tags": "\U000e0041\U000e007f",
    "soft hyphen": "\u00ad",
    "marks alone": "\u0301\u20dd\u034f",
    "Khmer vowels": "\u17b4\u17b5",
    "musical": "\U0001d159\U0001d173",
    "object": "\ufffc",
    "interlinear": "\ufff9\ufffa\ufffb",
    "a mixture": "\u3164\u200d\u2800\ufe0f\u0301",
}


@pytest.mark.parametrize("raw", NOTHING_TO_SEE.values(), ids=NOTHING_TO_SEE)
def test_what_cannot_be_seen_is_neither_a_title_nor_a_name_nor_a_topic_nor_a_label(raw: str) -> None:
    with refused("title_empty"):
        clean_title(raw)
    with refused("name_invalid"):
        clean_name(raw)
    with refused("topics_invalid"):
        clean_topics([raw])
    with refused("label_invalid"):
        clean_label(raw, most=60)


@pytest.mark.parametrize("raw", [raw for name, raw in NOTHING_TO_SEE.items() if name not in ("spaces", "marks alone", "a mixture")])
def test_what_cannot_be_seen_makes_no_second_name_that_looks_the_same(raw: str) -> None:
    assert clean_name(f"{raw}Ann{raw}a{raw}") == clean_name("Anna" if "\u2800" not in raw else "Ann a")


@pytest.mark.parametrize(
    "name",
    [
        "Niccolò Dell’Orto",
        "Søren Ærø",
        "محمد علي",
        "می‌خواهم",  # Persian: a non-joiner between letters that would join
        "هـ ١٤٤٧ه‍",  # Arabic: a joiner that gives the year its form
        "क्‍ष",  # Hindi: a joiner after a virama
        "र्‍य",
        "ශ්‍රී ලංකා",  # Sinhala
        "ന്‍",  # Malayalam, the older spelling
        "ക്‌ഷ",
        "বাংলা",
        "ไทย ภาษา",
        "עִבְרִית",
        "葛\U000e0100城",  # Japanese: which form of the character a family writes
        "ᠮᠣᠩᠭᠣᠯ",
        "ᠪᠠ\u180b",  # Mongolian: which form of the letter
        "हिन्दी",
        "👩‍👩‍👧‍👦",
        "👩🏽‍🌾 harvest",
        "🏳️‍🌈",
        "❤️ ‼️ ℹ️ ↔️",
        "3️⃣ #️⃣",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # Scotland
        "🇮🇹",
        "⠃⠗⠁⠊⠇⠇⠑",
    ],
)
def test_names_of_every_script_and_emoji_stay_as_they_are(name: str) -> None:
    assert clean_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("An\u200dna", "Anna"),
        ("An\u200cna", "Anna"),
        ("Anna\ufe0f", "Anna"),
        ("Anna 1\ufe0f", "Anna 1"),
        ("Anna\U000e0100", "Anna"),
        ("مح\u200dمد", "محمد"),
        ("محمد\u200c", "محمد"),
        ("क्\u200c", "क्"),
        ("👩\u200d", "👩"),
        ("👩\u200dAnna", "👩Anna"),
        ("🏴\U000e0067\U000e0062", "🏴"),
        ("Ann\u2800a", "Ann a"),
    ],
)
def test_an_invisible_character_that_changes_nothing_is_dropped(raw: str, name: str) -> None:
    assert clean_name(raw) == name


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


TRICKY = st.sampled_from(
    "aA1# ीक्षمح葛ᠮ👩🏽❤🏴🌾é\u0301\u20e3\u200b\u200c\u200d\ufe0e\ufe0f\u180b\u2800\U000e0067\U000e007f\U000e0100\u3164"
)


@given(st.text(max_size=300) | st.text(TRICKY, max_size=30))
def test_cleaning_twice_is_cleaning_once(raw: str) -> None:
    once = clean(raw)
    assert clean(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert all(unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp") for c in once)
