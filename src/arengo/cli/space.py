"""`arengo space end`: on the running server, at once."""

from __future__ import annotations

import argparse

from arengo.cli.control import carry_out
from arengo.cli.options import add_data_options, data_settings
from arengo.web.control import EndSpace


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what `arengo space` understands."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="end")
    end = actions.add_parser("end", help="end a live space for everybody")
    end.add_argument("id", metavar="ID", help="the 13 characters at the end of its address")
    add_data_options(end)


def run(options: argparse.Namespace) -> int:
    """End a space."""
    return carry_out(data_settings(options), EndSpace(options.id.rpartition("/")[2]))
