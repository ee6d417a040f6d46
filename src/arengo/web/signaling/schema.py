"""Writes `protocol/messages.schema.json` from the Structs in `messages`: `python -m arengo.web.signaling.schema FILE`.

With `--check` it writes nothing and fails when the file does not say what the Structs say.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from arengo.web.signaling import messages as wire

_UNIONS: dict[str, Any] = {
    "FromClient": wire.FromClient,
    "FromServer": wire.FromServer,
    "AnyCommand": wire.AnyCommand,
    "AnyEvent": wire.AnyEvent,
}


def schema() -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of everything that is said on the channel, by name in `$defs`."""
    unions, structs = msgspec.json.schema_components(_UNIONS.values(), ref_template="#/$defs/{name}")
    named = dict(zip(_UNIONS, unions, strict=True))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The space channel of Arengo",
        "description": "Generated from src/arengo/web/signaling/messages.py; prose in signaling.md.",
        "reactions": list(wire.REACTIONS),
        "$defs": {**structs, **named},
    }


def text() -> str:
    return json.dumps(schema(), indent=2, ensure_ascii=False, sort_keys=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write the named file, or compare it."""
    parser = argparse.ArgumentParser(prog="python -m arengo.web.signaling.schema", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the file says something else")
    parser.add_argument("file", type=Path)
    options = parser.parse_args(arguments)
    target: Path = options.file
    if options.check:
        return 0 if target.read_text() == text() else 1
    target.write_text(text())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
