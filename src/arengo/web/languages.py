"""Which of our languages a reader prefers."""

from __future__ import annotations

from typing import Final, Literal

Language = Literal["en", "it"]

LANGUAGES: Final[tuple[Language, ...]] = ("en", "it")


def preferred(accept_language: str) -> Language:
    """The language of ours that `Accept-Language` (RFC 9110, section 12.5.4) weighs most; English when none is named."""
    best: Language = "en"
    best_weight = 0.0
    for part in accept_language.split(",")[:20]:
        tag, _, parameter = part.strip().partition(";")
        weight = _weight(parameter)
        for language in LANGUAGES:
            if tag.lower().partition("-")[0] == language and weight > best_weight:
                best, best_weight = language, weight
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0
