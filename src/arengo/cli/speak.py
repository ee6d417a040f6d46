"""`arengo speak`: bring an Ogg Opus file on stage by WHIP, as anybody would."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

import httpx

from arengo.adapters.media.headless import load_talk, speaking
from arengo.cli.space_url import api_address
from arengo.domain.errors import ArengoError

SUMMARY = "speak in a space: send an Ogg Opus file to its stage"


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what `arengo speak` understands."""
    parser.add_argument("space", metavar="SPACE_URL", help="the address of the space, as https://example.org/s/0123456789abc")
    parser.add_argument("--token", required=True, metavar="T", help="token of the account that speaks (`arengo token create NAME`)")
    parser.add_argument(
        "--file",
        required=True,
        type=Path,
        metavar="TALK.OGG",
        help="Ogg Opus with 20 ms packets (`opusenc --framesize 20`); without an ARENGO_LEVELS comment its loudness is "
        "estimated from the size of its packets",
    )
    parser.add_argument("--loop", action="store_true", help="begin again at the end, until interrupted")
    parser.add_argument("--insecure", action="store_true", help="do not check the server's certificate")


def run(arguments: argparse.Namespace) -> int:
    """Speak until the file ends; 0, or 1 with a sentence on stderr."""
    try:
        asyncio.run(_speak(arguments))
    except ArengoError as error:
        print(f"arengo speak: {error.detail} ({error.code})", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


async def _speak(arguments: argparse.Namespace) -> None:
    space = api_address(arguments.space)
    talk = load_talk(arguments.file)
    headers = {"authorization": f"Bearer {arguments.token}"}
    async with (
        httpx.AsyncClient(headers=headers, verify=not arguments.insecure, trust_env=False) as http,
        speaking(http, space) as sound,
    ):
        print(f"On stage; {talk.duration_s:.1f} s of speech.", flush=True)
        await sound.say(talk)
        while arguments.loop:
            await sound.say(talk)
