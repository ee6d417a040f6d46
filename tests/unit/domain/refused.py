"""Expecting a refusal by its code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from arengo.domain.errors import Refusal


@contextmanager
def refused(code: str) -> Iterator[None]:
    """The rules say no inside of this, with that code."""
    with pytest.raises(Refusal) as caught:
        yield
    assert caught.value.code == code
