"""How a channel is closed: one table from what happened to code and reason."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from arengo.domain.errors import ArengoError, ProtocolViolation, Unavailable
from arengo.service.news import Failing, Farewell, GoingAway, Over, PutOut, Replaced


@dataclass(frozen=True, slots=True)
class Closing:
    """A close code (RFC 6455 §7.4) and a reason of at most 123 bytes."""

    code: int
    reason: str


LEFT = Closing(1000, "left")
GOING_AWAY = Closing(1001, "going_away")
IDLE = Closing(1001, "idle")
PROTOCOL_VIOLATION = Closing(4400, "protocol_violation")
TOO_SLOW = Closing(4408, "too_slow")
REPLACED = Closing(4409, "replaced")
SPACE_ENDED = Closing(4410, "space_ended")
UNAVAILABLE = Closing(4503, "unavailable")

_REFUSALS: Mapping[str, int] = {"not_signed_in": 4401, "no_such_space": 4404, "already_ended": 4410, "rate_limited": 4429}


def closing_of_farewell(farewell: Farewell) -> Closing:
    match farewell:
        case Replaced():
            return REPLACED
        case PutOut(refusal):
            return closing_of_error(refusal)
        case Over():
            return SPACE_ENDED
        case GoingAway():
            return GOING_AWAY
        case Failing():
            return UNAVAILABLE


def closing_of_error(error: ArengoError) -> Closing:
    match error:
        case ProtocolViolation():
            return PROTOCOL_VIOLATION
        case Unavailable(code="media_full"):
            return Closing(4503, f"media_full:{max(1, math.ceil(error.retry_after))}")
        case Unavailable():
            return UNAVAILABLE
        case _:
            code = _REFUSALS.get(error.code, 4403)
    if code == 4410:
        return SPACE_ENDED
    if code == 4429:
        return too_many(getattr(error, "retry_after", 1.0))
    return Closing(code, error.code)


def too_many(retry_after: float) -> Closing:
    return Closing(4429, f"rate_limited:{max(1, math.ceil(retry_after))}")
