"""The `arengo` command as people run it, and a server that runs beside a test."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

READY_WITHIN_S = 60.0
END_WITHIN_S = 30.0


@dataclass(frozen=True)
class Ended:
    """A command that has ended: its exit code, and what it said."""

    code: int
    out: str
    err: str


def arengo(*words: str | Path, typed: str = "") -> Ended:
    """Run a command to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "arengo", *map(str, words)], input=typed, capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Ended(done.returncode, done.stdout.strip(), done.stderr.strip())


@dataclass
class Served:
    """A server that said it is ready."""

    process: subprocess.Popen[str]
    data_dir: Path
    greeting: str
    log: Path

    @property
    def url(self) -> str:
        """Where it is reached on this machine."""
        return re.search(r"ready: (\S+)/", self.greeting)[1]  # type: ignore[index]

    def end(self, by: signal.Signals = signal.SIGTERM) -> float:
        """Tell it to stop; the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(by)
        self.process.wait(END_WITHIN_S)
        return time.monotonic() - began


@contextmanager
def serving(data_dir: Path, *options: str | Path) -> Iterator[Served]:
    """`arengo serve` on free ports of loopback."""
    ports = ["--port", "0", "--media-port", "0", "--bind", "127.0.0.1"]
    with tempfile.NamedTemporaryFile("w+", suffix=".log") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "arengo", "serve", "--data-dir", str(data_dir), *ports, *map(str, options)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            yield Served(process, data_dir, _greeting(process, log), Path(log.name))
        finally:
            process.kill()
            process.wait(END_WITHIN_S)
            assert process.stdout is not None
            process.stdout.close()
        log.seek(0)
        assert "Traceback" not in log.read()


def _greeting(process: subprocess.Popen[str], log: IO[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if "is ready" not in line:
        process.wait(READY_WITHIN_S)
        log.seek(0)
        raise AssertionError(f"The server did not start: {log.read()}")
    return line
