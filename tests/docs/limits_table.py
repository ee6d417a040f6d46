"""Writes docs/operating/limits.md from the source of arengo/limits.py: `python -m tests.docs.limits_table`."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import fields
from pathlib import Path

from arengo import limits

PAGE = Path(__file__).parents[2] / "docs" / "operating" / "limits.md"

HEAD = """# Limits

Every limit of the service has a name and stands in `src/arengo/limits.py`.
This page is written from there by `python -m tests.docs.limits_table`, and a test compares.
Sizes are in bytes or characters, as the name says; names in `_s` are seconds.
A pair such as `signups_per_address` and `signups_per_address_s` means: so many at once, and so many in every such time after that.
"""


def page() -> str:
    """The whole page."""
    lines = [HEAD]
    for heading, rows in _sections():
        lines.append(f"## {heading}\n")
        lines.append("| Limit | Default | What it bounds |\n|---|---|---|")
        lines += [f"| `{name}` | {_shown(name)} | {why} |" for name, why in rows]
        lines.append("")
    return "\n".join(lines)


def _sections() -> list[tuple[str, list[tuple[str, str]]]]:
    source = inspect.getsource(limits)
    headings = {source[: m.start()].count("\n") + 1: m[1].capitalize() for m in re.finditer(r"# ---- (.+?) -+$", source, re.MULTILINE)}
    body = next(node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)).body
    sections: list[tuple[str, list[tuple[str, str]]]] = []
    waiting: list[str] = []
    for statement in body[1:]:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            waiting.append(statement.target.id)
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            heading = next(text for line, text in reversed(headings.items()) if line < statement.lineno)
            if not sections or sections[-1][0] != heading:
                sections.append((heading, []))
            why = " ".join(str(statement.value.value).split())
            sections[-1][1].extend((name, why) for name in waiting)
            waiting = []
    assert not waiting, f"{waiting} say nothing of themselves"
    return sections


def _shown(name: str) -> str:
    default = next(field.default for field in fields(limits.Limits) if field.name == name)
    assert isinstance(default, int | float)
    return f"{default:,.0f}" if float(default).is_integer() else str(default)


if __name__ == "__main__":
    PAGE.write_text(page())
