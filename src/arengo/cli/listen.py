"""`arengo listen`: hear a space by WHEP with one line, and keep what was heard as Ogg Opus."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from arengo.adapters.media.headless import HeardPacket, Tally, hearing, save_heard
from arengo.cli.exits import DONE
from arengo.cli.interruptible import run_until_stopped
from arengo.cli.space_url import api_address


@dataclass(slots=True)
class _Heard:
    packets: list[HeardPacket] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what `arengo listen` understands."""
    parser.add_argument("space", metavar="SPACE_URL", help="the address of the space, as https://example.org/s/0123456789abc")
    parser.add_argument("--token", metavar="T", help="token of the account that listens; public spaces need none")
    parser.add_argument("--seconds", type=float, default=10.0, metavar="N", help="how long to listen (default 10)")
    parser.add_argument("--out", required=True, type=Path, metavar="HEARD.OGG", help="where to write what was heard")
    parser.add_argument("--insecure", action="store_true", help="do not check the server's certificate")


def run(options: argparse.Namespace) -> int:
    """Listen and write the file; Ctrl-C ends early and keeps what was heard."""
    heard = _Heard()
    run_until_stopped(_listen(options, heard))
    seconds = save_heard(options.out, heard.packets)
    voices = len({packet.voice for packet in heard.packets})
    print(f"Heard {seconds:.1f} s of {voices} {'voice' if voices == 1 else 'voices'}; written to {options.out}.")
    if heard.tally.lost:
        print(f"{heard.tally.lost} packets were lost; {heard.tally.recovered} were recovered from copies.")
    return DONE


async def _listen(options: argparse.Namespace, heard: _Heard) -> None:
    headers = {"authorization": f"Bearer {options.token}"} if options.token else {}
    async with (
        httpx.AsyncClient(headers=headers, verify=not options.insecure, trust_env=False) as http,
        hearing(http, api_address(options.space)) as sound,
    ):
        try:
            async with asyncio.timeout(options.seconds):
                while True:
                    heard.packets.extend(await sound.heard())
        except TimeoutError:
            return
        finally:
            heard.tally = sound.tally()
