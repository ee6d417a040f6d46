"""Opus in Ogg, held against opus-tools and against bytes that are not what they say."""

from __future__ import annotations

import contextlib
import random
import subprocess
import wave
from pathlib import Path

import pytest

from arengo.media.ogg import (
    LEVELS_TAG,
    NotOggOpus,
    encode_levels,
    levels_of,
    packet_samples,
    read_ogg_opus,
    write_ogg_opus,
)

VOICES = Path(__file__).parents[3] / "src/arengo/demo/voices"
ONE = VOICES / "en-01-nora.opus"


def test_every_demo_recording_is_twenty_millisecond_packets_with_a_level_each() -> None:
    files = sorted(VOICES.glob("*.opus"))
    assert len(files) == 13
    for file in files:
        talk = read_ogg_opus(file.read_bytes())
        assert {packet_samples(packet) for packet in talk.packets} == {960}
        levels = levels_of(talk)
        assert len(levels) == len(talk.packets)
        assert min(levels) < 30 < 90 < max(levels)


def test_what_is_written_reads_back_the_same() -> None:
    talk = read_ogg_opus(ONE.read_bytes())
    again = read_ogg_opus(write_ogg_opus(talk.packets, serial=7, tags={"TITLE": "acqua è vita"}))
    assert again.packets == talk.packets
    assert again.channels == 1
    assert again.tags["TITLE"] == "acqua è vita"


def test_a_packet_of_many_segments_and_a_long_comment_cross_pages_whole() -> None:
    packets = [bytes([0x78]) + bytes([7]) * size for size in (254, 255, 509, 70_000, 3)]
    again = read_ogg_opus(write_ogg_opus(packets, serial=1, tags={"LONG": "x" * 100_000}))
    assert list(again.packets) == packets
    assert len(again.tags["LONG"]) == 100_000


def test_opus_tools_accept_and_decode_what_is_written(tmp_path: Path) -> None:
    talk = read_ogg_opus(ONE.read_bytes())
    out = tmp_path / "heard.ogg"
    out.write_bytes(write_ogg_opus(talk.packets, serial=3))
    told = subprocess.run(["opusinfo", str(out)], check=True, capture_output=True, text=True).stdout
    assert "WARNING" not in told
    assert "Pre-skip: 312" in told
    subprocess.run(["opusdec", "--quiet", str(out), str(tmp_path / "heard.wav")], check=True)
    with wave.open(str(tmp_path / "heard.wav")) as file:
        seconds = file.getnframes() / file.getframerate()
    assert seconds == pytest.approx(talk.duration_s, abs=0.05)


def test_nothing_heard_is_still_a_file() -> None:
    assert read_ogg_opus(write_ogg_opus([], serial=3)).packets == ()


@pytest.mark.parametrize("data", [b"", b"RIFF....WAVE", b"OggS", ONE.read_bytes()[:200], ONE.read_bytes()[:-1], ONE.read_bytes()[27:]])
def test_a_file_that_is_something_else_or_cut_off_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(NotOggOpus):
        read_ogg_opus(data)


def test_no_damage_raises_anything_but_a_refusal() -> None:
    whole = ONE.read_bytes()
    chance = random.Random(11)  # noqa: S311 -- seeded, so that a damage that was found is found again
    for _ in range(150):
        torn = bytearray(whole[: chance.randrange(4_000)])
        for _ in range(chance.randrange(4)):
            if torn:
                torn[chance.randrange(len(torn))] = chance.randrange(256)
        with contextlib.suppress(NotOggOpus):
            read_ogg_opus(bytes(torn))


def test_without_told_levels_silence_and_speech_are_still_told_apart() -> None:
    talk = read_ogg_opus(ONE.read_bytes())
    bare = read_ogg_opus(write_ogg_opus([*talk.packets, b"\x78\x01", b"\x78"], serial=1))
    levels = levels_of(bare)
    assert levels[-2:] == (127, 127)
    assert min(levels) == 20


def test_told_levels_that_do_not_fit_the_packets_are_not_believed() -> None:
    talk = read_ogg_opus(ONE.read_bytes())
    lying = read_ogg_opus(write_ogg_opus(talk.packets, serial=1, tags={LEVELS_TAG: encode_levels([5, 5])}))
    assert len(levels_of(lying)) == len(talk.packets)
