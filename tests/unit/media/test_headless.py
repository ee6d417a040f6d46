"""What a headless participant makes of files and of what it heard."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest

from arengo.adapters.media.headless import HeardPacket, Sound, SoundLost, Talk, laid_out, load_talk, save_heard
from arengo.domain.errors import Refusal
from arengo.media import Client
from arengo.media.ogg import read_ogg_opus, write_ogg_opus

SILENCE = b"\xf8\xff\xfe"


def a_packet(timestamp: int, opus: bytes) -> HeardPacket:
    return HeardPacket(line=0, voice=7, timestamp=timestamp, number=0, opus=opus)


def test_packets_are_laid_in_the_order_of_their_time_and_once_each() -> None:
    heard = [a_packet(960, b"\x78a"), a_packet(2880, b"\x78c"), a_packet(1920, b"\x78b"), a_packet(960, b"\x78a")]
    assert laid_out(heard) == [b"\x78a", b"\x78b", b"\x78c"]


def test_a_pause_is_kept_as_silence() -> None:
    assert laid_out([a_packet(0, b"\x78a"), a_packet(960 * 4, b"\x78b")]) == [b"\x78a", SILENCE, SILENCE, SILENCE, b"\x78b"]


def test_time_stamps_may_wrap() -> None:
    heard = [a_packet(0xFFFF_FFFF - 959, b"\x78a"), a_packet(0, b"\x78b"), a_packet(960, b"\x78c")]
    assert laid_out(heard) == [b"\x78a", b"\x78b", b"\x78c"]


def test_a_first_time_stamp_in_the_upper_half_is_a_time_like_any_other() -> None:
    assert laid_out([a_packet(0x9000_0000, b"\x78a"), a_packet(0x9000_0000 + 960, b"\x78b")]) == [b"\x78a", b"\x78b"]


def test_what_was_heard_can_be_spoken_again(tmp_path: Path) -> None:
    out = tmp_path / "heard.ogg"
    assert save_heard(out, [a_packet(960 * n, b"\x78speech") for n in range(100)]) == pytest.approx(2.0)
    assert len(load_talk(out).packets) == 100


def test_levels_are_decibels_below_full_scale() -> None:
    voices = Path(__file__).parents[3] / "src/arengo/demo/voices"
    levels = load_talk(voices / "it-01-chiara.opus").levels
    assert -127 <= min(levels) < -90 < -30 < max(levels) <= 0


def test_a_file_that_is_missing_or_something_else_is_refused_with_a_code(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as missing:
        load_talk(tmp_path / "nothing.ogg")
    assert missing.value.code == "file_unreadable"
    (tmp_path / "wave.ogg").write_bytes(b"RIFF0000WAVE")
    with pytest.raises(Refusal) as other:
        load_talk(tmp_path / "wave.ogg")
    assert other.value.code == "not_ogg_opus"


def test_packets_of_another_length_than_twenty_milliseconds_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "sixty.ogg"
    file.write_bytes(write_ogg_opus([b"\x18" + bytes(20)] * 3, serial=1))
    assert len(read_ogg_opus(file.read_bytes()).packets) == 3
    with pytest.raises(Refusal):
        load_talk(file)


class EndedClient:
    """A client whose session is over: it takes what it is given and keeps nothing."""

    def state(self) -> str:
        return "closed"

    def queued(self) -> int:
        return 0

    def send_opus(self, packets: Sequence[bytes], level_dbov: Sequence[int]) -> int:
        return 0


async def test_who_speaks_into_an_ended_session_is_told_instead_of_speaking_on_in_vain() -> None:
    sound = Sound(cast(Client, EndedClient()))
    with pytest.raises(SoundLost):
        await sound.say(Talk((b"\xf8\xff\xfe",), (-30,)))


class ConnectingClient:
    """A client that another thread connects just after its state has been read for the first time."""

    def __init__(self) -> None:
        self._news = os.eventfd(0, os.EFD_NONBLOCK)
        self._now = "connecting"

    def fileno(self) -> int:
        return self._news

    def state(self) -> str:
        before, self._now = self._now, "connected"
        if before != self._now:
            os.eventfd_write(self._news, 1)
        return before

    def received(self, most: int) -> list[object]:
        with suppress(BlockingIOError):
            os.eventfd_read(self._news)
        return []


async def test_whoever_waits_for_the_connection_hears_of_it_whenever_it_comes() -> None:
    client = ConnectingClient()
    async with asyncio.timeout(5):
        await Sound(cast(Client, client))._connected()
    os.close(client.fileno())
