"""The `arengo` command: one module for each thing that it can do."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from arengo.cli.exits import FAILED, INTERRUPTED, UNAVAILABLE, USAGE, CliError
from arengo.domain.errors import ArengoError, Unavailable
from arengo.settings import program_version


class Command(Protocol):
    """What a module of this package offers to be a command."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the options."""

    def run(self, options: argparse.Namespace) -> int:
        """Do it and give the exit code; raise CliError with a sentence, or any ArengoError."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A command by the module that has it; only the one that is asked for is imported."""

    module: str
    summary: str
    writes_for_others: bool = False
    """Its files get the usual mode; those of every other command are for their owner alone."""


COMMANDS: Final[Mapping[str, Entry]] = {
    "serve": Entry("serve", "run a server"),
    "demo": Entry("demo", "run a server with sample people and a live space"),
    "account": Entry("account", "create or ban an account"),
    "token": Entry("token", "create an API token"),
    "invitation": Entry("invitation", "create an invitation to sign up"),
    "space": Entry("space", "end a space"),
    "speak": Entry("speak", "send a file into a space"),
    "listen": Entry("listen", "write what is heard in a space to a file", writes_for_others=True),
    "doctor": Entry("doctor", "say what is right and wrong with a server's surroundings"),
    "backup": Entry("backup", "copy everything into one file"),
    "restore": Entry("restore", "put a backup back"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; every failure is a sentence on standard error and an exit code, never a traceback."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        prog="arengo",
        description="Open, self-hosted live audio.",
        epilog=f"commands:\n{_listed()}\n\n`arengo COMMAND --help` tells more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    parser.add_argument("command", nargs="?", choices=COMMANDS, metavar="COMMAND", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments[:1])
    if options.version:
        print(program_version())
        return 0
    if options.command is None:
        parser.print_help()
        return USAGE
    return _run(options.command, arguments[1:])


def _run(name: str, arguments: Sequence[str]) -> int:
    entry = COMMANDS[name]
    if not entry.writes_for_others:
        os.umask(0o077)
    module: Command = importlib.import_module(f"arengo.cli.{entry.module}")
    parser = argparse.ArgumentParser(prog=f"arengo {name}", description=entry.summary.capitalize() + ".")
    module.configure(parser)
    return _in_sentences(lambda: module.run(parser.parse_args(arguments)))


def _in_sentences(act: Callable[[], int]) -> int:
    try:
        return act()
    except CliError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except Unavailable as error:
        print(error.detail or "The server or its database does not answer.", file=sys.stderr)
        return UNAVAILABLE
    except ArengoError as error:
        print(f"{error.detail or 'That is refused.'} ({error.code})", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        print(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}", file=sys.stderr)
        return UNAVAILABLE
    except Exception as error:
        if os.environ.get("ARENGO_LOG_LEVEL") == "debug":
            raise
        print(f"Something went wrong inside Arengo ({type(error).__name__}: {error}); ARENGO_LOG_LEVEL=debug shows where.", file=sys.stderr)
        return FAILED


def _listed() -> str:
    return "\n".join(f"  {name:<12}{entry.summary}" for name, entry in COMMANDS.items())
