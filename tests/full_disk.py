"""A small disk of the tests' own, which they fill."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PIECE = bytes(4096)


@dataclass(frozen=True)
class SmallDisk:
    """A file system of its own at *place*."""

    place: Path

    @property
    def _filling(self) -> Path:
        return self.place / "filling"

    def fill(self) -> None:
        """Write until nothing more goes on it."""
        with self._filling.open("ab", buffering=0) as file:
            try:
                while file.write(PIECE):
                    pass
            except OSError:
                return

    def empty(self) -> None:
        """Give back what `fill` took."""
        self._filling.unlink()


@contextmanager
def a_small_disk(place: Path, *, mebibytes: int) -> Iterator[SmallDisk]:
    """Mount it at *place*, and take it away at the end."""
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", place], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("this machine lets us mount no disk; root may")
    try:
        yield SmallDisk(place)
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)
