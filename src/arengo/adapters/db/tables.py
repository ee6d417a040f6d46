"""All tables of all modules, registered on one metadata."""

from __future__ import annotations

from arengo.adapters.db import schema

metadata = schema.metadata

__all__ = ["metadata"]
