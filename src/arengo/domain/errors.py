"""What can go wrong, by whose fault it is.

A `Refusal` is nobody's fault: the rules say no. A `ProtocolViolation` is the peer's, `Unavailable` the world's.
Anything else that is raised is our own fault. Codes are for ever; sentences are for people.
"""

from __future__ import annotations

from collections.abc import Mapping

Facts = Mapping[str, str | int | bool | None]


class ArengoError(Exception):
    """Base of every error with a stable code, a sentence, and typed facts."""

    code: str = "error"

    def __init__(self, detail: str = "", *, code: str | None = None, facts: Facts | None = None) -> None:
        super().__init__(detail)
        if code is not None:
            self.code = code
        self.detail = detail
        self.facts: Facts = dict(facts or {})


class Refusal(ArengoError):
    """The rules say no; the code says which rule."""

    code = "not_permitted"


class ProtocolViolation(ArengoError):
    """The peer said something that the protocol does not allow."""

    code = "malformed"


class Unavailable(ArengoError):
    """The world does not answer just now; *retry_after* is in seconds."""

    code = "unavailable"

    def __init__(self, detail: str = "", *, code: str | None = None, facts: Facts | None = None, retry_after: float = 2.0) -> None:
        super().__init__(detail, code=code, facts=facts)
        self.retry_after = retry_after
