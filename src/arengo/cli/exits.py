"""How a command ends; `docs/operating/commands.md` lists the same."""

from __future__ import annotations

from typing import Final

DONE: Final = 0
FAILED: Final = 1
"""It was refused, or did not work."""
USAGE: Final = 2
"""The options make no sense."""
UNAVAILABLE: Final = 3
"""A port, file, database or server is not available just now."""
INTERRUPTED: Final = 130
"""Ctrl-C."""


class CliError(Exception):
    """Ends a command with a sentence for the person at the shell."""

    def __init__(self, sentence: str, exit_code: int = FAILED) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code
