"""Between sound and Ogg Opus, by the programs of opus-tools."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.voices.ear import Samples
from tests.voices.synthesis import frame_levels, read_wav, run

from arengo.media.ogg import LEVELS_TAG, encode_levels, read_ogg_opus


def encode_with_levels(wav: Path, out: Path, *, serial: int, bitrate_kbit: int, tags: Mapping[str, str]) -> None:
    """Write 20 ms Opus frames, with the level of each packet in the ARENGO_LEVELS comment."""
    samples, rate = read_wav(wav)
    _encode(wav, out, serial, bitrate_kbit, tags)
    bare = read_ogg_opus(out.read_bytes())
    # Packet 0 begins pre-skip samples before the sound.
    levels = frame_levels(samples, frame=rate // 50, lead=bare.pre_skip * rate // 48_000)[: len(bare.packets)]
    levels += [127] * (len(bare.packets) - len(levels))
    _encode(wav, out, serial, bitrate_kbit, {**tags, LEVELS_TAG: encode_levels(levels)})


def _encode(wav: Path, out: Path, serial: int, bitrate_kbit: int, tags: Mapping[str, str]) -> None:
    comments = [part for name, value in tags.items() for part in ("--comment", f"{name}={value}")]
    run(
        "opusenc", "--quiet", "--bitrate", str(bitrate_kbit), "--framesize", "20", "--serial", str(serial),
        *comments, str(wav), str(out),
    )  # fmt: skip


def decode(ogg: Path, *, rate: int = 48_000) -> tuple[Samples, int]:
    """The sound of an Ogg Opus file, mono, and its rate in Hz."""
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "decoded.wav"
        run("opusdec", "--quiet", "--rate", str(rate), "--force-wav", str(ogg), str(wav))
        return read_wav(wav)
