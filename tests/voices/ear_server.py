"""The ear as a child process, for tests that are not Python: a JSON object a line in, one out.

Started as `python -m tests.voices.ear_server`; it says `{"ready": true, "voices": {name: path}, …}` first.
A question is `{"id", "pcm": base64 of 16-bit samples, "rate", "voices": [names]?}`; the answer repeats *id* and gives
`share` (by voice), `glimpses` (`at`, `clearness`), `spans` (`start`, `end`), `loudness` (dB a 10 ms), all in seconds.
"""

from __future__ import annotations

import base64
import json
import sys

import numpy as np
from tests.voices.ear import audible_spans, loudness_db
from tests.voices.fixtures import WORDS, ear, paused_voice_file, quiet_talk_file, talk_file, voice_file

WHISPER_DB = 12


def main() -> None:
    trained = ear()
    files = {name: str(voice_file(name)) for name in WORDS}
    talks = {name: str(talk_file(name)) for name in WORDS}
    whisper = str(quiet_talk_file("ann", quieter_db=WHISPER_DB))
    paused = str(paused_voice_file("ann"))
    print(json.dumps({"ready": True, "voices": files, "talks": talks, "whisper": whisper, "paused": paused}), flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        rate = int(question["rate"])
        samples = np.frombuffer(base64.b64decode(question["pcm"]), dtype="<i2").astype(np.float64) / 32768.0
        glimpses = trained.glimpses(samples, rate) if len(samples) >= rate else []
        answer = {
            "id": question["id"],
            "share": {name: sum(name in g.voices for g in glimpses) / max(1, len(glimpses)) for name in WORDS},
            "glimpses": [{"at": round(g.at_s, 2), "clearness": dict(g.clearness)} for g in glimpses],
            "spans": [{"start": span.start_s, "end": span.end_s} for span in audible_spans(samples, rate)],
            "loudness": [round(float(value), 1) for value in loudness_db(samples, rate)],
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
