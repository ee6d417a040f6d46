"""`arengo demo`: a server with sample people, a live space in which bots talk, and a scheduled one."""

from __future__ import annotations

import argparse
import ipaddress
import logging
from functools import partial

from arengo.bootstrap import Running
from arengo.cli.options import add_server_options, server_settings
from arengo.cli.serve import run_server
from arengo.demo.director import DemoSpaces, perform, prepare
from arengo.demo.enrol import enrol
from arengo.service.instance import Instance
from arengo.settings import Settings

_log = logging.getLogger("arengo.demo")


def configure(parser: argparse.ArgumentParser) -> None:
    """The same as `arengo serve`, with a data folder of its own."""
    add_server_options(parser)
    parser.set_defaults(data_dir="data/demo")


def run(options: argparse.Namespace) -> int:
    settings = server_settings(options)
    return run_server(settings, partial(_beside, settings))


async def _beside(settings: Settings, server: Running) -> None:
    services = server.services
    cast = await enrol(services.accounts, services.tokens)
    address = own_address(settings)
    spaces = await prepare(address, cast, now=services.clock.now())
    await perform(address, cast, spaces.live, ready=partial(_tell, services.settings, settings, spaces))


def own_address(settings: Settings) -> str:
    """Where the bots find the server: on this very machine."""
    bound = ipaddress.ip_address(settings.bind or "::")
    host = "localhost" if bound.is_unspecified else f"[{bound}]" if bound.version == 6 else str(bound)
    return f"{'https' if settings.tls_cert else 'http'}://{host}:{settings.port}"


def _tell(instance: Instance, settings: Settings, spaces: DemoSpaces) -> None:
    """Say where to look, once the conversation begins."""
    lines = [
        "",
        f"  Live now:       {instance.space_url(spaces.live)}",
        f"  Starts soon:    {instance.space_url(spaces.scheduled)}",
        "",
    ]
    if not (settings.tls_local or settings.tls_cert):
        lines += [
            "  On a phone of the same network, start with --tls-local: it serves https and prints a code to scan.",
            "  Browsers give a microphone only to pages opened by https, or on this very machine.",
            "",
        ]
    lines.append("  Ctrl-C ends it; the people and spaces are there again at the next start.")
    print("\n".join(lines), flush=True)
