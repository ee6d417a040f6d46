"""`arengo account`: create, password and ban."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import Final

from arengo.cli.control import carry_out
from arengo.cli.exits import USAGE, CliError
from arengo.cli.options import add_data_options, data_settings
from arengo.web.control import BanAccount, CreateAccount, SetPassword

_ASK: Final = "-"  # in place of the password


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what `arengo account` understands."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="create|password|ban")
    create = actions.add_parser("create", help="make an account; prints its name and id")
    create.add_argument("name", metavar="NAME", help="a to z, 0 to 9 and _, 2 to 30 of them")
    create.add_argument("--display", metavar="TEXT", help="how the person is shown (default: the name)")
    create.add_argument(
        "--password",
        metavar="TEXT",
        help="the password; `-` reads it from standard input or asks for it; without one the account works by token alone",
    )
    create.add_argument("--bot", action="store_true", help="show the account as a program")
    add_data_options(create)
    password = actions.add_parser("password", help="give an account another password; ends its logins and tokens")
    password.add_argument("name", metavar="NAME")
    password.add_argument(
        "--password", metavar="TEXT", default=_ASK, help="the password; `-` reads it from standard input or asks for it (default: -)"
    )
    add_data_options(password)
    ban = actions.add_parser("ban", help="silence an account at once and refuse it from now on")
    ban.add_argument("name", metavar="NAME")
    ban.add_argument("--reason", default="", metavar="TEXT", help="kept for the operator")
    add_data_options(ban)


def run(options: argparse.Namespace) -> int:
    """Do what was asked, and give the exit code."""
    settings = data_settings(options)
    if options.action == "ban":
        return carry_out(settings, BanAccount(options.name, options.reason))
    password = _ask_password() if options.password == _ASK else options.password
    if options.action == "password":
        return carry_out(settings, SetPassword(options.name, password))
    return carry_out(settings, CreateAccount(options.name, options.display, password, options.bot))


def _ask_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise CliError("The two passwords differ.", USAGE)
    return password
