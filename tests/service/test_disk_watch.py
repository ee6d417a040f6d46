"""Whether there is room to write, as the number and the database say it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from arengo.domain.errors import Unavailable
from arengo.limits import Limits
from arengo.service.disk_watch import DiskWatch

LIMITS = Limits(disk_free_bytes=100)


@dataclass
class Storage:
    """A database whose disk is elsewhere."""

    takes_no_writes: bool = False
    has_room: bool = True

    async def try_to_write(self) -> None:
        if not self.has_room:
            raise Unavailable
        self.takes_no_writes = False


def a_watch(storage: Storage, *, free: int = 1000) -> DiskWatch:
    return DiskWatch(lambda: free, storage, limits=LIMITS)


async def test_too_little_free_space_is_full() -> None:
    watch = a_watch(Storage(), free=99)
    await watch.look()

    with pytest.raises(Unavailable):
        watch.require_room()


async def test_a_database_whose_disk_is_full_elsewhere_is_asked_until_it_takes_a_write_again() -> None:
    storage = Storage(takes_no_writes=True, has_room=False)
    watch = a_watch(storage)
    await watch.look()
    assert watch.is_full

    storage.has_room = True
    await watch.look()
    assert not watch.is_full


async def test_a_disk_that_does_not_answer_has_no_room() -> None:
    def broken() -> int:
        raise OSError

    watch = DiskWatch(broken, Storage(), limits=LIMITS)
    await watch.look()

    assert watch.is_full
    assert watch.free == 0
