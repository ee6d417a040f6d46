"""Make the recordings of `src/arengo/demo/voices/` from the words of `arengo.demo.script`.

Run from the root of the project: `.venv/bin/python -m tests.voices.make_demo`.
The same words with the same versions of the programs give the same bytes.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from arengo.demo.script import LINES
from arengo.media.ogg import LEVELS_TAG, encode_levels, read_ogg_opus
from tests.voices.synthesis import Espeak, Flite, Synthesiser, frame_levels, read_wav, speak_words

VOICES: dict[str, Synthesiser] = {
    "nora": Flite("slt", 1.02),
    "robert": Flite("rms", 0.98),
    "alasdair": Flite("awb", 1.05),
    "chiara": Espeak("it+f2", speed=148, pitch=52),
    "matteo": Espeak("it+m3", speed=150, pitch=42),
}
OUT = Path("src/arengo/demo/voices")
BITRATE_KBIT = 22


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    total = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, line in enumerate(LINES, start=1):
            wav = Path(folder) / f"{line.recording}.wav"
            out = OUT / f"{line.recording}.opus"
            speak_words(VOICES[line.speaker], line.text, wav, rate=48_000)
            samples, _rate = read_wav(wav)
            _encode(wav, out, serial=number, tags={"TITLE": line.recording, "LANGUAGE": line.lang})
            first = read_ogg_opus(out.read_bytes())
            # Packet 0 begins pre-skip samples before the speech.
            levels = frame_levels(samples, frame=960, lead=first.pre_skip)[: len(first.packets)]
            levels += [127] * (len(first.packets) - len(levels))
            _encode(
                wav,
                out,
                serial=number,
                tags={"TITLE": line.recording, "LANGUAGE": line.lang, LEVELS_TAG: encode_levels(levels)},
            )
            total += out.stat().st_size
            print(f"{out.name}: {first.duration_s:.1f} s, {out.stat().st_size} bytes")
    print(f"{len(LINES)} files, {total} bytes")


def _encode(wav: Path, out: Path, *, serial: int, tags: dict[str, str]) -> None:
    command = ["opusenc", "--quiet", "--bitrate", str(BITRATE_KBIT), "--framesize", "20", "--serial", str(serial)]
    for name, value in tags.items():
        command += ["--comment", f"{name}={value}"]
    subprocess.run([*command, str(wav), str(out)], check=True)


if __name__ == "__main__":
    main()
