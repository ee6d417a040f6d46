"""How much room a disk has."""

from __future__ import annotations

import shutil
from pathlib import Path


def free_bytes(place: Path) -> int:
    """The bytes that this process may still write at *place*, or at its nearest parent where *place* is not there yet."""
    place = place.absolute()
    return shutil.disk_usage(next(p for p in (place, *place.parents) if p.exists())).free
