"""`arengo speak`: bring an Ogg Opus file on stage by WHIP, as anybody would."""

from __future__ import annotations

import argparse
from pathlib import Path

import httpx

from arengo.adapters.media.headless import load_talk, speaking
from arengo.cli.exits import DONE
from arengo.cli.interruptible import run_until_stopped
from arengo.cli.space_url import api_address


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
    parser.add_argument(
        "--copies",
        type=int,
        choices=range(5),
        default=0,
        help="send each packet so many times again with those after it, for a network that loses packets (default 0)",
    )
    parser.add_argument("--insecure", action="store_true", help="do not check the server's certificate")


def run(options: argparse.Namespace) -> int:
    """Speak until the file ends, or with --loop until Ctrl-C."""
    run_until_stopped(_speak(options))
    return DONE


async def _speak(options: argparse.Namespace) -> None:
    space = api_address(options.space)
    talk = load_talk(options.file)
    headers = {"authorization": f"Bearer {options.token}"}
    async with (
        httpx.AsyncClient(headers=headers, verify=not options.insecure, trust_env=False) as http,
        speaking(http, space, copies=options.copies) as sound,
    ):
        print(f"On stage; {talk.duration_s:.1f} s of speech.", flush=True)
        await sound.say(talk)
        while options.loop:
            await sound.say(talk)
