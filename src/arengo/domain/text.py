"""What people write: cleaned, measured, and refused where it is empty or too long.

Rule 1: text is trimmed, in NFC, on one line; controls, bidirectional overrides and invisible characters are dropped.
Rule 2: an invisible character stays where a script or an emoji needs it, so that it changes what one sees.
Rule 3: lengths are in characters after cleaning; what is far too long is refused before any work is done on it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from arengo.domain.errors import Refusal

TITLE_MOST = 100
NAME_MOST = 50
TOPIC_MOST = 30
TOPICS_MOST = 3
_RAW_FACTOR = 4  # cleaning may shorten a text, but not by more than this

_ZWNJ, _ZWJ = "\u200c", "\u200d"
_KEYCAP = "\u20e3"
_BRAILLE_BLANK = "\u2800"
_MAY_STAY = _ZWNJ + _ZWJ + "\u180b-\u180f\ufe0e\ufe0f\U000e0020-\U000e007f\U000e0100-\U000e01ef"
# Default_Ignorable_Code_Point of Unicode, without those that may stay, and what else shows nothing.
_DROPPED = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0"
    "\ufff0-\ufffc\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e001f\U000e0080-\U000e00ff\U000e01f0-\U000e0fff]"
)
_INVISIBLE = re.compile(f"[{_MAY_STAY}]")
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f")  # of a region, such as Scotland's
_HAN = re.compile("[\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_MONGOLIAN = re.compile("[\u1820-\u18aa]")
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


def clean_label(raw: str, *, most: int) -> str:
    """Give what a person calls a thing of theirs, or refuse with `label_invalid`."""
    label = clean(raw) if len(raw) <= most * _RAW_FACTOR else ""
    if not has_substance(label) or len(label) > most:
        raise Refusal(f"A label has 1 to {most} visible characters.", code="label_invalid", facts={"most": most})
    return label


def clean_lang(raw: str | None) -> str | None:
    """Give a BCP 47 tag of at most three parts, or refuse with `lang_invalid`."""
    if raw is None:
        return None
    if not _LANG.match(raw):
        raise Refusal("That is not a language tag.", code="lang_invalid")
    return raw


def clean(raw: str) -> str:
    """Give *raw* in NFC, on one line, without controls, overrides and what cannot be seen, with single spaces."""
    spaced = "".join(" " if _is_break(c) else c for c in _DROPPED.sub("", raw))
    kept = "".join(c for c in spaced if unicodedata.category(c) not in ("Cc", "Cs"))
    return " ".join(unicodedata.normalize("NFC", _without_the_needless(kept)).split())


def has_substance(text: str) -> bool:
    """Tell whether *text* has anything to see: a letter, number, sign or symbol."""
    return any(unicodedata.category(c)[0] in "LNPS" for c in text)


def _without_the_needless(text: str) -> str:
    """Drop each invisible character that changes nothing where it stands (UTS #31 §2.3 for the joiners, UTS #51 for emoji)."""
    if not _INVISIBLE.search(text):
        return text
    in_flags = {at for flag in _FLAG.finditer(text) for at in range(*flag.span())}
    kept: list[str] = []
    for at, character in enumerate(text):
        after = text[at + 1 : at + 2]
        if at in in_flags or not _INVISIBLE.match(character) or _is_needed(character, kept, after):
            kept.append(character)
    return "".join(kept)


def _is_needed(character: str, before: Sequence[str], after: str) -> bool:
    """Tell whether an invisible *character* changes how *before* or *after* look."""
    last = before[-1] if before else ""
    if not last:
        return False
    match character:
        case "\u200c":
            return _is_letter(after) and (_is_virama(last) or _joins(before))
        case "\u200d":
            is_emoji = _is_pictograph(after) and (_is_pictograph(last) or last == "\ufe0f")
            return is_emoji or (_is_virama(last) and not after.startswith(_ZWJ)) or (_joins(before) and not _is_letter(after))
        case "\ufe0e" | "\ufe0f":
            return after == _KEYCAP if last in "0123456789#*" else _is_pictograph(last)
    if character >= "\U000e0100":
        return _HAN.match(last) is not None
    return character <= "\u180f" and _MONGOLIAN.match(last) is not None


def _is_virama(character: str) -> bool:
    return unicodedata.combining(character) == 9


def _joins(before: Sequence[str]) -> bool:
    """Tell whether *before* ends in a letter of a script whose letters join, marks upon it aside."""
    letter = next((c for c in reversed(before) if unicodedata.category(c) != "Mn"), "")
    return letter != "" and (unicodedata.bidirectional(letter) == "AL" or _MONGOLIAN.match(letter) is not None)


def _is_letter(character: str) -> bool:
    return character != "" and unicodedata.category(character)[0] == "L"


def _is_pictograph(character: str) -> bool:
    return character != "" and (unicodedata.category(character) in ("So", "Sk", "Sm") or character in "‼⁉〰ℹ") and not character.isascii()


def _is_break(character: str) -> bool:
    return character in "\t\n\v\f\r\x85" + _BRAILLE_BLANK or unicodedata.category(character) in ("Zl", "Zp", "Zs")


def _title_too_long() -> Refusal:
    return Refusal(f"A title has at most {TITLE_MOST} characters.", code="title_too_long", facts={"most": TITLE_MOST})


def _topics_invalid() -> Refusal:
    return Refusal(
        f"A space has at most {TOPICS_MOST} topics of at most {TOPIC_MOST} characters.",
        code="topics_invalid",
        facts={"most": TOPICS_MOST, "most_characters": TOPIC_MOST},
    )
