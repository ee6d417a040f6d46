"""What an account may be called, and what a password must be; display names are in `text`."""

from __future__ import annotations

import re
import unicodedata

from arengo.domain.errors import Refusal
from arengo.limits import Limits

_ACCOUNT_NAME = re.compile(r"[a-z0-9_]+\Z")


def account_name(text: str, limits: Limits) -> str:
    """The name in its one spelling; `name_invalid` when it cannot be one."""
    name = text.strip().lower()
    if not limits.name_min_chars <= len(name) <= limits.name_max_chars or not _ACCOUNT_NAME.match(name):
        raise Refusal(
            f"A name has {limits.name_min_chars} to {limits.name_max_chars} characters out of a to z, 0 to 9 and _.",
            code="name_invalid",
            facts={"least": limits.name_min_chars, "most": limits.name_max_chars},
        )
    return name


def password(text: str, limits: Limits) -> str:
    """The password as it is hashed (NFKC, so that every keyboard types the same); `password_invalid` when too short or long."""
    if not limits.password_min_chars <= len(text) <= limits.password_max_chars:
        raise Refusal(
            f"A password has {limits.password_min_chars} to {limits.password_max_chars} characters.",
            code="password_invalid",
            facts={"least": limits.password_min_chars, "most": limits.password_max_chars},
        )
    return unicodedata.normalize("NFKC", text)
