"""`arengo listen`: hear a space by WHEP with one line, and keep what was heard as Ogg Opus."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

import httpx

from arengo.adapters.media.headless import HeardPacket, hearing, save_heard
from arengo.cli.space_url import api_address
from arengo.domain.errors import ArengoError

SUMMARY = "listen to a space: write its dominant voice to an Ogg Opus file"


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what `arengo listen` understands."""
    parser.add_argument("space", metavar="SPACE_URL", help="the address of the space, as https://example.org/s/0123456789abc")
    parser.add_argument("--token", metavar="T", help="token of the account that listens; public spaces need none")
    parser.add_argument("--seconds", type=float, default=10.0, metavar="N", help="how long to listen (default 10)")
    parser.add_argument("--out", required=True, type=Path, metavar="HEARD.OGG", help="where to write what was heard")
    parser.add_argument("--insecure", action="store_true", help="do not check the server's certificate")


def run(arguments: argparse.Namespace) -> int:
    """Listen and write the file; 0, or 1 with a sentence on stderr. Ctrl-C ends early and keeps what was heard."""
    heard: list[HeardPacket] = []
    try:
        asyncio.run(_listen(arguments, heard))
    except ArengoError as error:
        print(f"arengo listen: {error.detail} ({error.code})", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    try:
        seconds = save_heard(arguments.out, heard)
    except OSError as error:
        print(f"arengo listen: {arguments.out} cannot be written: {error.strerror}.", file=sys.stderr)
        return 1
    voices = len({packet.voice for packet in heard})
    print(f"Heard {seconds:.1f} s of {voices} {'voice' if voices == 1 else 'voices'}; written to {arguments.out}.")
    return 0


async def _listen(arguments: argparse.Namespace, heard: list[HeardPacket]) -> None:
    headers = {"authorization": f"Bearer {arguments.token}"} if arguments.token else {}
    async with (
        httpx.AsyncClient(headers=headers, verify=not arguments.insecure, trust_env=False) as http,
        hearing(http, api_address(arguments.space)) as sound,
    ):
        try:
            async with asyncio.timeout(arguments.seconds):
                while True:
                    heard.extend(await sound.heard())
        except TimeoutError:
            return
