"""What people write: cleaned, measured, and refused where it is empty or too long.

Rule 1: text is trimmed, in NFC, on one line; controls, bidirectional overrides and invisible fillers are dropped.
Rule 2: lengths are in characters after cleaning; what is far too long is refused before any work is done on it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from arengo.domain.errors import Refusal

TITLE_MOST = 100
NAME_MOST = 50
TOPIC_MOST = 30
TOPICS_MOST = 3
_RAW_FACTOR = 4  # cleaning may shorten a text, but not by more than this

_DROPPED = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
_LANG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}\Z")


def clean_title(raw: str) -> str:
    """Give the title of a space, or refuse with `title_empty` or `title_too_long`."""
    if len(raw) > TITLE_MOST * _RAW_FACTOR:
        raise _title_too_long()
    title = clean(raw)
    if not has_substance(title):
        raise Refusal("A space needs a title.", code="title_empty")
    if len(title) > TITLE_MOST:
        raise _title_too_long()
    return title


def clean_name(raw: str) -> str:
    """Give a display name, or refuse with `name_invalid`."""
    name = clean(raw) if len(raw) <= NAME_MOST * _RAW_FACTOR else ""
    if not has_substance(name) or len(name) > NAME_MOST:
        raise Refusal(f"A name has from 1 to {NAME_MOST} characters.", code="name_invalid", facts={"most": NAME_MOST})
    return name


def clean_topics(raw: Iterable[str]) -> tuple[str, ...]:
    """Give up to three topics, each once, or refuse with `topics_invalid`."""
    topics: list[str] = []
    for text in raw:
        topic = clean(text).removeprefix("#") if len(text) <= TOPIC_MOST * _RAW_FACTOR else ""
        if not has_substance(topic) or len(topic) > TOPIC_MOST:
            raise _topics_invalid()
        if topic.casefold() not in (t.casefold() for t in topics):
            topics.append(topic)
        if len(topics) > TOPICS_MOST:
            raise _topics_invalid()
    return tuple(topics)


def clean_lang(raw: str | None) -> str | None:
    """Give a BCP 47 tag of at most three parts, or refuse with `lang_invalid`."""
    if raw is None:
        return None
    if not _LANG.match(raw):
        raise Refusal("That is not a language tag.", code="lang_invalid")
    return raw


def clean(raw: str) -> str:
    """Give *raw* in NFC, on one line, without controls and overrides, with single spaces."""
    spaced = "".join(" " if _is_break(c) else c for c in _DROPPED.sub("", raw))
    kept = "".join(c for c in spaced if unicodedata.category(c) not in ("Cc", "Cs"))
    return " ".join(unicodedata.normalize("NFC", kept).split())


def has_substance(text: str) -> bool:
    """Tell whether *text* has anything to see: a letter, number, sign or symbol."""
    return any(unicodedata.category(c)[0] in "LNPS" for c in text)


def _is_break(character: str) -> bool:
    return character in "\t\n\v\f\r\x85" or unicodedata.category(character) in ("Zl", "Zp", "Zs")


def _title_too_long() -> Refusal:
    return Refusal(f"A title has at most {TITLE_MOST} characters.", code="title_too_long", facts={"most": TITLE_MOST})


def _topics_invalid() -> Refusal:
    return Refusal(
        f"A space has at most {TOPICS_MOST} topics of at most {TOPIC_MOST} characters.",
        code="topics_invalid",
        facts={"most": TOPICS_MOST, "most_characters": TOPIC_MOST},
    )
