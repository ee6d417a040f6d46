"""`arengo token create`: prints the token alone, so that a shell can keep it."""

from __future__ import annotations

import argparse

from arengo.cli.control import carry_out
from arengo.cli.options import add_data_options, data_settings
from arengo.domain.scopes import SCOPES
from arengo.web.control import CreateToken


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what `arengo token` understands."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="create")
    create = actions.add_parser("create", help="make an API token and print it")
    create.add_argument("name", metavar="NAME", help="whose token it is")
    create.add_argument(
        "--scope",
        action="append",
        metavar="SCOPE",
        help=f"what it may do, may be repeated: {', '.join(SCOPES)} (default: all that the account may)",
    )
    create.add_argument("--label", default="shell", metavar="TEXT", help="what the account sees it called (default: shell)")
    add_data_options(create)


def run(options: argparse.Namespace) -> int:
    """Print a new token."""
    return carry_out(data_settings(options), CreateToken(options.name, options.scope, options.label))
