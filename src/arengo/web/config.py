"""What the web layer must be told that no use case needs."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

from litestar.connection import ASGIConnection

STATIC = Path(__file__).parent / "static"

MediaStats = Callable[[], Mapping[str, int | float | list[int]]]


def web_config(connection: ASGIConnection[Any, Any, Any, Any]) -> WebConfig:
    """The configuration of the application that serves *connection*."""
    config: WebConfig = connection.app.state.config
    return config


def _no_stats() -> Mapping[str, int | float | list[int]]:
    return {}


@dataclass(frozen=True, slots=True)
class WebConfig:
    """How the web layer is reached and what it serves; made by `bootstrap`."""

    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    static: Path = STATIC
    csrf_secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    media_stats: MediaStats = _no_stats
    metrics_token: str | None = None
    connections: Sized = ()
    ca_certificate: Path | None = None
    hosts: tuple[str, ...] = ()  # names of the server beside that of its address
