"""What the documentation lists is what the code has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.docs import limits_table

from arengo.cli import COMMANDS, exits
from arengo.domain.scopes import SCOPES
from arengo.web.errors import STATUS

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "arengo"

SHELL_CODES = {"in_use", "exists", "other_database", "not_a_backup", "newer_backup", "not_ogg_opus", "file_unreadable"}
"""Codes that a person at the shell alone meets."""


def in_docs(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def rows(text: str) -> list[tuple[str, ...]]:
    """The rows of all tables whose first cell is a word in backticks."""
    lines = (line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `"))
    return [tuple(cell.strip() for cell in line) for line in lines]


def test_limits_are_listed_as_they_are() -> None:
    assert in_docs("operating/limits.md") == limits_table.page(), "write it again: python -m tests.docs.limits_table"


def test_every_code_is_explained_with_its_status() -> None:
    listed = {row[0].strip("`"): int(row[1]) for row in rows(in_docs("errors.md"))}

    assert listed == dict(STATUS)


def test_every_explanation_is_a_sentence() -> None:
    for row in rows(in_docs("errors.md")):
        assert row[2].endswith("."), row


def test_every_code_that_the_source_names_has_a_status() -> None:
    named = {code for file in SOURCE.rglob("*.py") for code in re.findall(r'code="([a-z_]+)"', file.read_text())}

    assert named - SHELL_CODES <= STATUS.keys()


def test_every_command_is_explained() -> None:
    text = in_docs("operating/commands.md")

    assert set(re.findall(r"^## `arengo ([a-z]+)", text, re.MULTILINE)) == COMMANDS.keys()


@pytest.mark.parametrize("name", ["DONE", "FAILED", "USAGE", "UNAVAILABLE", "INTERRUPTED"])
def test_every_exit_code_is_explained(name: str) -> None:
    assert f"| {getattr(exits, name)} |" in in_docs("operating/commands.md")


def test_every_option_of_a_server_is_explained() -> None:
    source = (SOURCE / "cli" / "options.py").read_text()
    options = set(re.findall(r'"(--[a-z-]+)"', source))

    text = in_docs("operating/settings.md")
    assert options
    assert [option for option in sorted(options) if f"`{option}" not in text] == []


def test_every_scope_is_explained() -> None:
    text = in_docs("operating/commands.md")

    assert [scope for scope in SCOPES if f"| `{scope}` |" not in text] == []
