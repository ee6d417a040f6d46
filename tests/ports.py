"""Ports for servers under test."""

from __future__ import annotations

import random
import socket

# Below those that Linux gives to whoever asks for any: browsers and clients take hundreds of these while tests run.
_PORTS = range(15_000, 30_000)
_chance = random.SystemRandom()


def free_port() -> int:
    """A port that nobody holds now, neither for TCP nor for UDP."""
    while True:
        port = _chance.choice(_PORTS)
        if all(_is_free(port, kind) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)):
            return port


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True
