"""The life of a space: scheduled, live, ended or cancelled.

Rule 1: the table `LIFECYCLE` is the whole truth; what is not in it is refused.
Rule 2: what is over stays over.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Literal

from arengo.domain import refusals

EndReason = Literal["host", "operator", "nobody_spoke"]


class State(Enum):
    SCHEDULED = "scheduled"
    LIVE = "live"
    ENDED = "ended"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        return self in (State.ENDED, State.CANCELLED)


class Step(Enum):
    START = "start"
    END = "end"
    CANCEL = "cancel"


LIFECYCLE: Mapping[tuple[State, Step], State] = {
    (State.SCHEDULED, Step.START): State.LIVE,
    (State.SCHEDULED, Step.CANCEL): State.CANCELLED,
    (State.LIVE, Step.END): State.ENDED,
}


def after(state: State, step: Step) -> State:
    """Give the state that follows, or refuse with `already_ended`, `already_started` or `not_live`."""
    following = LIFECYCLE.get((state, step))
    if following is not None:
        return following
    if state.is_over:
        raise refusals.already_ended(state.value)
    if state is State.LIVE:
        raise refusals.already_started()
    raise refusals.not_live(state.value)
