"""Whether the server lives and is ready to serve."""

from __future__ import annotations

from typing import Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency

from arengo.service.services import Services


class Health(msgspec.Struct, frozen=True):
    """An answer is the proof."""

    status: Literal["ok"] = "ok"


@get("/healthz", tags=["health"], summary="Is the process alive")
async def healthz() -> Health:
    """The event loop answers."""
    return Health()


@get("/readyz", tags=["health"], summary="Can it serve")
async def readyz(services: NamedDependency[Services]) -> Health:
    """The database answers too, and takes what is new; 503 `unavailable` otherwise."""
    services.disk.require_room()
    await services.database.ping()
    return Health()


handlers = [healthz, readyz]
