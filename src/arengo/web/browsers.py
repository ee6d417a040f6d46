"""What a login came from, in words so coarse that they tell a person's browsers apart and nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from arengo.service.account_store import Browser

# The first that fits counts: most browsers also claim to be those further down.
_NAMES: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_PLATFORMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


def browser_of(user_agent: str) -> Browser:
    """Read a `User-Agent` (RFC 9110 §10.1.5); only words of our own are kept of it."""
    return Browser(_first(_NAMES, user_agent), _first(_PLATFORMS, user_agent))


def _first(marks: Sequence[tuple[str, str]], text: str) -> str | None:
    return next((word for mark, word in marks if mark in text), None)
