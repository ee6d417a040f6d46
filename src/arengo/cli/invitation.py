"""`arengo invitation create`: prints a code with which somebody may sign up."""

from __future__ import annotations

import argparse

from arengo.cli.control import carry_out
from arengo.cli.options import add_data_options, data_settings
from arengo.web.control import CreateInvitation


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what `arengo invitation` understands."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="create")
    create = actions.add_parser("create", help="make an invitation and print its code")
    create.add_argument("--uses", type=int, default=1, metavar="N", help="how many accounts it is good for (default: 1)")
    add_data_options(create)


def run(options: argparse.Namespace) -> int:
    """Print a new invitation."""
    return carry_out(data_settings(options), CreateInvitation(max(1, options.uses)))
