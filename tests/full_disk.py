"""A small disk of the tests' own, which they fill."""

from __future__ import annotations

import os
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
    """Mount it at *place*, and take it away at the end; only root can."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts a disk")
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", place], check=True)
    try:
        yield SmallDisk(place)
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)
