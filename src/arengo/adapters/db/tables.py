"""All tables of all modules, registered on one metadata by importing the modules that have them."""

from __future__ import annotations

from arengo.adapters.db import spaces
from arengo.adapters.db.schema import metadata

__all__ = ["metadata", "spaces"]
