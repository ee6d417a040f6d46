"""Make the recordings of `src/arengo/demo/voices/` from the words of `arengo.demo.script`.

Run from the root of the project: `.venv/bin/python -m tests.voices.make_demo`.
The same words with the same versions of the programs give the same bytes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.voices.opus import encode_with_levels
from tests.voices.synthesis import Espeak, Flite, Synthesiser, speak_words

from arengo.demo.script import LINES

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
    total = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, line in enumerate(LINES, start=1):
            wav, out = Path(folder) / "line.wav", OUT / f"{line.recording}.opus"
            speak_words(VOICES[line.speaker], line.text, wav)
            tags = {"TITLE": line.recording, "LANGUAGE": line.lang}
            encode_with_levels(wav, out, serial=number, bitrate_kbit=BITRATE_KBIT, tags=tags)
            total += out.stat().st_size
            print(f"{out.name}: {out.stat().st_size} bytes")
    print(f"{len(LINES)} files, {total} bytes")


if __name__ == "__main__":
    main()
